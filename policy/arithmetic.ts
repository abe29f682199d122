import { calendarOf, openSpans } from './calendar';
import { lengthInWords } from './duration';
import { ELAPSED } from './promises';
import type { CalendarSnapshot, Interval, PolicySnapshot } from './snapshot';
import type { PromiseSeed } from './state';
import { localMsAt } from './zone';

/*
 * How a due time came about, in words that a person can check:
 * "Fri 27 Mar 18:30 + 12 h open time (Mon–Fri 08:00–20:00 Europe/Berlin): 1 h 30 m on Friday, 10 h 30 m on Monday → Mon 30 Mar 18:30".
 * Times are those of the policy's own zone, from the snapshot.
 */

const DAY_MS = 24 * 60 * 60 * 1000;
/** From here on the name of a weekday alone could mean two days. */
const AMBIGUOUS_MS = 6 * DAY_MS;
/** More stretches than this are told as a sum. */
const MOST_STRETCHES = 4;

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What of a promise its arithmetic is about. */
type Counted = Pick<PromiseSeed, 'since' | 'dueAt' | 'clock' | 'lengthMs'>;

/** The arithmetic of a promise in words, exact to the second. Throws `E_OUT_OF_RANGE`. */
export function explainPromise(snapshot: PolicySnapshot, seed: Counted): string {
  const { clock, lengthMs } = seed;
  const [since, dueAt] = [wholeSeconds(seed.since), wholeSeconds(seed.dueAt)];
  const from = `${dayAndTime(snapshot, since)} + ${lengthInWords(lengthMs)}`;
  const to = `→ ${dayAndTime(snapshot, dueAt)}`;
  if (clock === ELAPSED) return `${from}${clockChange(snapshot, since, dueAt)} ${to}`;
  const calendar = calendarOf(snapshot, clock);
  if (calendar.always) return `${from} round the clock${clockChange(snapshot, since, dueAt)} ${to}`;
  const notes = [stretches(snapshot, { since, dueAt, clock, lengthMs }), closedDays(snapshot, calendar, since, dueAt)].filter((note) => note !== '');
  return `${from} open time (${hoursInWords(calendar)} ${calendar.zone})${notes.length === 0 ? '' : `: ${notes.join('; ')}`} ${to}`;
}

/** A calendar's weekly hours: `Mon–Fri 08:00–20:00`, `Mon–Thu 08:00–12:00 13:00–18:00, Sat 10:00–14:00`, `always`. */
export function hoursInWords(calendar: CalendarSnapshot): string {
  if (calendar.always) return 'always';
  const runs: { first: number; last: number; hours: string }[] = [];
  for (const [day, intervals] of calendar.weekly.entries()) {
    const hours = intervals.map(intervalInWords).join(' ');
    const run = runs.at(-1);
    if (hours === '') continue;
    if (run?.hours === hours && run.last === day - 1) run.last = day;
    else runs.push({ first: day, last: day, hours });
  }
  return runs.map(({ first, last, hours }) => `${first === last ? shortDay(first) : `${shortDay(first)}–${shortDay(last)}`} ${hours}`).join(', ');
}

/** `Fri 27 Mar 18:30`, in the policy's zone; with seconds when there are some. */
export function dayAndTime(snapshot: PolicySnapshot, at: number): string {
  return `${dayOf(localMs(snapshot, at))} ${timeOf(localMs(snapshot, at))}`;
}

/** Which part of the time was open when; empty when all of it follows at once. */
function stretches(snapshot: PolicySnapshot, { since, dueAt, clock, lengthMs }: Counted): string {
  if (lengthMs === 0) return '';
  const days: { localDay: number; local: number; openMs: number }[] = [];
  let left = lengthMs;
  let begins = since;
  for (const { start, end } of openSpans(snapshot, clock, since)) {
    if (left === 0 || start >= dueAt) break;
    if (left === lengthMs) begins = start;
    const openMs = Math.min(left, Math.min(end, dueAt) - start);
    const local = localMs(snapshot, start);
    const localDay = Math.floor(local / DAY_MS);
    const today = days.at(-1);
    if (today?.localDay === localDay) today.openMs += openMs;
    else days.push({ localDay, local, openMs });
    left -= openMs;
  }
  // A promise that waited while its status was pending has less open time before its due time than it has in all.
  const waited = left > 0 ? [`${lengthInWords(left)} before it was paused`] : [];
  if (days.length === 1 && begins === since && waited.length === 0) return '';
  const onDay = ({ local, openMs }: { local: number; openMs: number }): string =>
    `${lengthInWords(openMs)} on ${dueAt - since > AMBIGUOUS_MS ? dayOf(local) : (WEEKDAYS[weekdayOf(local)] ?? '')}`;
  if (days.length <= MOST_STRETCHES) return [...waited, ...days.map(onDay)].join(', ');
  const between = days.slice(1, -1);
  const sum = between.reduce((total, { openMs }) => total + openMs, 0);
  const ends = [days[0], days.at(-1)].flatMap((day) => (day === undefined ? [] : [onDay(day)]));
  return [...waited, ends[0], `${lengthInWords(sum)} on the next ${between.length} open days`, ends[1]].join(', ');
}

/** Days on which the calendar would be open but is closed, so that a reader does not look for them. */
function closedDays(snapshot: PolicySnapshot, calendar: CalendarSnapshot, since: number, dueAt: number): string {
  const first = Math.floor(localMs(snapshot, since) / DAY_MS);
  const last = Math.floor(localMs(snapshot, dueAt) / DAY_MS);
  const closed = Object.keys(calendar.special)
    .filter((date) => calendar.special[date]?.length === 0)
    .map((date) => Date.parse(date))
    .filter((local) => local / DAY_MS >= first && local / DAY_MS <= last && calendar.weekly[weekdayOf(local)]?.length !== 0)
    .sort((a, b) => a - b);
  if (closed.length === 0) return '';
  return closed.length > MOST_STRETCHES ? `closed on ${closed.length} special days` : `closed on ${closed.map(dayOf).join(', ')}`;
}

/** Says that clocks change in between, without which a day of 24 hours looks wrong. */
function clockChange(snapshot: PolicySnapshot, since: number, dueAt: number): string {
  const transitions = snapshot.zones[snapshot.timezone] ?? [];
  const index = transitions.findIndex(([second], position) => position > 0 && second * 1000 > since && second * 1000 <= dueAt);
  const [changed, before] = [transitions[index], transitions[index - 1]];
  if (changed === undefined || before === undefined || changed[1] === before[1]) return '';
  return ` (clocks are set ${changed[1] > before[1] ? 'forward' : 'back'} on ${dayOf(localMs(snapshot, changed[0] * 1000))})`;
}

/** Local time in the policy's zone, without its milliseconds. */
function localMs(snapshot: PolicySnapshot, at: number): number {
  return localMsAt(snapshot.zones[snapshot.timezone] ?? [], wholeSeconds(at));
}

function wholeSeconds(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

function dayOf(local: number): string {
  const date = new Date(local);
  return `${shortDay(weekdayOf(local))} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`;
}

function timeOf(local: number): string {
  const time = new Date(local).toISOString().slice(11, 19);
  return time.endsWith(':00') ? time.slice(0, 5) : time;
}

/** 0 is Monday. */
function weekdayOf(local: number): number {
  return (new Date(local).getUTCDay() + 6) % 7;
}

function shortDay(weekday: number): string {
  return (WEEKDAYS[weekday] ?? '').slice(0, 3);
}

function intervalInWords([start, end]: Interval): string {
  return `${minuteInWords(start)}–${minuteInWords(end)}`;
}

function minuteInWords(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
