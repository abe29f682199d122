import { openTimeBetween } from './calendar';
import { ownClaim, settled, timesOf } from './claims';
import { causeOf } from './consequences';
import { cancel, isAboutToBeKept } from './keeping';
import { MERGE_UNDO_MS } from './merge';
import { ring, stopRinging } from './page';
import { ELAPSED } from './promises';
import { moveTo } from './status';
import type { BounceEvent, HandedDue, MergedEvent, UnmergedEvent } from './events';
import type { Claim, ConversationState, PromiseRecord } from './state';
import type { Turn } from './turn';
import { urgencyOf } from './urgency';

/**
 * Another conversation becomes a part of this one, or is taken out of it again. What it owes is owed here from then on, by the times that
 * its customer was told: they are adopted and never counted again.
 *
 * | handed on | here |
 * | --- | --- |
 * | a promise of a kind that is owed here too | the earlier due time, the earlier notice and the earlier page hold; an answer on its way does not keep it |
 * | a promise of another kind, or a time told to a customer | a promise of its own |
 * | dispatch | only while nobody has this ticket |
 * | chatResponse | only to a chat: a ticket owes its first response |
 * | a page | one cause more, silent if somebody has acknowledged it |
 */
export function adopt(turn: Turn, event: MergedEvent): void {
  const { state } = turn;
  const { at, from, participants, causes, acknowledged, urgency } = event;
  turn.tell(at, 'merge.from', { from });
  const joined = participants.filter((contact) => !state.participants.includes(contact));
  const { unansweredSince } = state;
  const merges = (state.merges ?? []).filter((merge) => merge.at + MERGE_UNDO_MS > at && merge.from !== from);
  state.merges = [...merges, { from, at, joined, unansweredSince }];
  settleClaims(turn, new Set(merges.map((merge) => merge.from)));
  state.participants = [...state.participants, ...joined];

  const dues = event.dues.filter((due) => isOwedHere(state, due));
  const asked = dues.filter(({ kind }) => kind === 'firstResponse' || kind === 'nextResponse' || kind === 'chatResponse').map(({ since }) => since);
  if (asked.length > 0) {
    state.unansweredSince = Math.min(state.unansweredSince ?? Infinity, ...asked);
    state.snoozedUntil = null;
  }
  // Their customer waits for us, whatever this one waits for; and nothing that is owed is solved.
  const isOpened = asked.length > 0 ? state.status !== 'new' : state.status === 'solved' && dues.length + causes.length > 0;
  if (isOpened && state.mergedInto === null) moveTo(turn, 'open', at, 'merged');
  const how = acknowledged === null ? {} : { acknowledged };
  const rings = state.effects;
  const rung = dues.filter((due) => due.paged);
  for (const due of dues) {
    const promise = take(turn, claimOf(turn, due, event), due.raised);
    if (due.paged && !promise.paged) ring(turn, causeOf(turn, turn.change(promise, { paged: true }), at, 'merged'), how);
  }
  for (const cause of causes) ring(turn, { ...cause, at }, how);
  // Everything that it rang for rings here already; but whoever has acknowledged this page does not know of that one.
  if (rung.length > 0 && state.effects === rings && acknowledged === null) {
    ring(turn, { key: `conversation/${state.number}:merged:${event.seq}`, kind: 'raised', at, urgency, reason: 'merged' });
  }
}

/**
 * The first response of a conversation that has been merged into this one came back after all: it is owed here, by the time that its
 * customer was told, as it would be had it never been given.
 */
export function oweAgain(turn: Turn, { from, due }: NonNullable<BounceEvent['owed']>, at: number): void {
  const { state } = turn;
  if (!isOwedHere(state, due)) return;
  state.unansweredSince = Math.min(state.unansweredSince ?? Infinity, due.since);
  if (state.status !== 'new' && state.mergedInto === null) moveTo(turn, 'open', at, 'bounced');
  take(turn, claimOf(turn, due, { from, at, urgency: urgencyOf(state) }));
}

/** What can no longer be given back needs no place of its own: the claims of merges that stand for good become one. */
function settleClaims(turn: Turn, undoable: ReadonlySet<number>): void {
  for (const promise of turn.state.promises) {
    if (promise.claims === undefined) continue;
    const claims = settled(promise.claims, undoable);
    if (claims !== promise.claims) turn.change(promise, { claims });
  }
}

function isOwedHere({ kind, assignee }: ConversationState, due: HandedDue): boolean {
  if (due.kind === 'dispatch') return kind === 'ticket' && assignee === null;
  return due.kind !== 'chatResponse' || kind === 'chat';
}

