import { ApplicationFailure } from '@temporalio/common';
import { createPagingActivities } from '../../activities/paging/paging';
import { createPageRecords } from '../../activities/records/pages';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { listNotices } from '../../db/notices';
import { listTimeline } from '../../db/conversations';
import { acknowledgePage, getPage, markAcknowledgementRelayed, pagesWithLostAcknowledgement } from '../../db/pages';
import type { PageAttemptRecord } from '../../messages/activities';
import { ROUTING_KEY, startFakePagerDuty, type FakePagerDuty } from '../kit/pagerduty';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { addConversation, addDesk, attemptOf, causeOf, DUE_AT, incidentOf, PUBLIC_URL, recordOf, NO_TRIES, SILENT } from './paging-fixtures';

let testDatabase: OpenTestDatabase;
let db: Database;
let pagerduty: FakePagerDuty;
let number = 1041;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  ({ db } = testDatabase);
  await addDesk(db);
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  pagerduty = await startFakePagerDuty();
  number += 1;
  await addConversation(db, number);
});
afterEach(() => pagerduty.close());

/** The database is given its time, as on a busy machine half a second is none: but for the tests of just that, which give `askMs: {}`. */
const toPagerDuty = (database = db, routingKey = ROUTING_KEY, askMs: { askMs?: number } = { askMs: 10_000 }) =>
  createPagingActivities({ db: database, publicUrl: PUBLIC_URL, log: SILENT, tries: NO_TRIES, pagerduty: { routingKey, eventsUrl: pagerduty.url }, ...askMs });
const toInbox = () => createPagingActivities({ db, publicUrl: PUBLIC_URL, log: SILENT, tries: NO_TRIES });
const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
  const error: unknown = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw error;
  return error;
};

