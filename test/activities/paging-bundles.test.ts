import { ApplicationFailure } from '@temporalio/common';
import { createPagingActivities } from '../../activities/paging/paging';
import type { Database } from '../../db/connection';
import { markBundleSent } from '../../db/page-bundles';
import { acknowledgePage, getPage, pagesWithLostAcknowledgement } from '../../db/pages';
import type { PageAttempt, PageAttemptAnswer, PagingActivities } from '../../messages/activities';
import { ROUTING_KEY, startFakePagerDuty, type FakePagerDuty } from '../kit/pagerduty';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { addConversation, addDesk, attemptOf, DUE_AT, incidentOf, PUBLIC_URL, recordOf, SILENT } from './paging-fixtures';

let testDatabase: OpenTestDatabase;
let db: Database;
let pagerduty: FakePagerDuty;
/** The process's clock, moved by the tests. */
let now = 0;
let activities: PagingActivities;
/** Whether an earlier try has set out to ring by itself. */
let rangAlone = false;

beforeEach(async () => {
  [testDatabase, pagerduty] = await Promise.all([openTestDatabase(), startFakePagerDuty()]);
  ({ db } = testDatabase);
  now = DUE_AT + 1_000;
  rangAlone = false;
  await addDesk(db);
  activities = createPagingActivities({
    db,
    publicUrl: PUBLIC_URL,
    log: SILENT,
    clock: () => now,
    // What goes out without the database is tested elsewhere; here every page is counted.
    askMs: 10_000,
    tries: { rangAlone: () => rangAlone, ringsAlone: () => (rangAlone = true) },
    pagerduty: { routingKey: ROUTING_KEY, eventsUrl: pagerduty.url },
  });
});
afterEach(async () => {
  await testDatabase.close();
  await pagerduty.close();
});

const normal = (number: number, changes: Partial<PageAttempt> = {}) => attemptOf(number, { priority: 'normal', ...changes });

/** The answer, or how many milliseconds to wait. */
async function ring(input: PageAttempt): Promise<PageAttemptAnswer | number> {
  try {
    return await activities.attemptPage(input);
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === 'Collecting') return Number(error.nextRetryDelay);
    throw error;
  }
}

async function conversations(...numbers: number[]): Promise<void> {
  for (const number of numbers) await addConversation(db, number);
}

/** One page alone, three more together. */
async function ringBundle(): Promise<string> {
  await conversations(1, 2, 3, 4);
  await ring(normal(1));
  for (const number of [2, 3, 4]) await ring(normal(number));
  now += 10_000;
  const answer = await ring(normal(3));
  if (typeof answer === 'number' || answer.dedupKey === undefined) throw new Error('It was not rung together.');
  return answer.dedupKey;
}

test('the first page rings at once, further ones wait for each other and ring as one message', async () => {
  await conversations(1, 2, 3, 4);
  expect(await ring(normal(1))).toMatchObject({ outcome: 'sent' });
  expect(await ring(normal(2))).toBe(10_000);
  now += 4_000;
  expect(await ring(normal(3))).toBe(6_000);
  now += 1_000;
  expect(await ring(normal(4))).toBe(5_000);
  now += 5_000;
  const answer = await ring(normal(3));
  expect(answer).toMatchObject({ outcome: 'sent', dedupKey: expect.stringMatching(/^bundle\/pagerduty\/pagerduty\/\d+$/) as string });
  expect(await ring(normal(2))).toEqual(answer);
  expect(await ring(normal(4))).toEqual(answer);
  expect(pagerduty.incidents().map((incident) => incident.summary)).toEqual([
    'Normal acme.com on c042: no reply in 30 m [enterprise] #1',
    '3 pages wait: #2 #3 #4',
  ]);
  expect((await getPage(db, 'p4-1'))?.bundledInto).toBe((answer as PageAttemptAnswer).dedupKey);
});

