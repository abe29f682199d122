import type { ConversationState } from './state';
import type { Urgency } from './words';

/** Whether a request matters as much as the two upper priorities say. */
export function isUrgentOrHigh({ priority }: Pick<ConversationState, 'priority'>): boolean {
  return priority === 'urgent' || priority === 'high';
}

/** High for urgent, high and voicemail; low for everything else. */
export function urgencyOf(state: Pick<ConversationState, 'priority' | 'channel'>): Urgency {
  return isUrgentOrHigh(state) || state.channel === 'voicemail' ? 'high' : 'low';
}

/** The more urgent of two. */
export function louder(one: Urgency, other: Urgency): Urgency {
  return one === 'high' || other === 'high' ? 'high' : 'low';
}
