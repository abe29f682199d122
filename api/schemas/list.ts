import { HoldfastError } from '../../messages/errors';
import { z } from './openapi-zod';
import { storable } from './text';

/** The query of every list. */
export const listQuery = z.strictObject({
  cursor: z.string().max(1_000).optional().openapi({ description: 'The `nextCursor` of the page before.' }),
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, 'must be a number from 1 to 200')
    .transform(Number)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: 200, default: 50 }),
});

/** Entries of a page of a list when the request does not say. */
export const DEFAULT_LIMIT = 50;

/** A page of a list. */
export function listOf(item: z.ZodType) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().optional() });
}

/** Of the place in a cursor: an instant in milliseconds that there can be. Whoever makes a cursor up must not ask the database what it cannot take. */
export const placeInstant = z.number().int().min(0).max(8.64e15);
/** Of the place in a cursor: an id, or a name as it is kept. */
export const placeText = storable;

/** A cursor: opaque, and stable because it names the last entry's own place in the order. */
export function encodeCursor(order: string, place: readonly (string | number | boolean | null)[]): string {
  return Buffer.from(JSON.stringify([order, ...place])).toString('base64url');
}

/**
 * The place that a cursor names, checked by `place`; null without a cursor.
 * Errors: E_BAD_CURSOR for text that is no cursor of this order.
 */
export function decodeCursor<Place>(cursor: string | undefined, order: string, place: z.ZodType<Place>): Place | null {
  if (cursor === undefined) return null;
  const [of, ...rest] = parseList(cursor);
  const parsed = place.safeParse(rest);
  if (of !== order || !parsed.success) {
    throw new HoldfastError(
      'E_BAD_CURSOR',
      'The cursor is not one of this list and order. Take `nextCursor` from the page before, or leave it out to begin anew.',
    );
  }
  return parsed.data;
}

function parseList(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Cuts one entry more than asked for into a page, with the cursor of its last entry when more follow. */
export function pageOf<Entry, Item>(
  entries: readonly Entry[],
  limit: number,
  toItem: (entry: Entry) => Item,
  toCursor: (last: Entry) => string,
): { items: Item[]; nextCursor?: string } {
  const shown = entries.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), ...(entries.length > limit && last !== undefined ? { nextCursor: toCursor(last) } : {}) };
}

/** How the page of a list is read. */
export interface PageRead<Entry, Item, Place> {
  /** The order's name and its place, as they stand in a cursor. */
  readonly order: string;
  readonly place: z.ZodType<Place>;
  /** Looks up so many entries after a place. */
  readonly read: (from: { readonly after: Place | null; readonly limit: number }) => Promise<readonly Entry[]>;
  readonly toItem: (entry: Entry) => Item;
  readonly placeOf: (entry: Entry) => readonly (string | number | boolean | null)[];
}

/** The answer to a request for a page. Errors: as {@link decodeCursor}. */
export async function listAnswer<Entry, Item, Place>(
  query: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  { order, place, read, toItem, placeOf }: PageRead<Entry, Item, Place>,
): Promise<{ status: 200; body: { items: Item[]; nextCursor?: string } }> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const entries = await read({ after: decodeCursor(query.cursor, order, place), limit: limit + 1 });
  return { status: 200, body: pageOf(entries, limit, toItem, (last) => encodeCursor(order, placeOf(last))) };
}
