import { urgencyOfClaims } from './claims';
import { holdUntil, nextOfReply, pageUndelivered, releaseReplies } from './answers';
import { copiesOf, releaseCopies } from './chat-copies';
import { ring, ringNextLevel } from './page';
import { solve } from './status';
import type { ConversationState, PageCause, PromiseRecord } from './state';
import { isUnmet, type Turn } from './turn';
import { isUrgentOrHigh, louder, urgencyOf } from './urgency';

/**
 * What happens when time passes, and when it happens next. Every consequence is decided here:
 *
 * | promise | before it is due | due and unmet |
 * | --- | --- | --- |
 * | dispatch | | page |
 * | firstResponse | notice and page at the policy's thresholds | a page that is open goes one level up, else page |
 * | nextResponse | | notice; page when urgent |
 * | chatResponse | (its page opened with the chat) | a page that is open goes one level up, else page; the customer is told "by e-mail" |
 * | feedback | (its page opened with the request) | next level |
 * | update | notice to the agent at half time | notice to agent and team; the second in a row pages when urgent or high |
 *
 * A reply in undo-send holds the page of what it would meet for those seconds, and for the moment its mail needs.
 */

/** Marks what was due by then and is unmet as breached, with its true time. */
export function markBreaches(turn: Turn, at: number): void {
  for (const promise of turn.unmet()) {
    if (promise.state !== 'running' || promise.paused || promise.dueAt > at) continue;
    turn.change(promise, { state: 'breached', breachedAt: promise.dueAt });
    turn.state.everBreached = true;
    turn.tell(promise.dueAt, 'promise.breached', { kind: promise.kind, cycle: promise.cycle, dueAt: promise.dueAt });
    if (promise.kind === 'update') turn.state.updatesMissed += 1;
    // The widget says it from here on.
    if (promise.kind === 'chatResponse') turn.tell(promise.dueAt, 'chat.answerComesByMail');
  }
}

/** Everything that is due by the turn's `now` has its consequence, in the order in which it was due; nothing has it twice. */
export function takeConsequences(turn: Turn): void {
  for (let next = nextInstant(turn.state); next !== null && next.at <= turn.now; next = nextInstant(turn.state)) {
    passInstant(turn, next.at);
  }
}

function passInstant(turn: Turn, at: number): void {
  releaseReplies(turn, at);
  releaseCopies(turn, at);
  if (turn.state.status === 'closed') return;
  markBreaches(turn, at);
  for (const promise of turn.unmet()) if (!promise.paused) consequencesOf(turn, promise, at);
  pageUndelivered(turn, at);
  passTime(turn, at);
}

function consequencesOf(turn: Turn, promise: PromiseRecord, at: number): void {
  let current = promise;
  const { noticeAt, pageAt, dueAt } = promise;
  if (noticeAt !== null && noticeAt <= at && !current.noticed) {
    current = turn.change(current, { noticed: true });
    const early = noticeAt < dueAt;
    turn.notice(early ? (current.kind === 'update' ? 'halfTime' : 'threshold') : 'breached', noticeAt, {
      promise: current,
      to: current.kind === 'update' || current.kind === 'nextResponse' ? turn.state.assignee : null,
    });
  }
  if (at < holdUntil(turn.state, current)) return;
  if (pageAt !== null && pageAt <= at && !current.paged) {
    // A page that was open before the breach goes one level up with it; one that starts with it starts at level 1.
    const starts = turn.state.page === null && current.state === 'breached';
    current = turn.change(current, { paged: true, raised: starts });
    const reason = current.lateOnTriage ? 'lateOnTriage' : pageAt < dueAt ? 'threshold' : 'breached';
    ring(turn, causeOf(turn, current, pageAt, reason));
  }
  if (current.state === 'breached' && !current.raised) {
    current = turn.change(current, { raised: true });
    breached(turn, current);
  }
}

/** The consequence of a breach beyond the page at its due time. */
function breached(turn: Turn, promise: PromiseRecord): void {
  switch (promise.kind) {
    case 'firstResponse':
    case 'chatResponse':
    case 'feedback':
      if (promise.paged) ringNextLevel(turn, causeOf(turn, promise, promise.dueAt, 'breached'));
      return;
    case 'update':
      turn.notice('breached', promise.dueAt, { promise });
      if (turn.state.updatesMissed >= 2 && isUrgentOrHigh(turn.state)) {
        turn.change(promise, { paged: true });
        ring(turn, causeOf(turn, promise, promise.dueAt, 'breached'));
      }
      return;
    case 'dispatch':
    case 'nextResponse':
      return;
    default:
      promise.kind satisfies never;
  }
}

