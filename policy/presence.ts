import type { Turn } from './turn';

/** What a look at a chat's presence goes by; milliseconds. */
export interface PresencePolicy {
  /** Absence after which the customer counts as gone. */
  readonly goneAfterMs: number;
  /** Time after which what is unseen is mailed although the customer is there: an open tab is not a reader. */
  readonly unseenAfterMs: number;
}

/** What the presence rows say at an instant `at`; milliseconds. */
export interface PresenceRead {
  readonly at: number;
  /** The last instant, `at` at most, at which the customer was there on any tab or device; null when they never were. */
  readonly presentAt: number | null;
  /** When the oldest message was said that they have not seen and were not mailed; null when there is none. */
  readonly unseenSince: number | null;
}

/** What a look leads to: everything is seen, the customer is there and may yet see it, or they have gone. */
export interface PresenceFound {
  readonly found: 'seen' | 'present' | 'gone';
  /** Messages that have been claimed for one mail, oldest first; only with `gone`, and none when the address may not have any more mails. */
  readonly claimed: readonly string[];
  /** {@link PresenceRead.presentAt}. */
  readonly presentAt: number | null;
  /** With `present`: the first instant at which it could be otherwise. */
  readonly lookAt?: number;
}

/** Judges what was read: the one rule of when a chat's customer has gone. Whoever reads the rows claims what is unseen with `gone`. */
export function judgePresence(read: PresenceRead, policy: PresencePolicy): Pick<PresenceFound, 'found' | 'lookAt'> {
  const { at, presentAt, unseenSince } = read;
  if (unseenSince === null) return { found: 'seen' };
  const goneAt = Math.min(goneFrom(presentAt, policy) ?? at, unseenSince + policy.unseenAfterMs);
  return goneAt <= at ? { found: 'gone' } : { found: 'present', lookAt: goneAt };
}

/** From when a customer who was last there then counts as gone; null for one who never was. */
function goneFrom(presentAt: number | null, { goneAfterMs }: Pick<PresencePolicy, 'goneAfterMs'>): number | null {
  return presentAt === null ? null : presentAt + goneAfterMs;
}

/**
 * What a look at the chat's presence rows leads to: whoever has gone is mailed, once, what they have not seen; after the closing
 * question their absence is the answer, a while later.
 */
export function takePresence(turn: Turn, { found, claimed, presentAt, lookAt }: PresenceFound, at: number): void {
  const { state, policy, now } = turn;
  const closing = state.kind === 'chat' && state.closingAsked;
  switch (found) {
    case 'present':
      state.unseenCheckAt = Math.max(lookAt ?? now + policy.chats.customerGoneAfterMs, now + 1);
      return;
    case 'seen':
      // They are there; whether they go is of interest only once they have been asked whether that was all.
      if (closing) state.unseenCheckAt ??= now + policy.chats.closingSilenceMs;
      return;
    case 'gone':
      mailUnseen(turn, at, claimed);
      if (closing) state.solveAt = Math.min(state.solveAt ?? Infinity, (presentAt ?? at) + policy.chats.closingSilenceMs);
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
