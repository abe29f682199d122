import * as fc from 'fast-check';
import { isOpen, openTimeBetween } from '../../policy/calendar';
import { expectation, nextOfficeChange, SAMPLES_AT_LEAST, SAMPLES_SINCE_MS, type FirstResponse } from '../../policy/expectation';
import type { PolicySnapshot } from '../../policy/snapshot';
import { at, calendarIn, policyOf } from './policies';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const seed = Number(process.env['HOLDFAST_TEST_SEED']);

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await policyOf('');
});

const asked = (responses: readonly FirstResponse[], more: { plan?: string; priority?: 'urgent' | 'normal' } = {}) => ({
  plan: more.plan ?? 'standard',
  priority: more.priority ?? ('normal' as const),
  responses,
});

/** Answers that took so many minutes, asked one after another in the morning. */
const tookMinutes = (day: string, ...minutes: readonly number[]): FirstResponse[] =>
  minutes.map((took, n) => ({ since: at(`${day}T09:00:00+01:00`) + n * MINUTE, metAt: at(`${day}T09:00:00+01:00`) + n * MINUTE + took * MINUTE }));

describe('what somebody can expect', () => {
  const MONDAY = at('2026-03-23T10:00:00+01:00');

  test('the policy’s promise, until enough has been measured', () => {
    const few = expectation(policy, asked(tookMinutes('2026-03-20', 1, 2, 3, 4)), MONDAY);
    expect(few).toEqual({
      office: 'open',
      opensAt: null,
      reply: { kind: 'promise', ms: 5 * MINUTE },
      samples: 4,
      answerBy: at('2026-03-24T10:00:00+01:00'),
    });
  });

  test('then the median, which one long answer does not move', () => {
    const five = tookMinutes('2026-03-20', 1, 2, 3, 4, 500);
    expect(expectation(policy, asked(five), MONDAY)).toMatchObject({ reply: { kind: 'median', ms: 3 * MINUTE }, samples: 5 });
    // Of two in the middle the slower one.
    expect(expectation(policy, asked(tookMinutes('2026-03-20', 1, 2, 3, 4, 5, 6)), MONDAY).reply).toEqual({ kind: 'median', ms: 4 * MINUTE });
  });

  test('the night counts nothing, and whoever asked in it says nothing of the day', () => {
    // Asked at 19:58, answered at 08:03: five minutes of office time.
    const overnight = Array.from({ length: 5 }, (_, n) => ({ since: at('2026-03-19T19:58:00+01:00') + n, metAt: at('2026-03-20T08:03:00+01:00') + n }));
    expect(expectation(policy, asked(overnight), MONDAY).reply).toEqual({ kind: 'median', ms: 5 * MINUTE });
    const atNight = Array.from({ length: 9 }, (_, n) => ({ since: at('2026-03-19T22:00:00+01:00') + n, metAt: at('2026-03-19T22:10:00+01:00') + n }));
    expect(expectation(policy, asked(atNight), MONDAY)).toMatchObject({ reply: { kind: 'promise' }, samples: 0 });
  });

  test('older than a week is forgotten, and what is yet to come is not known', () => {
    const since = MONDAY - SAMPLES_SINCE_MS - HOUR;
    const old = Array.from({ length: 9 }, () => ({ since, metAt: MONDAY - SAMPLES_SINCE_MS }));
    expect(expectation(policy, asked(old), MONDAY).samples).toBe(0);
    expect(expectation(policy, asked(old.map((response) => ({ ...response, metAt: response.metAt + 1 }))), MONDAY).samples).toBe(9);
    expect(expectation(policy, asked([{ since: MONDAY, metAt: MONDAY + 1 }]), MONDAY).samples).toBe(0);
  });

  test('at the very opening and the very closing', () => {
    const office = (instant: string) => expectation(policy, asked([]), at(instant)).office;
    expect([office('2026-03-23T07:59:59.999+01:00'), office('2026-03-23T08:00:00+01:00')]).toEqual(['closed', 'open']);
    expect([office('2026-03-23T19:59:59.999+01:00'), office('2026-03-23T20:00:00+01:00')]).toEqual(['open', 'closed']);
  });

  test('closed: when it opens, over the nights on which clocks change', () => {
    // Friday evening before summer begins: 60 h on the wall until Monday 08:00, and 59 of them pass.
    const friday = at('2026-03-27T20:00:00+01:00');
    expect(expectation(policy, asked([]), friday)).toMatchObject({
      office: 'closed',
      opensAt: at('2026-03-30T08:00:00+02:00'),
      reply: { kind: 'closed', ms: 59 * HOUR },
      answerBy: at('2026-03-30T20:00:00+02:00'),
    });
    const autumn = at('2026-10-23T20:00:00+02:00');
    expect(expectation(policy, asked([]), autumn)).toMatchObject({ opensAt: at('2026-10-26T08:00:00+01:00'), reply: { ms: 61 * HOUR } });
  });

  test('an answer that took the night of a clock change is measured by the clock of the office', async () => {
    const round = await calendarIn('Europe/Berlin', '{ mon-sun: ["00:00-24:00"] }');
    const spring = { ...round, chats: { ...round.chats, calendar: 'office' } };
    const across = Array.from({ length: 5 }, (_, n) => ({ since: at('2026-03-29T01:30:00+01:00') + n, metAt: at('2026-03-29T03:30:00+02:00') + n }));
    expect(expectation(spring, asked(across), at('2026-03-29T12:00:00+02:00')).reply).toEqual({ kind: 'median', ms: HOUR });
    const autumn = Array.from({ length: 5 }, (_, n) => ({ since: at('2026-10-25T02:30:00+02:00') + n, metAt: at('2026-10-25T02:30:00+01:00') + n }));
    expect(expectation(spring, asked(autumn), at('2026-10-25T12:00:00+01:00')).reply).toEqual({ kind: 'median', ms: HOUR });
  });

  test('by plan and priority', () => {
    const saturday = at('2026-03-28T12:00:00+01:00');
    expect(expectation(policy, asked([], { plan: 'enterprise', priority: 'urgent' }), saturday)).toMatchObject({
      office: 'closed',
      answerBy: saturday + 30 * MINUTE,
    });
    expect(expectation(policy, asked([], { priority: 'urgent' }), saturday).answerBy).toBe(at('2026-03-30T08:30:00+02:00'));
    // A plan that the policy does not know is its first, as everywhere.
    expect(expectation(policy, asked([], { plan: 'constructor' }), saturday)).toEqual(expectation(policy, asked([]), saturday));
  });
});

