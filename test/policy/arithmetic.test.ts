import fc from 'fast-check';
import { explainPromise, hoursInWords } from '../../policy/arithmetic';
import { explainRequest } from '../../policy/explain';
import { countPromise, countUpdate } from '../../policy/promises';
import type { PromiseRequest } from '../../policy/promises';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { PRIORITIES } from '../../policy/words';
import { at, policyOf, RESOLVED_AT } from './policies';

const MINUTE = 60_000;

let handbook: PolicySnapshot;
beforeAll(async () => {
  handbook = await loadPolicy(undefined, RESOLVED_AT);
});

function explain(policy: PolicySnapshot, since: string, change: Partial<PromiseRequest> = {}): string {
  const seed = countPromise(policy, { kind: 'firstResponse', plan: 'standard', priority: 'normal', since: at(since), ...change });
  if (seed === null) throw new Error('switched off');
  return explainPromise(policy, seed);
}

const OFFICE = '(Mon–Fri 08:00–20:00 Europe/Berlin)';

test.each<[string, string, Partial<PromiseRequest>, string]>([
  [
    'over a weekend',
    '2026-03-27T18:30:00+01:00',
    {},
    `Fri 27 Mar 18:30 + 12 h open time ${OFFICE}: 1 h 30 m on Friday, 10 h 30 m on Monday → Mon 30 Mar 18:30`,
  ],
  ['at once', '2026-03-23T10:00:00+01:00', { priority: 'urgent' }, `Mon 23 Mar 10:00 + 30 m open time ${OFFICE} → Mon 23 Mar 10:30`],
  ['later', '2026-03-28T10:00:00+01:00', { priority: 'urgent' }, `Sat 28 Mar 10:00 + 30 m open time ${OFFICE}: 30 m on Monday → Mon 30 Mar 08:30`],
  [
    'to the second, without milliseconds',
    '2026-03-23T19:50:30.700+01:00',
    { priority: 'urgent' },
    `Mon 23 Mar 19:50:30 + 30 m open time ${OFFICE}: 9 m 30 s on Monday, 20 m 30 s on Tuesday → Tue 24 Mar 08:20:30`,
  ],
  ['round the clock', '2026-03-24T22:00:00+01:00', { priority: 'high', plan: 'enterprise' }, 'Tue 24 Mar 22:00 + 4 h round the clock → Wed 25 Mar 02:00'],
  [
    'over the change to summer',
    '2026-03-28T18:30:00+01:00',
    { plan: 'enterprise' },
    'Sat 28 Mar 18:30 + 24 h round the clock (clocks are set forward on Sun 29 Mar) → Sun 29 Mar 19:30',
  ],
  [
    'over the change to winter',
    '2026-10-24T18:30:00+02:00',
    { plan: 'enterprise' },
    'Sat 24 Oct 18:30 + 24 h round the clock (clocks are set back on Sun 25 Oct) → Sun 25 Oct 17:30',
  ],
  ['by the minute', '2026-03-28T23:50:00+01:00', { kind: 'feedback' }, 'Sat 28 Mar 23:50 + 15 m → Sun 29 Mar 00:05'],
])('%s', (_name, since, change, expected) => {
  expect(explain(handbook, since, change)).toBe(expected);
});

test('many days are told as a sum, and dates where weekdays would mean two', async () => {
  const policy = await policyOf('tickets: { firstResponse: { normal: 5bd, low: 7bd } }');
  expect(explain(policy, '2026-03-20T18:30:00+01:00')).toBe(
    `Fri 20 Mar 18:30 + 60 h open time ${OFFICE}: 1 h 30 m on Fri 20 Mar, 48 h on the next 4 open days, 10 h 30 m on Fri 27 Mar → Fri 27 Mar 18:30`,
  );
});

