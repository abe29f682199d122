import type { Command } from './events';
import type { ConversationState, Refusal } from './state';
import type { Turn } from './turn';

/** What a conversation does by itself after a silence; people may call it off or have it now, and no promise is concerned. */
export const SCHEDULED = ['remind', 'solve', 'close', 'askRating'] as const;
/** One of {@link SCHEDULED}. */
export type Scheduled = (typeof SCHEDULED)[number];

type ScheduledCommand = Extract<Command, { type: 'scheduled' }>;

const INSTANT = { remind: 'remindAt', solve: 'solveAt', close: 'closeAt', askRating: 'rateAt' } as const satisfies Record<Scheduled, keyof ConversationState>;

/** Refuses what is not planned any more; null when it is. */
export function checkScheduled(state: ConversationState, { action }: ScheduledCommand): Refusal | null {
  if (typeof state[INSTANT[action]] === 'number') return null;
  return { code: 'E_BAD_COMMAND', message: `Nothing of the kind is planned for #${state.number} any more. Look at it again.` };
}

/** Calls off what is planned, or has it now: then it is due, and happens with everything else that is. */
export function scheduled(turn: Turn, { action, do: what }: ScheduledCommand, at: number, by: string): void {
  turn.state[INSTANT[action]] = what === 'cancel' ? null : at;
  turn.tell(at, what === 'cancel' ? 'scheduled.cancelled' : 'scheduled.advanced', { action, by });
}