describe('whatever was measured', () => {
  const YEAR = { min: at('2026-01-05T00:00:00Z'), max: at('2026-12-20T00:00:00Z') };
  const responsesBefore = (now: number) =>
    fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 9 * 86_400_000 }), fc.integer({ min: -HOUR, max: 3 * 86_400_000 }))
        .map(([ago, took]) => ({ since: now - ago, metAt: now - ago + took })),
      { maxLength: 30 },
    );

  test('the estimate is one of the answers, as many are faster as slower, and order means nothing', () => {
    fc.assert(
      fc.property(
        fc.integer(YEAR).chain((now) => fc.tuple(fc.constant(now), responsesBefore(now))),
        ([now, responses]) => {
          const told = expectation(policy, asked(responses), now);
          expect(expectation(policy, asked([...responses].reverse()), now)).toEqual(told);
          const open = isOpen(policy, 'office', now);
          expect(told.office).toBe(open ? 'open' : 'closed');
          expect(told.opensAt === null).toBe(open);
          if (told.opensAt !== null) {
            expect(told.opensAt).toBeGreaterThan(now);
            expect([isOpen(policy, 'office', told.opensAt), isOpen(policy, 'office', told.opensAt - 1)]).toEqual([true, false]);
            expect(told.reply).toEqual({ kind: 'closed', ms: told.opensAt - now });
            return;
          }
          expect(told.reply.kind).toBe(told.samples >= SAMPLES_AT_LEAST ? 'median' : 'promise');
          if (told.reply.kind !== 'median') return;
          const took = responses
            .filter(({ since, metAt }) => since <= metAt && metAt <= now && metAt > now - SAMPLES_SINCE_MS && isOpen(policy, 'office', since))
            .map(({ since, metAt }) => openTimeBetween(policy, 'office', since, metAt));
          const ms = told.reply.ms ?? -1;
          expect(took).toHaveLength(told.samples);
          expect(took).toContain(ms);
          expect(took.filter((each) => each < ms).length).toBeLessThanOrEqual(took.length / 2);
          expect(took.filter((each) => each > ms).length).toBeLessThanOrEqual(took.length / 2);
        },
      ),
      { numRuns: 300, seed },
    );
  });
});

describe('when that changes by the clock', () => {
  test('the office closes, and opens again, also after a weekend on which clocks change', () => {
    expect(nextOfficeChange(policy, at('2026-03-27T10:00:00+01:00'))).toBe(at('2026-03-27T20:00:00+01:00'));
    expect(nextOfficeChange(policy, at('2026-03-27T20:00:00+01:00'))).toBe(at('2026-03-30T08:00:00+02:00'));
    expect(nextOfficeChange(policy, at('2026-03-30T08:00:00+02:00'))).toBe(at('2026-03-30T20:00:00+02:00'));
  });

  test('never, where somebody is always there', async () => {
    expect(nextOfficeChange(await policyOf('chats: { calendar: always }'), MONDAY_NIGHT)).toBeNull();
  });

  const MONDAY_NIGHT = at('2026-03-23T23:00:00+01:00');
});