function claimOf(turn: Turn, due: HandedDue, { from, at, urgency }: Pick<MergedEvent, 'from' | 'at' | 'urgency'>): Claim {
  const { kind, since, dueAt, lengthMs, noticeAt, noticed, paged } = due;
  const { policy, state } = turn;
  // An urgent conversation pages for every answer.
  const pageAt = due.pageAt ?? (kind === 'nextResponse' && state.priority === 'urgent' ? Math.max(dueAt, at) : null);
  // The policy that counts here may not know the clock of one from another time.
  const isElapsed = due.clock === ELAPSED && (kind === 'update' || kind === 'feedback');
  const clock = isElapsed || policy.calendars[due.clock] !== undefined ? due.clock : policy.outOfHours.calendar;
  return { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, paged, from, answersFrom: at, urgency };
}

/** Every time that a customer was told is kept; of any other kind there is one promise, and the earliest time holds. */
function take(turn: Turn, claim: Claim, raised = false): PromiseRecord {
  const { state } = turn;
  const own = claim.kind === 'update' ? undefined : turn.unmet(claim.kind).findLast((promise) => !isAboutToBeKept(state, promise));
  const isPast = claim.dueAt <= claim.answersFrom;
  // What is broken already has had its consequence; what is still to come has its own.
  if (own === undefined || (own.state === 'breached' && !isPast && state.rules >= 3)) {
    if (isPast) state.everBreached = true;
    return turn.start(timesOf([claim]), { claims: [claim], noticed: claim.noticed, raised, ...(isPast && { state: 'breached', breachedAt: claim.dueAt }) });
  }
  const claims = [...(own.claims ?? [ownClaim(own)]), claim];
  if (own.state === 'breached') return turn.change(own, { claims });
  const times = timesOf(claims);
  if (times.dueAt !== own.dueAt)
    turn.tell(claim.answersFrom, 'promise.recounted', { kind: own.kind, cycle: own.cycle, dueAt: times.dueAt, lateOnTriage: false });
  const { paused: _, ...running } = own;
  // A page that is open here has not climbed with the other one.
  return turn.put({ ...running, ...times, claims, noticed: own.noticed || claim.noticed, raised: raised && !own.paged });
}

/** What had come with a conversation goes with it again, as far as it is still owed. */
export function giveBack(turn: Turn, { at, from }: UnmergedEvent): void {
  const { state } = turn;
  turn.tell(at, 'merge.out', { from });
  const merge = state.merges?.find((known) => known.from === from);
  state.merges = state.merges?.filter((known) => known !== merge) ?? [];
  for (const promise of turn.unmet()) {
    if (promise.claims?.some((claim) => claim.from === from))
      release(
        turn,
        promise,
        promise.claims.filter((claim) => claim.from !== from),
        at,
      );
  }
  const theirs = `conversation/${from}:`;
  for (const { key } of state.page?.causes ?? []) if (key.startsWith(theirs)) stopRinging(turn, key, 'unmerged');
  if (merge === undefined) return;
  state.participants = state.participants.filter((contact) => !merge.joined.includes(contact));
  const isAsked = turn.unmet('firstResponse', 'nextResponse', 'chatResponse').length > 0;
  if (!isAsked) state.unansweredSince = null;
  else if (merge.unansweredSince !== null && state.unansweredSince !== null) state.unansweredSince = merge.unansweredSince;
}

/** A promise without one of its claims: what is left of them holds. */
function release(turn: Turn, promise: PromiseRecord, left: readonly Claim[], at: number): void {
  if (left.length === 0) return cancel(turn, promise, at, 'unmerged');
  const times = timesOf(left);
  const { claims: _, ...rest } = promise;
  const claims = left.some((claim) => claim.from !== null) ? { claims: left } : {};
  // What was said of the other one's time was not said of this.
  const noticed = left.some((claim) => claim.noticed);
  const hasRung = left.some((claim) => claim.paged || (claim.pageAt !== null && claim.pageAt <= at));
  const isPast = promise.state === 'breached' && times.dueAt > at;
  if (isPast || (promise.paged && !hasRung)) {
    // Were the same promise to be broken, or to page, again, that would be another one.
    const again = turn.start(times, { policy: promise.policy, noticed, ...claims });
    if (hasRung) ring(turn, causeOf(turn, turn.change(again, { paged: true }), at, 'unmerged'), { ring: 'unacknowledged' });
    return cancel(turn, promise, at, 'unmerged');
  }
  const { paused } = promise;
  const leftMs = paused && openTimeBetween(turn.policyOf(promise), times.clock, paused.at, times.dueAt);
  turn.put({
    ...rest,
    ...times,
    noticed,
    ...claims,
    ...(paused && leftMs !== undefined && { paused: { ...paused, leftMs } }),
    ...(promise.state === 'breached' && { breachedAt: times.dueAt }),
  });
}
