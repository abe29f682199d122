import { sql } from 'kysely';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';

/** How long what has changed can be asked for, in milliseconds: whoever was away longer reads everything anew. */
export const EVENTS_KEPT_MS = 3_600_000;

/** Something has changed: a message (`ref` is its id), what lists show of a conversation, a read mark (`ref` is the reader), or somebody was taken out. */
export interface LiveChange {
  /** In the order of commits. */
  readonly id: number;
  readonly number: number;
  readonly kind: 'message' | 'state' | 'read' | 'people';
  readonly ref: string;
}

/** Which changes there are: none before `first` any more, none after `last` yet. */
export interface LiveRange {
  readonly first: number;
  readonly last: number;
}

/** Changes with `after < id <= upTo` in the order of commits, at most `limit`; perhaps of one conversation and those that are a part of it. */
export async function liveChanges(
  db: Database,
  { after, upTo, limit, numbers }: { after: number; upTo?: number; limit: number; numbers?: readonly number[] },
): Promise<LiveChange[]> {
  let query = db.selectFrom('live_events').select(['id', 'number', 'kind', 'ref']).where('id', '>', after).orderBy('id').limit(limit);
  if (upTo !== undefined) query = query.where('id', '<=', upTo);
  if (numbers !== undefined) query = query.where('number', 'in', [...numbers]);
  return query.execute();
}

/** Which changes can be asked for. Whoever has all up to an id below `first - 1`, or one above `last`, has missed some. */
export async function liveRange(db: Database): Promise<LiveRange> {
  return inTransaction(db, async (trx) => {
    // Nobody has drawn an id and not committed it yet.
    await sql`SELECT pg_advisory_xact_lock_shared(760801)`.execute(trx);
    const { rows } = await sql<{ first: number | null; last: number }>`
      SELECT (SELECT min(id) FROM live_events) AS first, CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM live_event_ids`.execute(trx);
    const last = rows[0]?.last ?? 0;
    return { first: rows[0]?.first ?? last + 1, last };
  });
}

/** Numbers of the conversations that others have become a part of, by the other's number. */
export async function mergedInto(db: Database, numbers: readonly number[]): Promise<Map<number, number>> {
  if (numbers.length === 0) return new Map();
  const rows = await db
    .selectFrom('conversations')
    .select(['number', 'merged_into as target'])
    .where('number', 'in', [...numbers])
    .where('merged_into', 'is not', null)
    .execute();
  return new Map(rows.flatMap(({ number, target }) => (target === null ? [] : [[number, target] as const])));
}

/** Forgets changes that nobody can ask for any more. */
export async function pruneLiveEvents(db: Database, now: Date): Promise<void> {
  await db
    .deleteFrom('live_events')
    .where('at', '<', new Date(now.getTime() - EVENTS_KEPT_MS))
    .execute();
}

/** What is told to all api processes and kept nowhere: who types, who comes and goes. */
export const PASSING_CHANNEL = 'holdfast_live_passing';

/** Tells all api processes something that passes; ids only, at most some hundred bytes. */
export async function tellPassing(db: Database, passing: object): Promise<void> {
  await sql`SELECT pg_notify(${PASSING_CHANNEL}, ${JSON.stringify(passing)})`.execute(db);
}
