import { sql } from 'kysely';
import type { Database } from './connection';

/** A mail as it was decided, before the first attempt to send it: these bytes and no others leave, however often it is tried. */
export interface MailIntent {
  /** The effect's key: one mail per key, ever. */
  readonly key: string;
  readonly number: number;
  readonly kind: string;
  /** The message whose words it carries, if any; the last one of several. */
  readonly messageRef: string | null;
  /** Every message whose words it carries, oldest first. */
  readonly carries: readonly string[];
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
    // Mails of one message that were written before this column was there.
    carries: row.carries.length === 0 && row.message_ref !== null ? [row.message_ref] : row.carries,
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
      carries: [...intent.carries],
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

/** Those of the messages that no agent has taken back, in the same order. */
export async function notWithdrawn(db: Database, messageIds: readonly string[]): Promise<string[]> {
  if (messageIds.length === 0) return [];
  const rows = await db.selectFrom('messages').select('id').where('id', 'in', messageIds).where('state', '=', 'withdrawn').execute();
  return messageIds.filter((id) => !rows.some((row) => row.id === id));
}

/**
 * Notes how it ended, on the mail and on the messages whose words it carried. A message counts as sent once one recipient's server has
 * taken it, and as failed while none has; what a chat has shown stays shown, and was mailed to its customer once their server has taken it.
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
    if (finished === undefined || mail.carries.length === 0) return;
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
          ...(mail.kind === 'chatUnseen' && { mailed_at: new Date(at) }),
        }))
        .where('id', 'in', mail.carries)
        .execute();
    } else if (outcome === 'refused') {
      await trx.updateTable('messages').set({ state: 'failed' }).where('id', 'in', mail.carries).where('state', '=', 'waiting').execute();
    }
  });
}
