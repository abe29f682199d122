import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPolicyDocument } from '../../policy/document';
import { policyHints } from '../../policy/hints';
import { loadPolicy, resolvePolicy } from '../../policy/resolve';
import { policyOf, RESOLVED_AT } from './policies';

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
const EVERY_KEY = path.join(__dirname, 'every-key.yaml');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-policy-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a policy with every key', () => {
  test('is resolved to numbers', async () => {
    const { hash, zones, calendars, ...rest } = await loadPolicy(EVERY_KEY, RESOLVED_AT);
    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    expect(Object.keys(zones).sort()).toEqual(['America/New_York', 'Asia/Kolkata', 'Europe/London']);
    expect(calendars['nights']).toEqual({ zone: 'America/New_York', always: true, businessDayMs: 10 * HOUR_MS, weekly: [], special: {} });
    expect(calendars['always']).toEqual({ zone: 'Asia/Kolkata', always: false, businessDayMs: 20 * HOUR_MS, weekly: Array(7).fill([[0, 1440]]), special: {} });
    const day = [
      [480, 720],
      [780, 1020],
    ];
    expect(calendars['office']).toMatchObject({
      zone: 'Europe/London',
      always: false,
      businessDayMs: 8 * HOUR_MS,
      weekly: [day, day, day, day, [[480, 720]], [], []],
    });
    expect(rest).toEqual({
      version: 'every-key',
      timezone: 'America/New_York',
      years: [2025, 2036],
      plans: { gold: { calendars: ['nights', 'office'] }, silver: { calendars: ['office'] } },
      defaultPlan: 'gold',
      triage: [
        { when: { address: 'Hosting', contact: 'alerts@acme.example', subject: ['down', '502'] }, priority: 'urgent', tags: ['outage'], team: 'web' },
        { when: { subject: ['invoice'] }, priority: 'low' },
      ],
      defaultPriority: 'low',
      tickets: {
        dispatch: { within: { businessDays: 2 }, calendar: 'nights' },
        firstResponse: { urgent: { ms: 90_000 }, high: { ms: 2 * HOUR_MS }, normal: { businessDays: 2 }, low: { ms: 5 * DAY_MS } },
        nextResponse: { urgent: { ms: 600_000 }, high: { ms: 2 * HOUR_MS }, normal: { businessDays: 1 }, low: { ms: 5 * DAY_MS } },
        closeSolvedAfter: { businessDays: 6 },
        closingSilence: { ms: 2 * DAY_MS },
        remindPendingAfter: null,
        solvePendingAfter: null,
        askRatingAfter: null,
      },
      escalate: {
        urgent: { notice: 10, page: 20 },
        high: { notice: 20, page: 30 },
        normal: { notice: 30, page: 40 },
        low: { notice: 100, page: 100 },
      },
      undoSendMs: 0,
      reopenGraceMs: 2 * HOUR_MS,
      voicemail: { joinWithinMs: 600_000, missedUnderMs: 3000 },
      chats: {
        response: { businessDays: 1 },
        calendar: 'nights',
        customerGoneAfterMs: 30_000,
        unseenAfterMs: 120_000,
        mailBatchMs: 0,
        agentSilenceMs: 60_000,
        closingSilenceMs: 600_000,
        page: 'off',
      },
      outOfHours: { calendar: 'nights', page: false, feedbackWithinMs: 300_000 },
      onCall: { levels: [{ via: 'pagerduty', acknowledgeWithinMs: 120_000 }], repeat: 1, collectMs: 0, fallback: { everyMs: 60_000 } },
      addresses: {
        help: { priority: 'high', tags: ['help'], team: 'desk', from: 'Acme, Help', signature: 'Yours, Acme', outOfHours: 'notice' },
      },
      receipt: false,
    });
  });

  test('its special days: dates win, holidays and all-day events are closed, closed days are left out', async () => {
    const special = (await loadPolicy(EVERY_KEY, RESOLVED_AT)).calendars['office']?.special ?? {};
    const in2026 = Object.entries(special).filter(([date]) => date.startsWith('2026-'));
    expect(Object.fromEntries(in2026)).toEqual({
      '2026-01-01': [],
      '2026-01-02': [], // Scotland only
      '2026-04-03': [],
      '2026-05-04': [],
      '2026-05-25': [],
      '2026-06-10': [],
      '2026-06-11': [],
      '2026-07-02': [],
      '2026-08-03': [],
      '2026-11-30': [],
      '2026-12-24': [[480, 600]],
      '2026-12-25': [],
      '2026-12-28': [],
    });
    const birthdays = Object.keys(special).filter((date) => /-07-0[1-5]$/.test(date));
    expect(birthdays).toEqual(['2025-07-02', '2026-07-02', '2027-07-05', '2030-07-02', '2031-07-02', '2032-07-02', '2035-07-02', '2036-07-02']);
  });

  test('the order of its first plan is kept by value, not by the order of keys', async () => {
    const snapshot = await loadPolicy(EVERY_KEY, RESOLVED_AT);
    const swapped = (await readFile(EVERY_KEY, 'utf8')).replace(
      / {2}gold.*\n {2}silver.*\n/,
      (lines) => lines.trimEnd().split('\n').reverse().join('\n') + '\n',
    );
    const other = await resolvePolicy(readPolicyDocument(swapped, 'swapped.yaml'), { now: RESOLVED_AT, baseFolder: __dirname });
    expect(other.defaultPlan).toBe('silver');
    expect(other.hash).not.toBe(snapshot.hash);
  });
});

