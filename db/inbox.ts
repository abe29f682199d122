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
  /** Address of the server that handed it over, and what that called itself. */
  readonly ip?: string;
  readonly helo?: string;
}

/** What a person decided about mail that was kept aside, when (milliseconds), and why it had been kept. */
export interface ActedOn {
  readonly act: 'release' | 'retry';
  readonly at: number;
  readonly reason: string | null;
}

/** A row that waits to be resolved. */
export interface WaitingRow {
  readonly id: number;
  readonly receivedAt: Date;
  readonly raw: Buffer;
  readonly envelope: MailEnvelope;
  readonly attempts: number;
  /** What authentication says about From; null where nobody has judged it. */
  readonly verdict: 'pass' | 'none' | 'fail' | 'reject' | null;
  /** Set while a person's decision about it is carried out. */
  readonly acted: ActedOn | null;
  /** The conversation that it was taken out of as spam. */
  readonly takenFrom: number | null;
}

/** Keeps what came in and tells the resolvers, for mail, when the transaction commits; answers the row's id. Everything else is resolved in the same transaction. */
export async function insertInbox(db: Database, accepted: Accepted): Promise<number> {
  const { id } = await db
    .with('kept', (query) =>
      query
        .insertInto('inbox')
        .values({
          channel: accepted.channel,
          received_at: accepted.receivedAt,
          raw: accepted.raw,
          envelope: JSON.stringify(accepted.envelope),
          urgent: accepted.urgent,
        })
        .returning(['id', 'channel']),
    )
    .selectFrom('kept')
    .select(['id', sql`CASE WHEN channel = 'email' THEN pg_notify(${INBOX_CHANNEL}, id::text) END`.as('told')])
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * Locks the next mail that waits, urgent ones first, past those that another resolver has; null when there is none. `now` in milliseconds.
 * With `judgedBefore`, mail that nobody has judged yet only if it came, or came back, before then; with `only` or `without`, of some rows or past them.
 */
export async function lockNextMail(
  trx: Transaction<Schema>,
  now: number,
  judgedBefore?: number,
  which: { readonly only?: readonly number[]; readonly without?: readonly number[] } = {},
): Promise<WaitingRow | null> {
  const { only, without = [] } = which;
  const row = await trx
    .selectFrom('inbox')
    .select(['id', 'received_at', 'raw', 'envelope', 'attempts', 'verdict', 'act', 'acted_at', 'reason', 'number'])
    .where('state', '=', 'accepted')
    .$if(only !== undefined, (query) => query.where(sql<boolean>`id = ANY (${only})`))
    .$if(without.length > 0, (query) => query.where(sql<boolean>`id <> ALL (${without})`))
    .$if(judgedBefore !== undefined, (query) =>
      query.where((where) => where.or([where('verdict', 'is not', null), sql<boolean>`greatest(received_at, acted_at) <= ${new Date(judgedBefore ?? 0)}`])),
    )
    .where((where) => where.or([where('retry_at', 'is', null), where('retry_at', '<=', new Date(now))]))
    .orderBy('urgent', 'desc')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    receivedAt: row.received_at,
    raw: row.raw,
    envelope: envelopeOf(row.envelope),
    attempts: row.attempts,
    verdict: row.verdict,
    acted: (row.act === 'release' || row.act === 'retry') && row.acted_at !== null ? { act: row.act, at: row.acted_at.getTime(), reason: row.reason } : null,
    takenFrom: row.number,
  };
}

function envelopeOf({ from, to, ip, helo }: Readonly<Record<string, unknown>>): MailEnvelope {
  return {
    from: typeof from === 'string' ? from : '',
    to: Array.isArray(to) ? to.map(String) : [],
    ...(typeof ip === 'string' && { ip }),
    ...(typeof helo === 'string' && { helo }),
  };
}

/** Mail that waits to be judged, urgent first, beside the ids that are being judged already; null when there is none. */
export async function nextUnjudged(db: Database, besides: readonly number[]): Promise<{ id: number; raw: Buffer; envelope: MailEnvelope } | null> {
  const row = await db
    .selectFrom('inbox')
    .select(['id', 'raw', 'envelope'])
    .where('state', '=', 'accepted')
    .where('verdict', 'is', null)
    .$if(besides.length > 0, (query) => query.where('id', 'not in', besides))
    .orderBy('urgent', 'desc')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { id: row.id, raw: row.raw, envelope: envelopeOf(row.envelope) };
}

