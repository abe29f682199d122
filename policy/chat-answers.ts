import { arrived, isKeptFirstBy, UNDELIVERED_AFTER_MS } from './answers';
import { copiesLeaveWith } from './chat-copies';
import { waitingInChat } from './looks';
import { endedWith } from './status';
import type { OutgoingReply } from './state';
import type { Turn } from './turn';

/** What agents wrote in a chat whose customer was not there: it reaches them when they are back, or by mail. */

/** The customer is there: what was said by `at` is in front of them. With `asked` they have seen that, whether they are there or not. */
export function arrivedInChat(turn: Turn, at: number, asked?: readonly string[]): void {
  for (const reply of waitingInChat(turn.state)) {
    if (reply.saidAt > at || asked?.includes(reply.messageId) === false) continue;
    turn.tell(at, 'chat.delivered', { message: reply.messageId });
    arrived(turn, reply, at);
    copiesLeaveWith(turn, reply.messageId, at);
    endedWith(turn, reply, at);
  }
}

/**
 * The customer writes in the chat: what had been said there is in front of them, what was mailed meanwhile too. It has arrived, and a mail
 * with it that comes back, or that no server takes, changes nothing about that.
 */
export function readInChat(turn: Turn, at: number): void {
  const { state } = turn;
  arrivedInChat(turn, at);
  for (const reply of state.outgoing) {
    if (reply.mail !== 'chatUnseen' || !reply.released || reply.releaseAt > at) continue;
    turn.tell(at, 'chat.delivered', { message: reply.messageId });
    arrived(turn, reply, at);
  }
  for (const promise of state.promises) {
    const { kind, metAt, isRead } = promise;
    if (kind === 'firstResponse' && metAt !== undefined && metAt <= at && isRead === undefined) turn.change(promise, { isRead: true });
  }
}

/**
 * The customer has gone, and these messages have been claimed for one mail. What had been said to an open chat has counted already; if the
 * mail comes back, or no server takes it, it was no first response after all. What was not asked about has a look of its own.
 */
export function mailTogether(turn: Turn, claimed: readonly string[], at: number, asked?: readonly string[]): void {
  const { state } = turn;
  const carried = waitingInChat(state).filter(({ messageId }) => claimed.includes(messageId));
  const left = waitingInChat(state).filter((reply) => reply.saidAt <= at && !carried.includes(reply) && asked?.includes(reply.messageId) !== false);
  state.outgoing = state.outgoing.filter((reply) => !carried.includes(reply) && !left.includes(reply));
  // Their address may not have any more mails: they find it when they come back.
  for (const { messageId, by } of left) {
    turn.tell(at, 'chat.notMailed', { message: messageId });
    turn.notice('undelivered', at, { to: by });
    copiesLeaveWith(turn, messageId, at);
  }
  const last = claimed.at(-1);
  const [recipient] = state.participants;
  if (last === undefined || recipient === undefined) return;
  for (const promise of state.promises) {
    if (claimed.some((messageId) => isKeptFirstBy(promise, messageId))) turn.change(promise, { mailedAs: last });
  }
  const facts = { ...carried.at(-1)?.facts, messages: claimed.join(' ') };
  const counted = carried.filter(({ counts }) => counts).map(({ saidAt }) => saidAt);
  const mail: OutgoingReply = {
    messageId: last,
    by: carried.at(-1)?.by ?? state.assignee,
    saidAt: counted.length === 0 ? at : Math.max(...counted),
    releaseAt: at,
    released: true,
    deliverBy: at + UNDELIVERED_AFTER_MS,
    undeliveredPaged: carried.some(({ undeliveredPaged }) => undeliveredPaged),
    recipients: [recipient],
    counts: counted.length > 0,
    mail: 'chatUnseen',
    facts,
  };
  state.outgoing = [...state.outgoing, mail];
  turn.mail('chatUnseen', recipient, at, facts, { messageId: last });
  turn.tell(at, 'chat.mailed', { messages: claimed });
  for (const reply of carried) {
    copiesLeaveWith(turn, reply.messageId, at);
    endedWith(turn, reply, at);
  }
}
