import { say, send } from './answers';
import { readInChat } from './chat-answers';
import { isAboutToBeKept } from './keeping';
import { causeOf } from './consequences';
import { ring } from './page';
import { setPriority } from './priority';
import { countPromise, officeOpen } from './promises';
import { askLater, moveTo, solve, wantAssignee } from './status';
import type { CustomerActEvent, MessageEvent } from './events';
import type { PageCause, PromiseRecord } from './state';
import type { Turn } from './turn';
import { isUrgentOrHigh, urgencyOf } from './urgency';

/** What a message that came in does to its conversation. */
export function takeMessage(turn: Turn, message: MessageEvent): void {
  turn.tell(message.at, 'message.received', { message: message.messageId, author: message.author, channel: message.channel });
  if (message.machine) return;
  switch (message.author) {
    case 'customer':
      customerWrote(turn, message);
      return;
    case 'thirdParty':
      tellThatSomebodyWrote(turn, message.at);
      return;
    case 'agent':
      agentWrote(turn, message);
      return;
    default:
      message.author satisfies never;
  }
}

/** An agent's own mail is an answer like one from the console: it goes to everyone in the thread. */
function agentWrote(turn: Turn, { agent, messageId, channel, at }: MessageEvent): void {
  const { assignee, participants } = turn.state;
  const by = agent ?? assignee;
  const delivery = channel === 'email' ? 'mail' : 'chat';
  if (by === null || (delivery === 'mail' && participants.length === 0)) return;
  const words = { messageId, delivery, recipients: participants, mail: 'reply' } as const;
  // Said as it became a part of another conversation: it leaves, and changes nothing here any more.
  if (turn.state.merged !== undefined) send(turn, words, at, at + turn.policy.undoSendMs, by);
  else say(turn, words, at, by);
}

function customerWrote(turn: Turn, message: MessageEvent): void {
  const { state, policy } = turn;
  const { at } = message;
  if (message.joins !== undefined && !state.participants.includes(message.joins)) {
    state.participants = [...state.participants, message.joins];
  }
  // Whoever writes in the chat has everything in front of them that was said there.
  if (message.channel === 'chat') readInChat(turn, at);
  state.lastCustomerAt = at;
  if (wroteToMerged(turn, at)) return;
  state.snoozedUntil = null;
  // "Thanks, bye!" soon after the end never pages.
  const slight = message.slight && message.triage === undefined && state.graceUntil !== null && at <= state.graceUntil;
  if (state.status !== 'new') moveTo(turn, 'open', at, slight ? 'slight' : 'customerWrote');
  expectNextResponse(turn, at, slight);
  if (slight) return;
  state.graceUntil = null;
  wantAssignee(turn, at);
  if (isMidChat(turn, message)) state.silenceAt ??= at + policy.chats.agentSilenceMs;
  if (message.channel === 'voicemail') spoke(turn, message);
  else outOfHours(turn, at, message.triage !== undefined);
}

/** In the middle of a chat the customer sits and waits: not for a mail, not for somebody who will be right back, and not in the night after. */
function isMidChat({ state, policy }: Turn, { channel, at }: MessageEvent): boolean {
  const { kind, lastAgentAt, beRightBack } = state;
  if (kind !== 'chat' || channel !== 'chat' || lastAgentAt === null || beRightBack) return false;
  return officeOpen(policy, at) || at < lastAgentAt + policy.chats.closingSilenceMs;
}

/** It came for a conversation that had become a part of another in the same moment: the desk hears of it, and an undo finds it. */
function wroteToMerged(turn: Turn, at: number): boolean {
  const { state } = turn;
  if (state.merged === undefined) return false;
  state.unansweredSince ??= at;
  state.merged = { ...state.merged, wroteAt: state.merged.wroteAt ?? at };
  tellThatSomebodyWrote(turn, at);
  return true;
}

/** How long a notice that somebody wrote stands for what is written after it, unless an agent has answered meanwhile. */
const WROTE_NOTICE_MS = 15 * 60_000;

function tellThatSomebodyWrote(turn: Turn, at: number): void {
  const { state } = turn;
  const { wroteNoticeAt: toldAt } = state;
  if (toldAt !== undefined && at < toldAt + WROTE_NOTICE_MS && (state.lastAgentAt ?? 0) <= toldAt) return;
  state.wroteNoticeAt = at;
  turn.notice('customerWrote', at, { to: state.assignee });
}

