import type { ConversationState } from '../policy/state';
import { nextDueAt } from '../policy/view';
import type { ConversationView } from './conversation';

/** A conversation's state as callers see it. */
export function viewOf(state: ConversationState): ConversationView {
  return {
    number: state.number,
    kind: state.kind,
    channel: state.channel,
    status: state.status,
    priority: state.priority,
    plan: state.plan,
    assignee: state.assignee,
    revision: state.revision,
    nextDueAt: nextDueAt(state),
    page: state.page?.n ?? null,
    promises: state.promises.map((promise) => ({
      kind: promise.kind,
      cycle: promise.cycle,
      state: promise.state,
      dueAt: promise.dueAt,
      ...(promise.metAt !== undefined && { metAt: promise.metAt }),
      ...(promise.breachedAt !== undefined && { breachedAt: promise.breachedAt }),
      ...(promise.cancelledAt !== undefined && { cancelledAt: promise.cancelledAt }),
      ...(promise.reason !== undefined && { reason: promise.reason }),
      ...(promise.paused && { paused: true }),
    })),
  };
}
