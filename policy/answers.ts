import { answered, isAboutToBeKept, isKeptBy, cancel } from './keeping';
import { firstLook, lookAt, lookNotBefore, mailedFrom, waitsInChat } from './looks';
import { copyToOthers, takeBackCopies } from './chat-copies';
import { ring, stopRinging } from './page';
import { assign, endedWith, isOpenStatus, moveTo } from './status';
import type { MailEffect, MailKind } from './effects';
import type { ConversationState, OutgoingReply, PromiseRecord } from './state';
import { isUnmet, type Turn } from './turn';
import { urgencyOf } from './urgency';

/**
 * An agent's public words on their way to the customer: said → (undone) → released → delivered, or bounced. To an open chat they are
 * delivered as they are said; by mail they leave after undo-send and count when a recipient's server has taken them. In a chat whose
 * customer has gone they wait for the look at its presence that mails them, and count when that mail is taken or the customer is back.
 */

/** A first response that no mail server has taken by then pages. */
export const UNDELIVERED_AFTER_MS = 15 * 60_000;

/** A mail server's moment: how long after its release a reply still holds the page that it would make needless. */
export const DELIVERY_MOMENT_MS = 5_000;

/** What is said, to whom, and how it goes. */
export interface Words {
  readonly messageId: string;
  readonly delivery: 'mail' | 'chat';
  /** Contacts that it is mailed to; in a chat those beside its customer. */
  readonly recipients: readonly string[];
  /** Chat: its customer has gone. */
  readonly gone?: true;
  readonly mail: MailKind;
  readonly facts?: MailEffect['facts'];
  /** Whether they are an answer; "when the office opens" is none. */
  readonly counts?: boolean;
}

/** An agent speaks to the customer: who speaks first takes the conversation, and one that had ended is open again. */
export function say(turn: Turn, words: Words, at: number, by: string): void {
  const { state, policy } = turn;
  take(turn, at, by);
  if (!isOpenStatus(state.status)) moveTo(turn, 'open', at, 'answered');
  state.graceUntil = null;
  send(turn, words, at, at + policy.undoSendMs, by);
}

/** Who answers first takes the conversation. */
export function take(turn: Turn, at: number, by: string): void {
  if (turn.state.assignee === null) assign(turn, by, at, by);
  if (turn.state.status === 'new') moveTo(turn, 'open', at, 'answered');
}

/** Puts words on their way: to an open chat at once, by mail at `releaseAt`. */
export function send(turn: Turn, words: Words, at: number, releaseAt: number, by: string): void {
  const { state } = turn;
  state.lastAgentAt = at;
  state.silenceAt = null;
  state.beRightBack = false;
  turn.tell(at, 'reply.said', { message: words.messageId, by, delivery: words.delivery });
  const { messageId, recipients, mail, facts = {}, counts: isAnswer = true } = words;
  // What a third party is asked alone, the customer never hears.
  const counts = isAnswer && (state.rules < 3 || words.delivery === 'chat' || recipients.some((recipient) => state.participants.includes(recipient)));
  if (words.delivery === 'chat') {
    if (state.said) state.said = [...state.said, messageId];
    copyToOthers(turn, words, words.gone ? null : releaseAt, by);
    if (words.gone) return wait(turn, words, at, releaseAt, by);
    if (counts) answered(turn, at, messageId, at);
    // Also in what has become a ticket meanwhile: they may have missed it there as well.
    lookAt(turn, firstLook(turn, at));
    return;
  }
  const deliverBy = releaseAt + UNDELIVERED_AFTER_MS;
  const reply = { messageId, by, saidAt: at, releaseAt, released: false, deliverBy, undeliveredPaged: false, recipients, counts, mail, facts };
  state.outgoing = [...state.outgoing, reply];
}

/** Said to a chat whose customer has gone: it is mailed with whatever else they have not seen, and can be taken back until then. */
function wait(turn: Turn, { messageId, facts = {}, counts = true }: Words, at: number, releaseAt: number, by: string): void {
  const { state } = turn;
  const [recipient] = state.participants;
  const recipients = recipient === undefined ? [] : [recipient];
  const deliverBy = releaseAt + UNDELIVERED_AFTER_MS;
  const mail = { mail: 'chatUnseen', facts: { ...facts, messages: messageId } } as const;
  const reply = { messageId, by, saidAt: at, releaseAt, released: false, deliverBy, undeliveredPaged: false, recipients, counts, ...mail };
  state.outgoing = [...state.outgoing, reply];
  // On-call is not made to wait.
  lookAt(turn, releaseAt === at ? at : mailedFrom(turn, at));
  lookNotBefore(turn, releaseAt);
}