/** The customer waits for the next answer, unless they wait for one already that no answer on its way is about to be. */
export function expectNextResponse(turn: Turn, at: number, quiet: boolean): void {
  const { state } = turn;
  const { plan, priority } = state;
  state.unansweredSince ??= at;
  if (!quiet) for (const promise of turn.unmet('nextResponse')) letPage(turn, promise, at);
  if (turn.unmet('firstResponse', 'nextResponse').some((promise) => !isAboutToBeKept(state, promise))) return;
  const seed = countPromise(turn.policy, { kind: 'nextResponse', plan, priority, since: at });
  if (seed) turn.start(quiet ? { ...seed, pageAt: null } : seed);
}

/** A promise that began with a slight message pages nobody, until something is written that is not slight. */
function letPage(turn: Turn, promise: PromiseRecord, at: number): void {
  const { plan, priority } = turn.state;
  const counted = countPromise(turn.policyOf(promise), { kind: 'nextResponse', plan, priority, since: promise.since });
  if (promise.pageAt === null && counted?.pageAt) turn.change(promise, { pageAt: Math.max(promise.dueAt, at) });
}

/** A customer's message in the night: on-call hears of it when it is urgent, high or a triage rule says so; else a notice. */
function outOfHours(turn: Turn, at: number, triage: boolean): void {
  const { state, policy } = turn;
  if (officeOpen(policy, at)) return;
  if (!(triage || isUrgentOrHigh(state)) || state.outOfHours === 'notice' || !policy.outOfHours.page) {
    tellThatSomebodyWrote(turn, at);
    return;
  }
  const cause = expectFeedback(turn, at, 'outOfHours');
  if (cause) ring(turn, cause);
}

/** On-call owes the customer a word; null when it does already. */
function expectFeedback(turn: Turn, at: number, reason: string): PageCause | null {
  const { state, policy } = turn;
  if (turn.unmet('feedback').length > 0) return null;
  const seed = countPromise(policy, { kind: 'feedback', plan: state.plan, priority: state.priority, since: at });
  return seed && causeOf(turn, turn.start(seed, { paged: true }), at, reason);
}

/** The caller has left another voicemail: it pages round the clock, but does not ring whoever has acknowledged the page already. */
function spoke(turn: Turn, { at, messageId }: MessageEvent): void {
  const { state, policy } = turn;
  const feedback = officeOpen(policy, at) ? null : expectFeedback(turn, at, 'voicemail');
  const key = `conversation/${state.number}:voicemail:${messageId}`;
  ring(turn, { ...(feedback ?? { key, kind: 'voicemail', at, reason: 'voicemail' }), urgency: 'high' }, { ring: 'unacknowledged' });
}

/** What a customer does to their own thread by a signed link or in the widget. */
export function takeCustomerAct(turn: Turn, event: CustomerActEvent): void {
  const { state } = turn;
  turn.tell(event.at, `customer.${event.act}`, event.act === 'rated' ? { score: event.score } : {});
  switch (event.act) {
    case 'productionDown':
      state.lastCustomerAt = event.at;
      if (wroteToMerged(turn, event.at)) return;
      state.snoozedUntil = null;
      if (state.status !== 'new') moveTo(turn, 'open', event.at, 'productionDown');
      if (state.priority === 'urgent') ringOnceMore(turn, event.at);
      setPriority(turn, 'urgent', undefined, event.at, 'requester');
      expectNextResponse(turn, event.at, false);
      outOfHours(turn, event.at, true);
      // They are told that we have been told; so we are, also while nothing is late.
      if (state.rules >= 3 && !turn.tellsStaff()) turn.notice('productionDown', event.at);
      return;
    case 'thatsAll':
      if (state.merged !== undefined) return;
      solve(turn, event.at, 'thatsAll');
      return;
    case 'proven':
      return addressProven(turn, event.at);
    case 'rated':
      state.rating = 'given';
      state.rateAt = null;
      return;
    case 'transcript':
      turn.mail('transcript', event.contact, event.at);
      return;
    default:
      event satisfies never;
  }
}

/** From now on they are mailed like everyone whom we know. Only a chat begins with an address that is not proven. */
function addressProven(turn: Turn, at: number): void {
  const { state } = turn;
  if (state.channel !== 'chat' || !state.noAutoMail) return;
  state.noAutoMail = false;
  if (state.status === 'solved' && state.merged === undefined) askLater(turn, at);
}

/** The customer of an urgent request is told that somebody hears of it this very moment; so somebody does, once for as long as it rings. */
function ringOnceMore(turn: Turn, at: number): void {
  const { state } = turn;
  if (state.page === null || state.page.causes.some((cause) => cause.reason === 'productionDown')) return;
  const key = `conversation/${state.number}:productionDown:${state.effects + 1}`;
  ring(turn, { key, kind: 'raised', at, urgency: urgencyOf(state), reason: 'productionDown' }, { ring: 'again' });
}
