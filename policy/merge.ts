import { isKeptFirstBy } from './answers';
import { answered, cancel } from './keeping';
import { causeOf, markBreaches } from './consequences';
import { endPage, ring } from './page';
import { businessDuration } from './promises';
import { jitter, leave, moveTo } from './status';
import { expectNextResponse } from './inbound';
import type { HandedDue, HandOver } from './events';
import type { ConversationState, PageCause, PromiseRecord } from './state';
import { Turn } from './turn';
import { urgencyOf } from './urgency';

/**
 * A conversation becomes a part of another (its target), and is taken out of it again. The source hands on what it owes and idles; what
 * its target makes of that stands in adoption.ts. Nothing that is owed is lost on either way:
 *
 * | of the source | merged | undone |
 * | --- | --- | --- |
 * | promise | cancelled, `merged` | once more, with its old due time: breached as it was, or met by what the target has answered since |
 * | page | over, `merged` | opens again for what is still owed |
 * | status | `solved`, closing after 24 h | what it was |
 * | an answer on its way | leaves, and can be undone | keeps what it would have kept |
 * | a message that comes all the same | a notice | owed a next response |
 */

/** How long a merge can be undone, in milliseconds. */
export const MERGE_UNDO_MS = 24 * 60 * 60_000;

/** What a conversation would hand to its target if it were merged at `at`, or has handed on; pure, for whoever writes the target's event. */
export function handOver(state: ConversationState, at: number): HandOver {
  const turn = new Turn(state, at);
  if (state.merged === undefined) leave(turn, at);
  const promises = state.merged?.promises ?? turn.unmet();
  const causes = state.merged?.causes ?? causesBeside(state);
  return { participants: state.participants, dues: promises.map(handedDue), urgency: urgencyOf(state), causes };
}

/** The first response that a message was, as it is owed again when that message has reached nobody; null when it was none. */
export function firstResponseBy({ promises }: Pick<ConversationState, 'promises'>, messageId: string): HandedDue | null {
  const first = promises.find((promise) => isKeptFirstBy(promise, messageId));
  return first === undefined ? null : handedDue(first);
}

function handedDue({ kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, paged, raised }: PromiseRecord): HandedDue {
  return { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, paged, ...(raised !== undefined && { raised }) };
}

/** Why a page is open beside its conversation's promises. */
function causesBeside({ page, promises }: Pick<ConversationState, 'page' | 'promises'>): readonly PageCause[] {
  const keys = new Set(promises.map((promise) => promise.key));
  return (page?.causes ?? []).filter((cause) => !keys.has(cause.key) && cause.kind !== 'raised');
}

/** Becomes a part of the target, where everything goes on. */
export function merge(turn: Turn, into: number, at: number, by: string): void {
  const { state } = turn;
  const { status } = state;
  // What waits for the customer runs on in the target.
  leave(turn, at);
  const promises = turn.unmet();
  state.merged = { at, status, promises, causes: causesBeside(state) };
  state.mergedInto = into;
  state.status = 'solved';
  state.solvedAt = at;
  state.closeAt = at + MERGE_UNDO_MS;
  state.snoozedUntil = null;
  state.silenceAt = null;
  state.graceUntil = null;
  turn.tell(at, 'merge.into', { into, by });
  for (const promise of promises) cancel(turn, promise, at, 'merged');
  endPage(turn, 'merged');
}

/** Is itself again; `answeredAt` is when the target has answered meanwhile, if it has. */
export function unmerge(turn: Turn, answeredAt: number | null, at: number, by: string): void {
  const { state } = turn;
  const { merged, mergedInto } = state;
  if (merged === undefined || mergedInto === null) return;
  state.mergedInto = null;
  delete state.merged;
  turn.tell(at, 'merge.undone', { into: mergedInto, by });
  const restored = merged.promises.map((promise) => ({ key: restart(turn, promise, at).key, paged: promise.paged }));
  backTo(turn, merged.status, at);
  if (answeredAt !== null) {
    markBreaches(turn, answeredAt);
    answered(turn, answeredAt, `conversation/${mergedInto}`, answeredAt);
  }
  if (merged.answered) answered(turn, merged.answered.at, merged.answered.by, merged.answered.saidAt);
  if (merged.wroteAt !== undefined) expectNextResponse(turn, merged.wroteAt, false);
  markBreaches(turn, at);
  // What on-call was being rung for, and nobody has done, opens a page again, at its first level.
  for (const { key, paged } of restored) {
    const promise = turn.unmet().find((unmet) => unmet.key === key);
    if (promise && paged) ring(turn, causeOf(turn, turn.change(promise, { paged, raised: promise.state === 'breached' }), at, 'unmerged'));
  }
  if (answeredAt !== null) return;
  const waiting = new Set(state.outgoing.map((reply) => `conversation/${state.number}:undelivered:${reply.messageId}`));
  for (const cause of merged.causes) {
    if (cause.kind === 'undelivered' && !waiting.has(cause.key)) continue;
    // Its page has ended, and what opens or joins a page has a key that nothing else ever has.
    ring(turn, { ...cause, key: `${cause.key}:${state.effects + 1}`, at, reason: 'unmerged' });
  }
}

/** The same promise once more: it has its old due time, and what had come of it has come of it. */
function restart(turn: Turn, promise: PromiseRecord, at: number): PromiseRecord {
  const { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, raised, policy, claims, breachedAt } = promise;
  const notBefore = (instant: number | null): number | null => (instant === null ? null : Math.max(instant, at));
  const seed = { kind, since, dueAt, clock, lengthMs, noticeAt: kind === 'update' ? noticeAt : notBefore(noticeAt), pageAt: notBefore(pageAt) };
  return turn.start(seed, {
    noticed,
    policy,
    ...(claims && { claims }),
    ...(breachedAt !== undefined && { state: 'breached', breachedAt }),
    ...(raised !== undefined && { raised }),
  });
}

function backTo(turn: Turn, status: ConversationState['status'], at: number): void {
  const { state, policy } = turn;
  if (status === 'closed') return;
  if (status !== 'solved') return moveTo(turn, status, at, 'unmerged');
  state.solvedAt = at;
  state.closeAt = businessDuration(policy, policy.tickets.closeSolvedAfter, at) + jitter(state.number);
}
