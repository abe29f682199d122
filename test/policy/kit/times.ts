/**
 * Times of stories, on the office's clock: `Mon 10:00` is in the week of 2 March 2026 (winter time, UTC+1), `Mon+1 10:00` a week later.
 * Weeks up to +3 are before the change to summer time on 29 March.
 */

const MONDAY_MS = Date.UTC(2026, 2, 1, 23);
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Milliseconds of a time such as `Mon 10:00`, `Sat 03:15:20` or `Tue+1 08:00`. */
export function at(time: string | number): number {
  if (typeof time === 'number') return time;
  const match = /^(\w{3})(?:\+(\d+))? (\d\d):(\d\d)(?::(\d\d))?$/.exec(time);
  const day = DAYS.indexOf(match?.[1] ?? '');
  if (!match || day < 0) throw new Error(`Write a time like "Mon 10:00", not "${time}".`);
  const [, , weeks = '0', hours, minutes, seconds = '0'] = match;
  return MONDAY_MS + (Number(weeks) * 7 + day) * DAY_MS + Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * SECOND_MS;
}

/** The time of an instant, in the form that `at` reads; seconds only where there are any. */
export function clock(instant: number): string {
  const days = Math.floor((instant - MONDAY_MS) / DAY_MS);
  const weeks = Math.floor(days / 7);
  const time = new Date(instant - MONDAY_MS).toISOString().slice(11, 19).replace(/:00$/, '');
  return `${DAYS[days - weeks * 7]}${weeks === 0 ? '' : `+${weeks}`} ${time}`;
}
