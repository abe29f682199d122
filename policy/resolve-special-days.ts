import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type Holidays from 'date-holidays';
import type ICAL from 'ical.js';
import { DateTime } from 'luxon';
import type { PolicyDocument } from './document';
import { PolicyFileError } from './document';
import type { PolicyCalendar } from './schema';
import { byStart } from './schema-checks';
import type { Interval } from './snapshot';

/** Heavy libraries (20 MB of holidays) that most policies never need are loaded when one does. */
const load = createRequire(__filename);

/** What special days of a calendar are resolved for. */
interface SpecialDaysRequest {
  readonly document: PolicyDocument;
  readonly calendarId: string;
  /** The calendar's weekly hours, Monday first; a day that differs in nothing is left out. */
  readonly weekly: readonly (readonly Interval[])[];
  readonly zone: string;
  /** First and last year. */
  readonly years: readonly [number, number];
  /** The folder that iCalendar files are relative to. */
  readonly baseFolder: string;
}

/**
 * The days of a calendar that are closed or have hours of their own, by local date in order. A day that is stated by its date keeps
 * those hours, whatever country or file say. Throws a {@link PolicyFileError} for unknown countries and unreadable files.
 */
export async function resolveSpecialDays(calendar: PolicyCalendar, request: SpecialDaysRequest): Promise<Record<string, Interval[]>> {
  const days = new Map<string, Interval[]>();
  const stated = new Map<string, Interval[]>();
  for (const [index, special] of calendar.specialDays.entries()) {
    if ('date' in special) stated.set(special.date, byStart(special.open));
    else if ('country' in special) for (const date of publicHolidays(special, index, request)) days.set(date, []);
    else for (const date of await allDayEvents(special.ical, index, request)) days.set(date, []);
  }
  const matters = ([date, intervals]: [string, Interval[]]): boolean => {
    const { year, weekday } = DateTime.fromISO(date);
    const usual = request.weekly[weekday - 1] ?? [];
    return year >= request.years[0] && year <= request.years[1] && JSON.stringify(intervals) !== JSON.stringify(usual);
  };
  return Object.fromEntries([...new Map([...days, ...stated])].filter(matters).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The dates of a country's public holidays. A day counts when its noon is a holiday: half a holiday from 14:00 closes nothing. */
function publicHolidays(special: { country: string; state?: string | undefined }, index: number, request: SpecialDaysRequest): string[] {
  const Library = load('date-holidays') as typeof Holidays;
  const known = new Library();
  const country = special.country.toUpperCase();
  const countries = Object.keys(known.getCountries());
  if (!countries.includes(country)) throw problem(request, index, 'country', `there is no country "${special.country}": write its ISO 3166 code, such as DE`);
  const state = special.state?.toUpperCase();
  const states = Object.keys(known.getStates(country) ?? {}).map((code) => code.toUpperCase());
  if (state !== undefined && !states.includes(state)) {
    const fix = states.length === 0 ? `${country} has no states here: leave it out` : `write one of ${states.join(', ')}`;
    throw problem(request, index, 'state', `there is no state "${special.state ?? ''}" in ${country}: ${fix}`);
  }
  const options = { timezone: request.zone };
  const holidays = state === undefined ? new Library(country, options) : new Library(country, state, options);
  return yearsOf(request.years).flatMap((year) =>
    holidays
      .getHolidays(year)
      .filter(({ type }) => type === 'public')
      .flatMap(({ start, end }) => datesWithNoonIn(DateTime.fromJSDate(start, { zone: request.zone }), DateTime.fromJSDate(end, { zone: request.zone }))),
  );
}

/** One repetition of an event; the library's own types leave it out. */
interface Occurrence<Event extends { startDate: unknown }> {
  readonly item: Event;
  readonly startDate: Event['startDate'] & { toString: () => string };
  readonly endDate: Event['startDate'] & { toString: () => string };
}

/** The dates of a file's all-day events, with every repetition; events with a time of day close nothing, cancelled ones neither. */
async function allDayEvents(file: string, index: number, request: SpecialDaysRequest): Promise<string[]> {
  const { Component, Event } = load('ical.js') as typeof ICAL;
  const location = path.resolve(request.baseFolder, file);
  let events: InstanceType<typeof Event>[];
  try {
    const root = Component.fromString(await readFile(location, 'utf8'));
    events = root.getAllSubcomponents('vevent').map((component) => new Event(component));
  } catch (error) {
    throw problem(request, index, 'ical', `${location} cannot be read as an iCalendar file: ${error instanceof Error ? error.message : String(error)}`);
  }
  const isCancelled = (event: InstanceType<typeof Event>): boolean => event.component.getFirstPropertyValue('status') === 'CANCELLED';
  const dates: string[] = [];
  const last = `${request.years[1]}-12-31`;
  for (const event of events) {
    // An exception replaces one repetition of its event; the library hands it out in its place.
    if (event.isRecurrenceException() || !event.startDate.isDate || isCancelled(event)) continue;
    const occurrences = event.iterator();
    for (let start = occurrences.next(); start !== null && start !== undefined && start.toString() <= last; start = occurrences.next()) {
      const details = event.getOccurrenceDetails(start) as Occurrence<typeof event>;
      if (isCancelled(details.item)) continue;
      dates.push(...datesWithNoonIn(DateTime.fromISO(details.startDate.toString()), DateTime.fromISO(details.endDate.toString())));
      if (!event.isRecurring()) break;
    }
  }
  return dates;
}

function datesWithNoonIn(start: DateTime, end: DateTime): string[] {
  const dates: string[] = [];
  let noon = start.startOf('day').set({ hour: 12 });
  if (noon < start) noon = noon.plus({ days: 1 });
  for (; noon < end; noon = noon.plus({ days: 1 })) dates.push(noon.toFormat('yyyy-MM-dd'));
  return dates;
}

function yearsOf([first, last]: readonly [number, number]): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function problem({ document, calendarId }: SpecialDaysRequest, index: number, key: string, message: string): PolicyFileError {
  const path = ['calendars', calendarId, 'specialDays', index, key];
  return new PolicyFileError('E_POLICY_INVALID', document.file, document.locate([{ path, message }]));
}