/** The status that came with an answer in undo-send goes back when it is undone. */
export function moveWith(turn: Turn, messageId: string): void {
  const { state } = turn;
  change(turn, messageId, { movedTo: state.status });
  if (state.rules >= 3 && state.status === 'pending') state.pendingBy = messageId;
}

/** An answer is taken back before it has left, with the time and the status that came with it. */
export function undo(turn: Turn, messageId: string, at: number, by: string): void {
  const { state } = turn;
  const reply = state.outgoing.find((candidate) => candidate.messageId === messageId);
  const copies = takeBackCopies(turn, messageId, at);
  if (reply === undefined || reply.released) {
    if (copies) turn.tell(at, 'chat.copiesUndone', { message: messageId, by });
    return;
  }
  state.outgoing = without(state.outgoing, messageId);
  turn.tell(at, 'reply.undone', { message: messageId, by });
  const isItsTime = ({ kind, since }: PromiseRecord): boolean => kind === 'update' && since === reply.saidAt;
  for (const promise of turn.unmet()) if (isItsTime(promise)) cancel(turn, promise, at, 'undone');
  if (reply.mail === 'beRightBack') state.beRightBack = false;
  if (state.merged !== undefined) {
    const { status, promises } = state.merged;
    state.merged = { ...state.merged, status: reply.movedTo === status ? 'open' : status, promises: promises.filter((promise) => !isItsTime(promise)) };
  } else if (reply.movedTo === state.status) {
    moveTo(turn, 'open', at, 'undone');
  }
}

/** Undo-send is over: the mails leave. */
export function releaseReplies(turn: Turn, at: number): void {
  for (const reply of turn.state.outgoing) if (!reply.released && reply.releaseAt <= at && !waitsInChat(reply)) release(turn, reply);
}

/** Sends an answer on its way, one mail to each recipient. */
export function release(turn: Turn, reply: OutgoingReply): void {
  const { releaseAt, messageId } = reply;
  change(turn, messageId, { released: true });
  for (const recipient of reply.recipients) turn.mail(reply.mail, recipient, releaseAt, reply.facts, { messageId });
  turn.tell(releaseAt, 'reply.released', { message: messageId });
  endedWith(turn, reply, releaseAt);
}

/** A recipient's server has taken an answer: it counts from then on, once. */
export function delivered(turn: Turn, messageId: string, at: number): void {
  const { state } = turn;
  const reply = state.outgoing.find((candidate) => candidate.messageId === messageId);
  if (!reply) return;
  turn.tell(at, 'reply.delivered', { message: messageId });
  arrived(turn, reply, at);
}

/** An answer has reached the customer, by mail or in their chat: it counts from then on. */
export function arrived(turn: Turn, reply: OutgoingReply, at: number): void {
  const { state } = turn;
  const { messageId } = reply;
  state.outgoing = without(state.outgoing, messageId);
  stopRinging(turn, undeliveredKey(state, reply), 'delivered');
  if (!reply.counts) return;
  answered(turn, at, messageId, reply.saidAt);
  const copies = reply.recipients.length - (reply.bounces ?? 0);
  for (const promise of state.promises) if (copies > 1 && isKeptFirstBy(promise, messageId)) turn.change(promise, { copies });
  // What the merge cancelled would have been kept by it.
  const { merged } = state;
  if (merged && (merged.answered?.saidAt ?? 0) <= reply.saidAt) state.merged = { ...merged, answered: { at, saidAt: reply.saidAt, by: messageId } };
}

/** Whether this message was the first response, or carried it by mail because it had not been seen in the chat; not once it has been read there. */
export function isKeptFirstBy({ kind, metBy, mailedAs, cancelledAt, isRead }: PromiseRecord, messageId: string): boolean {
  return kind === 'firstResponse' && cancelledAt === undefined && isRead === undefined && (metBy === messageId || mailedAs === messageId);
}

/**
 * An answer came back: the agent hears of it. A copy of what was said in a chat changes nothing else; its customer has it. When no recipient is left, a first response that it was runs again with its old
 * due time, and what it was to keep waits for another answer.
 */
