import type { ConversationState } from './state';
import { isUnmet } from './turn';

/** The earliest due time that still has to be kept, milliseconds; null when nothing is owed. Breached and unmet comes first. */
export function nextDueAt(state: Pick<ConversationState, 'promises'>): number | null {
  const due = state.promises.filter((promise) => isUnmet(promise) && !promise.paused).map((promise) => promise.dueAt);
  return due.length === 0 ? null : Math.min(...due);
}
