import { cancel } from './keeping';
import { timesOf } from './claims';
import { ring, stopRingingFor } from './page';
import { countPromise } from './promises';
import type { Claim, PromiseRecord, PromiseSeed, Reason } from './state';
import type { Turn } from './turn';
import { urgencyOf } from './urgency';
import { PRIORITIES, type Priority } from './words';

/** From when a new priority counts: from when the request came, or from now. */
type Basis = 'received' | 'now';

/**
 * Sets the priority and counts the unmet promises about answers anew: from when the request came (`received`, the default
 * until someone has been assigned or has answered) or from now. What is breached stays breached.
 */
export function setPriority(turn: Turn, priority: Priority, since: Basis | undefined, at: number, by: Reason): void {
  const { state } = turn;
  if (state.priority === priority) return;
  const from = state.priority;
  const basis = since ?? (state.everAssigned || state.answeredAt !== null ? 'now' : 'received');
  const raised = PRIORITIES.indexOf(priority) < PRIORITIES.indexOf(from);
  state.priority = priority;
  turn.tell(at, 'priority', { from, to: priority, since: basis, by });
  for (const promise of turn.unmet('firstResponse', 'nextResponse')) recount(turn, promise, basis, raised, at);
  if (raised) ringLouder(turn, at);
  else stopRingingFor(turn, ['raised'], 'priorityLowered');
}

/** Another plan: what is owed is counted anew from when it was asked, and only ever becomes earlier; what comes is promised under it. */
export function setPlan(turn: Turn, plan: string, at: number): void {
  const { state } = turn;
  if (state.plan === plan) return;
  turn.tell(at, 'plan', { from: state.plan, to: plan });
  state.plan = plan;
  for (const promise of turn.unmet('firstResponse', 'nextResponse')) {
    if (isSooner(turn, promise)) recount(turn, promise, 'received', true, at);
  }
}

/** Whether a promise would be due sooner if it were counted now. */
function isSooner(turn: Turn, promise: PromiseRecord): boolean {
  const { plan, priority } = turn.state;
  const { kind, claims = [promise] } = promise;
  if (kind !== 'firstResponse' && kind !== 'nextResponse') return false;
  return claims.some(({ since, dueAt }) => {
    const counted = countPromise(turn.policyOf(promise), { kind, plan, priority, since });
    return counted !== null && counted.dueAt < dueAt;
  });
}

function recount(turn: Turn, promise: PromiseRecord, basis: Basis, raised: boolean, at: number): void {
  const { plan, priority } = turn.state;
  if (promise.kind !== 'firstResponse' && promise.kind !== 'nextResponse') return;
  const { kind } = promise;
  const count = ({ since }: PromiseSeed): PromiseSeed | null =>
    countPromise(turn.policyOf(promise), { kind, plan, priority, since: basis === 'now' ? at : since });
  const counted = count(promise);
  if (!counted) return;
  // The answers that count are still those since the request.
  const sooner = (times: PromiseSeed, counted: PromiseSeed): PromiseSeed => ({ ...(raised ? notLater(counted, times) : counted), since: times.since });
  // What a merged conversation's customer has been told holds, unless it can be earlier.
  const claims = promise.claims?.map((claim) => {
    const anew = claim.from === null || raised ? count(claim) : null;
    return anew ? { ...claim, ...sooner(claim, anew) } : claim;
  });
  const seed = claims ? timesOf(claims) : sooner(promise, counted);
  const told = Math.min(promise.told ?? promise.dueAt, promise.dueAt);
  const more = { ...(claims && { claims }), ...(seed.dueAt > told && { told }) };
  if (promise.paged && !raised && (seed.pageAt ?? seed.dueAt) > at) {
    // Its page is over. Were the same promise to page again, that would be another incident, so it gets another cycle.
    cancel(turn, promise, at, 'priorityLowered');
    turn.start({ ...seed, noticeAt: notBefore(seed.noticeAt, at) }, { policy: promise.policy, ...more });
  } else if (promise.paused) {
    const { lengthMs, paused } = promise;
    const leftMs = basis === 'now' ? counted.lengthMs : Math.max(0, counted.lengthMs - (lengthMs - paused.leftMs));
    const left = { paused: { ...paused, leftMs: raised ? Math.min(leftMs, paused.leftMs) : leftMs } };
    turn.change(promise, { ...counted, since: promise.since, ...left, ...more });
  } else if (promise.state === 'breached') {
    const claimed = raised && promise.claims && turn.state.rules >= 2 ? { claims: promise.claims.map((claim) => raisedClaim(claim, count(claim), at)) } : {};
    if (!promise.paged || claimed.claims) turn.change(promise, { ...(!promise.paged && { pageAt: notBefore(seed.pageAt, at) }), ...claimed });
    return;
  } else {
    const late = seed.dueAt <= at;
    // What should have been said before now is said now.
    const changes = { ...seed, noticeAt: notBefore(seed.noticeAt, at), pageAt: notBefore(seed.pageAt, at), noticed: false, ...more };
    turn.change(promise, { ...changes, ...(late && { lateOnTriage: true }) });
  }
  turn.tell(at, 'promise.recounted', { kind: promise.kind, cycle: promise.cycle, dueAt: seed.dueAt, lateOnTriage: seed.dueAt <= at });
}

/** What a claim will be by itself once its merge is undone: breached stays breached, and pages as the new priority does. */
function raisedClaim(claim: Claim, counted: PromiseSeed | null, at: number): Claim {
  if (counted === null || claim.paged) return claim;
  if (claim.dueAt <= at) return { ...claim, pageAt: notBefore(counted.pageAt, at) };
  return { ...claim, ...notLater(counted, claim), since: claim.since };
}

/** A higher priority never makes a promise later than it is: the customer has been told that time. */
function notLater(counted: PromiseSeed, promise: PromiseSeed): PromiseSeed {
  if (counted.dueAt <= promise.dueAt) return counted;
  const { dueAt, clock, lengthMs } = promise;
  const earlier = (one: number | null, other: number | null): number | null =>
    one === null && other === null ? null : Math.min(one ?? dueAt, other ?? dueAt, dueAt);
  return {
    ...counted,
    dueAt,
    clock,
    lengthMs,
    noticeAt: earlier(counted.noticeAt, promise.noticeAt),
    pageAt: earlier(counted.pageAt, promise.pageAt),
  };
}

function notBefore(instant: number | null, at: number): number | null {
  return instant === null ? null : Math.max(instant, at);
}

/** An open page about a request that matters more now rings again: who has acknowledged it has acknowledged something smaller. */
function ringLouder(turn: Turn, at: number): void {
  const { state } = turn;
  const { page, priority } = state;
  const urgency = urgencyOf(state);
  const isLoud = page?.causes.some((cause) => cause.urgency === 'high') === true;
  if (page === null || urgency === 'low' || (isLoud && priority !== 'urgent')) return;
  // One effect comes of it, so no other cause ever has this number.
  ring(turn, { key: `conversation/${state.number}:raised:${state.effects + 1}`, kind: 'raised', at, urgency, reason: 'raised' }, { ring: 'again' });
}
