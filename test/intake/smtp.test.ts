import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { createTransport } from 'nodemailer';
import { createLogger } from '../../config/log';
import { closeDatabase, openDatabase } from '../../db/connection';
import { startSmtp, type SmtpOptions } from '../../intake/smtp';
import { readSmtpCertificate } from '../../intake/smtp-certificate';
import { Client } from 'pg';
import { waitingForLocks } from '../kit/lock-waits';
import { CERTIFICATE, KEY, OTHER_KEY } from './certificate';
import { MailDesk, mailOf, MONDAY_10 } from './mail-desk';

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
  async function sender(port: number, localAddress = '127.0.0.1'): Promise<{ socket: Socket; ask: (line: string) => Promise<string> }> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
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
    /** What a whole small mail is answered right now: whether there is room. */
    const probe = async (): Promise<string> => {
      const { socket, ask } = await sender(smtp.address.port);
      const answer = await ask('Subject: Probe\r\n\r\nA line.\r\n.');
      socket.destroy();
      return answer;
    };
    let taken = 0;
    const roomAgain = async (): Promise<boolean> => {
      const answer = await probe();
      if (answer.startsWith('250 ')) taken += 1;
      return answer.startsWith('250 ');
    };
    try {
      const [greedy, unlucky] = [await sender(smtp.address.port), await sender(smtp.address.port)];
      greedy.socket.write(`Subject: Greedy\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(150)}`);
      while (await roomAgain());
      unlucky.socket.write('Subject: Down\r\n\r\nThe first line.\r\n');
      // What came before it on a connection of its own has been read when a later one is answered.
      for (let later = 0; later < 3; later += 1) expect(await probe()).toMatch(/^451 /);
      greedy.socket.destroy();
      while (!(await roomAgain()));
      expect(await unlucky.ask('The last line.\r\n.')).toMatch(/^451 /);
      unlucky.socket.destroy();
    } finally {
      await smtp.close();
    }
    expect(await rows()).toBe(before + taken);
  });

  test('what one address holds leaves room for the mail of others', async () => {
    const before = await rows();
    const limits = { loopback: true };
    const smtp = await startSmtp({ listen: { host: '127.0.0.1', port: 0 }, db: desk.db, domain: desk.domain, log, heldBytes: 400_000, limits });
    /** What a whole small mail is answered. */
    const says = async (localAddress: string): Promise<string> => {
      const { socket, ask } = await sender(smtp.address.port, localAddress);
      const answer = await ask('Subject: Small\r\n\r\nA line.\r\n.');
      socket.destroy();
      return answer;
    };
    let taken = 0;
    try {
      const greedy = await sender(smtp.address.port, '127.0.0.2');
      // More than all may hold: it is kept up to the share of one.
      greedy.socket.write(`Subject: Greedy\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(600)}`);
      while ((await says('127.0.0.2')).startsWith('250 ')) taken += 1;
      expect(await says('127.0.0.3')).toMatch(/^250 /);
      greedy.socket.destroy();
      while (!(await says('127.0.0.2')).startsWith('250 '));
    } finally {
      await smtp.close();
    }
    expect(await rows()).toBe(before + taken + 2);
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
      await waitingForLocks(desk.db, 1, 'insert into "inbox"');
      // An answer that did not wait for it would be here by now.
      await new Promise((resolve) => setTimeout(resolve, 300));
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

  /** A listener of its own, for what the desk's own has no reason to do. */
  async function withListener(options: Partial<SmtpOptions>, act: (port: number) => Promise<void>): Promise<void> {
    const smtp = await startSmtp({
      listen: { host: '127.0.0.1', port: 0 },
      db: desk.db,
      domain: desk.domain,
      log,
      policy: () => Promise.resolve(desk.policy),
      ...options,
    });
    try {
      await act(smtp.address.port);
    } finally {
      await smtp.close();
    }
  }

  /** Says these lines one after the other; answers what was said last. */
  async function say(port: number, ...lines: readonly string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    // Some answers end the connection.
    const answer = () => new Promise<string>((resolve, reject) => socket.once('data', (bytes) => resolve(String(bytes))).once('error', reject));
    try {
      let last = await answer();
      for (const line of lines) {
        if (!/^[123]/.test(last)) return last;
        socket.write(`${line}\r\n`);
        last = await answer();
      }
      return last;
    } finally {
      socket.destroy();
    }
  }

  test('refuses by SIZE before a byte of the mail has come', async () => {
    expect(await say(desk.smtp.address.port, 'EHLO test', `MAIL FROM:<jane@acme.test> SIZE=${25 * 1024 * 1024 + 1}`)).toMatch(/^552 /);
    expect(await say(desk.smtp.address.port, 'EHLO test', `MAIL FROM:<jane@acme.test> SIZE=${25 * 1024 * 1024}`)).toMatch(/^250 /);
    expect(await say(desk.smtp.address.port, 'EHLO test')).toContain(`SIZE ${25 * 1024 * 1024}`);
  });

  test('says 452 while the disk of the database is full', async () => {
    const before = await rows();
    await sql`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION SQLSTATE ''53100''; END'`.execute(desk.db);
    await sql`CREATE TRIGGER full_disk BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION full_disk()`.execute(desk.db);
    try {
      await expect(desk.send(mailOf())).rejects.toMatchObject({ responseCode: 452 });
    } finally {
      await sql`DROP FUNCTION full_disk CASCADE`.execute(desk.db);
    }
    expect(await rows()).toBe(before);
  });

  test('says 421 to an address with too many connections, and takes it again when one has closed', async () => {
    await withListener({ limits: { connections: 2 } }, async (port) => {
      const open = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
      await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
      expect(await say(port)).toMatch(/^421 .*too many connections/i);
      open[0]?.destroy();
      await expect(retried(() => say(port), /^220 /)).resolves.toMatch(/^220 /);
      open[1]?.destroy();
    });
  });

  test('limits connections and mails of an address by the minute', async () => {
    let now = MONDAY_10;
    await withListener({ now: () => now, limits: { connectionsPerMinute: 3, mailsPerMinute: 2, loopback: true } }, async (port) => {
      const begin = ['EHLO test', 'MAIL FROM:<jane@acme.test>'];
      expect(await say(port, ...begin)).toMatch(/^250 /);
      expect(await say(port, ...begin)).toMatch(/^250 /);
      expect(await say(port, ...begin)).toMatch(/^451 .*too many mails/i);
      expect(await say(port)).toMatch(/^421 .*in one minute/i);
      now += 60_000;
      expect(await say(port, ...begin)).toMatch(/^250 /);
    });
    // The desk's own computer is not limited by the minute.
    await withListener({ limits: { connectionsPerMinute: 1, mailsPerMinute: 1 } }, async (port) => {
      for (let turn = 0; turn < 3; turn += 1) expect(await say(port, 'EHLO test', 'MAIL FROM:<jane@acme.test>')).toMatch(/^250 /);
    });
  });

  test('ends a connection that says nothing, and one that never ends', async () => {
    const ended = (port: number, busy: boolean) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        let heard = '';
        const talk = setInterval(() => busy && heard !== '' && socket.write('NOOP\r\n'), 100);
        socket.on('data', (bytes) => {
          if (busy && heard === '') socket.write('NOOP\r\n');
          heard += String(bytes);
        });
        socket.on('error', (error) => (heard += error.name));
        socket.once('close', () => (clearInterval(talk), resolve(heard)));
      });
    await withListener({ idleMs: 300 }, async (port) => expect(await ended(port, false)).toMatch(/421 .*Timeout/));
    await withListener({ connectionMs: 3_000 }, async (port) => expect(await ended(port, true)).toMatch(/^220[\s\S]*250/));
  });

  describe('with a certificate', () => {
    const certificate = { cert: Buffer.from(CERTIFICATE), key: Buffer.from(KEY) };

    test('encrypts when the sender asks for it, and takes mail either way', async () => {
      const before = await rows();
      await withListener({ certificate }, async (port) => {
        expect(await say(port, 'EHLO test')).toContain('STARTTLS');
        for (const requireTLS of [true, false]) {
          const transport = createTransport({ host: 'localhost', port, requireTLS, ignoreTLS: !requireTLS, tls: { ca: CERTIFICATE } });
          await transport.sendMail({ envelope: { from: 'jane@acme.test', to: ['info@example.test'] }, raw: mailOf() });
          transport.close();
        }
      });
      expect(await rows()).toBe(before + 2);
    });

    test('without one STARTTLS is neither offered nor done', async () => {
      expect(await say(desk.smtp.address.port, 'EHLO test')).not.toContain('STARTTLS');
      expect(await say(desk.smtp.address.port, 'EHLO test', 'STARTTLS')).toMatch(/^5/);
    });

    test('what cannot be used is said with the variable’s name', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-certificate-'));
      try {
        const [cert, key, other] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem'), path.join(folder, 'other.pem')];
        await Promise.all([writeFile(cert, CERTIFICATE), writeFile(key, KEY), writeFile(other, OTHER_KEY)]);
        expect(await readSmtpCertificate({ cert, key })).toEqual(certificate);
        expect(await readSmtpCertificate({ cert: undefined, key: undefined })).toBeNull();
        const refused = (paths: { cert: string; key: string }, message: RegExp) =>
          expect(readSmtpCertificate(paths)).rejects.toMatchObject({ code: 'E_ENVIRONMENT', message: expect.stringMatching(message) as string });
        await refused({ cert: path.join(folder, 'none.pem'), key }, /SMTP_TLS_CERT: .*none\.pem cannot be read \(ENOENT\)/);
        await refused({ cert, key: folder }, /SMTP_TLS_KEY: .*cannot be read \(EISDIR\)/);
        await refused({ cert, key: other }, /not a certificate and its private key/);
        await refused({ cert: key, key }, /not a certificate and its private key/);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
});

/** Repeats until the answer is as wanted; closing is not noticed at once. */
async function retried(ask: () => Promise<string>, wanted: RegExp): Promise<string> {
  for (let turn = 0; ; turn += 1) {
    const answer = await ask();
    if (wanted.test(answer) || turn > 50) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
