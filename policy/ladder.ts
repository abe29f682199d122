import type { EscalationStart, EscalationState } from './escalation-state';

/** Plan whose low pages do not climb for lack of acknowledgement (docs/paging.md, "Urgency"). */
const UNHURRIED_PLAN = 'standard';

/** The levels of its policy, the first to be rung first. */
export function ladder(state: EscalationState): EscalationStart['policy']['onCall']['levels'] {
  return state.start.policy.onCall.levels;
}

/** Whether its rounds are used up, so that the fallback rings every level. */
export function inFallback(state: EscalationState): boolean {
  return state.round > state.start.policy.onCall.repeat;
}

/** Who decides what comes after a ring that nobody has acknowledged; see the table in escalation.ts. */
export function pace(state: EscalationState): 'climb' | 'silent' | 'provider' {
  if (state.urgency === 'low' && state.start.plan === UNHURRIED_PLAN) return 'silent';
  return ladder(state).some((level) => 'via' in level) ? 'provider' : 'climb';
}

/** How long the level that is rung has, in milliseconds. */
export function acknowledgeWithinMs(state: EscalationState): number {
  return ladder(state)[state.level - 1]?.acknowledgeWithinMs ?? state.start.policy.onCall.fallback.everyMs;
}

/** How long a ring is waited after, in milliseconds. */
export function waitAfterRingMs(state: EscalationState): number {
  const { repeat, fallback } = state.start.policy.onCall;
  if (inFallback(state)) return fallback.everyMs;
  if (pace(state) !== 'provider') return acknowledgeWithinMs(state);
  // The provider climbs for as long as our own ladder would.
  return repeat * ladder(state).reduce((total, level) => total + level.acknowledgeWithinMs, 0);
}
