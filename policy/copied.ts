import { ring } from './page';
import { causeOf } from './consequences';
import { setPriority } from './priority';
import { countPromise, officeOpen } from './promises';
import { isOpenStatus } from './status';
import type { Command } from './events';
import type { Reason } from './state';
import type { Turn } from './turn';
import { PRIORITIES } from './words';

/**
 * One mail to several of our addresses is one request, with the highest priority, and on-call hears of it when any of them pages in the night:
 * as if it had come to all of them at once.
 */
export function copied(turn: Turn, { priority, outOfHours }: Extract<Command, { type: 'copied' }>, at: number, by: Reason): void {
  const { state } = turn;
  if (PRIORITIES.indexOf(priority) < PRIORITIES.indexOf(state.priority)) setPriority(turn, priority, 'received', at, by);
  if (outOfHours === 'page') pageInTheNight(turn, at);
}

/** From now on what comes in the night pages; what came in this night does now, unless somebody has answered or ended it. */
function pageInTheNight(turn: Turn, at: number): void {
  const { state, policy } = turn;
  if (state.outOfHours === 'page') return;
  state.outOfHours = 'page';
  const { plan, priority, receivedAt: since, status } = state;
  const isOver = state.unansweredSince === null || !isOpenStatus(status) || turn.unmet('feedback').length > 0;
  if (isOver || !policy.outOfHours.page || officeOpen(policy, since) || officeOpen(policy, at)) return;
  const seed = countPromise(policy, { kind: 'feedback', plan, priority, since });
  if (seed) ring(turn, causeOf(turn, turn.start(seed, { paged: true }), at, 'outOfHours'));
}
