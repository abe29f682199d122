import { sql } from 'kysely';
import type { Database } from './connection';
import type { PolicySnapshot } from '../policy/snapshot';

/** A mail as it was decided, before the first attempt to send it: these bytes and no others leave, however often it is tried. */
export interface MailIntent {
  /** The effect's key: one mail per key, ever. */
  readonly key: string;
  readonly number: number;
  readonly kind: string;
  /** The message whose words it carries, if any. */
  readonly messageRef: string | null;
  /** Contact id. */
  readonly recipient: string;
  /** Message-ID without angle brackets. */
  readonly mailId: string;
  /** Empty for automatic mail, whose bounces nobody answers. */
  readonly envelopeFrom: string;
  readonly envelopeTo: string;
  readonly raw: Buffer;
  /** Milliseconds; the mail's date. */
  readonly at: number;
}

/** How sending a mail ended. */
export type MailOutcome = 'sent' | 'refused' | 'withdrawn';

/** A mail of the table, with what has become of it. */
export interface OutgoingMail extends MailIntent {
  /** Null while it has not left. */
  readonly finished: { readonly outcome: MailOutcome; readonly at: number } | null;
}

/** The mail of this key, or null when none was decided yet. */
export async function findOutgoingMail(db: Database, key: string): Promise<OutgoingMail | null> {
  const row = await db.selectFrom('outgoing_mails').selectAll().where('key', '=', key).executeTakeFirst();
  if (row === undefined) return null;
  return {
    key: row.key,
    number: row.number,
    kind: row.kind,
    messageRef: row.message_ref,
    recipient: row.recipient_id,
    mailId: row.mail_id,
    envelopeFrom: row.envelope_from,
    envelopeTo: row.envelope_to,
    raw: row.raw,
    at: row.at.getTime(),
    finished: row.state === 'intended' ? null : { outcome: row.state, at: (row.finished_at ?? row.at).getTime() },
  };
}

/** Keeps the intent and answers with what is kept: the earlier one when another attempt was faster, so that both send the same bytes. */
export async function keepIntent(db: Database, intent: MailIntent): Promise<OutgoingMail> {
  await db
    .insertInto('outgoing_mails')
    .values({
      key: intent.key,
      number: intent.number,
      kind: intent.kind,
      message_ref: intent.messageRef,
      recipient_id: intent.recipient,
      mail_id: intent.mailId,
      envelope_from: intent.envelopeFrom,
      envelope_to: intent.envelopeTo,
      raw: intent.raw,
      last_error: null,
      at: new Date(intent.at),
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await findOutgoingMail(db, intent.key)) ?? { ...intent, finished: null };
}

/** Counts an attempt that is about to be made. */
export async function countAttempt(db: Database, key: string): Promise<void> {
  await db
    .updateTable('outgoing_mails')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), attempted_at: sql<Date>`now()` }))
    .where('key', '=', key)
    .execute();
}

/** Notes why an attempt failed. The server's own words may name people: they stay here and reach no log and no history. */
export async function noteMailError(db: Database, key: string, error: string): Promise<void> {
  await db.updateTable('outgoing_mails').set({ last_error: error }).where('key', '=', key).execute();
}

/** Whether an agent took the message back before it left. */
export async function isWithdrawn(db: Database, messageId: string): Promise<boolean> {
  const row = await db.selectFrom('messages').select('state').where('id', '=', messageId).executeTakeFirst();
  return row?.state === 'withdrawn';
}

/**
 * Notes how it ended, on the mail and on the message whose words it carried. A message counts as sent once one recipient's server has
 * taken it, and as failed while none has; what a chat has shown stays shown.
 */
export async function finishMail(db: Database, mail: MailIntent, outcome: MailOutcome, at: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const finished = await trx
      .updateTable('outgoing_mails')
      .set({ state: outcome, finished_at: new Date(at) })
      .where('key', '=', mail.key)
      .where('state', '=', 'intended')
      .returning('key')
      .executeTakeFirst();
    if (finished === undefined || mail.messageRef === null) return;
    if (outcome === 'sent') {
      await trx
        .updateTable('messages')
        .set((eb) => ({
          state: eb
            .case()
            .when('state', 'in', ['waiting', 'failed'])
            .then('sent' as const)
            .else(eb.ref('state'))
            .end(),
          delivered_at: eb.fn.coalesce('delivered_at', eb.val(new Date(at))),
          mail_id: eb.fn.coalesce('mail_id', eb.val(mail.mailId)),
        }))
        .where('id', '=', mail.messageRef)
        .execute();
    } else if (outcome === 'refused') {
      await trx.updateTable('messages').set({ state: 'failed' }).where('id', '=', mail.messageRef).where('state', '=', 'waiting').execute();
    }
  });
}

