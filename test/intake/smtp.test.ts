import { connect, type Socket } from 'node:net';
import { createLogger } from '../../config/log';
import { closeDatabase, openDatabase } from '../../db/connection';
import { startSmtp } from '../../intake/smtp';
import { Client } from 'pg';
import { MailDesk, mailOf } from './mail-desk';

const log = createLogger('test', { write: () => undefined });

describe('the mail listener', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open();
    await desk.stopResolving();
  });
  afterAll(() => desk.close());

  const rows = async () => (await desk.db.selectFrom('inbox').select('id').execute()).length;

  test('keeps the raw bytes, the envelope and the time', async () => {
    const raw = mailOf();
    const id = await desk.send(raw, { from: 'Jane@Acme.test', to: ['INFO@example.test', 'support@example.test'] });
    const row = await desk.db.selectFrom('inbox').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      channel: 'email',
      state: 'accepted',
      urgent: false,
      received_at: new Date(desk.now),
      envelope: { from: 'jane@acme.test', to: ['info@example.test', 'support@example.test'] },
    });
    expect(row.raw.equals(raw)).toBe(true);
  });

  test.each(['sales@example.test', 'info@elsewhere.test', 'constructor@example.test'])('refuses mail to %s for good', async (address) => {
    const before = await rows();
    await expect(desk.send(mailOf(), { to: [address] })).rejects.toMatchObject({ responseCode: 550 });
    expect(await rows()).toBe(before);
  });

  test('takes the null sender and reply addresses', async () => {
    expect(await desk.send(mailOf(), { from: '', to: ['reply+1042.k1.aaaaaaaaaaaaaaaaaaaaaaaa@example.test'] })).toBeGreaterThan(0);
  });

  test('refuses a mail of more than 25 MB for good, and takes one of almost that', async () => {
    const before = await rows();
    await expect(desk.send(mailOf({ body: `${'x'.repeat(1022)}\r\n`.repeat(25 * 1024 + 8) }))).rejects.toMatchObject({ responseCode: 552 });
    expect(await rows()).toBe(before);
    await desk.send(mailOf({ body: `${'x'.repeat(1022)}\r\n`.repeat(25 * 1024 - 8) }));
    expect(await rows()).toBe(before + 1);
  });

  /** A sender that speaks line by line, up to the beginning of its mail. */
  async function sender(port: number): Promise<{ socket: Socket; ask: (line: string) => Promise<string> }> {
    const socket = connect(port, '127.0.0.1');
    const answer = () => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    const ask = (line: string) => {
      socket.write(`${line}\r\n`);
      return answer();
    };
    await answer();
    for (const line of ['HELO test', 'MAIL FROM:<jane@acme.test>', 'RCPT TO:<info@example.test>', 'DATA']) await ask(line);
    return { socket, ask };
  }

  test('never takes a mail of which it had no room for a part, even when there is room again at its end', async () => {
    const before = await rows();
    const smtp = await startSmtp({ listen: { host: '127.0.0.1', port: 0 }, db: desk.db, domain: desk.domain, log, heldBytes: 100_000 });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
    try {
      const [greedy, unlucky] = [await sender(smtp.address.port), await sender(smtp.address.port)];
      greedy.socket.write(`Subject: Greedy\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(150)}`);
      await pause();
      unlucky.socket.write('Subject: Down\r\n\r\nThe first line.\r\n');
      await pause();
      greedy.socket.destroy();
      await pause();
      expect(await unlucky.ask('The last line.\r\n.')).toMatch(/^451 /);
      unlucky.socket.destroy();
    } finally {
      await smtp.close();
    }
    expect(await rows()).toBe(before);
  });

  test('takes no more than a hundred recipients at once; the others come with a mail of their own', async () => {
    const to = Array.from({ length: 101 }, (_, index) => `reply+${index + 1}.k1.aaaaaaaaaaaaaaaaaaaaaaaa@example.test`);
    const id = await desk.send(mailOf(), { to });
    const { envelope } = await desk.db.selectFrom('inbox').select('envelope').where('id', '=', id).executeTakeFirstOrThrow();
    expect(envelope['to']).toHaveLength(100);
  });

  test('says 250 only after the commit', async () => {
    const blocker = new Client({ connectionString: desk.url });
    await blocker.connect();
    try {
      await blocker.query('BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE');
      let answered = false;
      const sending = desk.send(mailOf({ subject: 'Waits' })).finally(() => (answered = true));
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(answered).toBe(false);
      await blocker.query('COMMIT');
      const id = await sending;
      expect(await desk.db.selectFrom('inbox').select('state').where('id', '=', id).executeTakeFirst()).toEqual({ state: 'accepted' });
    } finally {
      await blocker.end();
    }
  });

  test('says 451 when the connection breaks before the commit, and keeps nothing', async () => {
    const before = await rows();
    const [blocker, killer] = [new Client({ connectionString: desk.url }), new Client({ connectionString: desk.url })];
    await Promise.all([blocker.connect(), killer.connect()]);
    try {
      await blocker.query('BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE');
      const sending = desk.send(mailOf());
      const refused = expect(sending).rejects.toMatchObject({ responseCode: 451 });
      const waiting = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%insert into "inbox"%'`;
      for (let killed = 0; killed === 0; killed = (await killer.query(waiting)).rowCount ?? 0) await new Promise((resolve) => setTimeout(resolve, 50));
      await refused;
      await blocker.query('ROLLBACK');
    } finally {
      await Promise.all([blocker.end(), killer.end()]);
    }
    expect(await rows()).toBe(before);
  });

  test('says 451 while the database is away', async () => {
    const nowhere = openDatabase('postgres://nobody:x@127.0.0.1:1/none');
    const policies = [() => Promise.resolve(desk.policy), undefined];
    try {
      for (const policy of policies) {
        const smtp = await startSmtp({ listen: { host: '127.0.0.1', port: 0 }, db: nowhere, domain: desk.domain, log, ...(policy && { policy }) });
        const healthy = desk.smtp;
        desk.smtp = smtp;
        try {
          await expect(desk.send(mailOf())).rejects.toMatchObject({ responseCode: 451 });
        } finally {
          desk.smtp = healthy;
          await smtp.close();
        }
      }
    } finally {
      await closeDatabase(nowhere);
    }
  });

  test('says which port is taken, with a code', async () => {
    const { address } = desk.smtp;
    await expect(startSmtp({ listen: address, db: desk.db, domain: desk.domain, log })).rejects.toMatchObject({ code: 'E_PORT_BUSY' });
  });
});
