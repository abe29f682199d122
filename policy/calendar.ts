import { PolicyError } from './errors';
import type { CalendarSnapshot, Interval, PolicySnapshot, ZoneTransition } from './snapshot';
import { instantsOf, localMsAt } from './zone';

/**
 * Business time. A calendar is open from the first instant of an interval to, not including, its last: at 08:00:00.000 it is open, at
 * 20:00:00.000 it is closed. Intervals are bounded by the clock on the wall, so a day on which clocks change is longer or shorter. Where
 * clocks are set forward, a boundary that is skipped lies at the change; where they are set back, an opening is the first time that the
 * clock shows it and a closing the last.
 *
 * Integer arithmetic on the snapshot only: no clock, no Intl, no library. All instants are milliseconds since the epoch.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A stretch of open time: open at `start`, closed at `end`. */
export interface OpenSpan {
  readonly start: number;
  readonly end: number;
}

/** Whether the calendar is open at an instant. Throws `E_OUT_OF_RANGE`. */
export function isOpen(snapshot: PolicySnapshot, calendarId: string, at: number): boolean {
  const calendar = calendarOf(snapshot, calendarId);
  if (calendar.always) return true;
  checkRange(snapshot, at);
  const transitions = transitionsOf(snapshot, calendar);
  const today = localDayAt(transitions, at);
  for (const day of [today - 1, today]) {
    for (const interval of intervalsOn(calendar, day)) {
      const { start, end } = spanOf(transitions, day, interval);
      if (start <= at && at < end) return true;
    }
  }
  return false;
}

/**
 * The earliest instant at which that much open time has passed since `from`. No time is `from` itself; otherwise the answer lies in open
 * time or exactly at a closing instant. Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`.
 */
export function addOpenTime(snapshot: PolicySnapshot, calendarId: string, from: number, openMs: number): number {
  if (openMs < 0) throw new RangeError(`Open time cannot be taken away: ${openMs} ms.`);
  if (openMs === 0) return from;
  const calendar = calendarOf(snapshot, calendarId);
  if (calendar.always) return from + openMs;
  let left = openMs;
  for (const { start, end } of openSpans(snapshot, calendarId, from)) {
    if (left <= end - start) return start + left;
    left -= end - start;
  }
  throw noMoreOpenTime(snapshot, calendarId);
}

/** How much open time lies between two instants, in milliseconds; 0 when `to` is not after `from`. Throws `E_OUT_OF_RANGE`. */
export function openTimeBetween(snapshot: PolicySnapshot, calendarId: string, from: number, to: number): number {
  if (to <= from) return 0;
  const calendar = calendarOf(snapshot, calendarId);
  if (calendar.always) return to - from;
  checkRange(snapshot, to);
  let sum = 0;
  for (const { start, end } of openSpans(snapshot, calendarId, from)) {
    if (start >= to) break;
    sum += Math.min(end, to) - start;
  }
  return sum;
}

/** The next instant at which the calendar is open: `at` itself when it is. Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`. */
export function nextOpening(snapshot: PolicySnapshot, calendarId: string, at: number): number {
  if (calendarOf(snapshot, calendarId).always) return at;
  for (const { start } of openSpans(snapshot, calendarId, at)) return start;
  throw noMoreOpenTime(snapshot, calendarId);
}

/**
 * The open time from an instant on, in order and without overlap, one stretch per interval and day, the first one cut to begin at `from`;
 * ends with the years of the snapshot. For calendars that are not `always`. Throws `E_OUT_OF_RANGE`.
 */
export function* openSpans(snapshot: PolicySnapshot, calendarId: string, from: number): Generator<OpenSpan> {
  checkRange(snapshot, from);
  const calendar = calendarOf(snapshot, calendarId);
  const transitions = transitionsOf(snapshot, calendar);
  const until = rangeEnd(snapshot);
  // Where a clock is set back at midnight, the evening before still reaches into this day.
  let openedUpTo = from;
  for (let day = localDayAt(transitions, from) - 1; day * DAY_MS < until; day += 1) {
    for (const interval of intervalsOn(calendar, day)) {
      const { start, end } = spanOf(transitions, day, interval);
      const opens = Math.max(start, openedUpTo);
      if (end <= opens) continue;
      yield { start: opens, end };
      openedUpTo = end;
    }
  }
}

/** The calendar of that name. Throws `E_POLICY_INVALID` when the policy has none; `policy check` finds that before. */
export function calendarOf(snapshot: PolicySnapshot, calendarId: string): CalendarSnapshot {
  const calendar = Object.hasOwn(snapshot.calendars, calendarId) ? snapshot.calendars[calendarId] : undefined;
  if (calendar === undefined) {
    throw new PolicyError('E_POLICY_INVALID', `The policy ${snapshot.version} has no calendar "${calendarId}".`);
  }
  return calendar;
}

function transitionsOf(snapshot: PolicySnapshot, calendar: CalendarSnapshot): readonly ZoneTransition[] {
  const transitions = snapshot.zones[calendar.zone];
  if (transitions === undefined || transitions.length === 0) {
    throw new PolicyError('E_POLICY_INVALID', `The policy ${snapshot.version} does not know the zone ${calendar.zone}.`);
  }
  return transitions;
}

/** Days since 1 January 1970 on the zone's own clock. */
function localDayAt(transitions: readonly ZoneTransition[], at: number): number {
  return Math.floor(localMsAt(transitions, at) / DAY_MS);
}

function intervalsOn(calendar: CalendarSnapshot, day: number): readonly Interval[] {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  // 1 January 1970 was a Thursday; the week begins on Monday.
  return calendar.special[date] ?? calendar.weekly[(((day + 3) % 7) + 7) % 7] ?? [];
}

function spanOf(transitions: readonly ZoneTransition[], day: number, [startMinute, endMinute]: Interval): OpenSpan {
  return {
    start: instantsOf(transitions, day * DAY_MS + startMinute * MINUTE_MS).first,
    end: instantsOf(transitions, day * DAY_MS + endMinute * MINUTE_MS).last,
  };
}

function checkRange(snapshot: PolicySnapshot, at: number): void {
  if (at >= Date.UTC(snapshot.years[0], 0) && at < rangeEnd(snapshot)) return;
  const when = Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
  throw new PolicyError(
    'E_OUT_OF_RANGE',
    `${when} lies outside ${snapshot.years[0]}–${snapshot.years[1]}, the years that the policy ${snapshot.version} knows.`,
  );
}

function rangeEnd(snapshot: PolicySnapshot): number {
  return Date.UTC(snapshot.years[1] + 1, 0);
}

function noMoreOpenTime(snapshot: PolicySnapshot, calendarId: string): PolicyError {
  if (calendarOf(snapshot, calendarId).weekly.every((intervals) => intervals.length === 0)) {
    return new PolicyError('E_CALENDAR_NEVER_OPENS', `The calendar "${calendarId}" has no open time ahead, so nothing can be due on it.`);
  }
  return new PolicyError(
    'E_OUT_OF_RANGE',
    `The time needed on the calendar "${calendarId}" ends after ${snapshot.years[1]}, the last year that the policy ${snapshot.version} knows.`,
  );
}
