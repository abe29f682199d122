import type { ZoneTransition } from './snapshot';

const MINUTE_MS = 60_000;
/** No zone is further ahead of UTC than this, so a local time's instants lie within it. */
const FARTHEST_AHEAD_MS = 15 * 60 * MINUTE_MS;

/** How far a zone is ahead of UTC at an instant, in milliseconds; before its first transition as at that transition. */
export function offsetMsAt(transitions: readonly ZoneTransition[], at: number): number {
  return offsetMsOf(transitions[indexAt(transitions, at)]);
}

/** The clock on the wall at an instant: milliseconds that read as local time when they are taken for UTC. */
export function localMsAt(transitions: readonly ZoneTransition[], at: number): number {
  return at + offsetMsAt(transitions, at);
}

/**
 * The instants at which the clock on the wall shows a local time. They differ only when a clock is set back and shows the time twice.
 * A time that is skipped when a clock is set forward has the instant of the change for both.
 */
export function instantsOf(transitions: readonly ZoneTransition[], localMs: number): { first: number; last: number } {
  let first: number | undefined;
  let last: number | undefined;
  for (let index = indexAt(transitions, localMs - FARTHEST_AHEAD_MS); index < transitions.length; index += 1) {
    const instant = localMs - offsetMsOf(transitions[index]);
    const begins = transitions[index]?.[0];
    const ends = transitions[index + 1]?.[0];
    if (index > 0 && begins !== undefined && instant < begins * 1000) {
      first ??= begins * 1000;
      last ??= begins * 1000;
      break;
    }
    if (ends === undefined || instant < ends * 1000) {
      first ??= instant;
      last = instant;
    }
  }
  return { first: first ?? localMs, last: last ?? localMs };
}

/** The last transition that is not after the instant; the first one when all are. */
function indexAt(transitions: readonly ZoneTransition[], at: number): number {
  let low = 0;
  let high = transitions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const from = transitions[middle]?.[0] ?? 0;
    if (from * 1000 <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function offsetMsOf(transition: ZoneTransition | undefined): number {
  return (transition?.[1] ?? 0) * MINUTE_MS;
}
