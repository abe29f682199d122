import { businessDuration, countPromise } from './promises';
import { cancel, isAboutToBeKept, meet, pause, resume } from './keeping';
import { endPage } from './page';
import type { OutgoingReply, Reason } from './state';
import type { Turn } from './turn';
import type { Status } from './words';

/**
 * How a conversation's status moves:
 *
 * | from | to | when | and then |
 * | --- | --- | --- | --- |
 * | new | open | an agent takes it, is given it, answers or calls | |
 * | new, open, onHold | pending | an agent waits for the customer | next responses pause; reminder and solving are set |
 * | new, open, pending | onHold | an agent waits for a third party | clocks run |
 * | any but closed | solved | agent, the customer's "that's all", silence, spam, or a merge (which mails nothing and closes after a day) | unmet promises are cancelled, the page ends, closing is set |
 * | pending, onHold, solved | open | the customer writes, an agent says so, or the answer that ended it came back | next responses go on |
 * | solved | closed | silence, claimed in the database | nothing happens any more |
 */

/** Spreads reminders and closings that fall on the same opening over a minute, the same way every time. */
export function jitter(number: number): number {
  return ((number * 7_919) % 60) * 1_000;
}

/** Moves to a status that is not `solved` or `closed`. */
export function moveTo(turn: Turn, status: 'new' | 'open' | 'pending' | 'onHold', at: number, reason: Reason): void {
  const { state, policy } = turn;
  if (state.status === status) return;
  const from = state.status;
  leave(turn, at);
  state.status = status;
  turn.tell(at, 'status', { from, to: status, reason });
  if (reason !== 'slight') {
    state.graceUntil = null;
    if (from === 'solved') wantAssignee(turn, at);
  }
  if (status === 'pending') {
    state.pendingSince = at;
    const { remindPendingAfter, solvePendingAfter } = policy.tickets;
    state.remindAt = remindPendingAfter && businessDuration(policy, remindPendingAfter, at) + jitter(state.number);
    state.solveAt = solvePendingAfter && businessDuration(policy, solvePendingAfter, at) + jitter(state.number);
    pause(turn, at);
  }
}

/**
 * Solved: what was not kept is cancelled. What a reply on its way is about to keep waits for it, unless the customer has ended it;
 * and the mail about it follows a reply that has not left yet.
 */
export function solve(turn: Turn, at: number, reason: Reason): void {
  const { state, policy } = turn;
  if (state.status === 'solved' || state.status === 'closed') return;
  const from = state.status;
  const isStillSolved = state.graceUntil !== null;
  leave(turn, at);
  state.status = 'solved';
  state.solvedAt = at;
  state.graceUntil = at + policy.reopenGraceMs;
  state.snoozedUntil = null;
  state.silenceAt = null;
  state.closeAt = businessDuration(policy, policy.tickets.closeSolvedAfter, at) + jitter(state.number);
  turn.tell(at, 'status', { from, to: 'solved', reason });
  for (const promise of turn.unmet()) {
    if (reason !== 'thatsAll' && isAboutToBeKept(state, promise)) continue;
    cancel(turn, promise, at, state.answeredAt === null ? 'solvedWithoutAnswer' : 'solved');
  }
  endPage(turn, 'solved');
  askLater(turn, at);
  // Whoever said that this was all, or has been told so and only said thanks, needs no mail about it.
  if (reason === 'thatsAll' || isStillSolved) return;
  const leaving = state.outgoing.filter((reply) => !reply.released).at(-1);
  const copied = state.copies?.at(-1);
  if (leaving) state.outgoing = state.outgoing.map((reply) => (reply === leaving ? { ...reply, movedTo: 'solved' } : reply));
  else if (copied) state.copies = state.copies?.map((copy) => (copy === copied ? { ...copy, movedTo: 'solved' } : copy)) ?? [];
  else mailSolved(turn, at, reason);
}

