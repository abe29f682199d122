import { addOpenTime, openTimeBetween } from './calendar';
import { answersFrom } from './claims';
import { stopRinging, stopRingingFor } from './page';
import type { ConversationState, PromiseRecord, Reason } from './state';
import type { Turn } from './turn';
import type { PromiseKind } from './words';

/** How promises end, pause and go on. Starting them is `Turn.start`; what a missed one leads to stands in consequences.ts. */

/** A promise is kept; one that was breached stays breached and remembers when it was met, unless it was kept in time and we heard of it late. */
export function meet(turn: Turn, promise: PromiseRecord, at: number, by: string): void {
  const wasBroken = promise.state === 'breached' && !(turn.state.rules >= 3 && at < promise.dueAt);
  turn.finish(wasBroken ? promise : unbroken(turn, promise), { state: wasBroken ? 'breached' : 'met', metAt: at, metBy: by });
  turn.tell(at, wasBroken ? 'promise.metLate' : 'promise.met', {
    kind: promise.kind,
    cycle: promise.cycle,
    dueAt: promise.dueAt,
  });
  stopRinging(turn, promise.key, MET_REASON[promise.kind]);
}

/** After an outage the timer may be handled before what was done in time: a breach that never was is taken back. */
function unbroken({ state }: Turn, promise: PromiseRecord): PromiseRecord {
  if (promise.state !== 'breached') return promise;
  const { breachedAt: _, ...kept } = promise;
  const others = state.promises.filter(({ key }) => key !== promise.key);
  // What ended long ago is forgotten, with its breach.
  const isWhole = state.promises.every(({ kind, cycle }) => cycle === 1 || state.promises.some((other) => other.kind === kind && other.cycle === cycle - 1));
  if (isWhole) state.everBreached = others.some(({ breachedAt }) => breachedAt !== undefined);
  if (promise.kind === 'update') state.updatesMissed = Math.max(0, state.updatesMissed - 1);
  return kept;
}

const MET_REASON: Readonly<Record<PromiseKind, Reason>> = {
  dispatch: 'assigned',
  firstResponse: 'answered',
  nextResponse: 'answered',
  chatResponse: 'answered',
  feedback: 'feedbackGiven',
  update: 'updated',
};

/** A promise no longer binds; reported apart from met. A breach stays a breach. */
export function cancel(turn: Turn, promise: PromiseRecord, at: number, reason: Reason): void {
  turn.finish(promise, {
    state: promise.state === 'breached' ? 'breached' : 'cancelled',
    cancelledAt: at,
    reason,
  });
  turn.tell(at, 'promise.cancelled', { kind: promise.kind, cycle: promise.cycle, reason });
  stopRinging(turn, promise.key, reason);
}

/** `pending` pauses next responses: what is left of their time is kept. */
export function pause(turn: Turn, at: number): void {
  for (const promise of turn.unmet('nextResponse')) {
    if (promise.paused || promise.state !== 'running') continue;
    const leftMs = openTimeBetween(turn.policyOf(promise), promise.clock, at, promise.dueAt);
    turn.change(promise, { paused: { at, leftMs } });
    turn.tell(at, 'promise.paused', { kind: promise.kind, cycle: promise.cycle, leftMs });
  }
}

/** Paused promises run again with what was left. */
export function resume(turn: Turn, at: number): void {
  for (const promise of turn.unmet('nextResponse')) {
    if (!promise.paused) continue;
    const dueAt = addOpenTime(turn.policyOf(promise), promise.clock, at, promise.paused.leftMs);
    const pausedAt = promise.paused.at;
    const claims = promise.claims?.map((claim) => {
      const policy = turn.policyOf(promise);
      const dueThen = addOpenTime(policy, claim.clock, at, openTimeBetween(policy, claim.clock, pausedAt, claim.dueAt));
      return { ...claim, ...goOn(claim, dueThen) };
    });
    turn.finish(promise, { ...goOn(promise, dueAt), ...(claims && { claims }) });
    turn.tell(at, 'promise.resumed', { kind: promise.kind, cycle: promise.cycle, dueAt });
  }
}

type Times = Pick<PromiseRecord, 'dueAt' | 'noticeAt' | 'pageAt'>;

/** The same times, due later. */
function goOn(times: Times, dueAt: number): Times {
  const later = (instant: number | null): number | null => (instant === null ? null : Math.min(dueAt, instant + (dueAt - times.dueAt)));
  return { dueAt, noticeAt: later(times.noticeAt), pageAt: later(times.pageAt) };
}

/**
 * Whether a human's public word that was said then keeps this promise when it reaches the customer: it answers what was asked
 * before it was said. A time that it tells itself is still to be kept.
 */
export function isKeptBy(promise: PromiseRecord, saidAt: number): boolean {
  if (promise.kind === 'dispatch') return false;
  const from = answersFrom(promise);
  return promise.kind === 'update' ? from < saidAt : from <= saidAt;
}

/** Whether its customer is told when it is due: never later than they have been told before. */
export function isToldTo({ told, dueAt }: Pick<PromiseRecord, 'told' | 'dueAt'>): boolean {
  return told === undefined || dueAt <= told;
}

/** Whether an answer that is on its way is about to keep this promise. */
export function isAboutToBeKept(state: Pick<ConversationState, 'outgoing'>, promise: PromiseRecord): boolean {
  return state.outgoing.some((reply) => reply.counts && isKeptBy(promise, reply.saidAt));
}

/** A human's public word, said at `saidAt`, has reached the customer at `at`. */
export function answered(turn: Turn, at: number, by: string, saidAt: number): void {
  const { state } = turn;
  state.answeredAt ??= at;
  state.lastAgentAt = Math.max(state.lastAgentAt ?? 0, at);
  state.silenceAt = null;
  for (const promise of turn.unmet()) {
    if (!isKeptBy(promise, saidAt)) continue;
    if (promise.kind === 'update' && promise.state === 'running') state.updatesMissed = 0;
    meet(turn, promise, at, by);
  }
  if (state.unansweredSince !== null && state.unansweredSince <= saidAt) {
    state.unansweredSince = (state.lastCustomerAt ?? 0) > saidAt ? state.lastCustomerAt : null;
  }
  // The customer has heard from us, whatever became of an earlier answer.
  stopRingingFor(turn, ['undelivered'], 'delivered');
  stopRingingFor(turn, ['voicemail', 'missedCall'], 'answered');
}
