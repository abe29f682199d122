import fc from 'fast-check';
import { DateTime } from 'luxon';
import { addOpenTime, isOpen, nextOpening, openTimeBetween } from '../../policy/calendar';
import type { PolicySnapshot } from '../../policy/snapshot';
import { instantsOf, localMsAt } from '../../policy/zone';
import { policyOf } from './policies';
import { openMinutes, SlowCalendar } from './slow-calendar';
import type { PlainCalendar } from './slow-calendar';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/Havana',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'UTC',
];

const HOURS: Record<string, PlainCalendar['hours']> = {
  office: everyDay([1, 5], [['08:00', '20:00']]),
  broken: {
    ...everyDay(
      [1, 4],
      [
        ['08:00', '12:00'],
        ['13:00', '18:00'],
      ],
    ),
    5: [['08:00', '13:00']],
  },
  // Opens, closes and has its break in the hours in which clocks change.
  nights: {
    ...everyDay(
      [1, 7],
      [
        ['00:00', '00:30'],
        ['01:15', '02:30'],
        ['02:30', '03:10'],
        ['23:00', '24:00'],
      ],
    ),
  },
  around: everyDay([1, 7], [['00:00', '24:00']]),
  rarely: { 3: [['10:00', '10:01']] },
};

const SPECIAL: NonNullable<PlainCalendar['special']> = {
  '2026-03-29': [['01:00', '05:00']],
  '2026-10-25': [],
  '2026-11-01': [['00:10', '02:20']],
  '2027-01-01': [],
  '2030-02-28': [['00:00', '24:00']],
};

interface Subject {
  readonly calendarId: string;
  readonly plain: PlainCalendar;
  readonly policy: PolicySnapshot;
}

/** Every zone with every kind of hours, with and without special days; one policy for each zone. */
async function subjects(): Promise<Subject[]> {
  const all: Subject[] = [];
  for (const zone of ZONES) {
    const plain = Object.entries(HOURS).flatMap(([name, hours]): [string, PlainCalendar][] => [
      [name, { zone, hours }],
      [`${name}Special`, { zone, hours, special: SPECIAL }],
    ]);
    const policy = await policyOf(`timezone: ${zone}\ncalendars:\n${plain.map(([name, calendar]) => `  ${name}: ${inYaml(calendar)}\n`).join('')}`);
    all.push(...plain.map(([calendarId, calendar]) => ({ calendarId, plain: calendar, policy })));
  }
  return all;
}

let all: Subject[];
beforeAll(async () => {
  all = await subjects();
});

/** Ten years of instants, every tenth of them near a change of some clock. */
const instant = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: Date.UTC(2025, 1), max: Date.UTC(2035, 0) }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: -36 * HOUR, max: 36 * HOUR })).map(([zone, index, away]) => {
      const transitions = Object.values(all[zone % all.length]?.policy.zones ?? {})[0] ?? [];
      const near = (transitions[index % transitions.length]?.[0] ?? 0) * 1000 + away;
      return Math.min(Math.max(near, Date.UTC(2025, 1)), Date.UTC(2035, 0));
    }),
  },
);
const subject = fc.nat().map((index) => index % (ZONES.length * Object.keys(HOURS).length * 2));
const openTime = fc.oneof(
  fc.integer({ min: 1, max: 90 * MINUTE }),
  fc.integer({ min: 1, max: 60 * HOUR }),
  fc.integer({ min: 1, max: 30 }).map((days) => days * 12 * HOUR),
);

function of(index: number): Subject {
  const found = all[index];
  if (found === undefined) throw new Error(`no subject ${index}`);
  return found;
}
function named(zone: string, calendarId: string): Subject {
  const found = all.find((candidate) => candidate.plain.zone === zone && candidate.calendarId === calendarId);
  if (found === undefined) throw new Error(`no ${calendarId} in ${zone}`);
  return found;
}
/** `rarely` is open a minute a week: large amounts take more years than there are. */
function amount({ plain }: Subject, openMs: number): number {
  return plain.hours === HOURS['rarely'] ? (openMs % (50 * MINUTE)) + 1 : openMs;
}

