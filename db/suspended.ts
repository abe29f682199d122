import { sql, type Transaction } from 'kysely';
import { withoutLinkTokens } from '../messages/link-tokens';
import type { Database } from './connection';
import { INBOX_CHANNEL } from './inbox';
import type { Schema } from './schema';

/** Mail that is kept aside, as a list shows it. */
export interface SuspendedMail {
  readonly id: number;
  /** A code: `machine`, `dmarcReject`, `spam`, …; `unresolvable` for mail that could not be turned into anything. */
  readonly reason: string;
  /** Address; null when nobody is named, or when the mail could not be read. */
  readonly sender: string | null;
  readonly subject: string | null;
  readonly preview: string | null;
  readonly receivedAt: Date;
  readonly verdict: 'pass' | 'none' | 'fail' | 'reject' | null;
  /** The conversation that it was taken out of as spam. */
  readonly number: number | null;
}

/** How an accepted mail stands, for whoever waits for it. */
export interface MailStanding {
  readonly state: 'accepted' | 'resolved' | 'suspended' | 'failed' | 'deleted';
  readonly number: number | null;
  readonly reason: string | null;
}

const WAITING = ['suspended', 'failed'] as const;

/** Mail that is kept aside, newest first: at most `limit` after the given place (time of receipt in milliseconds, id). */
export async function listSuspended(
  db: Database,
  { after, limit }: { after: readonly [at: number, id: number] | null; limit: number },
): Promise<SuspendedMail[]> {
  let query = db
    .selectFrom('inbox')
    .select(['id', 'reason', 'sender', 'subject', 'preview', 'received_at as receivedAt', 'verdict', 'number'])
    .where('state', 'in', WAITING);
  if (after !== null) {
    const [at, id] = [new Date(after[0]), after[1]];
    query = query.where((where) => where.or([where('received_at', '<', at), where.and([where('received_at', '=', at), where('id', '<', id)])]));
  }
  const rows = await query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map((row) => ({ ...row, reason: row.reason ?? 'unresolvable', preview: row.preview === null ? null : withoutLinkTokens(row.preview) }));
}

/** The raw mail of an entry that is kept aside; null when it is not (any more). */
export async function suspendedRaw(db: Database, id: number): Promise<Buffer | null> {
  const row = await db.selectFrom('inbox').select('raw').where('id', '=', id).where('state', 'in', WAITING).executeTakeFirst();
  return row?.raw ?? null;
}

/**
 * Hands a mail that is kept aside back to the resolvers by a person's decision: to become a request whatever kept it (`release`), or to be
 * judged once more (`retry`), which asks the world about its sender anew. False when it is not kept aside (any more).
 */
export async function takeBack(db: Database, id: number, decision: { act: 'release' | 'retry'; by: string; at: Date }): Promise<boolean> {
  const row = await db
    .updateTable('inbox')
    .set({
      state: 'accepted',
      act: decision.act,
      acted_by: decision.by,
      acted_at: decision.at,
      attempts: 0,
      retry_at: null,
      error: null,
      resolved_at: null,
      ...(decision.act === 'retry' && { verdict: null }),
    })
    .where('id', '=', id)
    .where('state', 'in', WAITING)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return false;
  await sql`SELECT pg_notify(${INBOX_CHANNEL}, ${String(id)})`.execute(db);
  return true;
}

/** Deletes what a mail that is kept aside says; who did so and when is kept. False when it is not kept aside (any more). */
export async function deleteSuspended(db: Database, id: number, { by, at }: { by: string; at: Date }): Promise<boolean> {
  const row = await db
    .updateTable('inbox')
    .set({
      state: 'deleted',
      act: 'delete',
      acted_by: by,
      acted_at: at,
      raw: Buffer.alloc(0),
      envelope: '{}',
      sender: null,
      subject: null,
      preview: null,
      error: null,
      retry_at: null,
    })
    .where('id', '=', id)
    .where('state', 'in', WAITING)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How a mail stands; null when there is none of this id. */
export async function mailStanding(db: Database, id: number): Promise<MailStanding | null> {
  const row = await db.selectFrom('inbox').select(['state', 'number', 'reason']).where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** How many mails are kept aside that were so at `until` already, and how many in all. */
export async function countSuspended(db: Database, until: Date): Promise<{ earlier: number; all: number }> {
  const { rows } = await sql<{ earlier: number; all: number }>`
    SELECT (count(*) FILTER (WHERE coalesce(resolved_at, received_at) <= ${until}))::int AS earlier, count(*)::int AS all
    FROM inbox WHERE state IN ('suspended', 'failed')`.execute(db);
  return rows[0] ?? { earlier: 0, all: 0 };
}

/**
 * Moves every mail that customers wrote to a conversation to what is kept aside, as spam; answers the addresses of their authors. The
 * messages stay where they are.
 */
export async function suspendAsSpam(trx: Transaction<Schema>, number: number, at: Date): Promise<string[]> {
  const mails = await trx
    .selectFrom('messages as m')
    .innerJoin('inbox as i', 'i.id', 'm.inbox_id')
    .innerJoin('conversations as c', 'c.number', 'm.number')
    .leftJoin('contacts as a', 'a.id', 'm.author_id')
    .select(['i.id', 'c.subject', 'm.body', 'a.email'])
    .where('m.number', '=', number)
    .where('m.direction', '=', 'in')
    .where('i.channel', '=', 'email')
    .where('i.state', '=', 'resolved')
    .execute();
  for (const { id, subject, body, email } of mails) {
    await trx
      .updateTable('inbox')
      .set({
        state: 'suspended',
        reason: 'spam',
        resolved_at: at,
        sender: email,
        subject,
        preview: body.replace(/\s+/g, ' ').trim().slice(0, 200),
      })
      .where('id', '=', id)
      .execute();
  }
  return [...new Set(mails.flatMap(({ email }) => email ?? []))];
}

/** The message of a mail that was taken out of its conversation keeps its words and gives the mail away: it becomes a message elsewhere. */
export async function letGoOfMessage(trx: Transaction<Schema>, inboxId: number): Promise<void> {
  await trx.updateTable('messages').set({ inbox_id: null }).where('inbox_id', '=', inboxId).execute();
}

/** Copies of a mail that had been kept aside belong where it has gone. */
export async function adoptCopies(trx: Transaction<Schema>, inboxId: number, number: number): Promise<void> {
  await trx.updateTable('inbox').set({ number }).where('duplicate_of', '=', inboxId).execute();
}
