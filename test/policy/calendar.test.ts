import { addOpenTime, isOpen, nextOpening, openTimeBetween } from '../../policy/calendar';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { at, calendarIn, policyOf, RESOLVED_AT } from './policies';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the office calendar of the handbook', () => {
  let handbook: PolicySnapshot;
  beforeAll(async () => {
    handbook = await loadPolicy(undefined, RESOLVED_AT);
  });

  test.each([
    ['Monday before opening', '2026-03-23T07:59:59.999+01:00', false],
    ['Monday at opening', '2026-03-23T08:00:00.000+01:00', true],
    ['Monday at the last millisecond', '2026-03-23T19:59:59.999+01:00', true],
    ['Monday at closing', '2026-03-23T20:00:00.000+01:00', false],
    ['Friday at the last millisecond', '2026-03-27T19:59:59.999+01:00', true],
    ['Saturday noon', '2026-03-28T12:00:00.000+01:00', false],
    ['Sunday noon', '2026-03-29T12:00:00.000+02:00', false],
    ['first summer Monday at opening', '2026-03-30T08:00:00.000+02:00', true],
    ['first summer Monday before opening', '2026-03-30T07:59:59.999+02:00', false],
    ['first winter Monday at opening', '2026-10-26T08:00:00.000+01:00', true],
    ['first winter Monday before opening', '2026-10-26T07:59:59.999+01:00', false],
  ])('%s', (_name, when, open) => {
    expect(isOpen(handbook, 'office', at(when))).toBe(open);
  });

  test.each([
    ['no time is the instant itself, closed or not', '2026-03-28T12:00:00.000+01:00', 0, '2026-03-28T12:00:00.000+01:00'],
    ['within a day', '2026-03-23T10:00:00.000+01:00', 4 * HOUR, '2026-03-23T14:00:00.000+01:00'],
    ['from opening to exactly closing', '2026-03-23T08:00:00.000+01:00', 12 * HOUR, '2026-03-23T20:00:00.000+01:00'],
    ['from closing', '2026-03-23T20:00:00.000+01:00', 1, '2026-03-24T08:00:00.001+01:00'],
    ['one millisecond too much for today', '2026-03-23T08:00:00.000+01:00', 12 * HOUR + 1, '2026-03-24T08:00:00.001+01:00'],
    ['from the last millisecond', '2026-03-23T19:59:59.999+01:00', 1, '2026-03-23T20:00:00.000+01:00'],
    ['before opening', '2026-03-23T03:00:00.000+01:00', HOUR, '2026-03-23T09:00:00.000+01:00'],
    ['over a weekend and the change to summer', '2026-03-27T19:30:00.000+01:00', HOUR, '2026-03-30T08:30:00.000+02:00'],
    ['over a weekend and the change to winter', '2026-10-23T19:30:00.000+02:00', HOUR, '2026-10-26T08:30:00.000+01:00'],
    ['five days of twelve hours', '2026-03-27T20:00:00.000+01:00', 60 * HOUR, '2026-04-03T20:00:00.000+02:00'],
  ])('adds open time %s', (_name, from, openMs, expected) => {
    expect(new Date(addOpenTime(handbook, 'office', at(from), openMs)).toISOString()).toBe(new Date(at(expected)).toISOString());
  });

  test('measures open time, over a weekend too, and nothing backwards', () => {
    expect(openTimeBetween(handbook, 'office', at('2026-03-27T18:30:00+01:00'), at('2026-03-30T18:30:00+02:00'))).toBe(12 * HOUR);
    expect(openTimeBetween(handbook, 'office', at('2026-03-28T00:00:00+01:00'), at('2026-03-30T00:00:00+02:00'))).toBe(0);
    expect(openTimeBetween(handbook, 'office', at('2026-03-24T12:00:00+01:00'), at('2026-03-23T12:00:00+01:00'))).toBe(0);
  });

  test('says when it opens next', () => {
    expect(nextOpening(handbook, 'office', at('2026-03-27T20:00:00+01:00'))).toBe(at('2026-03-30T08:00:00+02:00'));
    expect(nextOpening(handbook, 'office', at('2026-03-27T19:59:59.999+01:00'))).toBe(at('2026-03-27T19:59:59.999+01:00'));
  });

  test('always is open always, and counts every millisecond', () => {
    const night = at('2026-03-29T00:30:00Z');
    expect(isOpen(handbook, 'always', night)).toBe(true);
    expect(nextOpening(handbook, 'always', night)).toBe(night);
    expect(addOpenTime(handbook, 'always', night, 24 * HOUR)).toBe(night + 24 * HOUR);
    expect(openTimeBetween(handbook, 'always', night, night + 5)).toBe(5);
  });
});

