import type { Database } from '../../db/connection';
import { findEarlierCopy, INBOX_CHANNEL, insertInbox, lockNextMail, markResolved, noteFailure } from '../../db/inbox';
import { Client } from 'pg';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

const at = new Date(Date.UTC(2026, 2, 2, 9));
const now = at.getTime();

describe('the inbox', () => {
  let base: OpenTestDatabase;
  let db: Database;
  beforeAll(async () => {
    base = await openTestDatabase();
    ({ db } = base);
  });
  beforeEach(async () => {
    await db.deleteFrom('inbox').execute();
  });
  afterAll(() => base.close());

  const accept = (urgent = false) => insertInbox(db, { channel: 'email', receivedAt: at, raw: Buffer.from('x'), envelope: { from: 'a', to: ['b'] }, urgent });

  test('tells those who listen', async () => {
    const listener = new Client({ connectionString: base.url });
    await listener.connect();
    try {
      const heard = new Promise<string>((resolve) => listener.on('notification', ({ payload }) => resolve(payload ?? '')));
      await listener.query(`LISTEN ${INBOX_CHANNEL}`);
      const id = await accept();
      expect(await heard).toBe(String(id));
    } finally {
      await listener.end();
    }
  });

  test('gives each waiting mail to one resolver, urgent ones first', async () => {
    const ids = [await accept(), await accept(true), await accept()];
    await db.transaction().execute(async (one) => {
      expect((await lockNextMail(one, now))?.id).toBe(ids[1]);
      await db.transaction().execute(async (two) => {
        expect(await lockNextMail(two, now)).toMatchObject({ id: ids[0], envelope: { from: 'a', to: ['b'] }, attempts: 0 });
      });
    });
  });

  test('leaves a mail that failed alone until its time, and gives up when it is told to', async () => {
    const id = await accept();
    await noteFailure(db, id, { error: 'x', retryAt: new Date(now + 1_000) });
    await db.transaction().execute(async (trx) => {
      expect(await lockNextMail(trx, now + 999)).toBeNull();
      expect(await lockNextMail(trx, now + 1_000)).toMatchObject({ id, attempts: 1 });
    });
    await noteFailure(db, id, { error: 'x', retryAt: null });
    await db.transaction().execute(async (trx) => expect(await lockNextMail(trx, now + 9_999)).toBeNull());
    expect(await db.selectFrom('inbox').select(['state', 'reason', 'attempts']).execute()).toEqual([{ state: 'failed', reason: 'unresolvable', attempts: 2 }]);
  });

  test('two copies at the same time: the second waits and then finds the first', async () => {
    const [first, second] = [await accept(), await accept()];
    let seconds: Promise<unknown> = Promise.resolve();
    await db.transaction().execute(async (trx) => {
      expect(await findEarlierCopy(trx, 'same', new Date(0))).toBeNull();
      seconds = db.transaction().execute((other) => findEarlierCopy(other, 'same', new Date(0)));
      await markResolved(trx, first, { number: 1001, at, contentHash: 'same' });
    });
    expect(await seconds).toEqual({ id: first, number: 1001, receivedAt: at, state: 'resolved', opened: false });
    expect(second).toBeGreaterThan(first);
  });

  test('a copy from before the window is none', async () => {
    const id = await accept();
    await db.transaction().execute((trx) => markResolved(trx, id, { number: 1, at, contentHash: 'old' }));
    await db.transaction().execute(async (trx) => {
      expect(await findEarlierCopy(trx, 'old', at)).not.toBeNull();
      expect(await findEarlierCopy(trx, 'old', new Date(now + 1))).toBeNull();
    });
  });
});
