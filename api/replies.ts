import { getConversation } from '../db/conversations';
import { messagesSince, seqOfMessage } from '../db/messages';
import { listParticipants } from '../db/participants';
import { newId } from '../db/new-id';
import type { Database } from '../db/connection';
import { lastWrittenAt } from '../db/messages';
import { presenceOf } from '../db/presence';
import { HoldfastError } from '../messages/errors';
import type { Actor } from './auth/actor';
import { may } from './auth/authorize';
import { InvalidRequest, ThreadMoved } from './problem';
import { rfc3339 } from './schemas/text';
import type { CommandMessage } from './commands';
import type { ApiContext } from './context';
import { noSuchConversation } from './commands';

/** How an agent's public words reach the customer: to whom, by which way, and the message row. */
export interface Outgoing {
  readonly delivery: 'mail' | 'chat';
  /** Contact ids that it is mailed to; in a chat those beside its customer. */
  readonly recipients: readonly string[];
  /** The customer of the chat has gone: the words are mailed in a while, unless they come back. */
  readonly gone?: true;
  readonly message: CommandMessage;
}

/**
 * Prepares public words to everyone in a thread, or to `only` these contacts. In a chat they are in front of its customer at once, and mailed to
 * the others.
 * Errors: E_NOT_FOUND; E_INVALID for a contact who is not in the thread; E_NO_PUBLIC_CHANNEL when nobody there has an address.
 */
export async function outgoing(context: ApiContext, db: Database, number: number, body: string, only?: readonly string[]): Promise<Outgoing> {
  const conversation = await getConversation(db, number);
  if (conversation === null) throw noSuchConversation(number);
  const people = await listParticipants(db, number);
  const stranger = only?.find((id) => !people.some((person) => person.id === id));
  if (stranger !== undefined) throw new InvalidRequest([{ path: 'body.recipients', message: `"${stranger}" is not in this conversation` }]);
  const inChat = conversation.kind === 'chat' && (only === undefined || only.includes(conversation.requesterId));
  const recipients = people
    // Third parties were not admitted: they are written to only when an agent names them.
    .filter((person) => person.email !== null && (only === undefined ? person.role !== 'thirdParty' : only.includes(person.id)))
    .filter((person) => !inChat || person.id !== conversation.requesterId)
    .map(({ id }) => id);
  if (inChat) {
    const message: CommandMessage = { id: newId('m'), direction: 'out', channel: 'chat', body, state: 'waiting' };
    return { delivery: 'chat', recipients, message, ...((await hasGone(context, db, number)) && { gone: true }) };
  }
  if (recipients.length === 0) {
    throw new HoldfastError('E_NO_PUBLIC_CHANNEL', 'Nobody in this conversation has an e-mail address. Call the customer and log the call instead.');
  }
  return { delivery: 'mail', recipients, message: { id: newId('m'), direction: 'out', channel: 'email', body, state: 'waiting' } };
}

/** Whether a chat's customer is not there any more. One who has never been seen there has just begun, or does not use the widget. */
async function hasGone(context: ApiContext, db: Database, number: number): Promise<boolean> {
  const at = context.now();
  const goneAfterMs = context.policy().chats.customerGoneAfterMs;
  const presence = (await presenceOf(db, [number], { at, goneAfterMs })).get(number);
  if (presence !== undefined) return presence.state === 'gone';
  const wrote = await lastWrittenAt(db, number);
  return wrote === null || at - wrote >= goneAfterMs;
}

/**
 * An answer is meant for the thread as its author has read it: up to an event's `seq`, or up to and including a message (by its id).
 * Errors: E_THREAD_MOVED with what people have written since, without their words for who may not read them; E_INVALID for a message that is not in the thread.
 */
export async function mustNotHaveMoved(db: Database, actor: Actor, number: number, seenUpTo: number | string): Promise<void> {
  const seq = typeof seenUpTo === 'number' ? seenUpTo : await seqOfMessage(db, number, seenUpTo);
  if (seq === null) throw new InvalidRequest([{ path: 'body.seenUpTo', message: 'is not a message of this conversation' }]);
  const cameIn = await messagesSince(db, number, seq);
  if (cameIn.length === 0) return;
  const mayRead = may(actor, 'conversation.read');
  throw new ThreadMoved(cameIn.map(({ id, authorName, body, at }) => ({ id, at: rfc3339(at), ...(mayRead && { author: authorName, body }) })));
}
