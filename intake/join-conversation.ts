import type { Transaction } from 'kysely';
import { newId } from '../db/new-id';
import { addParticipant, insertEvent, insertMessage, type IncomingMessage } from '../db/incoming-messages';
import { contactsWrittenTo } from '../db/participants';
import type { Schema } from '../db/schema';
import { participantsOf, type LockedThread } from '../db/threads';
import type { PolicySnapshot } from '../policy/snapshot';
import type { MessageEvent } from '../policy/events';
import type { Incoming } from './incoming';
import { messageEvent } from './message-event';

/** As whom somebody joins a thread; the decision of intake/threading.ts. */
export type JoinAs = { readonly as: 'participant' | 'thirdParty' | 'machine' } | { readonly as: 'agent'; readonly agent: string };

/** Adds a message to a conversation whose row is locked: the next seq, the message (its id is answered), and the event for its workflow. */
export async function joinConversation(
  trx: Transaction<Schema>,
  policy: PolicySnapshot,
  incoming: Incoming,
  thread: LockedThread,
  asked: JoinAs,
): Promise<string> {
  const { number } = thread;
  const join: JoinAs = (await isOutsider(trx, incoming, number, asked)) ? { as: 'thirdParty' } : asked;
  const seq = thread.lastSeq + 1;
  const messageId = newId('m');
  const at = new Date(incoming.takenAt ?? incoming.receivedAt);
  const author = authorOf(join);
  const joins = await newParticipant(trx, incoming, number, join);
  if (incoming.contact !== null && (joins !== null || join.as === 'thirdParty')) {
    const role = join.as === 'thirdParty' ? 'thirdParty' : 'participant';
    await addParticipant(trx, { number, contactId: incoming.contact.id, role, at });
  }
  await insertMessage(trx, {
    ...plainMessage(incoming),
    id: messageId,
    number,
    seq,
    direction: author === 'agent' ? 'out' : 'in',
    authorKind: incoming.contact === null && author !== 'agent' ? 'system' : author,
    authorId: join.as === 'agent' ? join.agent : (incoming.contact?.id ?? null),
    state: 'received',
  });
  const agent = join.as === 'agent' ? join.agent : null;
  await insertEvent(trx, number, messageEvent(policy, incoming, { seq, messageId, author, agent, ...(joins !== null && { joins }) }));
  await moveOn(trx, number, seq, at);
  return messageId;
}

/** Keeps mail that claims to be from an agent as an internal note for review: it reaches no customer and does nothing. */
export async function keepAsNote(trx: Transaction<Schema>, incoming: Incoming, thread: LockedThread): Promise<void> {
  await insertMessage(trx, {
    ...plainMessage(incoming),
    id: newId('m'),
    number: thread.number,
    seq: null,
    direction: 'note',
    authorKind: 'system',
    authorId: null,
    state: 'shown',
    hint: 'unverifiedAgent',
  });
}

/** The conversation has an event more; shared with customers' acts. */
export async function moveOn(trx: Transaction<Schema>, number: number, seq: number, at: Date): Promise<void> {
  await trx
    .updateTable('conversations')
    .set((eb) => ({ last_seq: seq, last_message_at: eb.fn('greatest', ['last_message_at', eb.val(at)]) }))
    .where('number', '=', number)
    .execute();
}

function plainMessage(incoming: Incoming): Omit<IncomingMessage, 'id' | 'number' | 'seq' | 'direction' | 'authorKind' | 'authorId' | 'state'> {
  return {
    channel: incoming.channel,
    body: incoming.text,
    fullBody: incoming.fullText ?? null,
    html: incoming.html,
    at: new Date(incoming.receivedAt),
    mailId: incoming.mailId,
    inReplyTo: incoming.inReplyTo,
    authenticated: incoming.authenticated,
    verdict: incoming.verdict ?? null,
    machine: incoming.machine,
    hint: incoming.hint,
    inboxId: incoming.inboxId,
    files: incoming.files,
  };
}

function authorOf(join: JoinAs): MessageEvent['author'] {
  switch (join.as) {
    case 'participant':
    case 'machine':
      return 'customer';
    case 'thirdParty':
      return 'thirdParty';
    case 'agent':
      return 'agent';
    default:
      return join satisfies never;
  }
}

/**
 * Somebody who holds an address of this thread, or of one that has become a part of it, but is of another customer and was taken out or is
 * only shown: a requester before, whom an agent had added by mistake, or whose request became a part of this one by force. Writing does not
 * bring them back among those who are written to, and their words are none of its customer's, who would read them.
 */
async function isOutsider(trx: Transaction<Schema>, { contact }: Incoming, number: number, join: JoinAs): Promise<boolean> {
  if (join.as !== 'participant' || contact === null) return false;
  if ((await contactsWrittenTo(trx, number)).includes(contact.id)) return false;
  const row = await trx.selectFrom('conversations').select('organization_id').where('number', '=', number).executeTakeFirst();
  return contact.organizationId === null || row?.organization_id !== contact.organizationId;
}

/** Somebody who holds an address of this thread and has proven to be its owner is written to from now on. */
async function newParticipant(trx: Transaction<Schema>, incoming: Incoming, number: number, join: JoinAs): Promise<string | null> {
  const { contact } = incoming;
  if (join.as !== 'participant' || !incoming.authenticated || contact === null) return null;
  const present = await participantsOf(trx, number);
  return present.some(({ id }) => id === contact.id) ? null : contact.id;
}
