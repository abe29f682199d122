import { ApplicationFailure } from '@temporalio/common';
import { createNoticeActivities } from '../../activities/notices/notices';
import { noticeSentence } from '../../activities/notices/sentence';
import type { Database } from '../../db/connection';
import { listNotices } from '../../db/notices';
import { NOTICE_KINDS, type NoticeEffect } from '../../policy/effects';
import { SLACK_CHANNEL, SLACK_TOKEN, startFakeSlack, type FakeSlack } from '../kit/slack';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { addConversation, addDesk, DUE_AT, PUBLIC_URL, SILENT } from './paging-fixtures';

let testDatabase: OpenTestDatabase;
let db: Database;
let slack: FakeSlack;

beforeEach(async () => {
  [testDatabase, slack] = await Promise.all([openTestDatabase(), startFakeSlack()]);
  ({ db } = testDatabase);
  await addDesk(db);
  await addConversation(db, 1042);
});
afterEach(async () => {
  await testDatabase.close();
  await slack.close();
});

const toSlack = () =>
  createNoticeActivities({ db, publicUrl: PUBLIC_URL, log: SILENT, slack: { token: SLACK_TOKEN, apiUrl: slack.url, channel: SLACK_CHANNEL } });

function notice(changes: Partial<NoticeEffect> = {}): NoticeEffect {
  return {
    lane: 'notices',
    type: 'notice',
    key: 'conversation/1042:1:notice',
    notice: 'threshold',
    promise: 'firstResponse',
    dueAt: DUE_AT,
    at: DUE_AT - 900_000,
    ...changes,
  };
}

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw error;
  return error;
}

const SENTENCE = '#1042 (urgent, c042, enterprise): the first reply is due on Monday, 30 March, 12:00 (Berlin time, CEST).';

test('a notice is a row and a message, once', async () => {
  await toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() });
  await toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() });
  expect(slack.messages()).toEqual([`${SENTENCE} <${PUBLIC_URL}/notices|Notices>`]);
  expect(await listNotices(db, { after: null, limit: 10 })).toMatchObject([
    { number: 1042, kind: 'threshold', text: SENTENCE, slackTs: '1700000000.000001', toAgent: null },
  ]);
});

test('without Slack it is a row', async () => {
  await createNoticeActivities({ db, publicUrl: PUBLIC_URL, log: SILENT }).sendNotice({ number: 1042, priority: 'urgent', effect: notice({ to: 'a1' }) });
  expect(await listNotices(db, { after: null, limit: 10 })).toMatchObject([{ text: SENTENCE, slackTs: null, toAgent: 'a1', dueAt: new Date(DUE_AT) }]);
});

test.each([
  [{ status: 429, retryAfter: 30 }, 30_000],
  [{ error: 'ratelimited' }, undefined],
  [{ status: 503 }, undefined],
])('is tried again after %j', async (fault, nextRetryDelay) => {
  slack.failNext(fault);
  const failure = await failureOf(toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() }));
  expect(failure).toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false });
  expect(failure.nextRetryDelay).toBe(nextRetryDelay);
  await toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() });
  expect(slack.messages()).toHaveLength(1);
});

test.each(['invalid_auth', 'channel_not_found'])('is recorded and given up after %s', async (error) => {
  slack.failNext({ error });
  expect(await failureOf(toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() }))).toMatchObject({
    type: 'E_PROVIDER_REFUSED',
    nonRetryable: true,
  });
  await toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice() });
  expect(slack.messages()).toEqual([]);
  expect(await listNotices(db, { after: null, limit: 10 })).toMatchObject([{ slackTs: null, slackError: error }]);
});

test('every kind has a sentence of its own', () => {
  const facts = { number: 1042, kind: 'ticket', priority: 'high', plan: 'standard', cluster: [], zone: 'Europe/Berlin' } as const;
  const sentences = NOTICE_KINDS.map((kind) => noticeSentence(notice({ notice: kind }), facts));
  expect(new Set(sentences).size).toBe(NOTICE_KINDS.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^#1042 \(high, standard\): [a-z].*\.$/);
});

test('pages through notices, newest first', async () => {
  for (const minute of [1, 2, 3]) {
    await toSlack().sendNotice({ number: 1042, priority: 'urgent', effect: notice({ key: `n${minute}`, at: DUE_AT + minute * 60_000 }) });
  }
  const first = await listNotices(db, { after: null, limit: 2 });
  expect(first.map((one) => one.key)).toEqual(['n3', 'n2']);
  const last = first[1];
  if (last === undefined) throw new Error('There is no second notice.');
  expect((await listNotices(db, { after: [last.at.getTime(), last.key], limit: 2 })).map((one) => one.key)).toEqual(['n1']);
});
