import { createNoticeActivities } from '../../activities/notices/notices';
import { createPagingActivities } from '../../activities/paging/paging';
import type { Database } from '../../db/connection';
import { listNotices } from '../../db/notices';
import { getPage } from '../../db/pages';
import { ROUTING_KEY, startFakePagerDuty, type FakePagerDuty } from '../kit/pagerduty';
import { SLACK_CHANNEL, SLACK_TOKEN, startFakeSlack, type FakeSlack } from '../kit/slack';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { addConversation, addDesk, attemptOf, DUE_AT, PUBLIC_URL, recordOf, NO_TRIES, SILENT } from './paging-fixtures';

let testDatabase: OpenTestDatabase;
let db: Database;
let pagerduty: FakePagerDuty;
let slack: FakeSlack;

beforeEach(async () => {
  [testDatabase, pagerduty, slack] = await Promise.all([openTestDatabase(), startFakePagerDuty(), startFakeSlack()]);
  ({ db } = testDatabase);
  await addDesk(db);
  await addConversation(db, 1042);
  await db.updateTable('conversations').set({ demo: true }).where('number', '=', 1042).execute();
});
afterEach(async () => {
  await testDatabase.close();
  await pagerduty.close();
  await slack.close();
});

test('a demonstration’s page goes to the built-in inbox, although PagerDuty is configured', async () => {
  const paging = createPagingActivities({
    db,
    publicUrl: PUBLIC_URL,
    log: SILENT,
    tries: NO_TRIES,
    pagerduty: { routingKey: ROUTING_KEY, eventsUrl: pagerduty.url },
  });
  const record = recordOf(1042, { demo: true });
  const answer = await paging.attemptPage(attemptOf(1042, { demo: true, record }));
  expect(answer).toMatchObject({ outcome: 'sent', method: 'inbox' });
  const call = { number: 1042, page: 1, dedupKeys: ['conversation/1042:firstResponse:1'], record };
  await paging.acknowledgeIncident(call);
  await paging.resolveIncident(call);
  expect(pagerduty.requests()).toEqual([]);
  const page = await getPage(db, 'p1042-1');
  expect(page).toMatchObject({ demo: true, summary: expect.stringMatching(/^Demo: Urgent acme\.com/), attempts: [{ method: 'inbox', outcome: 'sent' }] });
});

test('its notices say so and stay in the built-in inbox, although Slack is configured', async () => {
  const notices = createNoticeActivities({
    db,
    publicUrl: PUBLIC_URL,
    log: SILENT,
    slack: { token: SLACK_TOKEN, apiUrl: slack.url, channel: SLACK_CHANNEL },
  });
  await notices.sendNotice({
    number: 1042,
    priority: 'urgent',
    effect: { lane: 'notices', type: 'notice', key: 'conversation/1042:1:notice', notice: 'threshold', promise: 'firstResponse', dueAt: DUE_AT, at: DUE_AT },
  });
  expect(slack.messages()).toEqual([]);
  expect(await listNotices(db, { after: null, limit: 10 })).toMatchObject([{ text: expect.stringMatching(/^Demo: #1042 /), slackTs: null }]);
});
