import { escalationStatus, openCauses, waitingSince, type EscalationState } from '../policy/escalation-state';
import type { PageRecord } from './activities';
import type { EscalationView } from './escalation';

/** The page as the database holds it, made from the escalation's state. */
export function pageRecordOf(state: EscalationState): PageRecord {
  const { number, page, priority, plan, openedAt, policy } = state.start;
  return {
    number,
    page,
    revision: state.revision,
    state: escalationStatus(state),
    urgency: state.urgency,
    priority,
    plan,
    ...(policy.demo === true && { demo: true }),
    openedAt,
    overAt: state.overAt,
    since: waitingSince(state) ?? openedAt,
    acknowledgement: state.acknowledgement,
    level: state.level,
    round: state.round,
    causes: state.causes.map(({ since: _since, acknowledged: _acknowledged, ...cause }) => cause),
    nextRingAt: state.nextAt,
  };
}

/** The escalation as ops and tests read it. */
export function pageViewOf(state: EscalationState): EscalationView {
  return {
    state: escalationStatus(state),
    level: state.level,
    round: state.round,
    ring: state.rings,
    openCauses: openCauses(state).map((cause) => cause.key),
    nextAt: state.nextAt,
    sending: (state.call ?? state.wanted)?.type ?? null,
  };
}
