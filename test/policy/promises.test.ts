import fc from 'fast-check';
import { addOpenTime, openTimeBetween } from '../../policy/calendar';
import { businessDuration, countPromise, countUpdate, firstPromises, lengthOn, officeOpen, officeOpensAt } from '../../policy/promises';
import type { FirstPromisesRequest } from '../../policy/promises';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { PRIORITIES } from '../../policy/words';
import { at, policyOf, RESOLVED_AT } from './policies';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MONDAY = at('2026-03-23T10:00:00+01:00');
const SATURDAY = at('2026-03-28T12:00:00+01:00');

let handbook: PolicySnapshot;
beforeAll(async () => {
  handbook = await loadPolicy(undefined, RESOLVED_AT);
});

const request: FirstPromisesRequest = {
  kind: 'ticket',
  channel: 'email',
  plan: 'standard',
  priority: 'normal',
  receivedAt: MONDAY,
  initiatedBy: 'customer',
  outOfHours: 'page',
};
const kinds = (policy: PolicySnapshot, change: Partial<FirstPromisesRequest>): string[] =>
  firstPromises(policy, { ...request, ...change }).map(({ kind }) => kind);

describe('which promises a request begins with', () => {
  test('in office hours', () => {
    expect(kinds(handbook, {})).toEqual(['dispatch', 'firstResponse']);
    expect(kinds(handbook, { kind: 'chat', channel: 'chat' })).toEqual(['firstResponse', 'chatResponse']);
    expect(kinds(handbook, { channel: 'voicemail', priority: 'urgent' })).toEqual(['dispatch', 'firstResponse']);
  });

  test('while the office is closed, feedback too, unless its address only notifies', () => {
    expect(kinds(handbook, { receivedAt: SATURDAY })).toEqual(['dispatch', 'firstResponse', 'feedback']);
    expect(kinds(handbook, { receivedAt: SATURDAY, kind: 'chat', channel: 'chat' })).toEqual(['firstResponse', 'chatResponse', 'feedback']);
    expect(kinds(handbook, { receivedAt: SATURDAY, outOfHours: 'notice' })).toEqual(['dispatch', 'firstResponse']);
    expect(kinds(handbook, { receivedAt: SATURDAY, outOfHours: 'notice', channel: 'voicemail' })).toEqual(['dispatch', 'firstResponse', 'feedback']);
  });

  test('a policy that pages nobody out of hours still pages for a voicemail', async () => {
    const policy = await policyOf('outOfHours: { page: false }');
    expect(kinds(policy, { receivedAt: SATURDAY })).toEqual(['dispatch', 'firstResponse']);
    expect(kinds(policy, { receivedAt: SATURDAY, channel: 'voicemail' })).toEqual(['dispatch', 'firstResponse', 'feedback']);
  });

  test('none when an agent begins', () => {
    expect(kinds(handbook, { initiatedBy: 'agent', receivedAt: SATURDAY })).toEqual([]);
  });
});

describe('one promise', () => {
  test('dispatch is counted on office time and pages when due, whatever the plan', () => {
    for (const plan of ['standard', 'enterprise']) {
      expect(countPromise(handbook, { kind: 'dispatch', plan, priority: 'urgent', since: SATURDAY })).toEqual({
        kind: 'dispatch',
        since: SATURDAY,
        dueAt: at('2026-03-30T09:00:00+02:00'),
        clock: 'office',
        lengthMs: HOUR,
        noticeAt: null,
        pageAt: at('2026-03-30T09:00:00+02:00'),
      });
    }
  });

  test('next response has the times of first response; it pages only when urgent', () => {
    for (const priority of PRIORITIES) {
      const first = countPromise(handbook, { kind: 'firstResponse', plan: 'enterprise', priority, since: SATURDAY });
      const next = countPromise(handbook, { kind: 'nextResponse', plan: 'enterprise', priority, since: SATURDAY });
      expect(next).toEqual({ ...first, kind: 'nextResponse', noticeAt: first?.dueAt, pageAt: priority === 'urgent' ? first?.dueAt : null });
    }
  });

  test('next response can be switched off, or have times of its own beside those of first response', async () => {
    const next = { kind: 'nextResponse', plan: 'standard', since: MONDAY } as const;
    expect(countPromise(await policyOf('tickets: { nextResponse: off }'), { ...next, priority: 'high' })).toBeNull();
    const own = await policyOf('tickets: { firstResponse: { low: 2bd }, nextResponse: { high: 2h } }');
    expect(countPromise(own, { ...next, priority: 'high' })?.lengthMs).toBe(2 * HOUR);
    expect(countPromise(own, { ...next, priority: 'low' })?.lengthMs).toBe(24 * HOUR);
  });

  test('chat response is counted on the calendar of chats, feedback and updates by the minute', () => {
    expect(countPromise(handbook, { kind: 'chatResponse', plan: 'enterprise', priority: 'low', since: SATURDAY })).toMatchObject({
      clock: 'office',
      lengthMs: 5 * MINUTE,
      dueAt: at('2026-03-30T08:05:00+02:00'),
      noticeAt: null,
      pageAt: at('2026-03-30T08:05:00+02:00'),
    });
    const due = SATURDAY + 15 * MINUTE;
    expect(countPromise(handbook, { kind: 'feedback', plan: 'standard', priority: 'low', since: SATURDAY })).toMatchObject({
      clock: 'elapsed',
      dueAt: due,
      noticeAt: null,
      pageAt: due,
    });
    expect(countUpdate(SATURDAY, SATURDAY + HOUR)).toEqual({
      kind: 'update',
      since: SATURDAY,
      dueAt: SATURDAY + HOUR,
      clock: 'elapsed',
      lengthMs: HOUR,
      noticeAt: SATURDAY + 30 * MINUTE,
      pageAt: null,
    });
  });

  test('the clock is that of the earliest due time; of equal ones the first listed', async () => {
    const clock = (policy: PolicySnapshot, since: number): string | undefined =>
      countPromise(policy, { kind: 'firstResponse', plan: 'both', priority: 'normal', since })?.clock;
    const alwaysFirst = await policyOf('plans: { both: { calendars: [always, office] } }');
    const officeFirst = await policyOf('plans: { both: { calendars: [office, always] } }');
    expect([clock(alwaysFirst, SATURDAY), clock(officeFirst, SATURDAY)]).toEqual(['always', 'always']);
    expect([clock(alwaysFirst, MONDAY), clock(officeFirst, MONDAY)]).toEqual(['always', 'office']);
  });

  test.each(['gold', '', 'constructor', '__proto__', 'toString'])('the unknown plan "%s" counts as the first of the policy', (plan) => {
    const asked = { kind: 'firstResponse', priority: 'normal', since: SATURDAY } as const;
    expect(countPromise(handbook, { ...asked, plan })).toEqual(countPromise(handbook, { ...asked, plan: 'standard' }));
  });
});

