import { IANAZone } from 'luxon';
import type { ZoneTransition } from './snapshot';

const DAY_S = 24 * 60 * 60;

/**
 * A zone's offsets from the first day of one year to the last of another (UTC): the offset at the start, then each change at its exact
 * second, as this machine's zone database has them.
 */
export function zoneTransitions(zoneName: string, [firstYear, lastYear]: readonly [number, number]): ZoneTransition[] {
  const zone = IANAZone.create(zoneName);
  const offsetAt = (second: number): number => Math.round(zone.offset(second * 1000));
  const start = Date.UTC(firstYear, 0) / 1000;
  const end = Date.UTC(lastYear + 1, 0) / 1000;
  const transitions: ZoneTransition[] = [[start, offsetAt(start)]];
  for (let second = start; second < end; second += DAY_S) {
    if (offsetAt(second) === offsetAt(second + DAY_S)) continue;
    const changesAt = firstSecondWithOther(offsetAt, second, second + DAY_S);
    transitions.push([changesAt, offsetAt(changesAt)]);
  }
  return transitions;
}

/** The first second after `before` that has the offset of `after`; between the two it changes once. */
function firstSecondWithOther(offsetAt: (second: number) => number, before: number, after: number): number {
  const target = offsetAt(after);
  let low = before;
  let high = after;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === target) high = middle;
    else low = middle;
  }
  return high;
}
