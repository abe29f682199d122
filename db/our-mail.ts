import type { Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A mail that we sent, as far as its way back is concerned. */
export interface OurMail {
  readonly key: string;
  readonly number: number;
  /** Message-ID without angle brackets. */
  readonly mailId: string;
  readonly kind: string;
  /** Contact id. */
  readonly recipient: string;
  /** The message whose words it carried, if any; the last one of several. */
  readonly messageRef: string | null;
  /** Every one of several; none in mails that were written before several were. */
  readonly carries: readonly string[];
}

const columns = ['key', 'number', 'kind', 'mail_id as mailId', 'recipient_id as recipient', 'message_ref as messageRef', 'carries'] as const;

/** The mail with this Message-ID (lower case), or null. */
export async function ourMailById(db: Database, mailId: string): Promise<OurMail | null> {
  const row = await db.selectFrom('outgoing_mails').select(columns).where('mail_id', '=', mailId).executeTakeFirst();
  return row ?? null;
}

/** Every mail of a conversation, the newest first. */
export async function ourMailsOf(db: Database, number: number): Promise<OurMail[]> {
  return db.selectFrom('outgoing_mails').select(columns).where('number', '=', number).orderBy('at', 'desc').execute();
}

/** A mail that the desk wrote by itself. Times are milliseconds. */
export interface AutomaticMail {
  /** An answer cannot have come before. */
  readonly decidedAt: number;
  /** When a server took it, as far as that has been noted. */
  readonly sentAt: number;
  readonly raw: Buffer;
}

/** The last automatic mails to a contact about a conversation since `since`, at most `limit`, the newest first. */
export async function automaticMailsTo(db: Database, about: { contactId: string; number: number; since: Date; limit: number }): Promise<AutomaticMail[]> {
  const rows = await db
    .selectFrom('outgoing_mails')
    .select(['at', 'finished_at', 'raw'])
    .where('recipient_id', '=', about.contactId)
    .where('number', '=', about.number)
    // An empty envelope sender is what makes a mail automatic.
    .where('envelope_from', '=', '')
    .where('envelope_to', '<>', '')
    .where('state', 'in', ['intended', 'sent'])
    .where('at', '>=', about.since)
    .orderBy('at', 'desc')
    .limit(about.limit)
    .execute();
  return rows.map((row) => ({ decidedAt: row.at.getTime(), sentAt: (row.finished_at ?? row.at).getTime(), raw: row.raw }));
}

/**
 * Notes that a mail came back for good; false when that was known. Each of its messages counts as failed of which no copy has reached anybody.
 */
export async function markBounced(trx: Transaction<Schema>, mail: OurMail, at: Date): Promise<boolean> {
  const marked = await trx
    .updateTable('outgoing_mails')
    .set({ bounced_at: at })
    .where('key', '=', mail.key)
    .where('bounced_at', 'is', null)
    .returning('key')
    .executeTakeFirst();
  if (marked === undefined || mail.messageRef === null || (await isChatCopy(trx, mail))) return marked !== undefined;
  const carried = mail.carries.length === 0 ? [mail.messageRef] : [...mail.carries];
  // It was not mailed after all. Its claim stays: nobody tries their mailbox again with the same.
  if (mail.kind === 'chatUnseen') await trx.updateTable('messages').set({ mailed_at: null }).where('id', 'in', carried).execute();
  for (const message of carried) {
    if (await hasReached(trx, message)) continue;
    await trx.updateTable('messages').set({ state: 'failed' }).where('id', '=', message).where('state', '=', 'sent').execute();
  }
  return true;
}

/** Whether a mail copied what was said in a chat, for somebody else in its thread: whatever becomes of it, the chat's customer has the words. */
export async function isChatCopy(db: Database, { kind, messageRef }: Pick<OurMail, 'kind' | 'messageRef'>): Promise<boolean> {
  if (kind === 'chatUnseen' || messageRef === null) return false;
  const said = await db
    .selectFrom('messages')
    .select('id')
    .where('id', '=', messageRef)
    .where('direction', '=', 'out')
    .where('channel', '=', 'chat')
    .executeTakeFirst();
  return said !== undefined;
}

/** Whether some mail with a message has reached somebody, or still may; copies of what was said in a chat do not count. */
export async function hasReached(db: Database, messageRef: string): Promise<boolean> {
  const mail = await db
    .selectFrom('outgoing_mails as o')
    .innerJoin('messages as m', 'm.id', 'o.message_ref')
    .select('o.key')
    .where('o.message_ref', '=', messageRef)
    .where('o.state', 'in', ['intended', 'sent'])
    .where('o.bounced_at', 'is', null)
    .where((where) => where.or([where('o.kind', '=', 'chatUnseen'), where('m.channel', '<>', 'chat')]))
    .limit(1)
    .executeTakeFirst();
  return mail !== undefined;
}