test('a business day is as long as the calendar says', async () => {
  expect(lengthOn(handbook, 'office', { businessDays: 3 })).toBe(36 * HOUR);
  expect(lengthOn(handbook, 'always', { businessDays: 3 })).toBe(72 * HOUR);
  expect(lengthOn(handbook, 'office', { ms: 5 })).toBe(5);
  expect(businessDuration(handbook, { businessDays: 1 }, SATURDAY)).toBe(at('2026-03-30T20:00:00+02:00'));
  expect(businessDuration(handbook, { ms: HOUR }, SATURDAY)).toBe(SATURDAY + HOUR);
});

test('the office is what outOfHours names', async () => {
  expect(officeOpen(handbook, MONDAY)).toBe(true);
  expect(officeOpen(handbook, SATURDAY)).toBe(false);
  expect(officeOpensAt(handbook, SATURDAY)).toBe(at('2026-03-30T08:00:00+02:00'));
  expect(officeOpensAt(handbook, MONDAY)).toBe(MONDAY);
  const policy = await policyOf('calendars: { desk: { open: { sat: ["10:00-14:00"] }, businessDay: 4h } }\noutOfHours: { calendar: desk }');
  expect(officeOpen(policy, SATURDAY)).toBe(true);
  expect(officeOpen(policy, MONDAY)).toBe(false);
});

describe('properties', () => {
  const since = fc.integer({ min: Date.UTC(2025, 1), max: Date.UTC(2034, 0) });
  const priority = fc.constantFrom(...PRIORITIES);

  test('enterprise is never later than standard', () => {
    fc.assert(
      fc.property(since, priority, fc.constantFrom('firstResponse' as const, 'nextResponse' as const), (time, which, kind) => {
        const [enterprise, standard] = ['enterprise', 'standard'].map((plan) => countPromise(handbook, { kind, plan, priority: which, since: time })?.dueAt);
        expect(enterprise).toBeLessThanOrEqual(standard ?? Number.NaN);
      }),
      { numRuns: 1500 },
    );
  });

  test('a notice never comes after its page, a page never after the due time, nothing before the request', () => {
    fc.assert(
      fc.property(since, priority, fc.constantFrom('standard', 'enterprise'), (time, which, plan) => {
        for (const seed of firstPromises(handbook, { ...request, plan, priority: which, receivedAt: time })) {
          const times = [time, seed.noticeAt, seed.pageAt, seed.dueAt].filter((instant) => instant !== null);
          expect(times).toEqual([...times].sort((a, b) => a - b));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('the length promised lies between since and due on the promise’s own clock', () => {
    fc.assert(
      fc.property(since, priority, fc.constantFrom('standard', 'enterprise'), (time, which, plan) => {
        const seed = countPromise(handbook, { kind: 'firstResponse', plan, priority: which, since: time });
        if (seed === null) throw new Error('firstResponse is never off');
        expect(openTimeBetween(handbook, seed.clock, time, seed.dueAt)).toBe(seed.lengthMs);
        expect(addOpenTime(handbook, seed.clock, time, seed.lengthMs)).toBe(seed.dueAt);
      }),
      { numRuns: 1000 },
    );
  });
});
