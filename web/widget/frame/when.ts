import type { Words } from '../words/en';

/** In which words, zone and moment times are told. */
export interface Telling {
  readonly words: Words;
  /** IANA name; the browser's own unless given. */
  readonly timeZone?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const DAY_MS = 86_400_000;

const format = (at: number, { words, timeZone }: Telling, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(words.intl, { ...options, ...(timeZone === undefined ? {} : { timeZone }) }).format(at);

/** The calendar day in the zone, comparable as text. */
const dayOf = (at: number, telling: Telling): string => format(at, telling, { year: 'numeric', month: '2-digit', day: '2-digit' });

/** The time of day: `08:00`. */
export function clock(at: number, telling: Telling): string {
  return format(at, telling, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** A moment to come, as short as it is clear: `today 14:30`, `Mon 08:00`, `12 Jan 08:00`. */
export function moment(at: number, telling: Telling): string {
  const time = clock(at, telling);
  if (dayOf(at, telling) === dayOf(telling.now, telling)) return `${telling.words.today} ${time}`;
  const soon = Math.abs(at - telling.now) < 6 * DAY_MS;
  const day = format(at, telling, soon ? { weekday: 'short' } : { day: 'numeric', month: 'short' });
  return `${day} ${time}`;
}

/** Until when: the time alone when that is today. */
export function deadline(at: number, telling: Telling): string {
  return dayOf(at, telling) === dayOf(telling.now, telling) ? clock(at, telling) : moment(at, telling);
}

/** A day above the messages of that day: `Today`, `Yesterday`, `Mon 12 January`. */
export function day(at: number, telling: Telling): string {
  const own = dayOf(at, telling);
  if (own === dayOf(telling.now, telling)) return telling.words.Today;
  if (own === dayOf(telling.now - DAY_MS, telling)) return telling.words.Yesterday;
  return format(at, telling, { weekday: 'short', day: 'numeric', month: 'long' });
}

/** When something was, in a list: the time today, else the day. */
export function past(at: number, telling: Telling): string {
  if (dayOf(at, telling) === dayOf(telling.now, telling)) return clock(at, telling);
  return format(at, telling, telling.now - at < 6 * DAY_MS ? { weekday: 'short' } : { day: 'numeric', month: 'short' });
}

/** How long something takes at most, never promising too little: rounded up to a minute, five minutes, an hour. */
export function span(ms: number, words: Words): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes === 1) return words.aMinute;
  if (minutes < 10) return words.minutes(minutes);
  const rounded = Math.ceil(minutes / 5) * 5;
  if (rounded < 60) return words.minutes(rounded);
  const hours = Math.ceil(minutes / 60);
  if (hours === 1) return words.anHour;
  if (hours < 24) return words.hours(hours);
  const days = Math.ceil(hours / 24);
  return days === 1 ? words.aDay : words.days(days);
}
