import { sql } from 'kysely';
import { Client } from 'pg';
import { INBOX_CHANNEL } from '../../db/inbox';
import { waitingForLocks } from '../kit/lock-waits';
import { MailDesk, mailOf, MONDAY_10, slowMail } from './mail-desk';

describe('the resolver in hard times', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open();
    await sql`
      CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.body LIKE 'poison%' THEN RAISE EXCEPTION 'no such body, %', NEW.body; END IF; RETURN NEW; END $$`.execute(desk.db);
    await sql`CREATE TRIGGER refuse_poison BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_poison()`.execute(desk.db);
  });
  afterAll(() => desk.close());

  const row = (id: number) => desk.db.selectFrom('inbox').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  /** Spares the test the time until the next sweep. */
  const wake = () => sql`SELECT pg_notify(${INBOX_CHANNEL}, '')`.execute(desk.db);
  const until = async (holds: () => Promise<boolean>, withinMs = 15_000): Promise<void> => {
    const end = Date.now() + withinMs;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`It did not come to that within ${withinMs / 1_000} s.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test('a mail that cannot be resolved holds nobody up, is tried again, and is shown as failed in the end', async () => {
    const id = await desk.send(mailOf({ body: 'poison 1' }));
    await until(async () => (await row(id)).attempts === 1);
    expect(await row(id)).toMatchObject({ state: 'accepted', number: null, retry_at: new Date(MONDAY_10 + 1_000) });
    expect((await row(id)).error).toMatch(/^P0001: no such body/);
    expect((await desk.opened(mailOf())).last_seq).toBe(1);
    for (let attempt = 2; attempt <= 8; attempt += 1) {
      desk.now += 60_000;
      await wake();
      await until(async () => (await row(id)).attempts === attempt);
    }
    expect(await row(id)).toMatchObject({ state: 'failed', reason: 'unresolvable', number: null, attempts: 8, sender: 'jane@acme.test', subject: 'Help' });
    const notices = await desk.db.selectFrom('notices').select(['key', 'number', 'kind', 'text']).execute();
    expect(notices).toEqual([{ key: `ops:inbox:${id}`, number: null, kind: 'ops', text: expect.stringContaining(`inbox row ${id}`) as string }]);
    desk.now = MONDAY_10;
  });

  test('a mail that failed once is resolved once the cause is mended, its promises counted from its receipt', async () => {
    const id = await desk.send(mailOf({ body: 'poison 2' }));
    await until(async () => (await row(id)).attempts === 1);
    await sql`ALTER TABLE messages DISABLE TRIGGER refuse_poison`.execute(desk.db);
    desk.now += 5_000;
    await wake();
    const resolved = await desk.settled(id);
    const ticket = await desk.conversation(Number(resolved.number));
    expect(ticket.start.promises.map(({ since }) => since)).toEqual([MONDAY_10, MONDAY_10]);
    expect(resolved).toMatchObject({ state: 'resolved', error: null, retry_at: null });
    desk.now = MONDAY_10;
  });

  test('two mails whose error looks like an outage hold nobody up while the database answers, and wait longer than an hour for agents', async () => {
    await sql`
      CREATE FUNCTION refuse_outage() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.body LIKE 'outage%' THEN RAISE EXCEPTION 'too slow' USING ERRCODE = '57014'; END IF; RETURN NEW; END $$`.execute(desk.db);
    await sql`CREATE TRIGGER refuse_outage BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_outage()`.execute(desk.db);
    const ids = [await desk.send(mailOf({ body: 'outage 1' })), await desk.send(mailOf({ body: 'outage 2' }))];
    await until(async () => (await Promise.all(ids.map(row))).every(({ attempts }) => attempts === 1));
    expect((await desk.opened(mailOf({ subject: 'Behind them' }))).subject).toBe('Behind them');
    await desk.db.updateTable('inbox').set({ attempts: 30 }).where('id', 'in', ids).execute();
    desk.now += 60_000;
    await wake();
    await until(async () => (await Promise.all(ids.map(row))).every(({ attempts }) => attempts === 31));
    expect((await Promise.all(ids.map(row))).map(({ state }) => state)).toEqual(['accepted', 'accepted']);
    await sql`DROP TRIGGER refuse_outage ON messages`.execute(desk.db);
    desk.now += 60_000;
    await wake();
    for (const id of ids) expect(await desk.settled(id)).toMatchObject({ state: 'resolved', error: null });
    desk.now = MONDAY_10;
  });

  test('mails that take long to read keep nobody waiting, and are read in the end', async () => {
    desk.now = MONDAY_10;
    const slow = [await desk.send(slowMail()), await desk.send(slowMail())];
    const startedAt = performance.now();
    const everyday = [await desk.send(mailOf()), await desk.send(mailOf())];
    for (const id of everyday) expect((await desk.settled(id)).state).toBe('resolved');
    const tookMs = performance.now() - startedAt;
    process.stdout.write(`Two everyday mails behind two that take long: ${Math.round(tookMs)} ms\n`);
    // The first is being read, and the other waits for that: each takes ten seconds.
    expect((await Promise.all(slow.map(row))).map(({ state }) => state)).toContain('accepted');
    await until(async () => (await Promise.all(slow.map(row))).every(({ state }) => state === 'resolved'), 45_000);
  }, 60_000);

  test('urgent mail is resolved first', async () => {
    await desk.stopResolving();
    const ids = [await desk.send(mailOf()), await desk.send(mailOf()), await desk.send(mailOf())];
    await desk.db
      .updateTable('inbox')
      .set({ urgent: true })
      .where('id', '=', ids[2] ?? 0)
      .execute();
    const blocker = new Client({ connectionString: desk.url });
    await blocker.connect();
    try {
      // Nobody gets further than to begin: one has been taken, and it is the urgent one.
      await blocker.query('BEGIN; LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE');
      desk.resolve();
      await waitingForLocks(desk.db, 1);
      const left = await blocker.query('SELECT id FROM inbox WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED', [ids]);
      expect(left.rows.map(({ id }: { id: string }) => Number(id))).toEqual([ids[0], ids[1]]);
      await blocker.query('ROLLBACK');
    } finally {
      await blocker.end();
    }
    for (const id of ids) expect(await desk.settled(id)).toMatchObject({ state: 'resolved' });
  });

  test('every connection broken at any moment: nothing is lost, nothing is there twice', async () => {
    await desk.stopResolving();
    const subjects = Array.from({ length: 20 }, (_, index) => `Storm ${'abcdefghijklmnopqrst'.charAt(index)}`);
    const ids = [];
    for (const subject of subjects) ids.push(await desk.send(mailOf({ subject })));
    // The desk's own pool may still hand out a connection that has just been broken; this one is spared.
    const killer = new Client({ connectionString: desk.url });
    await killer.connect();
    try {
      desk.resolve();
      for (let round = 0; round < 6; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        await killer.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
      }
      await until(async () => (await killer.query(`SELECT FROM inbox WHERE state = 'accepted'`)).rowCount === 0);
    } finally {
      await killer.end();
    }
    const tickets = await desk.db.selectFrom('conversations').select('subject').where('subject', 'like', 'Storm %').orderBy('subject').execute();
    expect(tickets.map(({ subject }) => subject)).toEqual(subjects);
    for (const id of ids) expect(await row(id)).toMatchObject({ state: 'resolved', duplicate_of: null });
    // Still awake: a new mail is heard of by itself.
    expect((await desk.opened(mailOf({ subject: 'After the storm' }))).subject).toBe('After the storm');
  });
});