test('a page that looks at the moment in which its bundle is noted as rung does not ring again by itself', async () => {
  await conversations(1, 2, 3, 4);
  await ring(normal(1));
  for (const number of [2, 3, 4]) await ring(normal(number));
  const { bundle } = await db.selectFrom('page_attempts').select('bundle').where('bundle', 'is not', null).executeTakeFirstOrThrow();
  if (bundle === null) throw new Error('They do not wait for each other.');
  now += 10_000;
  const calls = pagerduty.requests().length;
  let look: Promise<PageAttemptAnswer | number> | undefined;
  await db.transaction().execute(async (trx) => {
    await markBundleSent(trx, bundle, ['p2-1', 'p3-1', 'p4-1'], now);
    look = ring(normal(4));
    // It looks while the note is written and not yet committed.
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  expect(await look).toMatchObject({ outcome: 'sent', dedupKey: bundle });
  expect(pagerduty.requests()).toHaveLength(calls);
});

test('an urgent page never waits', async () => {
  await conversations(1, 2);
  await ring(normal(1));
  expect(await ring(attemptOf(2))).toMatchObject({ outcome: 'sent' });
  expect(pagerduty.open()).toHaveLength(2);
});

test('a page that is alone when the time is over rings by itself', async () => {
  await conversations(1, 2);
  await ring(normal(1));
  expect(await ring(normal(2))).toBe(10_000);
  now += 10_000;
  const answer = await ring(normal(2));
  expect(answer).toMatchObject({ outcome: 'sent' });
  expect(answer).not.toHaveProperty('dedupKey');
});

test('once the first is acknowledged, the next one rings at once', async () => {
  await conversations(1, 2);
  await ring(normal(1));
  await acknowledgePage(db, { id: 'p1-1', by: 'a1', at: new Date(DUE_AT + 2_000) });
  expect(await ring(normal(2))).toMatchObject({ outcome: 'sent' });
});

test('a page that is acknowledged while it waits is left out', async () => {
  await conversations(1, 2, 3, 4);
  await ring(normal(1));
  for (const number of [2, 3, 4]) await ring(normal(number));
  await acknowledgePage(db, { id: 'p3-1', by: 'a1', at: new Date(DUE_AT + 2_000) });
  now += 10_000;
  await ring(normal(2));
  expect(await ring(normal(3))).toMatchObject({ outcome: 'skipped' });
  expect(pagerduty.incidents().at(-1)?.summary).toBe('2 pages wait: #2 #4');
});

test('acknowledging one page of a bundle acknowledges all of them', async () => {
  await ringBundle();
  expect(await acknowledgePage(db, { id: 'p3-1', by: 'a1', at: new Date(now) })).toBe('acknowledged');
  expect((await pagesWithLostAcknowledgement(db, 10)).map((page) => page.id).sort()).toEqual(['p2-1', 'p3-1', 'p4-1']);
  expect((await getPage(db, 'p1-1'))?.state).toBe('paging');
});

test('the common incident is resolved with the last of its pages', async () => {
  const bundle = await ringBundle();
  for (const number of [2, 3]) {
    await activities.resolveIncident(incidentOf(number, [bundle], { state: 'over', overAt: now }));
    expect(pagerduty.open().map((incident) => incident.key)).toContain(bundle);
  }
  await activities.resolveIncident(incidentOf(4, [bundle], { state: 'over', overAt: now }));
  expect(pagerduty.open().map((incident) => incident.key)).toEqual(['conversation/1:firstResponse:1']);
});

test('a resolve that fails is repeated, also for a page whose escalation never heard that others have rung for it', async () => {
  const bundle = await ringBundle();
  for (const number of [2, 3]) await activities.resolveIncident(incidentOf(number, [], { state: 'over', overAt: now }));
  pagerduty.failNext({ status: 503 });
  const last = incidentOf(4, [], { state: 'over', overAt: now });
  await expect(activities.resolveIncident(last)).rejects.toThrow('503');
  expect(pagerduty.open().map((incident) => incident.key)).toContain(bundle);
  await activities.resolveIncident(last);
  expect(pagerduty.open().map((incident) => incident.key)).toEqual(['conversation/1:firstResponse:1']);
});

test('a ring that fails as it takes the place of the common incident does so when it is repeated', async () => {
  const bundle = await ringBundle();
  for (const number of [2, 3]) await activities.resolveIncident(incidentOf(number, [bundle], { state: 'over', overAt: now }));
  const next = attemptOf(4, { ring: 2, level: 2, dedupKey: 'later:4', record: recordOf(4, { revision: DUE_AT + 5 }) });
  pagerduty.failNext({ status: 503 });
  await expect(ring(next)).rejects.toThrow('503');
  await ring(next);
  expect(pagerduty.open().map((incident) => incident.key)).toEqual(['conversation/1:firstResponse:1', 'later:4']);
});

test('a later ring leaves the common incident to the others, and the last one takes it along', async () => {
  const bundle = await ringBundle();
  const next = (number: number) =>
    attemptOf(number, { ring: 2, level: 2, dedupKey: `later:${number}`, replaces: [bundle], record: recordOf(number, { revision: DUE_AT + 5 }) });
  await ring(next(2));
  await ring(next(3));
  expect(pagerduty.open().map((incident) => incident.key)).toContain(bundle);
  await ring(next(4));
  expect(pagerduty.open().map((incident) => incident.key)).toEqual(['conversation/1:firstResponse:1', 'later:2', 'later:3', 'later:4']);
});

test('a lost answer to the common message makes no second incident', async () => {
  await conversations(1, 2, 3);
  await ring(normal(1));
  await ring(normal(2));
  await ring(normal(3));
  now += 10_000;
  pagerduty.failNext({ takeAndHangUp: true });
  await expect(ring(normal(2))).rejects.toThrow('PagerDuty cannot be reached');
  expect(await ring(normal(3))).toBe(1_000);
  now += 1_000;
  expect(await ring(normal(2))).toMatchObject({ outcome: 'sent' });
  expect(await ring(normal(3))).toMatchObject({ outcome: 'sent' });
  expect(pagerduty.incidents()).toHaveLength(2);
});

test('when the one that rings for all is gone, another one takes over', async () => {
  await conversations(1, 2, 3);
  for (const number of [1, 2, 3]) await ring(normal(number));
  now += 10_000;
  pagerduty.failNext({ status: 503 });
  await expect(ring(normal(2))).rejects.toThrow('503');
  now += 6_000;
  expect(await ring(normal(3))).toMatchObject({ outcome: 'sent' });
  expect(pagerduty.incidents().at(-1)?.summary).toBe('2 pages wait: #2 #3');
});

test('a page that has rung by itself and whose answer got lost has rung, and joins no bundle afterwards', async () => {
  await conversations(1, 2);
  await ring(normal(1));
  await ring(attemptOf(2));
  expect(await ring(normal(1))).toMatchObject({ outcome: 'sent', unrecorded: [] });
  expect((await getPage(db, 'p1-1'))?.attempts).toMatchObject([{ outcome: 'sent', dedupKey: normal(1).dedupKey, bundle: null }]);
  expect(pagerduty.requests()).toHaveLength(2);
});

test('many pages at once are a few calls, and every number is counted', async () => {
  const numbers = Array.from({ length: 40 }, (_one, index) => 1_000 + index);
  await conversations(...numbers);
  let left = numbers;
  for (let round = 0; left.length > 0 && round < 60; round += 1) {
    const answers = await Promise.all(left.map((number) => ring(normal(number))));
    left = left.filter((_number, index) => typeof answers[index] === 'number');
    now += 1_000;
  }
  expect(left).toEqual([]);
  expect(pagerduty.requests().length).toBeLessThanOrEqual(6);
  const counted = pagerduty.incidents().map(({ summary }) => Number(/^(\d+) pages wait: #1\d{3} /.exec(summary)?.[1] ?? 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(40);
});

test('a page that rang by itself without the database, and then together with others, leaves no incident of its own', async () => {
  await conversations(1, 2, 3);
  await ring(normal(1));
  await ring(normal(2));
  await ring(normal(3));
  // While it waited for the others, a try could not ask the database, rang by itself, and its record was lost.
  const own = normal(3).dedupKey;
  await fetch(`${pagerduty.url}/v2/enqueue`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      routing_key: ROUTING_KEY,
      event_action: 'trigger',
      dedup_key: own,
      payload: { summary: 'Normal #3', source: 'holdfast', severity: 'critical' },
    }),
  });
  rangAlone = true;
  now += 10_000;
  await ring(normal(2));
  const answer = await ring(normal(3));
  expect(answer).toMatchObject({ outcome: 'sent' });
  const open = pagerduty.open().map(({ key }) => key);
  expect(open).not.toContain(own);
  expect(open.filter((key) => key.startsWith('bundle/'))).toHaveLength(1);
});

test('an incident that a ring may have left open under its own key is resolved when the ring goes out together with others', async () => {
  await conversations(1, 2, 3);
  await ring(normal(1));
  // The first ring of the third page got through, and its escalation never heard of that: the next one tries the same key.
  const { dedupKey } = normal(3);
  await ring(normal(3, { collectMs: 0 }));
  await ring(normal(2));
  await ring(normal(3, { ring: 2, replaces: [dedupKey] }));
  now += 10_000;
  await ring(normal(2));
  expect(await ring(normal(3, { ring: 2, replaces: [dedupKey] }))).toMatchObject({ outcome: 'sent', dedupKey: expect.stringMatching(/^bundle\//) as string });
  expect(pagerduty.open().map(({ key }) => key)).not.toContain(dedupKey);
});
