import { sql, type Transaction } from 'kysely';
import type { Channel } from '../policy/words';
import type { Database } from './connection';
import type { Schema } from './schema';

/** LISTEN on this to hear of accepted rows. */
export const INBOX_CHANNEL = 'holdfast_inbox';
/** LISTEN on this to hear of conversations that have something new for their workflow. */
export const RELAY_CHANNEL = 'holdfast_relay';

/** What came in, before anyone has looked into it. */
export interface Accepted {
  readonly channel: Channel;
  readonly receivedAt: Date;
  readonly raw: Buffer;
  /** Who brought it and to whom; for mail {@link MailEnvelope}. */
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly urgent: boolean;
}

/** The envelope of a mail: sender (empty is the null return path) and our recipients, lower case. */
export interface MailEnvelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** A row that waits to be resolved. */
export interface WaitingRow {
  readonly id: number;
  readonly receivedAt: Date;
  readonly raw: Buffer;
  readonly envelope: MailEnvelope;
  readonly attempts: number;
}

/** Keeps what came in and tells the resolvers when the transaction commits; answers the row's id. */
export async function insertInbox(db: Database, accepted: Accepted): Promise<number> {
  const { id } = await db
    .insertInto('inbox')
    .values({
      channel: accepted.channel,
      received_at: accepted.receivedAt,
      raw: accepted.raw,
      envelope: JSON.stringify(accepted.envelope),
      urgent: accepted.urgent,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await sql`SELECT pg_notify(${INBOX_CHANNEL}, ${String(id)})`.execute(db);
  return id;
}

/** Locks the next mail that waits, urgent ones first, past those that another resolver has; null when there is none. `now` in milliseconds. */
export async function lockNextMail(trx: Transaction<Schema>, now: number): Promise<WaitingRow | null> {
  const row = await trx
    .selectFrom('inbox')
    .select(['id', 'received_at', 'raw', 'envelope', 'attempts'])
    .where('state', '=', 'accepted')
    .where('channel', '=', 'email')
    .where((where) => where.or([where('retry_at', 'is', null), where('retry_at', '<=', new Date(now))]))
    .orderBy('urgent', 'desc')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (row === undefined) return null;
  const { from, to } = row.envelope;
  return {
    id: row.id,
    receivedAt: row.received_at,
    raw: row.raw,
    envelope: { from: typeof from === 'string' ? from : '', to: Array.isArray(to) ? to.map(String) : [] },
    attempts: row.attempts,
  };
}

/** An earlier mail with the same content. */
export interface EarlierCopy {
  readonly id: number;
  readonly number: number | null;
  readonly state: 'resolved' | 'suspended';
  readonly receivedAt: Date;
  /** Whether the mail opened its conversation. */
  readonly opened: boolean;
}

/** The first mail with this content since `since`; holds a lock on the content until the transaction ends, so that two copies cannot both be the first. */
export async function findEarlierCopy(trx: Transaction<Schema>, contentHash: string, since: Date): Promise<EarlierCopy | null> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${contentHash}, 0))`.execute(trx);
  const row = await trx
    .selectFrom('inbox as i')
    .leftJoin('messages as m', 'm.inbox_id', 'i.id')
    .select(['i.id', 'i.number', 'i.state', 'i.received_at', 'm.seq'])
    .where('i.content_hash', '=', contentHash)
    .where('i.duplicate_of', 'is', null)
    .where('i.received_at', '>=', since)
    .where('i.state', 'in', ['resolved', 'suspended'])
    .orderBy('i.id')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    number: row.number,
    state: row.state === 'suspended' ? 'suspended' : 'resolved',
    receivedAt: row.received_at,
    opened: row.seq === 1,
  };
}

/** The row is in a conversation: its own message, or as a copy of an earlier one. */
export async function markResolved(
  trx: Transaction<Schema>,
  id: number,
  outcome: { number: number | null; at: Date; contentHash?: string; duplicateOf?: number },
): Promise<void> {
  await trx
    .updateTable('inbox')
    .set({
      state: 'resolved',
      number: outcome.number,
      resolved_at: outcome.at,
      content_hash: outcome.contentHash ?? null,
      duplicate_of: outcome.duplicateOf ?? null,
      error: null,
      retry_at: null,
    })
    .where('id', '=', id)
    .execute();
}

/** The row is kept aside with a reason, to be released or deleted by a person. */
export async function markSuspended(trx: Transaction<Schema>, id: number, outcome: { reason: string; at: Date; contentHash: string }): Promise<void> {
  await trx
    .updateTable('inbox')
    .set({ state: 'suspended', reason: outcome.reason, resolved_at: outcome.at, content_hash: outcome.contentHash, error: null, retry_at: null })
    .where('id', '=', id)
    .execute();
}

/** An attempt failed: it is made again at `retryAt`, or, when that is null, the row is shown to agents as failed. */
export async function noteFailure(db: Database, id: number, failure: { error: string; retryAt: Date | null }): Promise<void> {
  await db
    .updateTable('inbox')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      error: failure.error,
      retry_at: failure.retryAt,
      ...(failure.retryAt === null && { state: 'failed' as const, reason: 'unresolvable' }),
    }))
    .where('id', '=', id)
    .where('state', '=', 'accepted')
    .execute();
}

/** Tells the relays, when the transaction commits, that a conversation has something new. */
export async function notifyRelay(db: Database, number: number): Promise<void> {
  await sql`SELECT pg_notify(${RELAY_CHANNEL}, ${String(number)})`.execute(db);
}