/** The cause that a promise gives for a page. */
export function causeOf(turn: Turn, promise: PromiseRecord, at: number, reason: string): PageCause {
  return { key: promise.key, kind: promise.kind, at, urgency: louder(urgencyOf(turn.state), urgencyOfClaims(promise)), reason };
}

/** Snooze, reminder, silence and closing. */
function passTime(turn: Turn, at: number): void {
  const { state } = turn;
  if (state.snoozedUntil !== null && state.snoozedUntil <= at) {
    turn.tell(state.snoozedUntil, 'snooze.over');
    state.snoozedUntil = null;
  }
  if (state.silenceAt !== null && state.silenceAt <= at) {
    turn.notice('agentSilent', state.silenceAt, { to: state.assignee });
    state.silenceAt = null;
  }
  if (state.unseenCheckAt !== null && state.unseenCheckAt <= at) {
    const { customerGoneAfterMs: goneAfterMs, unseenAfterMs } = turn.policy.chats;
    const key = turn.nextKey('checkPresence');
    const asked = state.said && { messages: state.said };
    turn.add({ lane: 'records', type: 'checkPresence', key, at: state.unseenCheckAt, goneAfterMs, unseenAfterMs, ...asked });
    state.unseenCheckAt = null;
  }
  if (state.remindAt !== null && state.remindAt <= at) {
    if (!state.noAutoMail) {
      for (const recipient of state.participants.slice(0, 1)) turn.mail('reminder', recipient, state.remindAt);
    }
    turn.tell(state.remindAt, 'customer.reminded');
    state.remindAt = null;
  }
  if (state.solveAt !== null && state.solveAt <= at) {
    solve(turn, state.solveAt, 'silence');
  }
  if (state.rateAt !== null && state.rateAt <= at) askHowItWent(turn, state.rateAt);
  if (state.closeAt !== null && state.closeAt <= at) {
    turn.add({ lane: 'records', type: 'claimClose', key: turn.nextKey('claimClose'), cursor: state.cursor, at: state.closeAt });
    state.closeAt = null;
  }
}

function askHowItWent(turn: Turn, at: number): void {
  const { state } = turn;
  const [requester] = state.participants;
  state.rateAt = null;
  if (state.answeredAt === null || requester === undefined) return;
  state.rating = 'asked';
  turn.mail('csat', requester, at);
  turn.tell(at, 'customer.askedForRating');
}

/** When a conversation next does something by itself, and what; null when only people can move it. */
export function nextInstant(state: ConversationState): { at: number; what: string } | null {
  const instants: { at: number; what: string }[] = [];
  const at = (instant: number | null | undefined, what: string): void => {
    if (instant !== null && instant !== undefined) instants.push({ at: instant, what });
  };
  for (const reply of state.outgoing) {
    const next = nextOfReply(state, reply);
    if (next) instants.push(next);
  }
  for (const { releaseAt } of copiesOf(state)) at(releaseAt, 'undo-send ends');
  if (state.status !== 'closed') {
    for (const promise of state.promises) if (isUnmet(promise) && !promise.paused) promiseInstants(state, promise, at);
    at(state.snoozedUntil, 'snooze ends');
    at(state.silenceAt, 'the agent has been silent');
    at(state.unseenCheckAt, 'look whether the customer has read');
    at(state.remindAt, 'remind the customer');
    at(state.solveAt, 'solved after silence');
    at(state.rateAt, 'ask the customer how it went');
    at(state.closeAt, 'close');
  }
  return instants.reduce<{ at: number; what: string } | null>(
    (earliest, instant) => (earliest === null || instant.at < earliest.at ? instant : earliest),
    null,
  );
}

function promiseInstants(state: ConversationState, promise: PromiseRecord, at: (instant: number | null, what: string) => void): void {
  const hold = holdUntil(state, promise);
  if (promise.noticeAt !== null && !promise.noticed) at(promise.noticeAt, `${promise.kind} notice`);
  if (promise.pageAt !== null && !promise.paged) at(Math.max(promise.pageAt, hold), `${promise.kind} page`);
  if (promise.state === 'running') at(promise.dueAt, `${promise.kind} due`);
  else if (!promise.raised) at(Math.max(promise.dueAt, hold), `${promise.kind} next level`);
}