describe('properties', () => {
  test('what is added is measured again', () => {
    fc.assert(
      fc.property(subject, instant, openTime, (index, from, wanted) => {
        const it = of(index);
        const { policy, calendarId } = it;
        const openMs = amount(it, wanted);
        const due = addOpenTime(policy, calendarId, from, openMs);
        expect(openTimeBetween(policy, calendarId, from, due)).toBe(openMs);
        // The earliest such instant: a millisecond before, some of it is still missing.
        expect(openTimeBetween(policy, calendarId, from, due - 1)).toBe(openMs - 1);
        expect(isOpen(policy, calendarId, due - 1)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('later or more is never due earlier', () => {
    fc.assert(
      fc.property(subject, instant, openTime, fc.nat(3 * DAY), fc.integer({ min: 1, max: 20 * HOUR }), (index, from, wanted, later, more) => {
        const it = of(index);
        const openMs = amount(it, wanted);
        const due = addOpenTime(it.policy, it.calendarId, from, openMs);
        expect(addOpenTime(it.policy, it.calendarId, from + later, openMs)).toBeGreaterThanOrEqual(due);
        expect(addOpenTime(it.policy, it.calendarId, from, openMs + amount(it, more))).toBeGreaterThan(due);
      }),
      { numRuns: 2000 },
    );
  });

  test('adding in two steps is adding at once', () => {
    fc.assert(
      fc.property(subject, instant, openTime, openTime, (index, from, first, second) => {
        const it = of(index);
        const [a, b] = [amount(it, first), amount(it, second)];
        expect(addOpenTime(it.policy, it.calendarId, addOpenTime(it.policy, it.calendarId, from, a), b)).toBe(
          addOpenTime(it.policy, it.calendarId, from, a + b),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('measured stretches add up, and open time is open', () => {
    fc.assert(
      fc.property(subject, instant, fc.nat(20 * DAY), fc.nat(20 * DAY), (index, from, one, two) => {
        const { policy, calendarId } = of(index);
        const parts = openTimeBetween(policy, calendarId, from, from + one) + openTimeBetween(policy, calendarId, from + one, from + one + two);
        expect(parts).toBe(openTimeBetween(policy, calendarId, from, from + one + two));
        expect(openTimeBetween(policy, calendarId, from, from + 1)).toBe(isOpen(policy, calendarId, from) ? 1 : 0);
        const opening = nextOpening(policy, calendarId, from);
        expect(isOpen(policy, calendarId, opening)).toBe(true);
        expect(openTimeBetween(policy, calendarId, from, opening)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('zones read like luxon, over ten years', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, at) => {
        const transitions = all.find(({ plain }) => plain.zone === zone)?.policy.zones[zone] ?? [];
        const local = DateTime.fromMillis(at, { zone });
        expect(localMsAt(transitions, at)).toBe(at + local.offset * MINUTE);
        const { first, last } = instantsOf(transitions, at + local.offset * MINUTE);
        expect([first, last]).toContain(at);
        expect(first).toBeLessThanOrEqual(last);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('agrees with a slow calendar made of luxon', () => {
  test('on random dates of ten years', () => {
    const windows = new Map<string, SlowCalendar>();
    fc.assert(
      fc.property(
        subject,
        fc.integer({ min: 0, max: 59 }),
        fc.nat(14 * DAY),
        fc.integer({ min: 0, max: 100 * HOUR }),
        fc.nat(20 * DAY),
        (index, month, into, openMs, span) => {
          const { plain, policy, calendarId } = of(index);
          const begin = Date.UTC(2025, 1 + month * 2, 20);
          const key = `${index} ${begin}`;
          const slow =
            windows.get(key) ??
            new SlowCalendar(plain, new Date(begin - 3 * DAY).toISOString().slice(0, 10), new Date(begin + 40 * DAY).toISOString().slice(0, 10));
          windows.set(key, slow);
          const from = begin + into;
          expect(isOpen(policy, calendarId, from)).toBe(slow.isOpen(from));
          expect(nextOpening(policy, calendarId, from)).toBe(slow.nextOpening(from));
          expect(openTimeBetween(policy, calendarId, from, from + span)).toBe(slow.between(from, from + span));
          const due = slow.add(from, openMs);
          if (due !== undefined) expect(addOpenTime(policy, calendarId, from, openMs)).toBe(due);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each(ZONES)('on every night of a change from 2026 to 2035: %s', (zone) => {
    const begin = Date.UTC(2026, 0);
    for (const calendarId of ['nights', 'office']) {
      const { plain, policy } = named(zone, calendarId);
      const changes = (policy.zones[zone] ?? []).map(([second]) => second * 1000).filter((change) => change > begin);
      for (const change of changes) {
        const days = [change - 3 * DAY, change + 4 * DAY].map((day) => new Date(day).toISOString().slice(0, 10));
        const slow = new SlowCalendar(plain, days[0] ?? '', days[1] ?? '');
        for (let from = change - 26 * HOUR; from <= change + 26 * HOUR; from += 29 * MINUTE) {
          expect([new Date(from), isOpen(policy, calendarId, from)]).toEqual([new Date(from), slow.isOpen(from)]);
          expect(openTimeBetween(policy, calendarId, change - 26 * HOUR, from)).toBe(slow.between(change - 26 * HOUR, from));
        }
        expect(addOpenTime(policy, calendarId, change - 26 * HOUR, 90 * MINUTE)).toBe(slow.add(change - 26 * HOUR, 90 * MINUTE));
      }
    }
  });

  test.each(ZONES)('minute by minute over both changes of 2026: %s', (zone) => {
    for (const calendarId of ['office', 'broken', 'around']) {
      const { plain, policy } = named(zone, calendarId);
      for (const from of [Date.UTC(2026, 2, 27), Date.UTC(2026, 9, 23)]) {
        const to = from + 4 * DAY;
        expect(openTimeBetween(policy, calendarId, from, to)).toBe(openMinutes(plain, from, to) * MINUTE);
      }
    }
  });
});

function everyDay([first, last]: [number, number], hours: readonly (readonly [string, string])[]): PlainCalendar['hours'] {
  return Object.fromEntries(Array.from({ length: last - first + 1 }, (_, index) => [first + index, hours]));
}

const DAY_NAMES = ['', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The calendar as a policy file states it. */
function inYaml({ hours, special }: PlainCalendar): string {
  const list = (intervals: readonly (readonly [string, string])[]): string => JSON.stringify(intervals.map(([from, to]) => `${from}-${to}`));
  const open = Object.entries(hours).map(([day, intervals]) => `${DAY_NAMES[Number(day)] ?? ''}: ${list(intervals)}`);
  const days = Object.entries(special ?? {}).map(([date, intervals]) => `{ date: ${date}, open: ${list(intervals)} }`);
  return `{ open: { ${open.join(', ')} }, businessDay: 12h, specialDays: [${days.join(', ')}] }`;
}
