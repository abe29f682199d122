import type { Transaction } from 'kysely';
import type { InboundEvent } from '../policy/events';
import type { Channel } from '../policy/words';
import { insertAttachments, type NewFile } from './attachments';
import type { Schema } from './schema';

/** A message as it came in, with the files that came with it. */
export interface IncomingMessage {
  readonly id: string;
  readonly number: number;
  /** Null for an internal note, which the workflow does not hear of. */
  readonly seq: number | null;
  readonly direction: 'in' | 'out' | 'note';
  readonly authorKind: 'customer' | 'thirdParty' | 'agent' | 'system';
  readonly authorId: string | null;
  readonly channel: Channel;
  /** What its author wrote, without what they quoted. */
  readonly body: string;
  /** All of the text, where `body` leaves something out. */
  readonly fullBody?: string | null;
  /** What the allow-list of intake/parse/safe-html.ts has let through. */
  readonly html: string | null;
  readonly at: Date;
  readonly state: 'received' | 'waiting' | 'shown';
  readonly mailId: string | null;
  readonly inReplyTo: string | null;
  readonly authenticated: boolean;
  /** What authentication says about a mail's From; null for what is no mail. */
  readonly verdict?: 'pass' | 'none' | 'fail' | 'reject' | null;
  readonly machine: boolean;
  /** A code for agents, such as `markedUrgent`. */
  readonly hint: string | null;
  readonly inboxId: number;
  readonly files: readonly NewFile[];
}

/** Writes the message and its files. */
export async function insertMessage(trx: Transaction<Schema>, message: IncomingMessage): Promise<void> {
  await trx
    .insertInto('messages')
    .values({
      id: message.id,
      number: message.number,
      seq: message.seq,
      direction: message.direction,
      author_kind: message.authorKind,
      author_id: message.authorId,
      channel: message.channel,
      body: message.body,
      full_body: message.fullBody ?? null,
      html: message.html,
      at: message.at,
      state: message.state,
      mail_id: message.mailId,
      in_reply_to: message.inReplyTo,
      authenticated: message.authenticated,
      verdict: message.verdict ?? null,
      machine: message.machine,
      hint: message.hint,
      inbox_id: message.inboxId,
    })
    .execute();
  await insertAttachments(trx, message.id, message.files);
}

/** Keeps exactly what the workflow will be given. */
export async function insertEvent(trx: Transaction<Schema>, number: number, event: InboundEvent): Promise<void> {
  await trx
    .insertInto('conversation_events')
    .values({ number, seq: event.seq, at: new Date(event.at), type: event.type, data: JSON.stringify(event) })
    .execute();
}

/** Somebody is in the thread from now on; one who is already keeps their role. */
export async function addParticipant(
  trx: Transaction<Schema>,
  participant: { number: number; contactId: string; role: 'requester' | 'participant' | 'thirdParty'; at: Date },
): Promise<void> {
  await trx
    .insertInto('participants')
    .values({ number: participant.number, contact_id: participant.contactId, role: participant.role, added_at: participant.at })
    .onConflict((conflict) => conflict.columns(['number', 'contact_id']).doNothing())
    .execute();
}