describe('the hash', () => {
  test('is the same all year for the same policy, however its file is written', async () => {
    const one = await policyOf('undoSend: 5s\nreceipt: off', Date.UTC(2026, 0, 1));
    const two = await policyOf('receipt: "off" # quietly\nundoSend: 5s', Date.UTC(2026, 11, 31, 23, 59, 59, 999));
    expect(two).toEqual(one);
    expect((await policyOf('undoSend: 5s\nreceipt: off', Date.UTC(2027, 0, 1))).hash).not.toBe(one.hash);
  });

  test('changes with every change, also with the mark of a demonstration', async () => {
    const hashes = await Promise.all(
      ['', 'undoSend: 11s', 'receipt: off', 'timezone: UTC', 'defaultPriority: low'].map(async (text) => (await policyOf(text)).hash),
    );
    const demo = await resolvePolicy(readPolicyDocument('version: test-1', 'demo.yaml'), { now: RESOLVED_AT, baseFolder: '/', demo: true });
    expect(demo.demo).toBe(true);
    expect(new Set([...hashes, demo.hash]).size).toBe(6);
  });

  test('a snapshot survives JSON', async () => {
    const snapshot = await policyOf('');
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
});

test.each([
  [
    'Europe/Berlin',
    60,
    [
      ['2026-03-29T01:00:00Z', 120],
      ['2026-10-25T01:00:00Z', 60],
    ],
  ],
  [
    'America/New_York',
    -300,
    [
      ['2026-03-08T07:00:00Z', -240],
      ['2026-11-01T06:00:00Z', -300],
    ],
  ],
  [
    'Australia/Lord_Howe',
    660,
    [
      ['2026-04-04T15:00:00Z', 630],
      ['2026-10-03T15:30:00Z', 660],
    ],
  ],
  ['Asia/Kathmandu', 345, []],
] as const)('%s changes its clocks to the second', async (zone, atStart, changes) => {
  const transitions = (await policyOf(`timezone: ${zone}`)).zones[zone] ?? [];
  expect(transitions[0]).toEqual([Date.UTC(2025, 0) / 1000, atStart]);
  const in2026 = transitions.slice(1).filter(([second]) => new Date(second * 1000).getUTCFullYear() === 2026);
  expect(in2026).toEqual(changes.map(([time, offset]) => [Date.parse(time) / 1000, offset]));
});

describe('special days', () => {
  const withDays = (days: string): Promise<Record<string, unknown>> =>
    policyOf(`calendars: { office: { open: { mon-sun: ["08:00-20:00"] }, specialDays: ${days} } }`).then(({ calendars }) => calendars['office']?.special ?? {});

  test('holidays of a state, also as lower case; hours of a date win over the holiday', async () => {
    const bavaria = await withDays('[{ date: 2026-01-06, open: ["10:00-12:00"] }, { country: de, state: by }]');
    expect(bavaria).toMatchObject({ '2026-01-01': [], '2026-01-06': [[600, 720]], '2026-06-04': [], '2036-12-26': [] });
    const berlin = await withDays('[{ country: DE, state: BE }]');
    expect(berlin).toMatchObject({ '2026-01-01': [], '2026-03-08': [] });
    expect(berlin).not.toHaveProperty('2026-01-06');
  });

  test('a holiday of several days from sunset closes the days whose noon it covers', async () => {
    const turkey = Object.keys(await withDays('[{ country: TR }]')).filter((date) => date.startsWith('2026-03'));
    expect(turkey).toEqual(['2026-03-20', '2026-03-21', '2026-03-22']);
  });

  test('the hours of every other day change nothing, and dates outside the years neither', async () => {
    expect(await withDays('[{ date: 2026-05-05, open: ["08:00-20:00"] }, { date: 2045-01-01 }]')).toEqual({});
  });

  test('twelve years of Bavaria’s holidays fit into little more', async () => {
    const snapshot = await policyOf('calendars: { office: { specialDays: [{ country: DE, state: BY }] } }');
    expect(Buffer.byteLength(JSON.stringify(snapshot))).toBeLessThanOrEqual(4500);
  });

  test.each([
    ['an unknown country', '{ country: XX }', 'test.yaml:3:29 calendars.office.specialDays[0].country: there is no country "XX"'],
    ['an unknown state', '{ country: DE, state: TX }', 'test.yaml:3:42 calendars.office.specialDays[0].state: there is no state "TX" in DE: write one of BB'],
    ['a file that is not there', '{ ical: none.ics }', 'test.yaml:3:29 calendars.office.specialDays[0].ical:'],
    ['a file that is none', '{ ical: policies.ts }', 'test.yaml:3:29 calendars.office.specialDays[0].ical:'],
  ])('%s', async (_name, day, message) => {
    const text = `calendars:\n  office: { specialDays: [${day}] }`;
    await expect(policyOf(text)).rejects.toMatchObject({ code: 'E_POLICY_INVALID', message: expect.stringContaining(message) as string });
  });
});

test('times that never come due are refused with their line', async () => {
  const rarely = policyOf('calendars:\n  office: { open: { wed: ["10:00-10:01"] }, businessDay: 1m }\ntickets:\n  firstResponse: { low: 20d }');
  await expect(rarely).rejects.toMatchObject({
    code: 'E_POLICY_INVALID',
    problems: [expect.objectContaining({ line: 5, key: 'tickets.firstResponse.low', message: expect.stringContaining('never come') as string }) as unknown],
  });
});

describe('files', () => {
  test('one that is not there', async () => {
    const file = path.join(folder, 'none.yaml');
    await expect(loadPolicy(file)).rejects.toMatchObject({ code: 'E_POLICY_UNREADABLE', message: expect.stringContaining(file) as string });
  });

  test('one that is a folder', async () => {
    await expect(loadPolicy(folder)).rejects.toMatchObject({ code: 'E_POLICY_UNREADABLE' });
  });

  test('other files are looked for beside it', async () => {
    const file = path.join(folder, 'my.yaml');
    await writeFile(file, 'version: mine\ncalendars: { office: { specialDays: [{ ical: closed.ics }] } }');
    await writeFile(path.join(folder, 'closed.ics'), await readFile(path.join(__dirname, 'every-key.ics'), 'utf8'));
    expect((await loadPolicy(file, RESOLVED_AT)).calendars['office']?.special).toMatchObject({ '2026-06-10': [] });
  });
});

test('hints for what is allowed but may not be meant', async () => {
  expect(policyHints(await policyOf(''))).toEqual(['The calendar "office" has no special days: promises run on public holidays as on any other day.']);
  const short = await policyOf('calendars: { office: { open: { mon-fri: ["09:00-17:00"] }, specialDays: [{ date: 2026-12-24 }] } }');
  expect(policyHints(short)).toEqual(['On the calendar "office" a business day is 12 h, but its days are open for 8 h.']);
});