describe('a page to PagerDuty', () => {
  it('rings with the text of a telephone, a link and nothing personal, and is in the inbox at once', async () => {
    const answer = await toPagerDuty().attemptPage(attemptOf(number));
    expect(answer).toEqual({ outcome: 'sent', method: 'pagerduty', recorded: true, unrecorded: [], asked: true });
    expect(pagerduty.incidents()).toMatchObject([
      {
        key: `conversation/${number}:firstResponse:1`,
        state: 'triggered',
        severity: 'critical',
        summary: `Urgent acme.com on c042: no reply in 30 m [enterprise] #${number}`,
      },
    ]);
    expect(pagerduty.requests()[0]?.body).toMatchObject({
      links: [{ href: `${PUBLIC_URL}/pages/p${number}-1` }],
      payload: { source: 'c042', timestamp: '2026-03-30T10:00:00.005Z' },
    });
    const page = await getPage(db, `p${number}-1`);
    expect(page).toMatchObject({ state: 'paging', summary: `Urgent acme.com on c042: no reply in 30 m [enterprise] #${number}` });
    expect(page?.attempts).toMatchObject([{ ring: 1, target: 'pagerduty', outcome: 'sent', dueAt: new Date(DUE_AT) }]);
  });

  it('resolves the open incident before it opens the next one', async () => {
    const { attemptPage } = toPagerDuty();
    await attemptPage(attemptOf(number));
    const first = `conversation/${number}:firstResponse:1`;
    await attemptPage(attemptOf(number, { ring: 2, level: 2, dedupKey: `${first}:2`, replaces: [first] }));
    expect(pagerduty.incidents().map(({ key, state }) => [key, state])).toEqual([
      [first, 'resolved'],
      [`${first}:2`, 'triggered'],
    ]);
  });

  it('says nothing a second time when the attempt is repeated after it was recorded as sent', async () => {
    const { attemptPage } = toPagerDuty();
    await attemptPage(attemptOf(number));
    const again = await attemptPage(attemptOf(number));
    expect(again.outcome).toBe('sent');
    expect(pagerduty.requests()).toHaveLength(1);
  });

  it('is one incident when the provider took it and the answer was lost', async () => {
    const { attemptPage } = toPagerDuty();
    pagerduty.failNext({ takeAndHangUp: true });
    const failure = await failureOf(attemptPage(attemptOf(number)));
    expect(failure).toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false });
    await attemptPage(attemptOf(number));
    expect(pagerduty.incidents()).toMatchObject([{ state: 'triggered', updates: 1 }]);
    expect((await getPage(db, `p${number}-1`))?.attempts).toMatchObject([{ outcome: 'sent', error: null }]);
  });

  it('is not sent when somebody has acknowledged the page just before', async () => {
    const { attemptPage } = toPagerDuty();
    await attemptPage(attemptOf(number));
    const at = new Date(DUE_AT + 60_000);
    expect(await acknowledgePage(db, { id: `p${number}-1`, by: 'a1', at })).toBe('acknowledged');
    const answer = await attemptPage(attemptOf(number, { ring: 2 }));
    expect(answer).toMatchObject({ outcome: 'skipped', acknowledged: { by: 'a1', at: at.getTime() } });
    expect(pagerduty.requests()).toHaveLength(1);
    expect((await getPage(db, `p${number}-1`))?.attempts.map((attempt) => attempt.outcome)).toEqual(['sent', 'skipped']);
  });

  it('is sent for a cause that came due after the acknowledgement, which then no longer holds', async () => {
    const { attemptPage } = toPagerDuty();
    await attemptPage(attemptOf(number));
    await acknowledgePage(db, { id: `p${number}-1`, by: 'a1', at: new Date(DUE_AT + 60_000) });
    const since = DUE_AT + 120_000;
    const causes = [causeOf(number), causeOf(number, { key: `conversation/${number}:nextResponse:1`, kind: 'nextResponse', at: since })];
    const record = recordOf(number, { revision: DUE_AT + 9, since, causes, acknowledgement: { by: 'a1', at: DUE_AT + 60_000 } });
    await attemptPage(attemptOf(number, { ring: 2, since, causes, record, dedupKey: `x:${number}`, replaces: [`conversation/${number}:firstResponse:1`] }));
    expect(pagerduty.open()).toHaveLength(1);
    expect(await getPage(db, `p${number}-1`)).toMatchObject({ state: 'paging', acknowledgedAt: null });
    expect(await acknowledgePage(db, { id: `p${number}-1`, by: 'a2', at: new Date(since + 1) })).toBe('acknowledged');
  });

  it('is not sent when an earlier run of the same page came to its end', async () => {
    const over = recordOf(number, { state: 'over', overAt: DUE_AT + 50, causes: [{ ...causeOf(number), overAt: DUE_AT + 50, overReason: 'answered' }] });
    await createPageRecords(db).recordPage(over);
    const answer = await toPagerDuty().attemptPage(attemptOf(number, { record: recordOf(number, { revision: DUE_AT + 100 }) }));
    expect(answer).toMatchObject({ outcome: 'skipped', overAt: DUE_AT + 50 });
    expect(pagerduty.requests()).toEqual([]);
  });

  it.each([
    [{ status: 429, retryAfter: 7 }, 7_000],
    [{ status: 500 }, undefined],
    [{ status: 408 }, undefined],
    [{ hangUp: true } as const, undefined],
  ])('may be tried again after %j', async (fault, nextRetryDelay) => {
    pagerduty.failNext(fault);
    const failure = await failureOf(toPagerDuty().attemptPage(attemptOf(number)));
    expect(failure).toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false });
    expect(failure.nextRetryDelay).toBe(nextRetryDelay);
    expect((failure.details?.[0] as PageAttemptRecord[])[0]).toMatchObject({ number, ring: 1, outcome: 'failed' });
  });

  it('ends the method for good when the provider refuses, and tells ops', async () => {
    pagerduty.failNext({ status: 403 });
    const failure = await failureOf(toPagerDuty().attemptPage(attemptOf(number)));
    expect(failure).toMatchObject({ type: 'MethodFailed', nonRetryable: true });
    expect((await listNotices(db, { after: null, limit: 10 })).map((notice) => notice.text)).toEqual([
      'PagerDuty answered 403: Told to answer 403. Pages are only in the built-in inbox until this is mended: check PAGERDUTY_ROUTING_KEY.',
    ]);
  });

  it('gives up on a provider that does not answer, well within the five seconds of an attempt', async () => {
    // A busy machine may hold up a try: one of them shows how long it takes by itself.
    let [tries, tookMs] = [0, Infinity];
    while (tookMs >= 4_700 && tries < 4) {
      pagerduty.failNext({ silentForMs: 6_000 });
      const startedAt = performance.now();
      const failure = await failureOf(toPagerDuty().attemptPage(attemptOf(number)));
      tookMs = performance.now() - startedAt;
      tries += 1;
      expect(failure.message).toBe('PagerDuty did not answer in time');
    }
    expect(tookMs).toBeLessThan(4_700);
    await pagerduty.wait('the fake has noticed', () => pagerduty.requests().length === tries);
  }, 60_000);

  it('goes out without a database, with what is known, and hands its record back', async () => {
    const gone = openDatabase('postgres://nobody@127.0.0.1:9/none');
    const startedAt = performance.now();
    const answer = await toPagerDuty(gone, ROUTING_KEY, {}).attemptPage(attemptOf(number));
    expect(performance.now() - startedAt).toBeLessThan(4_700);
    expect(pagerduty.incidents()).toMatchObject([{ summary: `Urgent: no reply yet [enterprise] #${number}` }]);
    expect(answer).toMatchObject({ outcome: 'sent', recorded: false, asked: false });
    const { recordPage, recordAttempt, readPage } = createPageRecords(db);
    for (const attempt of answer.unrecorded) await recordAttempt(attempt);
    await recordPage(recordOf(number));
    expect((await getPage(db, `p${number}-1`))?.attempts).toMatchObject([{ outcome: 'sent', target: 'pagerduty' }]);
    expect(await readPage({ number, page: 1, causes: [] })).toEqual({ acknowledgedAt: null, acknowledgedBy: null, over: false });
    await closeDatabase(gone);
  });

  it('goes out within the half second that a locked page row would cost it', async () => {
    await toPagerDuty().attemptPage(attemptOf(number));
    const { attemptPage } = toPagerDuty(db, ROUTING_KEY, {});
    await db.transaction().execute(async (trx) => {
      await trx.selectFrom('pages').select('id').where('id', '=', `p${number}-1`).forUpdate().execute();
      // The row stays locked until it has returned.
      const answer = await attemptPage(attemptOf(number, { ring: 2, dedupKey: `y:${number}`, replaces: [`conversation/${number}:firstResponse:1`] }));
      expect(answer).toMatchObject({ outcome: 'sent', asked: false });
    });
    expect(pagerduty.open()).toHaveLength(1);
  });

  it('tells the provider of an acknowledgement and of the end, and records the page on the way', async () => {
    const { attemptPage, acknowledgeIncident, resolveIncident } = toPagerDuty();
    await attemptPage(attemptOf(number));
    const key = `conversation/${number}:firstResponse:1`;
    expect(await acknowledgeIncident(incidentOf(number, [key], { state: 'acknowledged', acknowledgement: { by: 'a1', at: DUE_AT + 1 } }))).toEqual({
      recorded: true,
    });
    expect(pagerduty.incidents()).toMatchObject([{ state: 'acknowledged' }]);
    expect(await getPage(db, `p${number}-1`)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'a1' });
    await resolveIncident(incidentOf(number, [key], { revision: DUE_AT + 2, state: 'over', overAt: DUE_AT + 9 }));
    expect(pagerduty.incidents()).toMatchObject([{ state: 'resolved' }]);
    expect(await getPage(db, `p${number}-1`)).toMatchObject({ state: 'over' });
    const failure = (pagerduty.failNext({ status: 503 }), await failureOf(resolveIncident(incidentOf(number, [key]))));
    expect(failure).toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false });
  });
});