test('days that are closed are named, other zones too', async () => {
  const policy = await policyOf(`
timezone: UTC
calendars:
  office:
    timezone: America/New_York
    open: { mon-thu: ["08:00-12:00", "13:00-17:00"], fri: ["08:00-12:00"] }
    businessDay: 8h
    specialDays: [{ date: 2026-12-24, open: ["08:00-10:00"] }, { date: 2026-12-25 }]
`);
  expect(explain(policy, '2026-12-23T16:00:00-05:00')).toBe(
    'Wed 23 Dec 21:00 + 8 h open time (Mon–Thu 08:00–12:00 13:00–17:00, Fri 08:00–12:00 America/New_York): ' +
      '1 h on Wednesday, 2 h on Thursday, 5 h on Monday; closed on Fri 25 Dec → Mon 28 Dec 19:00',
  );
});

test('a promise that was paused says so', () => {
  const since = at('2026-03-23T10:00:00+01:00');
  const seed = { since, dueAt: since + 30 * MINUTE, clock: 'office', lengthMs: 4 * 60 * MINUTE };
  expect(explainPromise(handbook, seed)).toBe(`Mon 23 Mar 10:00 + 4 h open time ${OFFICE}: 3 h 30 m before it was paused, 30 m on Monday → Mon 23 Mar 10:30`);
});

test('a time told to a customer', () => {
  const since = at('2026-03-23T10:00:00+01:00');
  expect(explainPromise(handbook, countUpdate(since, since + 90 * MINUTE))).toBe('Mon 23 Mar 10:00 + 1 h 30 m → Mon 23 Mar 11:30');
});

test('hours in words', async () => {
  const policy = await policyOf(
    'calendars: { a: { open: { mon: ["08:00-12:00"], wed-sun: ["08:00-12:00"] }, businessDay: 4h }, b: { open: { sat: ["00:00-24:00"] }, businessDay: 24h } }',
  );
  const words = (id: string): string => hoursInWords(policy.calendars[id] ?? { zone: '', always: false, businessDayMs: 0, weekly: [], special: {} });
  expect([words('a'), words('b'), words('always')]).toEqual(['Mon 08:00–12:00, Wed–Sun 08:00–12:00', 'Sat 00:00–24:00', 'always']);
});

test('what an explained request holds', () => {
  const receivedAt = at('2026-03-28T12:00:00+01:00');
  const { officeOpen, promises } = explainRequest(handbook, { receivedAt, kind: 'chat', priority: 'urgent', plan: 'enterprise' });
  expect(officeOpen).toBe(false);
  expect(promises.map(({ kind }) => kind)).toEqual(['firstResponse', 'chatResponse', 'feedback']);
  expect(promises[0]).toEqual({
    kind: 'firstResponse',
    dueAt: receivedAt + 30 * MINUTE,
    clock: 'always',
    arithmetic: 'Sat 28 Mar 12:00 + 30 m round the clock → Sat 28 Mar 12:30',
    noticeAt: receivedAt,
    pageAt: receivedAt + 15 * MINUTE,
  });
});

test('the stretches always add up to what was promised', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2025, 1), max: Date.UTC(2034, 0) }), fc.constantFrom(...PRIORITIES), (since, priority) => {
      const seed = countPromise(handbook, { kind: 'firstResponse', plan: 'standard', priority, since });
      if (seed === null) throw new Error('firstResponse is never off');
      const told = /Berlin\): (.*) →/.exec(explainPromise(handbook, seed))?.[1];
      if (told === undefined) return;
      const total = told.split(', ').reduce((sum, part) => sum + seconds(part), 0);
      expect(total * 1000).toBe(seed.lengthMs);
    }),
    { numRuns: 500 },
  );
});

function seconds(words: string): number {
  const of = (unit: string): number => Number(new RegExp(`(\\d+) ${unit}\\b`).exec(words.split(' on ')[0] ?? '')?.[1] ?? 0);
  return of('h') * 3600 + of('m') * 60 + of('s');
}
