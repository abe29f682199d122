import { readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { readPolicyDocument } from '../../policy/document';
import { countPromise, firstPromises } from '../../policy/promises';
import { DEFAULT_POLICY_FILE, loadPolicy, resolvePolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { PRIORITIES } from '../../policy/words';
import type { Priority } from '../../policy/words';
import { RESOLVED_AT } from './policies';

const ZONE = 'Europe/Berlin';
const FORM = 'ccc d LLL HH:mm';

/** The handbook's table, worked out by hand: Berlin time, 2026. Clocks change on Sun 29 Mar and Sun 25 Oct. */
const FIRST_RESPONSE = `
received          plan        priority  due               notice            page
--- in office hours
Mon 23 Mar 10:00  standard    urgent    Mon 23 Mar 10:30  Mon 23 Mar 10:00  Mon 23 Mar 10:15
Mon 23 Mar 10:00  standard    high      Mon 23 Mar 14:00  Mon 23 Mar 12:00  Mon 23 Mar 13:00
Mon 23 Mar 10:00  standard    normal    Tue 24 Mar 10:00  Mon 23 Mar 19:00  Tue 24 Mar 10:00
Mon 23 Mar 10:00  standard    low       Thu 26 Mar 10:00  Wed 25 Mar 13:00  Thu 26 Mar 10:00
Mon 23 Mar 10:00  enterprise  urgent    Mon 23 Mar 10:30  Mon 23 Mar 10:00  Mon 23 Mar 10:15
Mon 23 Mar 10:00  enterprise  high      Mon 23 Mar 14:00  Mon 23 Mar 12:00  Mon 23 Mar 13:00
Mon 23 Mar 10:00  enterprise  normal    Tue 24 Mar 10:00  Tue 24 Mar 04:00  Tue 24 Mar 10:00
Mon 23 Mar 10:00  enterprise  low       Thu 26 Mar 10:00  Wed 25 Mar 16:00  Thu 26 Mar 10:00
--- at night
Tue 24 Mar 22:00  standard    urgent    Wed 25 Mar 08:30  Tue 24 Mar 22:00  Wed 25 Mar 08:15
Tue 24 Mar 22:00  standard    high      Wed 25 Mar 12:00  Wed 25 Mar 10:00  Wed 25 Mar 11:00
Tue 24 Mar 22:00  standard    normal    Wed 25 Mar 20:00  Wed 25 Mar 17:00  Wed 25 Mar 20:00
Tue 24 Mar 22:00  standard    low       Fri 27 Mar 20:00  Fri 27 Mar 11:00  Fri 27 Mar 20:00
Tue 24 Mar 22:00  enterprise  urgent    Tue 24 Mar 22:30  Tue 24 Mar 22:00  Tue 24 Mar 22:15
Tue 24 Mar 22:00  enterprise  high      Wed 25 Mar 02:00  Wed 25 Mar 00:00  Wed 25 Mar 01:00
Tue 24 Mar 22:00  enterprise  normal    Wed 25 Mar 20:00  Wed 25 Mar 17:00  Wed 25 Mar 20:00
Tue 24 Mar 22:00  enterprise  low       Fri 27 Mar 20:00  Fri 27 Mar 11:00  Fri 27 Mar 20:00
--- on Friday evening, over a weekend and the change to summer
Fri 27 Mar 18:30  standard    urgent    Fri 27 Mar 19:00  Fri 27 Mar 18:30  Fri 27 Mar 18:45
Fri 27 Mar 18:30  standard    high      Mon 30 Mar 10:30  Mon 30 Mar 08:30  Mon 30 Mar 09:30
Fri 27 Mar 18:30  standard    normal    Mon 30 Mar 18:30  Mon 30 Mar 15:30  Mon 30 Mar 18:30
Fri 27 Mar 18:30  standard    low       Wed 1 Apr 18:30   Wed 1 Apr 09:30   Wed 1 Apr 18:30
Fri 27 Mar 18:30  enterprise  urgent    Fri 27 Mar 19:00  Fri 27 Mar 18:30  Fri 27 Mar 18:45
Fri 27 Mar 18:30  enterprise  high      Fri 27 Mar 22:30  Fri 27 Mar 20:30  Fri 27 Mar 21:30
Fri 27 Mar 18:30  enterprise  normal    Sat 28 Mar 18:30  Sat 28 Mar 12:30  Sat 28 Mar 18:30
Fri 27 Mar 18:30  enterprise  low       Mon 30 Mar 19:30  Mon 30 Mar 01:30  Mon 30 Mar 19:30
--- on a Saturday, over the change to summer
Sat 28 Mar 12:00  standard    urgent    Mon 30 Mar 08:30  Sat 28 Mar 12:00  Mon 30 Mar 08:15
Sat 28 Mar 12:00  standard    high      Mon 30 Mar 12:00  Mon 30 Mar 10:00  Mon 30 Mar 11:00
Sat 28 Mar 12:00  standard    normal    Mon 30 Mar 20:00  Mon 30 Mar 17:00  Mon 30 Mar 20:00
Sat 28 Mar 12:00  standard    low       Wed 1 Apr 20:00   Wed 1 Apr 11:00   Wed 1 Apr 20:00
Sat 28 Mar 12:00  enterprise  urgent    Sat 28 Mar 12:30  Sat 28 Mar 12:00  Sat 28 Mar 12:15
Sat 28 Mar 12:00  enterprise  high      Sat 28 Mar 16:00  Sat 28 Mar 14:00  Sat 28 Mar 15:00
Sat 28 Mar 12:00  enterprise  normal    Sun 29 Mar 13:00  Sun 29 Mar 07:00  Sun 29 Mar 13:00
Sat 28 Mar 12:00  enterprise  low       Tue 31 Mar 13:00  Mon 30 Mar 19:00  Tue 31 Mar 13:00
--- a quarter of an hour before clocks are set forward from 02:00 to 03:00
Sun 29 Mar 01:45  standard    urgent    Mon 30 Mar 08:30  Sun 29 Mar 01:45  Mon 30 Mar 08:15
Sun 29 Mar 01:45  enterprise  urgent    Sun 29 Mar 03:15  Sun 29 Mar 01:45  Sun 29 Mar 03:00
--- on a Saturday, over the change to winter
Fri 23 Oct 18:30  standard    normal    Mon 26 Oct 18:30  Mon 26 Oct 15:30  Mon 26 Oct 18:30
Sat 24 Oct 12:00  standard    urgent    Mon 26 Oct 08:30  Sat 24 Oct 12:00  Mon 26 Oct 08:15
Sat 24 Oct 12:00  standard    high      Mon 26 Oct 12:00  Mon 26 Oct 10:00  Mon 26 Oct 11:00
Sat 24 Oct 12:00  standard    normal    Mon 26 Oct 20:00  Mon 26 Oct 17:00  Mon 26 Oct 20:00
Sat 24 Oct 12:00  standard    low       Wed 28 Oct 20:00  Wed 28 Oct 11:00  Wed 28 Oct 20:00
Sat 24 Oct 12:00  enterprise  urgent    Sat 24 Oct 12:30  Sat 24 Oct 12:00  Sat 24 Oct 12:15
Sat 24 Oct 12:00  enterprise  high      Sat 24 Oct 16:00  Sat 24 Oct 14:00  Sat 24 Oct 15:00
Sat 24 Oct 12:00  enterprise  normal    Sun 25 Oct 11:00  Sun 25 Oct 05:00  Sun 25 Oct 11:00
Sat 24 Oct 12:00  enterprise  low       Tue 27 Oct 11:00  Mon 26 Oct 17:00  Tue 27 Oct 11:00
--- at the edges of office hours
Mon 23 Mar 07:59  standard    urgent    Mon 23 Mar 08:30  Mon 23 Mar 07:59  Mon 23 Mar 08:15
Mon 23 Mar 08:00  standard    urgent    Mon 23 Mar 08:30  Mon 23 Mar 08:00  Mon 23 Mar 08:15
Mon 23 Mar 08:00  standard    normal    Mon 23 Mar 20:00  Mon 23 Mar 17:00  Mon 23 Mar 20:00
Mon 23 Mar 19:30  standard    urgent    Mon 23 Mar 20:00  Mon 23 Mar 19:30  Mon 23 Mar 19:45
Mon 23 Mar 19:45  standard    urgent    Tue 24 Mar 08:15  Mon 23 Mar 19:45  Mon 23 Mar 20:00
Mon 23 Mar 20:00  standard    urgent    Tue 24 Mar 08:30  Mon 23 Mar 20:00  Tue 24 Mar 08:15
Mon 23 Mar 20:00  standard    normal    Tue 24 Mar 20:00  Tue 24 Mar 17:00  Tue 24 Mar 20:00
`;

/** Dispatch: an hour of office time, whatever the plan. Feedback: a quarter of an hour, only while the office is closed. */
const OTHER_PROMISES = `
received          kind    dispatch          chatResponse      feedback
Mon 23 Mar 10:00  ticket  Mon 23 Mar 11:00  -                 -
Mon 23 Mar 10:00  chat    -                 Mon 23 Mar 10:05  -
Mon 23 Mar 19:30  ticket  Tue 24 Mar 08:30  -                 -
Mon 23 Mar 19:57  chat    -                 Tue 24 Mar 08:02  -
Tue 24 Mar 22:00  ticket  Wed 25 Mar 09:00  -                 Tue 24 Mar 22:15
Sat 28 Mar 12:00  ticket  Mon 30 Mar 09:00  -                 Sat 28 Mar 12:15
Sat 28 Mar 12:00  chat    -                 Mon 30 Mar 08:05  Sat 28 Mar 12:15
Sun 29 Mar 01:50  ticket  Mon 30 Mar 09:00  -                 Sun 29 Mar 03:05
Sat 24 Oct 23:55  ticket  Mon 26 Oct 09:00  -                 Sun 25 Oct 00:10
Mon 23 Mar 07:59  ticket  Mon 23 Mar 09:00  -                 Mon 23 Mar 08:14
Mon 23 Mar 08:00  ticket  Mon 23 Mar 09:00  -                 -
Mon 23 Mar 20:00  ticket  Tue 24 Mar 09:00  -                 Mon 23 Mar 20:15
`;

let handbook: PolicySnapshot;
beforeAll(async () => {
  handbook = await loadPolicy(undefined, RESOLVED_AT);
});

test.each(rowsOf(FIRST_RESPONSE))('first response: $received, $plan, $priority', ({ received, plan, priority, ...expected }) => {
  const seed = countPromise(handbook, { kind: 'firstResponse', plan: plan ?? '', priority: priority as Priority, since: instantOf(received) });
  expect({ due: inBerlin(seed?.dueAt), notice: inBerlin(seed?.noticeAt), page: inBerlin(seed?.pageAt) }).toEqual(expected);
});

describe.each(['standard', 'enterprise'])('plan %s', (plan) => {
  test.each(rowsOf(OTHER_PROMISES))('other promises: $kind, $received', ({ received, kind, ...expected }) => {
    for (const priority of PRIORITIES) {
      const seeds = firstPromises(handbook, {
        kind: kind === 'chat' ? 'chat' : 'ticket',
        channel: kind === 'chat' ? 'chat' : 'email',
        plan,
        priority,
        receivedAt: instantOf(received),
        initiatedBy: 'customer',
        outOfHours: 'page',
      });
      const due = (wanted: string): string => inBerlin(seeds.find((seed) => seed.kind === wanted)?.dueAt);
      expect({ dispatch: due('dispatch'), chatResponse: due('chatResponse'), feedback: due('feedback') }).toEqual(expected);
      expect(seeds.filter((seed) => seed.kind === 'firstResponse')).toHaveLength(1);
    }
  });
});

test('half an hour while the clock repeats an hour is half an hour', () => {
  const since = Date.parse('2026-10-25T02:45:00+02:00');
  const seed = countPromise(handbook, { kind: 'firstResponse', plan: 'enterprise', priority: 'urgent', since });
  expect(seed?.dueAt).toBe(Date.parse('2026-10-25T02:15:00+01:00'));
});

test('the file that ships says what a policy without keys means', async () => {
  const nothing = await resolvePolicy(readPolicyDocument('version: handbook-1', 'nothing.yaml'), { now: RESOLVED_AT, baseFolder: '/' });
  expect(nothing).toEqual(handbook);
});

test('the file that ships states every key', async () => {
  const { policy } = readPolicyDocument(await readFile(DEFAULT_POLICY_FILE, 'utf8'), 'handbook.yaml');
  const stated = readPolicyDocument('version: handbook-1', 'nothing.yaml').policy;
  expect(policy).toEqual(stated);
  const text = await readFile(DEFAULT_POLICY_FILE, 'utf8');
  for (const key of Object.keys(stated)) expect(text).toMatch(new RegExp(`^${key}:`, 'm'));
});

test('its snapshot is at most 4 KB', () => {
  expect(Buffer.byteLength(JSON.stringify(handbook))).toBeLessThanOrEqual(4096);
});

/** The rows of a table of text as objects, keyed by its first line; columns are two spaces or more apart. */
function rowsOf(table: string): Record<string, string>[] {
  const [head, ...rows] = table
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('---'))
    .map((line) => line.trim().split(/ {2,}/));
  return rows.map((row) => Object.fromEntries((head ?? []).map((name, index) => [name, row[index] ?? ''])));
}

function instantOf(time: string | undefined): number {
  const instant = DateTime.fromFormat(`${time ?? ''} 2026`, `${FORM} yyyy`, { zone: ZONE, locale: 'en' });
  if (!instant.isValid) throw new Error(`Not a time: ${time ?? ''}`);
  return instant.toMillis();
}

function inBerlin(at: number | null | undefined): string {
  return at === null || at === undefined ? '-' : DateTime.fromMillis(at, { zone: ZONE, locale: 'en' }).toFormat(FORM);
}