describe('nights on which clocks change', () => {
  // Hours that begin, end or lie in the hour that is skipped or repeated.
  test.each([
    ['Europe/Berlin', 'sun: ["02:30-04:00"]', '2026-03-29T01:00:00.000Z', '2026-03-29T02:00:00.000Z', 'a skipped opening lies at the change'],
    ['Europe/Berlin', 'sun: ["00:00-02:30"]', '2026-03-28T23:00:00.000Z', '2026-03-29T01:00:00.000Z', 'a skipped closing lies at the change'],
    ['Europe/Berlin', 'sun: ["02:30-04:00"]', '2026-10-25T00:30:00.000Z', '2026-10-25T03:00:00.000Z', 'a repeated opening is the first'],
    ['Europe/Berlin', 'sun: ["00:00-02:30"]', '2026-10-24T22:00:00.000Z', '2026-10-25T01:30:00.000Z', 'a repeated closing is the last'],
    ['Europe/Berlin', 'sun: ["00:00-24:00"]', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z', 'a day of 23 hours'],
    ['Europe/Berlin', 'sun: ["00:00-24:00"]', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z', 'a day of 25 hours'],
    ['Australia/Lord_Howe', 'sun: ["00:00-24:00"]', '2026-04-04T13:00:00.000Z', '2026-04-05T13:30:00.000Z', 'a day of 24 hours and a half'],
    ['Australia/Lord_Howe', 'sun: ["00:00-24:00"]', '2026-10-03T13:30:00.000Z', '2026-10-04T13:00:00.000Z', 'a day of 23 hours and a half'],
  ])('%s, %s: %#', async (zone, open, opens, closes, why) => {
    const policy = await calendarIn(zone, `{ ${open} }`);
    const [start, end] = [at(opens), at(closes)];
    const seen = {
      before: isOpen(policy, 'office', start - 1),
      first: isOpen(policy, 'office', start),
      last: isOpen(policy, 'office', end - 1),
      after: isOpen(policy, 'office', end),
    };
    expect({ why, ...seen }).toEqual({ why, before: false, first: true, last: true, after: false });
    expect(nextOpening(policy, 'office', start - 24 * HOUR)).toBe(start);
    expect(openTimeBetween(policy, 'office', start - 24 * HOUR, end + 24 * HOUR)).toBe(end - start);
    expect(addOpenTime(policy, 'office', start - HOUR, end - start)).toBe(end);
  });

  test('an interval inside the skipped hour is empty on that day', async () => {
    const policy = await calendarIn('Europe/Berlin', '{ sun: ["02:10-02:50"] }');
    expect(openTimeBetween(policy, 'office', at('2026-03-28T00:00:00Z'), at('2026-03-30T00:00:00Z'))).toBe(0);
    expect(nextOpening(policy, 'office', at('2026-03-28T00:00:00Z'))).toBe(at('2026-04-05T02:10:00+02:00'));
  });

  test('two intervals that meet in the repeated hour count it once', async () => {
    const policy = await calendarIn('Europe/Berlin', '{ sun: ["00:00-02:30", "02:30-06:00"] }');
    expect(openTimeBetween(policy, 'office', at('2026-10-24T00:00:00Z'), at('2026-10-26T00:00:00Z'))).toBe(7 * HOUR);
  });

  test('a clock that is set back at midnight counts the evening before once', async () => {
    const policy = await calendarIn('America/Havana', '{ mon-sun: ["00:00-24:00"] }');
    const [from, to] = [at('2026-10-30T00:00:00Z'), at('2026-11-03T00:00:00Z')];
    expect(openTimeBetween(policy, 'office', from, to)).toBe(to - from);
    expect(addOpenTime(policy, 'office', from, to - from)).toBe(to);
  });
});

describe('several intervals a day, and special days', () => {
  let policy: PolicySnapshot;
  beforeAll(async () => {
    policy = await calendarIn(
      'Europe/Berlin',
      '{ mon-thu: ["13:00-18:00", "08:00-12:00"], fri: ["08:00-13:00"] }',
      '[{ date: 2026-12-24, open: ["08:00-13:00"] }, { date: 2026-12-25 }, { date: 2026-12-26, open: ["22:00-24:00"] }, { date: 2026-12-27, open: ["00:00-01:00"] }]',
    );
  });

  test('the break at noon is closed', () => {
    expect(isOpen(policy, 'office', at('2026-03-23T11:59:59.999+01:00'))).toBe(true);
    expect(isOpen(policy, 'office', at('2026-03-23T12:00:00.000+01:00'))).toBe(false);
    expect(isOpen(policy, 'office', at('2026-03-23T13:00:00.000+01:00'))).toBe(true);
    expect(addOpenTime(policy, 'office', at('2026-03-23T11:30:00+01:00'), HOUR)).toBe(at('2026-03-23T13:30:00+01:00'));
    expect(addOpenTime(policy, 'office', at('2026-03-23T11:30:00+01:00'), 30 * MINUTE)).toBe(at('2026-03-23T12:00:00+01:00'));
  });

  test('a special day has its own hours, or none', () => {
    expect(isOpen(policy, 'office', at('2026-12-24T12:59:00+01:00'))).toBe(true);
    expect(isOpen(policy, 'office', at('2026-12-24T13:00:00+01:00'))).toBe(false);
    expect(isOpen(policy, 'office', at('2026-12-25T10:00:00+01:00'))).toBe(false);
    expect(addOpenTime(policy, 'office', at('2026-12-24T12:00:00+01:00'), 2 * HOUR)).toBe(at('2026-12-26T23:00:00+01:00'));
  });

  test('hours that meet at midnight are one stretch', () => {
    expect(openTimeBetween(policy, 'office', at('2026-12-26T00:00:00+01:00'), at('2026-12-28T00:00:00+01:00'))).toBe(3 * HOUR);
    expect(addOpenTime(policy, 'office', at('2026-12-26T21:00:00+01:00'), 3 * HOUR)).toBe(at('2026-12-27T01:00:00+01:00'));
  });
});

describe('what cannot be counted', () => {
  test('a calendar without open time ahead', async () => {
    const policy = await calendarIn('Europe/Berlin', '{ mon-fri: ["08:00-20:00"] }');
    const office = policy.calendars['office'];
    if (office === undefined) throw new Error('no office');
    const closed: PolicySnapshot = { ...policy, calendars: { office: { ...office, weekly: [[], [], [], [], [], [], []] } } };
    expect(isOpen(closed, 'office', RESOLVED_AT)).toBe(false);
    expect(openTimeBetween(closed, 'office', RESOLVED_AT, RESOLVED_AT + 1000 * HOUR)).toBe(0);
    expect(() => nextOpening(closed, 'office', RESOLVED_AT)).toThrow(expect.objectContaining({ code: 'E_CALENDAR_NEVER_OPENS' }));
    expect(() => addOpenTime(closed, 'office', RESOLVED_AT, 1)).toThrow(expect.objectContaining({ code: 'E_CALENDAR_NEVER_OPENS' }));
  });

  test('times outside the years of the policy, to the millisecond', async () => {
    const policy = await policyOf('');
    const [first, end] = [Date.UTC(2025, 0), Date.UTC(2037, 0)];
    const outOfRange = expect.objectContaining({ code: 'E_OUT_OF_RANGE' }) as Error;
    expect(isOpen(policy, 'office', first)).toBe(false);
    expect(isOpen(policy, 'office', end - 1)).toBe(false);
    for (const time of [first - 1, end, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => isOpen(policy, 'office', time)).toThrow(outOfRange);
      expect(() => addOpenTime(policy, 'office', time, 1)).toThrow(outOfRange);
    }
    expect(() => openTimeBetween(policy, 'office', end - 2, end)).toThrow(outOfRange);
    expect(() => addOpenTime(policy, 'office', end - HOUR, HOUR)).toThrow(outOfRange);
  });

  test('a calendar that is not there, and negative time', async () => {
    const policy = await policyOf('');
    expect(() => isOpen(policy, 'nowhere', RESOLVED_AT)).toThrow(expect.objectContaining({ code: 'E_POLICY_INVALID' }));
    expect(() => isOpen(policy, 'constructor', RESOLVED_AT)).toThrow(expect.objectContaining({ code: 'E_POLICY_INVALID' }));
    expect(() => addOpenTime(policy, 'office', RESOLVED_AT, -1)).toThrow(RangeError);
  });
});

test('ten years are added day by day, not minute by minute', async () => {
  const policy = await policyOf('');
  const from = Date.UTC(2026, 0, 1);
  const started = performance.now();
  for (let run = 0; run < 10; run += 1) addOpenTime(policy, 'office', from, 10 * 250 * 12 * HOUR);
  expect((performance.now() - started) / 10).toBeLessThan(250);
});