describe('a page to the built-in inbox', () => {
  it('is a row with its attempt', async () => {
    const answer = await toInbox().attemptPage(attemptOf(number));
    expect(answer).toMatchObject({ outcome: 'sent', method: 'inbox', recorded: true });
    expect(await getPage(db, `p${number}-1`)).toMatchObject({ state: 'paging', attempts: [{ method: 'inbox', outcome: 'sent' }] });
  });

  it('says that nobody is on call when a level is empty', async () => {
    const answer = await toInbox().attemptPage(attemptOf(number, { levels: [] }));
    expect(answer).toMatchObject({ outcome: 'empty', recorded: true });
    expect((await getPage(db, `p${number}-1`))?.attempts).toMatchObject([{ outcome: 'failed', error: 'Nobody is on call at level 1.' }]);
  });
});

describe('an acknowledgement', () => {
  it('is a row first, waits to be relayed, and keeps its owner when somebody else is later', async () => {
    const id = `p${number}-1`;
    await toInbox().attemptPage(attemptOf(number));
    const ours = async () => (await pagesWithLostAcknowledgement(db, 100)).filter((page) => page.id === id);
    expect(await acknowledgePage(db, { id, by: 'a1', at: new Date(DUE_AT + 1_000) })).toBe('acknowledged');
    expect(await ours()).toEqual([{ id, acknowledgedBy: 'a1', acknowledgedAt: DUE_AT + 1_000 }]);
    await markAcknowledgementRelayed(db, id, { acknowledgedAt: DUE_AT + 500, at: DUE_AT + 2_000 });
    expect(await ours()).toHaveLength(1);
    await markAcknowledgementRelayed(db, id, { acknowledgedAt: DUE_AT + 1_000, at: DUE_AT + 2_000 });
    expect(await ours()).toEqual([]);
    expect(await acknowledgePage(db, { id, by: 'a2', at: new Date(DUE_AT + 3_000) })).toBe('already');
    expect(await ours()).toEqual([{ id, acknowledgedBy: 'a1', acknowledgedAt: DUE_AT + 3_000 }]);
    await createPageRecords(db).recordPage(recordOf(number, { revision: DUE_AT + 1, state: 'over', overAt: DUE_AT + 4_000 }));
    expect(await acknowledgePage(db, { id, by: 'a2', at: new Date(DUE_AT + 5_000) })).toBe('over');
    expect(await acknowledgePage(db, { id: 'p9-9', by: 'a2', at: new Date(DUE_AT) })).toBe('unknown');
    const told = (await listTimeline(db, number, { after: null, limit: 1_000 })).filter(({ type, data }) => type === 'page.acknowledged' && data.page === 1);
    expect(told.map(({ at, data }) => ({ at: at.getTime(), by: data.by }))).toEqual([
      { at: DUE_AT + 1_000, by: 'a1' },
      { at: DUE_AT + 3_000, by: 'a2' },
    ]);
  });

  it('is not overwritten by an older record, nor by one that does not know of it yet', async () => {
    const id = `p${number}-1`;
    await toInbox().attemptPage(attemptOf(number));
    await acknowledgePage(db, { id, by: 'a1', at: new Date(DUE_AT + 1_000) });
    await createPageRecords(db).recordPage(recordOf(number, { revision: DUE_AT + 3, level: 2 }));
    expect(await getPage(db, id)).toMatchObject({ state: 'acknowledged', level: 2, acknowledgedBy: 'a1' });
    await createPageRecords(db).recordPage(recordOf(number, { revision: DUE_AT + 2, level: 1, state: 'over', overAt: DUE_AT }));
    expect(await getPage(db, id)).toMatchObject({ state: 'acknowledged', level: 2 });
  });

  it('of a later page with the same first cause stands in a row of its own', async () => {
    await createPageRecords(db).recordPage(recordOf(number));
    await createPageRecords(db).recordPage(recordOf(number, { page: 2 }));
    expect(await getPage(db, `p${number}-2`)).toMatchObject({ page: 2, state: 'paging' });
  });
});
