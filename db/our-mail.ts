import type { Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A mail that we sent, as far as its way back is concerned. */
export interface OurMail {
  readonly key: string;
  readonly number: number;
  /** Message-ID without angle brackets. */
  readonly mailId: string;
  /** Contact id. */
  readonly recipient: string;
  /** The message whose words it carried, if any. */
  readonly messageRef: string | null;
}

const columns = ['key', 'number', 'mail_id as mailId', 'recipient_id as recipient', 'message_ref as messageRef'] as const;

/** The mail with this Message-ID (lower case), or null. */
export async function ourMailById(db: Database, mailId: string): Promise<OurMail | null> {
  const row = await db.selectFrom('outgoing_mails').select(columns).where('mail_id', '=', mailId).executeTakeFirst();
  return row ?? null;
}

/** Every mail of a conversation, the newest first. */
export async function ourMailsOf(db: Database, number: number): Promise<OurMail[]> {
  return db.selectFrom('outgoing_mails').select(columns).where('number', '=', number).orderBy('at', 'desc').execute();
}

/** When the newest automatic mails to a contact since `since` left, and of which conversation each is. */
export async function automaticMailsTo(db: Database, contactId: string, since: Date): Promise<{ number: number; at: number }[]> {
  const rows = await db
    .selectFrom('outgoing_mails')
    .select(['number', 'at', 'finished_at'])
    .where('recipient_id', '=', contactId)
    // An empty envelope sender is what makes a mail automatic.
    .where('envelope_from', '=', '')
    .where('envelope_to', '<>', '')
    .where('at', '>=', since)
    .orderBy('at', 'desc')
    .limit(100)
    .execute();
  return rows.map((row) => ({ number: row.number, at: (row.finished_at ?? row.at).getTime() }));
}

/** The last automatic mails to a contact about a conversation since `since`, with what they said. */
export async function automaticMailsWithWords(db: Database, about: { contactId: string; number: number; since: Date }): Promise<{ at: number; raw: Buffer }[]> {
  const rows = await db
    .selectFrom('outgoing_mails')
    .select(['at', 'finished_at', 'raw'])
    .where('recipient_id', '=', about.contactId)
    .where('number', '=', about.number)
    .where('envelope_from', '=', '')
    .where('envelope_to', '<>', '')
    .where('at', '>=', about.since)
    .orderBy('at', 'desc')
    .limit(5)
    .execute();
  return rows.map((row) => ({ at: (row.finished_at ?? row.at).getTime(), raw: row.raw }));
}

/**
 * Notes that a mail came back for good; false when that was known. Its message counts as failed when no copy of it has reached anybody.
 */
export async function markBounced(trx: Transaction<Schema>, mail: OurMail, at: Date): Promise<boolean> {
  const marked = await trx
    .updateTable('outgoing_mails')
    .set({ bounced_at: at })
    .where('key', '=', mail.key)
    .where('bounced_at', 'is', null)
    .returning('key')
    .executeTakeFirst();
  if (marked === undefined || mail.messageRef === null) return marked !== undefined;
  const arrived = await trx
    .selectFrom('outgoing_mails')
    .select('key')
    .where('message_ref', '=', mail.messageRef)
    .where('state', 'in', ['intended', 'sent'])
    .where('bounced_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (arrived === undefined) await trx.updateTable('messages').set({ state: 'failed' }).where('id', '=', mail.messageRef).where('state', '=', 'sent').execute();
  return true;
}