export function bounced(turn: Turn, { messageId, at, hard, copy }: { messageId: string; at: number; hard: boolean; copy?: true }): void {
  const { state } = turn;
  if (copy) {
    turn.tell(at, 'chat.copyBounced', { message: messageId, hard });
    turn.notice('undelivered', at, { to: state.assignee });
    return;
  }
  const reply = state.outgoing.find((candidate) => candidate.messageId === messageId);
  turn.tell(at, 'reply.bounced', { message: messageId, hard });
  turn.notice('undelivered', at, { to: reply?.by ?? state.assignee });
  if (!hard || state.status === 'closed') return;
  if (reply) {
    const bounces = (reply.bounces ?? 0) + 1;
    if (bounces < reply.recipients.length) return change(turn, messageId, { bounces });
    state.outgoing = without(state.outgoing, messageId);
  }
  const first = state.promises.find((promise) => isKeptFirstBy(promise, messageId));
  if (first) {
    const copies = (first.copies ?? 1) - 1;
    if (copies > 0) turn.change(first, { copies });
    else runAgain(turn, first, at);
  }
  if (state.merged !== undefined) return;
  const owes = state.status === 'solved' && turn.unmet().some((promise) => !isAboutToBeKept(state, promise));
  // Nobody has read the question that it asked, so nobody is waited for; of several, whoever it did not come back from has.
  const asked = state.status === 'pending' && state.pendingBy === messageId && (reply !== undefined || state.participants.length < 2);
  if (owes || asked) moveTo(turn, 'open', at, 'bounced');
}

/** It was not kept after all: the same promise once more, with its old due time. */
function runAgain(turn: Turn, first: PromiseRecord, at: number): void {
  turn.state.answeredAt = null;
  const { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, policy, claims } = first;
  turn.finish(first, { state: first.state === 'breached' ? 'breached' : 'cancelled', cancelledAt: at, reason: 'bounced' });
  const { merged } = turn.state;
  if (merged) {
    // It is its target's to answer now; were the merge undone, it would be owed here.
    const { metAt: _, metBy: __, copies: ___, mailedAs: ____, ...owed } = first;
    turn.state.merged = { ...merged, promises: [...merged.promises, { ...owed, state: first.state === 'breached' ? 'breached' : 'running' }] };
    return;
  }
  const notBefore = (instant: number | null): number | null => (instant === null ? null : Math.max(instant, at));
  const seed = { kind, since, dueAt, clock, lengthMs, noticeAt: notBefore(noticeAt), pageAt: notBefore(pageAt) };
  turn.start(seed, { policy, ...(claims && { claims }) });
}

/** A first response that no mail server takes pages after a quarter of an hour: the customer has heard nothing. */
export function pageUndelivered(turn: Turn, at: number): void {
  for (const reply of turn.state.outgoing) {
    if (!isFirstResponse(turn.state, reply) || reply.undeliveredPaged || reply.deliverBy > at) continue;
    change(turn, reply.messageId, { undeliveredPaged: true });
    turn.notice('undelivered', reply.deliverBy, { to: reply.by });
    ring(turn, {
      key: undeliveredKey(turn.state, reply),
      kind: 'undelivered',
      at: reply.deliverBy,
      urgency: urgencyOf(turn.state),
      reason: 'undelivered',
    });
  }
}

function undeliveredKey({ number }: Pick<ConversationState, 'number'>, { messageId }: Pick<OutgoingReply, 'messageId'>): string {
  return `conversation/${number}:undelivered:${messageId}`;
}

/** When an answer on its way next needs attention; null when only its recipients' servers can say more. */
export function nextOfReply(state: ConversationState, reply: OutgoingReply): { at: number; what: string } | null {
  if (!reply.released && !waitsInChat(reply)) return { at: reply.releaseAt, what: 'undo-send ends' };
  if (state.status === 'closed' || reply.undeliveredPaged || !isFirstResponse(state, reply)) return null;
  return { at: reply.deliverBy, what: 'the answer is still undelivered' };
}

/** Until when a reply that is on its way holds a promise's page; 0 when nothing does. */
export function holdUntil(state: ConversationState, promise: PromiseRecord): number {
  const holding = state.outgoing.filter((reply) => reply.counts && isKeptBy(promise, reply.saidAt) && promise.dueAt > reply.saidAt);
  return Math.max(0, ...holding.map((reply) => reply.releaseAt + DELIVERY_MOMENT_MS));
}

function isFirstResponse(state: ConversationState, reply: OutgoingReply): boolean {
  const { promises } = state;
  if (promises.some((promise) => promise.mailedAs === reply.messageId && isKeptFirstBy(promise, reply.messageId))) return true;
  return reply.counts && promises.some((promise) => promise.kind === 'firstResponse' && isUnmet(promise) && isKeptBy(promise, reply.saidAt));
}

function change(turn: Turn, messageId: string, changes: Partial<OutgoingReply>): void {
  turn.state.outgoing = turn.state.outgoing.map((reply) => (reply.messageId === messageId ? { ...reply, ...changes } : reply));
}

function without(outgoing: readonly OutgoingReply[], messageId: string): readonly OutgoingReply[] {
  return outgoing.filter((reply) => reply.messageId !== messageId);
}
