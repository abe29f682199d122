import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client as PgClient } from 'pg';
import { startSmtpSink, type SmtpSink } from '../kit/smtp-sink';
import { addCustomerAct } from '../../intake/customer-act';
import { viewQuery } from '../../messages/conversation';
import { conversationWorkflowId } from '../../messages/ids';
import { testServer } from '../setup/test-servers';
import { ALWAYS_OPEN, LiveDesk } from './live-desk';

jest.setTimeout(90_000);

/** A worker in a process of its own. */
class WorkerProcess {
  output = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;

  constructor(env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [path.join(testServer('buildDir'), 'test', 'workers', 'run-worker.js')], { env });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  async says(word: string): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!this.output.split('\n').includes(word)) {
      if (this.child.exitCode !== null || performance.now() > deadline) throw new Error(`The worker did not say ${word}:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Asks it to close; answers its exit code and how long it took to end by itself, in milliseconds. */
  async close(): Promise<{ code: number | null; tookMs: number }> {
    const startedAt = performance.now();
    this.child.stdin.write('close\n');
    const code = await this.ended;
    return { code, tookMs: performance.now() - startedAt };
  }

  get errors(): string[] {
    return this.output.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line));
  }
}

describe('a worker', () => {
  const desk = new LiveDesk(ALWAYS_OPEN);
  let sink: SmtpSink;
  let env: NodeJS.ProcessEnv;
  let folder: string;
  const workers: WorkerProcess[] = [];
  beforeAll(async () => {
    [sink] = await Promise.all([startSmtpSink(), desk.open()]);
    sink.expect('jane@acme.test');
    folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-worker-'));
    writeFileSync(path.join(folder, 'policy.yaml'), `version: test-1\n${ALWAYS_OPEN}`);
    env = {
      ...process.env,
      DATABASE_URL: desk.url,
      TEMPORAL_ADDRESS: desk.temporal.address,
      TEMPORAL_NAMESPACE: desk.temporal.namespace,
      SMTP_URL: sink.url,
      HOLDFAST_POLICY: path.join(folder, 'policy.yaml'),
      HOLDFAST_SIGNING_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    };
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      worker.child.kill('SIGKILL');
      await worker.ended;
    }
  });
  afterAll(async () => {
    await desk.close();
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (more: NodeJS.ProcessEnv = {}) => {
    const worker = new WorkerProcess({ ...env, ...more });
    workers.push(worker);
    await worker.says('ready');
    return worker;
  };
  const connections = async () => {
    const { rows } = await administrate(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${database()}' AND application_name = 'holdfast'`);
    return Number(rows[0]?.['n']);
  };
  const database = () => new URL(desk.url).pathname.slice(1);
  const runs = (number: number) =>
    desk.eventually(`#${number} runs`, () =>
      desk.client.workflow
        .getHandle(conversationWorkflowId(number))
        .query(viewQuery)
        .catch(() => null),
    );

  test('does its whole work, and closing it leaves nothing: no connection, no handle, no error', async () => {
    const before = await connections();
    const worker = await start();
    const number = await desk.ticket({ at: Date.now() });
    expect(await runs(number)).toMatchObject({ number, status: 'new' });
    await desk.eventually(
      'the receipt is out',
      async () => (await desk.db.selectFrom('outgoing_mails').select('key').where('number', '=', number).where('state', '=', 'sent').execute()).length === 1,
    );
    const { code, tookMs } = await worker.close();
    expect(worker.output.split('\n')).toContain('closed');
    expect([code, worker.errors]).toEqual([0, []]);
    expect(tookMs).toBeLessThan(10_000);
    // The server's side of a connection ends a moment later.
    await desk.eventually('its connections are gone', async () => (await connections()) <= before);
  });

  test('brings back at once what is lost: at its start, and when relay finds nobody there', async () => {
    const number = await desk.started();
    await desk.handle(number).terminate('lost');
    await start();
    expect(await runs(number)).toMatchObject({ number });
    await desk.handle(number).terminate('lost again');
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: Date.now() });
    await desk.eventually('the act is applied', async () => (await runs(number)).priority === 'urgent');
  });

  test('outlives the loss of every database connection, and goes on by itself', async () => {
    const worker = await start();
    await desk.eventually('it is at work', async () => (await connections()) > 2);
    await administrate(`ALTER DATABASE ${database()} WITH ALLOW_CONNECTIONS false`);
    try {
      for (let round = 0; round < 4; round += 1) {
        await administrate(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database()}'`);
        await new Promise((resolve) => setTimeout(resolve, 750));
      }
    } finally {
      await administrate(`ALTER DATABASE ${database()} WITH ALLOW_CONNECTIONS true`);
    }
    const number = await desk.ticket({ at: Date.now() });
    expect(await runs(number)).toMatchObject({ number });
    expect(worker.child.exitCode).toBeNull();
    expect(await worker.close()).toMatchObject({ code: 0 });
  });

  test('two run side by side; each conversation is started once', async () => {
    await Promise.all([start(), start()]);
    const numbers = await Promise.all(Array.from({ length: 10 }, () => desk.ticket({ at: Date.now() })));
    for (const number of numbers) expect(await runs(number)).toMatchObject({ number, revision: 1 });
  });

  test.each([
    ['a database that is not there', { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }, /ECONNREFUSED/],
    ['a Temporal server that is not there', { TEMPORAL_ADDRESS: '127.0.0.1:9' }, /failed: .*(connect|Connection)/i],
    ['a policy that cannot be read', { HOLDFAST_POLICY: '/no/such/policy.yaml' }, /no\/such\/policy/],
  ])('%s: it says so, and what it had opened is closed again', async (_name, more, words) => {
    const worker = new WorkerProcess({ ...env, ...more });
    workers.push(worker);
    expect(await worker.ended).toBe(1);
    expect(worker.output).toMatch(words);
  });
});

async function administrate(statement: string): Promise<{ rows: Record<string, unknown>[] }> {
  const client = new PgClient({ connectionString: testServer('postgresUrl') });
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(statement);
  } finally {
    await client.end();
  }
}
