import { arrivedInChat, mailTogether } from './chat-answers';
import { lookAt } from './looks';
import { solve } from './status';
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

/** What came of a look, with the messages that it asked about; all when absent. */
export interface PresenceTold extends PresenceFound {
  readonly asked?: readonly string[];
}

/** Judges what was read: the one rule of when a chat's customer has gone. Whoever reads the rows claims what is unseen with `gone`. */
export function judgePresence(read: PresenceRead, { goneAfterMs, unseenAfterMs }: PresencePolicy): Pick<PresenceFound, 'found' | 'lookAt'> {
  const { at, presentAt, unseenSince } = read;
  if (unseenSince === null) return { found: 'seen' };
  const goneAt = Math.min(presentAt === null ? at : presentAt + goneAfterMs, unseenSince + unseenAfterMs);
  return goneAt <= at ? { found: 'gone' } : { found: 'present', lookAt: goneAt };
}

/**
 * What a look at the chat's presence rows leads to: whoever has gone is mailed, once, what they have not seen; whoever is there has it;
 * after the closing question their absence is the answer, a while later.
 */
export function takePresence(turn: Turn, presence: PresenceTold, at: number): void {
  const { policy, now } = turn;
  // Marked as spam while the look was under way: nothing of it leaves.
  if (turn.state.spam) return;
  const { found, claimed, asked } = presence;
  if (found === 'seen' || claimed.length > 0) forgetSaid(turn, asked);
  switch (found) {
    case 'present':
      arrivedInChat(turn, at);
      lookAt(turn, Math.max(presence.lookAt ?? now + policy.chats.customerGoneAfterMs, now + 1));
      return;
    case 'seen':
      arrivedInChat(turn, at, asked);
      return endBySilence(turn, presence, at);
    case 'gone':
      mailTogether(turn, claimed, at, asked);
      return endBySilence(turn, presence, at);
    default:
      found satisfies never;
  }
}

/** What was seen or is mailed now need not be asked about again. */
function forgetSaid({ state }: Turn, asked: readonly string[] | undefined): void {
  if (state.said && asked) state.said = state.said.filter((messageId) => !asked.includes(messageId));
}

/**
 * A chat that was asked "Is there anything else?" ends when they have been gone for so long, counted from the question at the earliest.
 * Somebody whose tab is open has not gone, whatever they have read; a business day of their silence ends it then, as it does a ticket.
 */
function endBySilence(turn: Turn, { presentAt }: PresenceTold, at: number): void {
  const { state, policy, now } = turn;
  const { kind, closingAsked, pendingSince, solveAt } = state;
  if (kind !== 'chat' || !closingAsked || pendingSince === null || solveAt === null) return;
  const { customerGoneAfterMs, closingSilenceMs } = policy.chats;
  const goneAt = presentAt === null ? pendingSince : presentAt + customerGoneAfterMs;
  const endsAt = Math.max(goneAt, pendingSince) + closingSilenceMs;
  if (endsAt <= at) solve(turn, at, 'silence');
  else lookAt(turn, Math.max(endsAt, now + 1));
}
