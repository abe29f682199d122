import { postDeskNotice } from '../../activities/notices/desk-notice';
import { createLogger } from '../../config/log';
import type { Database } from '../../db/connection';
import { insertInbox } from '../../db/inbox';
import type { NoticeRow } from '../../db/notices';
import type { PolicySnapshot } from '../../policy/snapshot';
import { noticeSuspended } from '../../workers/suspended-notices';
import { SLACK_CHANNEL, SLACK_TOKEN, startFakeSlack } from '../kit/slack';
import { policyOf } from '../policy/policies';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

/** Monday, 2 March 2026, in Berlin. */
const MONDAY_OPENING = Date.UTC(2026, 2, 2, 7);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('notices about mail that was kept aside', () => {
  let base: OpenTestDatabase;
  let db: Database;
  let policy: PolicySnapshot;
  beforeEach(async () => {
    base = await openTestDatabase();
    ({ db } = base);
    policy = await policyOf('');
  });
  afterEach(() => base.close());

  async function keptAside(at: number, count = 1): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const id = await insertInbox(db, { channel: 'email', receivedAt: new Date(at), raw: Buffer.from(''), envelope: {}, urgent: false });
      await db
        .updateTable('inbox')
        .set({ state: 'suspended', reason: 'machine', resolved_at: new Date(at) })
        .where('id', '=', id)
        .execute();
    }
  }
  const notices = () => db.selectFrom('notices').select(['key', 'kind', 'text', 'number']).orderBy('at').execute();

  test('when the office opens, once, and only if something waits', async () => {
    await noticeSuspended(db, policy, MONDAY_OPENING + MINUTE);
    expect(await notices()).toEqual([]);
    await keptAside(MONDAY_OPENING - 10 * HOUR);
    await noticeSuspended(db, policy, MONDAY_OPENING - MINUTE);
    expect(await notices()).toEqual([]);
    for (const minutes of [0, 1, 2]) await noticeSuspended(db, policy, MONDAY_OPENING + minutes * MINUTE);
    expect(await notices()).toEqual([
      { key: `suspended:opening:${MONDAY_OPENING}`, kind: 'suspended', number: null, text: expect.stringMatching(/^1 mail was kept aside/) as string },
    ]);
  });

  test('what comes in office hours waits for the next opening', async () => {
    await keptAside(MONDAY_OPENING + HOUR, 2);
    await noticeSuspended(db, policy, MONDAY_OPENING + 2 * HOUR);
    expect(await notices()).toEqual([]);
    await noticeSuspended(db, policy, MONDAY_OPENING + 24 * HOUR);
    expect((await notices()).map(({ text }) => text)).toEqual([expect.stringMatching(/^2 mails were kept aside/)]);
  });

  test('when more than ten wait, at any hour, once a day', async () => {
    const night = MONDAY_OPENING + 15 * HOUR;
    await keptAside(night, 10);
    await noticeSuspended(db, policy, night);
    expect(await notices()).toEqual([]);
    await keptAside(night, 1);
    await noticeSuspended(db, policy, night + MINUTE);
    await keptAside(night, 1);
    await noticeSuspended(db, policy, night + 2 * MINUTE);
    expect((await notices()).map(({ key, text }) => [key, text])).toEqual([['suspended:many:2026-03-02', expect.stringMatching(/^11 mails were kept aside/)]]);
  });

  test('an office that never closes has no opening', async () => {
    const always = await policyOf('calendars: { office: { open: always, businessDay: 24h } }');
    await keptAside(MONDAY_OPENING - HOUR);
    await noticeSuspended(db, always, MONDAY_OPENING + MINUTE);
    expect(await notices()).toEqual([]);
  });

  test('what was released or deleted waits no more', async () => {
    await keptAside(MONDAY_OPENING - HOUR, 3);
    await db.updateTable('inbox').set({ state: 'deleted' }).execute();
    await noticeSuspended(db, policy, MONDAY_OPENING);
    expect(await notices()).toEqual([]);
  });

  test('Slack has each of them once, in the end', async () => {
    const slack = await startFakeSlack();
    const log = createLogger('test', { write: () => undefined });
    try {
      const post = (notice: NoticeRow) =>
        postDeskNotice({ db, slack: { token: SLACK_TOKEN, channel: SLACK_CHANNEL, apiUrl: slack.url }, publicUrl: 'https://desk.test', log }, notice);
      await keptAside(MONDAY_OPENING - HOUR, 11);
      slack.failNext({ status: 503 });
      for (const minutes of [0, 1, 2]) await noticeSuspended(db, policy, MONDAY_OPENING + minutes * MINUTE, post);
      const texts = slack.messages();
      expect(texts).toHaveLength(2);
      for (const text of texts) expect(text).toMatch(/^11 mails were kept aside .* <https:\/\/desk\.test\/suspended\|Suspended>$/);
    } finally {
      await slack.close();
    }
  });
});
