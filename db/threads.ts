import { sql, type Transaction } from 'kysely';
import type { ConversationStart } from '../policy/state';
import type { Priority, Status } from '../policy/words';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A conversation whose row is locked: nobody else can add to it or close it until the transaction ends. */
export interface LockedThread {
  readonly number: number;
  readonly status: Status;
  readonly lastSeq: number;
  readonly relayedSeq: number;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly mergedInto: number | null;
  readonly start: ConversationStart;
}

/** Locks a conversation, or answers null when there is none (any more). */
export async function lockThread(trx: Transaction<Schema>, number: number): Promise<LockedThread | null> {
  const row = await trx
    .selectFrom('conversations')
    .select(['number', 'status', 'last_seq', 'relayed_seq', 'priority', 'tags', 'merged_into', 'start'])
    .where('number', '=', number)
    // Not "for update": a row that only refers to this one (a linked conversation) need not wait, and two mails never wait for each other.
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    number: row.number,
    status: row.status,
    lastSeq: row.last_seq,
    relayedSeq: row.relayed_seq,
    priority: row.priority,
    tags: row.tags,
    mergedInto: row.merged_into,
    start: row.start,
  };
}

/** Contacts of a thread with the address of each. */
export async function participantsOf(db: Database, number: number): Promise<{ id: string; email: string | null }[]> {
  return db
    .selectFrom('participants as p')
    .innerJoin('contacts as c', 'c.id', 'p.contact_id')
    .select(['c.id', 'c.email'])
    .where('p.number', '=', number)
    .execute();
}

/** Whether the owner of an address (lower case) is in a thread as requester or participant. */
export async function participates(db: Database, number: number, email: string): Promise<boolean> {
  const row = await db
    .selectFrom('participants as p')
    .innerJoin('contacts as c', 'c.id', 'p.contact_id')
    .select('c.id')
    .where('p.number', '=', number)
    .where('p.role', '<>', 'thirdParty')
    .where('c.email', '=', email)
    .executeTakeFirst();
  return row !== undefined;
}

/** The conversation of a mail that we sent, by its Message-ID; null when we did not. */
export async function threadOfOurMail(db: Database, mailId: string): Promise<number | null> {
  const sent = await db.selectFrom('outgoing_mails').select('number').where('mail_id', '=', mailId).executeTakeFirst();
  return sent?.number ?? null;
}

/** The conversation of a message that came in or went out under this Message-ID; the newest, as ids of others prove nothing. */
export async function threadOfMessage(db: Database, mailId: string): Promise<number | null> {
  const row = await db.selectFrom('messages').select('number').where('mail_id', '=', mailId).orderBy('at', 'desc').limit(1).executeTakeFirst();
  return row?.number ?? null;
}

/** Whether a conversation with this number exists. */
export async function threadExists(db: Database, number: number): Promise<boolean> {
  return (await db.selectFrom('conversations').select('number').where('number', '=', number).executeTakeFirst()) !== undefined;
}

/** The next conversation number, given once and never again, whatever becomes of the transaction. */
export async function takeNumber(db: Database): Promise<number> {
  const { rows } = await sql<{ number: number }>`SELECT nextval('conversation_numbers') AS number`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('The sequence gave no number.');
  return Number(row.number);
}

/** Everybody (contact ids) to whom we may have given a reply address of this conversation. */
export async function recipientsOf(db: Database, number: number): Promise<string[]> {
  const participants = db.selectFrom('participants').select('contact_id as id').where('number', '=', number);
  const rows = await participants.union(db.selectFrom('outgoing_mails').select('recipient_id as id').where('number', '=', number)).execute();
  return rows.map(({ id }) => id);
}

/** When a contact wrote to a conversation since `since`, in milliseconds; what was taken for a machine's counts too. */
export async function messagesBy(db: Database, number: number, contactId: string, since: Date): Promise<number[]> {
  const rows = await db
    .selectFrom('messages')
    .select('at')
    .where('number', '=', number)
    .where('author_id', '=', contactId)
    .where('direction', '=', 'in')
    .where('at', '>=', since)
    .limit(1_000)
    .execute();
  return rows.map(({ at }) => at.getTime());
}
