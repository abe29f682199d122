import { createHash } from 'node:crypto';
import type { Database } from '../db/connection';
import { addHits } from '../db/rate-limits';
import { HoldfastError } from '../messages/errors';
import type { Visitor } from './auth/actor';
import type { ApiContext } from './context';
import { limitsOf } from './rate-limits';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Counts a chat that somebody begins who has proven nothing; in the request's transaction, so that what is refused is not counted and several
 * processes count as one. `address` is the caller's, `email` what they claim. Errors: E_RATE_LIMITED.
 */
export async function countChat(context: ApiContext, db: Database, who: { readonly address: string; readonly email: string }): Promise<void> {
  const { chats, chatsOfAddress } = limitsOf(context);
  // The narrower one last, and in this order everywhere.
  await count(context, db, { key: `chats:${who.address}`, limit: chats, windowMs: HOUR_MS });
  await count(context, db, { key: `chats-of:${createHash('sha256').update(who.email).digest('base64url')}`, limit: chatsOfAddress, windowMs: HOUR_MS });
}

/** Counts a message of a visitor; like {@link countChat}. Errors: E_RATE_LIMITED. */
export async function countMessage(context: ApiContext, db: Database, visitorId: string): Promise<void> {
  const { chatMessages } = limitsOf(context);
  await count(context, db, { key: `chat-messages:${visitorId}`, limit: chatMessages, windowMs: MINUTE_MS });
}

/**
 * Counts what a visitor uploads; like {@link countChat}. Who has proven nothing is counted by the address that they come from: as many visitors
 * as they like cost them nothing. Errors: E_RATE_LIMITED.
 */
export async function countUpload(
  context: ApiContext,
  db: Database,
  { visitor, address, bytes }: { readonly visitor: Visitor; readonly address: string; readonly bytes: number },
): Promise<void> {
  const { chatUploads: limit } = limitsOf(context);
  const who = visitor.proof === 'claimed' ? address : visitor.identity;
  await count(context, db, { key: `chat-uploads:${who}`, limit, windowMs: HOUR_MS, hits: Math.ceil(bytes / 1_000) });
}

/** Counts one more of `key`, or `hits` more, unless `limit` is 0 (none). Errors: E_RATE_LIMITED. */
export async function count(
  context: ApiContext,
  db: Database,
  { key, limit, windowMs, hits: more = 1 }: { key: string; limit: number; windowMs: number; hits?: number },
): Promise<void> {
  if (limit === 0) return;
  const now = context.now();
  const { hits, resetsAt } = await addHits(db, { key, hits: more, windowMs, now });
  if (hits <= limit) return;
  const seconds = Math.max(1, Math.ceil((resetsAt - now) / 1_000));
  throw new HoldfastError('E_RATE_LIMITED', `That was a lot in a short time. Try again in ${seconds} s.`);
}
