import { createHash } from 'node:crypto';
import type { Database } from '../db/connection';
import { count } from './chat-limits';
import type { ApiContext } from './context';
import { limitsOf } from './rate-limits';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Counts a request by the contact form; `address` is the caller's. Errors: E_RATE_LIMITED. */
export async function countForm(context: ApiContext, db: Database, address: string): Promise<void> {
  await count(context, db, { key: `forms:${address}`, limit: limitsOf(context).forms, windowMs: HOUR_MS });
}

/** Counts a code that is asked for. Errors: E_RATE_LIMITED. */
export async function countCode(context: ApiContext, db: Database, address: string): Promise<void> {
  await count(context, db, { key: `codes:${address}`, limit: limitsOf(context).codes, windowMs: QUARTER_MS });
}

/** Counts a code that is typed in. Errors: E_RATE_LIMITED. */
export async function countCodeTry(context: ApiContext, address: string): Promise<void> {
  await count(context, context.db, { key: `code-tries:${address}`, limit: limitsOf(context).codeTries, windowMs: QUARTER_MS });
}

/** Counts a look at a page behind a mailed link, by its caller and by the link itself. Errors: E_RATE_LIMITED. */
export async function countLink(context: ApiContext, address: string, token: string): Promise<void> {
  const { links } = limitsOf(context);
  await count(context, context.db, { key: `links:${address}`, limit: links, windowMs: MINUTE_MS });
  const link = createHash('sha256').update(token).digest('base64url').slice(0, 22);
  await count(context, context.db, { key: `link:${link}`, limit: links, windowMs: MINUTE_MS });
}
