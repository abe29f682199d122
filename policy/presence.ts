import type { Turn } from './turn';

/** How long before a chat's presence is looked at again while the customer is there and has not read. */
const LOOK_AGAIN_MS = 30_000;

/**
 * What a look at the chat's presence rows leads to: whoever has gone is mailed, once, what they have not seen; after the closing
 * question their absence is the answer, a while later.
 */
export function takePresence(turn: Turn, found: 'seen' | 'present' | 'gone', at: number, claimed: readonly string[]): void {
  const { state, policy, now } = turn;
  const closing = state.kind === 'chat' && state.closingAsked;
  switch (found) {
    case 'present':
      state.unseenCheckAt = now + LOOK_AGAIN_MS;
      return;
    case 'seen':
      // They are there; whether they go is of interest only once they have been asked whether that was all.
      if (closing) state.unseenCheckAt ??= now + policy.chats.closingSilenceMs;
      return;
    case 'gone':
      mailUnseen(turn, at, claimed);
      if (closing) state.solveAt = Math.min(state.solveAt ?? Infinity, at + policy.chats.closingSilenceMs);
      return;
    default:
      found satisfies never;
  }
}

function mailUnseen(turn: Turn, at: number, claimed: readonly string[]): void {
  const [last] = claimed.slice(-1);
  const [recipient] = turn.state.participants;
  if (last === undefined || recipient === undefined) return;
  turn.mail('chatUnseen', recipient, at, { messages: claimed.join(' ') }, last);
  turn.tell(at, 'chat.mailed', { messages: claimed });
}