/** The customer is asked, once in the conversation's life and a while after the end, how it went: if a person has answered them. */
export function askLater(turn: Turn, at: number): void {
  const { state, policy } = turn;
  const { askRatingAfter } = policy.tickets;
  const isAnswered = state.answeredAt !== null || state.outgoing.some(({ counts }) => counts);
  if (!askRatingAfter || !isAnswered || state.rating !== undefined || state.noAutoMail) return;
  state.rateAt = businessDuration(policy, askRatingAfter, at) + jitter(state.number);
}

/** The mail about `solved` follows the answer that it came with. */
export function endedWith(turn: Turn, { movedTo, by }: Pick<OutgoingReply, 'movedTo' | 'by'>, at: number): void {
  if (movedTo === 'solved' && turn.state.status === 'solved' && turn.state.merged === undefined) mailSolved(turn, at, by ?? 'answered');
}

/** Tells everyone in the thread that it is solved. */
function mailSolved(turn: Turn, at: number, reason: Reason): void {
  const { noAutoMail, participants } = turn.state;
  if (noAutoMail) return;
  for (const recipient of participants) turn.mail('solved', recipient, at, { reason });
}

/** Spam: nothing is owed, the page ends, the conversation closes as soon as nothing is unread. */
export function endAsSpam(turn: Turn, at: number): void {
  const { state } = turn;
  const from = state.status;
  leave(turn, at);
  for (const promise of turn.unmet()) cancel(turn, promise, at, 'spam');
  endPage(turn, 'spam');
  state.outgoing = [];
  if (state.copies) state.copies = [];
  state.snoozedUntil = null;
  state.silenceAt = null;
  state.unseenCheckAt = null;
  state.spam = true;
  state.status = 'solved';
  state.solvedAt = at;
  state.closeAt = at;
  turn.tell(at, 'status', { from, to: 'solved', reason: 'spam' });
}

/** The database has closed it. */
export function close(turn: Turn, at: number): void {
  const { state } = turn;
  if (state.status === 'closed') return;
  leave(turn, at);
  for (const promise of turn.unmet()) cancel(turn, promise, at, 'closed');
  endPage(turn, 'closed');
  turn.tell(at, 'status', { from: state.status, to: 'closed', reason: 'silence' });
  state.status = 'closed';
}

/** What a status has set ends with it. */
export function leave(turn: Turn, at: number): void {
  const { state } = turn;
  if (state.status === 'pending') resume(turn, at);
  state.pendingSince = null;
  if (state.pendingBy !== undefined) state.pendingBy = null;
  state.remindAt = null;
  state.solveAt = null;
  state.closingAsked = false;
  state.solvedAt = null;
  state.closeAt = null;
  state.rateAt = null;
  delete state.spam;
}

/** Gives the conversation to an agent, or takes it from everyone: then a ticket has to be dispatched again. */
export function assign(turn: Turn, agent: string | null, at: number, by: string): void {
  const { state } = turn;
  if (state.assignee === agent) return;
  const from = state.assignee;
  state.assignee = agent;
  turn.tell(at, 'assigned', { from, to: agent, by });
  if (agent === null) return wantAssignee(turn, at);
  state.everAssigned = true;
  for (const promise of turn.unmet('dispatch')) meet(turn, promise, at, agent);
  if (state.status === 'new') moveTo(turn, 'open', at, 'assigned');
}

/** An unsolved ticket without an assignee has to find one, counted from then unless it is being looked for already. */
export function wantAssignee(turn: Turn, since: number): void {
  const { state } = turn;
  if (state.kind !== 'ticket' || state.assignee !== null || !isOpenStatus(state.status)) return;
  if (turn.unmet('dispatch').length > 0) return;
  const seed = countPromise(turn.policy, { kind: 'dispatch', plan: state.plan, priority: state.priority, since });
  if (seed) turn.start(seed);
}

/** Statuses in which a conversation still wants work. */
export function isOpenStatus(status: Status): boolean {
  return status !== 'solved' && status !== 'closed';
}
