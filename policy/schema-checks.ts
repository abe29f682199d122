import { IANAZone } from 'luxon';
import type { Interval } from './snapshot';
import { DAYS } from './schema';
import type { Policy, PolicyCalendar } from './schema';
import { PRIORITIES } from './words';
import { wordsOf } from './triage';

/** Something in a policy file that Holdfast cannot keep, where it stands, and what to change. */
export interface Finding {
  /** Keys and list positions from the top of the file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What keys of a policy say about each other. */
interface Check {
  /** The top-level keys that it reads; it is skipped while one of them is not of its form. */
  readonly reads: readonly (keyof Policy)[];
  readonly find: (policy: Policy) => Finding[];
}

const CHECKS: readonly Check[] = [
  { reads: ['timezone'], find: ({ timezone }) => zoneFindings(['timezone'], timezone) },
  {
    reads: ['calendars'],
    find: ({ calendars }) => Object.entries(calendars).flatMap(([id, { timezone }]) => zoneFindings(['calendars', id, 'timezone'], timezone)),
  },
  { reads: ['calendars'], find: ({ calendars }) => Object.entries(calendars).flatMap(([id, calendar]) => hoursFindings(id, calendar)) },
  { reads: ['plans'], find: noPlan },
  { reads: ['calendars', 'plans'], find: unknownCalendarsOfPlans },
  { reads: ['calendars', 'tickets'], find: (policy) => unknownCalendar(policy, ['tickets', 'dispatch', 'calendar'], policy.tickets.dispatch.calendar) },
  { reads: ['calendars', 'chats'], find: (policy) => unknownCalendar(policy, ['chats', 'calendar'], policy.chats.calendar) },
  { reads: ['calendars', 'outOfHours'], find: (policy) => unknownCalendar(policy, ['outOfHours', 'calendar'], policy.outOfHours.calendar) },
  { reads: ['escalate'], find: pageBeforeNotice },
  { reads: ['onCall'], find: mixedLevels },
  { reads: ['triage'], find: triageFindings },
];

/** All that a policy's keys contradict each other in, leaving out the top-level keys that are not of their form. */
export function findContradictions(policy: Policy, malformed: ReadonlySet<string>): Finding[] {
  return CHECKS.filter(({ reads }) => !reads.some((key) => malformed.has(key))).flatMap(({ find }) => find(policy));
}

/** The weekly intervals of a calendar, seven lists, Monday first, each sorted; null when it is open always. */
export function weeklyIntervals(open: PolicyCalendar['open']): Interval[][] | null {
  if (open === 'always') return null;
  const week: Interval[][] = DAYS.map(() => []);
  for (const [days, intervals] of Object.entries(open)) {
    for (const day of daysOf(days)) week[day] = byStart([...(week[day] ?? []), ...intervals]);
  }
  return week;
}

/** The same intervals, earliest first. */
export function byStart(intervals: readonly Interval[]): Interval[] {
  return [...intervals].sort(([a], [b]) => a - b);
}

/** The days that `mon-fri` or `sat` names, Monday being 0; none when they run backwards. */
function daysOf(days: string): number[] {
  const [first, last = first] = days.split('-').map((day) => DAYS.findIndex((known) => known === day));
  return DAYS.map((_, day) => day).filter((day) => day >= (first ?? 0) && day <= (last ?? 0));
}

function zoneFindings(path: Finding['path'], zone: string | undefined): Finding[] {
  if (zone === undefined || IANAZone.isValidZone(zone)) return [];
  return [{ path, message: `the zone "${zone}" is not known: write an IANA name such as Europe/Berlin` }];
}

function hoursFindings(id: string, { open, specialDays }: PolicyCalendar): Finding[] {
  const path = ['calendars', id];
  if (open === 'always') {
    const message = 'a calendar that is always open has no special days: state its hours instead, { mon-sun: ["00:00-24:00"] }';
    return specialDays.length === 0 ? [] : [{ path: [...path, 'specialDays'], message }];
  }
  const findings: Finding[] = [];
  const namedBy = new Map<number, string>();
  for (const [days, intervals] of Object.entries(open)) {
    const here = [...path, 'open', days];
    const named = daysOf(days);
    if (named.length === 0) findings.push({ path: here, message: `the days run backwards: write two keys, such as sat-sun and mon` });
    for (const day of named) {
      const other = namedBy.get(day);
      if (other !== undefined) findings.push({ path: here, message: `${DAYS[day] ?? ''} stands in "${other}" too: name each day once` });
      namedBy.set(day, days);
    }
    findings.push(...overlaps(here, intervals));
  }
  const dates = new Set<string>();
  for (const [index, special] of specialDays.entries()) {
    if (!('date' in special)) continue;
    const here = [...path, 'specialDays', index];
    if (dates.has(special.date)) findings.push({ path: [...here, 'date'], message: `${special.date} stands here twice: keep one of them` });
    dates.add(special.date);
    findings.push(...overlaps([...here, 'open'], special.open));
  }
  const opens = Object.values(open).some((intervals) => intervals.length > 0) || specialDays.some((special) => 'date' in special && special.open.length > 0);
  if (!opens) findings.push({ path: [...path, 'open'], message: 'this calendar never opens, so nothing could be due on it: state hours for at least one day' });
  return findings;
}

function overlaps(path: Finding['path'], intervals: readonly Interval[]): Finding[] {
  const sorted = byStart(intervals);
  const overlap = sorted.some(([start], index) => index > 0 && start < (sorted[index - 1]?.[1] ?? 0));
  return overlap ? [{ path, message: 'these opening hours overlap: join them, or end one before the next begins' }] : [];
}

function noPlan({ plans }: Policy): Finding[] {
  return Object.keys(plans).length > 0 ? [] : [{ path: ['plans'], message: 'name at least one plan, such as { standard: { calendars: [office] } }' }];
}

function unknownCalendarsOfPlans(policy: Policy): Finding[] {
  return Object.entries(policy.plans).flatMap(([plan, { calendars }]) =>
    calendars.flatMap((id, index) => unknownCalendar(policy, ['plans', plan, 'calendars', index], id)),
  );
}

function unknownCalendar({ calendars }: Policy, path: Finding['path'], id: string): Finding[] {
  if (Object.hasOwn(calendars, id)) return [];
  return [{ path, message: `there is no calendar "${id}": write one of ${Object.keys(calendars).join(', ')}, or add it under calendars` }];
}

function pageBeforeNotice({ escalate }: Policy): Finding[] {
  return PRIORITIES.filter((priority) => escalate[priority].page < escalate[priority].notice).map((priority) => ({
    path: ['escalate', priority],
    message: `the page (${escalate[priority].page}%) would come before the notice (${escalate[priority].notice}%): make page at least as large as notice`,
  }));
}

function mixedLevels({ onCall: { levels } }: Policy): Finding[] {
  const via = levels.findIndex((level) => 'via' in level);
  if (via === -1) return [];
  const path = ['onCall', 'levels', via];
  if (levels.some((level) => 'rota' in level)) {
    return [{ path, message: 'levels are either rotas of this desk or "via: pagerduty", not both: PagerDuty goes through its own levels' }];
  }
  return levels.length === 1 ? [] : [{ path: ['onCall', 'levels', 1], message: 'one "via: pagerduty" is enough: PagerDuty goes through its own levels' }];
}

function triageFindings({ triage }: Policy): Finding[] {
  return triage.flatMap(({ when }, index) => {
    const path = ['triage', index, 'when'];
    if (Object.values(when).every((condition) => condition === undefined)) {
      return [{ path, message: 'state at least one of address, contact, subject, or the rule would fit every request' }];
    }
    return [when.subject ?? []]
      .flat()
      .filter((phrase) => wordsOf(phrase) === ' ')
      .map((phrase) => ({ path: [...path, 'subject'], message: `"${phrase}" has no letter or digit, so it is never found: write words` }));
  });
}