/** Keeps what authentication says about a mail, and tells the resolvers that it is ready. */
export async function keepVerdict(db: Database, id: number, verdict: NonNullable<WaitingRow['verdict']>): Promise<void> {
  await db.updateTable('inbox').set({ verdict }).where('id', '=', id).where('verdict', 'is', null).execute();
  await sql`SELECT pg_notify(${INBOX_CHANNEL}, ${String(id)})`.execute(db);
}

/** How a mail stands that has been read and found its place. */
const PLACED = ['resolved', 'suspended', 'deleted'] as const;

/** An earlier mail with the same content. */
export interface EarlierCopy {
  readonly id: number;
  readonly number: number | null;
  readonly receivedAt: Date;
  readonly state: (typeof PLACED)[number];
  /** Whether the mail opened its conversation. */
  readonly opened: boolean;
}

/** The first mail with this content since `since`; holds a lock on the content until the transaction ends, so that two copies cannot both be the first. */
export async function findEarlierCopy(trx: Transaction<Schema>, contentHash: string, since: Date): Promise<EarlierCopy | null> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${contentHash}, 0))`.execute(trx);
  const row = await trx
    .selectFrom('inbox as i')
    .leftJoin('messages as m', 'm.inbox_id', 'i.id')
    .select(['i.id', 'i.number', 'i.received_at', 'i.state', 'm.seq'])
    .where('i.content_hash', '=', contentHash)
    .where('i.duplicate_of', 'is', null)
    .where('i.received_at', '>=', since)
    .where('i.state', 'in', PLACED)
    .orderBy('i.id')
    .limit(1)
    .$narrowType<{ state: (typeof PLACED)[number] }>()
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    number: row.number,
    receivedAt: row.received_at,
    state: row.state,
    opened: row.seq === 1,
  };
}

/** Whether a mail with this content has come to a conversation, or to a part of it, since `since`; also when it was put away there since. */
export async function hasCopyIn(trx: Transaction<Schema>, contentHash: string, number: number, since: Date): Promise<boolean> {
  const row = await trx
    .selectFrom('inbox as i')
    .innerJoin('conversations as c', 'c.number', 'i.number')
    .select('i.id')
    .where('i.content_hash', '=', contentHash)
    .where('i.received_at', '>=', since)
    .where((where) => where.or([where('c.number', '=', number), where('c.merged_into', '=', number)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The row is in a conversation: its own message, or as a copy of an earlier one. */
export async function markResolved(
  trx: Transaction<Schema>,
  id: number,
  outcome: { number: number | null; at: Date; contentHash?: string; duplicateOf?: number; verdict?: WaitingRow['verdict'] },
): Promise<void> {
  await trx
    .updateTable('inbox')
    .set({
      state: 'resolved',
      number: outcome.number,
      resolved_at: outcome.at,
      content_hash: outcome.contentHash ?? null,
      duplicate_of: outcome.duplicateOf ?? null,
      ...(outcome.verdict !== undefined && { verdict: outcome.verdict }),
      error: null,
      retry_at: null,
    })
    .where('id', '=', id)
    .execute();
}

/** What a list shows of mail that is kept aside. */
export interface SuspendedShown {
  /** Address; null when nobody is named. */
  readonly sender: string | null;
  readonly subject: string;
  /** How it begins, on one line. */
  readonly preview: string;
}

/** The row is kept aside with a reason and what a list shows of it, to be released or deleted by a person. */
export async function markSuspended(
  trx: Transaction<Schema>,
  id: number,
  outcome: { reason: string; at: Date; contentHash: string; verdict: WaitingRow['verdict']; shown: SuspendedShown },
): Promise<void> {
  await trx
    .updateTable('inbox')
    .set({
      state: 'suspended',
      reason: outcome.reason,
      resolved_at: outcome.at,
      content_hash: outcome.contentHash,
      verdict: outcome.verdict,
      error: null,
      retry_at: null,
      ...outcome.shown,
    })
    .where('id', '=', id)
    .execute();
}

/** An attempt failed: it is made again at `retryAt`, or, when that is null, the row is shown to agents as failed. */
export async function noteFailure(db: Database, id: number, failure: { error: string; retryAt: Date | null; shown?: SuspendedShown }): Promise<void> {
  await db
    .updateTable('inbox')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      error: failure.error,
      retry_at: failure.retryAt,
      ...(failure.retryAt === null && { state: 'failed' as const, reason: 'unresolvable', ...failure.shown }),
    }))
    .where('id', '=', id)
    .where('state', '=', 'accepted')
    .execute();
}

/** Tells the relays, when the transaction commits, that a conversation has something new. */
export async function notifyRelay(db: Database, number: number): Promise<void> {
  await sql`SELECT pg_notify(${RELAY_CHANNEL}, ${String(number)})`.execute(db);
}