/** Everything that a mail is written from. */
export interface MailSource {
  readonly subject: string;
  /** Local part of the address that the customer wrote to, or null. */
  readonly address: string | null;
  readonly demo: boolean;
  /** Who wrote first: what we begin is no answer. */
  readonly initiatedBy: 'customer' | 'agent';
  readonly policy: PolicySnapshot;
  readonly recipient: MailRecipient;
  readonly message: MailMessage | null;
  /** Message-IDs of the thread as this recipient knows it, oldest first. */
  readonly threadMailIds: readonly string[];
}

/** To whom a mail goes. */
export interface MailRecipient {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  /** IANA zone, unchecked. */
  readonly zone: string | null;
  /** Belongs to an organization, or has once proven the address: otherwise it may be anyone's, and hears nothing that its sender wrote. */
  readonly known: boolean;
}

/** What an agent wrote: one message, or several in a row. */
export interface MailMessage {
  readonly body: string;
  readonly authorName: string | null;
  readonly attachments: readonly { readonly name: string; readonly mediaType: string; readonly content: Buffer }[];
}

/** How many earlier mails a mail refers to; mail programs need the first and the last few. */
const THREAD_MAILS = 20;

/**
 * Reads what a mail is written from; null when there is no such conversation or contact, or when the message is none that may leave the
 * desk: notes and customers' own messages never do.
 */
export async function readMailSource(
  db: Database,
  { number, recipient, messageIds, at }: { number: number; recipient: string; messageIds: readonly string[]; at: number },
): Promise<MailSource | null> {
  const conversation = await db
    .selectFrom('conversations')
    .innerJoin('policies', 'policies.hash', 'conversations.policy_hash')
    .select(['conversations.subject', 'conversations.address', 'conversations.demo', 'conversations.initiated_by', 'policies.snapshot'])
    .where('conversations.number', '=', number)
    .executeTakeFirst();
  const contact = await db.selectFrom('contacts').selectAll().where('id', '=', recipient).executeTakeFirst();
  if (conversation === undefined || contact === undefined) return null;
  const message = await readWords(db, number, messageIds);
  if (message === null && messageIds.length > 0) return null;
  return {
    subject: conversation.subject,
    address: conversation.address,
    demo: conversation.demo,
    initiatedBy: conversation.initiated_by,
    policy: conversation.snapshot,
    recipient: {
      id: contact.id,
      name: contact.name,
      email: contact.email,
      zone: contact.zone,
      known: contact.organization_id !== null || (await hasProvenAddress(db, contact.id)),
    },
    message,
    threadMailIds: await readThread(db, number, recipient, at),
  };
}

/** Null when there is nothing to carry, or when any of it may not leave. */
async function readWords(db: Database, number: number, ids: readonly string[]): Promise<MailMessage | null> {
  if (ids.length === 0) return null;
  const messages = await db
    .selectFrom('messages')
    .leftJoin('agents', (join) => join.onRef('agents.id', '=', 'messages.author_id').on('messages.author_kind', '=', 'agent'))
    .select(['messages.body', 'agents.name as authorName'])
    .where('messages.id', 'in', ids)
    .where('messages.number', '=', number)
    .where('messages.direction', '=', 'out')
    .orderBy('messages.at')
    .orderBy('messages.id')
    .execute();
  if (messages.length < new Set(ids).size) return null;
  const attachments = await db
    .selectFrom('attachments as a')
    .innerJoin('files as f', 'f.hash', 'a.hash')
    .select(['a.name', 'a.media_type as mediaType', 'f.content'])
    .where('a.message_id', 'in', ids)
    .orderBy('a.message_id')
    .orderBy('a.position')
    .execute();
  return { body: messages.map(({ body }) => body).join('\n\n'), authorName: messages.at(-1)?.authorName ?? null, attachments };
}

async function hasProvenAddress(db: Database, contact: string): Promise<boolean> {
  const row = await db
    .selectFrom('conversations')
    .innerJoin('messages', 'messages.number', 'conversations.number')
    .select('messages.id')
    .where('conversations.requester_id', '=', contact)
    .where('messages.author_kind', '=', 'customer')
    .where('messages.author_id', '=', contact)
    .where('messages.authenticated', '=', true)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What everyone wrote to us in this thread, and what we have mailed to this recipient. */
async function readThread(db: Database, number: number, recipient: string, at: number): Promise<string[]> {
  const theirs = db
    .selectFrom('messages')
    .select([sql<string>`mail_id`.as('mailId'), 'at'])
    .where('number', '=', number)
    .where('direction', '=', 'in')
    .where('mail_id', 'is not', null)
    .where('at', '<=', new Date(at));
  const ours = db
    .selectFrom('outgoing_mails')
    .select(['mail_id as mailId', 'at'])
    .where('number', '=', number)
    .where('recipient_id', '=', recipient)
    .where('state', '=', 'sent')
    .where('at', '<=', new Date(at));
  const rows = await theirs.unionAll(ours).orderBy('at').orderBy('mailId').execute();
  const ids = [...new Set(rows.map((row) => row.mailId))];
  return ids.length <= THREAD_MAILS ? ids : [...ids.slice(0, 1), ...ids.slice(1 - THREAD_MAILS)];
}
