import { createTicket } from '../../intake/create-ticket';
import { createLogger } from '../../config/log';
import { postDeskNotice } from '../../activities/notices/desk-notice';
import type { NoticeRow } from '../../db/notices';
import { publishPolicy } from '../../db/policies';
import type { Database } from '../../db/connection';
import type { PolicySnapshot } from '../../policy/snapshot';
import { noticeLowPages } from '../../workers/low-page-notices';
import { SLACK_CHANNEL, SLACK_TOKEN, startFakeSlack } from '../kit/slack';
import { policyOf } from '../policy/policies';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

/** Monday, 2 March 2026, in Berlin. */
const MONDAY_OPENING = Date.UTC(2026, 2, 2, 7);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('pages of low urgency that are open when the office opens', () => {
  let base: OpenTestDatabase;
  let db: Database;
  let policy: PolicySnapshot;
  beforeEach(async () => {
    base = await openTestDatabase();
    ({ db } = base);
    policy = await policyOf('');
    await publishPolicy(db, policy, new Date(MONDAY_OPENING));
  });
  afterEach(() => base.close());

  /** Answers the number of the conversation that on-call was rung for at that time. */
  async function paged(at: number, page: { urgency?: 'high' | 'low'; state?: 'paging' | 'acknowledged' | 'over'; demo?: boolean } = {}): Promise<number> {
    const { urgency = 'low', state = 'paging', demo = false } = page;
    const body = { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'Please.' };
    const { number } = await createTicket(db, policy, body, { now: at, actor: null });
    await db
      .insertInto('pages')
      .values({
        ...{ id: `p${number}-1`, number, page: 1, cause_key: `conversation/${number}:feedback:1`, state, urgency, demo },
        ...{ summary: `A request #${number}`, causes: '[]', level: 1, round: 1, opened_at: new Date(at), next_ring_at: null },
        ...{ acknowledged_at: null, acknowledged_by: null, over_at: null },
      })
      .execute();
    return number;
  }
  const notices = () => db.selectFrom('notices').select(['key', 'kind', 'text', 'number']).orderBy('at').execute();

  test('are listed in one notice, the oldest first, once', async () => {
    const second = await paged(MONDAY_OPENING - HOUR);
    const first = await paged(MONDAY_OPENING - 30 * HOUR, { state: 'acknowledged' });
    await noticeLowPages(db, policy, MONDAY_OPENING - 1);
    expect(await notices()).toEqual([]);
    for (const minutes of [0, 1]) await noticeLowPages(db, policy, MONDAY_OPENING + minutes * MINUTE);
    expect(await notices()).toEqual([
      {
        ...{ key: `pages:opening:${MONDAY_OPENING}`, kind: 'lowPages', number: null },
        text: `2 pages of low urgency are open from before the office opened: #${first} #${second}.`,
      },
    ]);
  });

  test('not those that are loud, over or of a demonstration, nor those of office hours', async () => {
    await paged(MONDAY_OPENING - HOUR, { urgency: 'high' });
    await paged(MONDAY_OPENING - HOUR, { state: 'over' });
    await paged(MONDAY_OPENING - HOUR, { demo: true });
    await paged(MONDAY_OPENING);
    await noticeLowPages(db, policy, MONDAY_OPENING + MINUTE);
    expect(await notices()).toEqual([]);
  });

  test('many are counted', async () => {
    for (let n = 0; n < 22; n += 1) await paged(MONDAY_OPENING - HOUR + n);
    await noticeLowPages(db, policy, MONDAY_OPENING);
    const [notice] = await notices();
    expect(notice?.text.match(/#\d+/g)).toHaveLength(20);
    expect(notice?.text).toMatch(/^22 pages .* and 2 more\.$/);
  });

  test('Slack has the list once, with the way to the pages', async () => {
    const slack = await startFakeSlack();
    const log = createLogger('test', { write: () => undefined });
    const post = (notice: NoticeRow) =>
      postDeskNotice({ db, slack: { token: SLACK_TOKEN, channel: SLACK_CHANNEL, apiUrl: slack.url }, publicUrl: 'https://desk.test', log }, notice);
    try {
      const number = await paged(MONDAY_OPENING - HOUR);
      for (const minutes of [0, 1]) await noticeLowPages(db, policy, MONDAY_OPENING + minutes * MINUTE, post);
      expect(slack.messages()).toEqual([`1 page of low urgency is open from before the office opened: #${number}. <https://desk.test/pages|Pages>`]);
    } finally {
      await slack.close();
    }
  });
});
