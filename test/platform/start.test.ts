import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import nodemailer from 'nodemailer';
import { Client } from 'pg';
import { isListening, Machine, until, unusedPort } from './program';
import type { Run } from './program';

jest.setTimeout(240_000);

async function isReady(machine: Machine): Promise<boolean> {
  try {
    return (await fetch(`${machine.url}/readyz`)).ok;
  } catch (error) {
    // fetch tells "nobody listens" and "hung up" as a TypeError.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The pid of the one process with this title. */
function pidOf(machine: Machine, title: string): number {
  const [found] = machine.titled(title);
  if (found === undefined) throw new Error(`There is no process "${title}".`);
  return found.pid;
}

describe('npm start', () => {
  let machine: Machine;
  let start: Run;

  beforeAll(async () => {
    machine = await Machine.create();
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
  });
  afterAll(() => machine.remove());

  test('says where everything is', () => {
    for (const place of ['/api/docs', '/mails', '/pages', '/notices']) expect(start.stdout).toContain(`${machine.url}${place}`);
    expect(start.stdout).toMatch(/Temporal UI +http:\/\/127\.0\.0\.1:\d+/);
    expect(start.stdout).toContain(`smtp://127.0.0.1:${machine.smtpPort}`);
    expect(start.stdout).toMatch(/Admin token +\S{32}\n/);
    expect(start.stdout).toContain('Next: npx holdfast demo');
    expect(start.stdout).toContain(machine.dataDir);
  });

  test('is ready, with an api, two workers and a catcher, recognisable in ps', async () => {
    expect(await isReady(machine)).toBe(true);
    const count = (title: string) => machine.titled(title).length;
    expect({ api: count('holdfast api'), worker: count('holdfast worker'), catcher: count('holdfast catcher'), guard: count('holdfast guard') }).toEqual({
      api: 1,
      worker: 2,
      catcher: 1,
      guard: 1,
    });
  });

  test('keeps its secrets in files that only their owner can read', () => {
    for (const file of ['signing-keys', 'admin-token', 'running.json']) expect(statSync(join(machine.dataDir, file)).mode & 0o777).toBe(0o600);
    const token = readFileSync(join(machine.dataDir, 'admin-token'), 'utf8').trim();
    expect(start.stdout).toContain(token);
  });

  test('catches what is mailed', async () => {
    const { mailCatcher, databaseUrl } = machine.told();
    const transport = nodemailer.createTransport({ url: mailCatcher });
    await transport.sendMail({ from: 'desk@example.test', to: ['ada@example.org', 'bob@example.org'], subject: 'Caught', text: 'One line\n.\nand a dot' });
    transport.close();
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ envelope_from: string; envelope_to: string[]; raw: Buffer }>(
      "SELECT envelope_from, envelope_to, raw FROM caught_mails WHERE position('Subject: Caught'::bytea in raw) > 0",
    );
    await client.end();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ envelope_from: 'desk@example.test', envelope_to: ['ada@example.org', 'bob@example.org'] });
    expect(rows[0]?.raw.toString()).toContain('One line\r\n.\r\nand a dot');
  });

  test('a second one on the same data is told who runs already', async () => {
    const second = machine.run(['start']);
    expect(await second.ended).toEqual({ code: 2, signal: null });
    expect(second.stderr).toContain('E_ALREADY_RUNNING');
    expect(second.stderr).toContain(`process ${start.pid}, ${machine.url}`);
    expect(await isReady(machine)).toBe(true);
  });

  test('the doctor looks at the running parts', async () => {
    const doctor = machine.run(['doctor', '--json']);
    const { code } = await doctor.ended;
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; status: string; says: string }[] };
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
    const says = Object.fromEntries(checks.map((check) => [check.name, check.says]));
    expect(says['Holdfast']).toContain(`process ${start.pid}`);
    expect(says['PostgreSQL']).toContain('its schema is the newest');
    expect(says['Temporal']).toContain('with all search attributes, closed conversations are kept for 30 days');
  });

  test('api and worker run alone against the same servers, and stop when asked', async () => {
    const { databaseUrl, temporalAddress, mailCatcher } = machine.told();
    const port = await unusedPort();
    const env = {
      PORT: String(port),
      SMTP_LISTEN: `127.0.0.1:${await unusedPort()}`,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      SMTP_URL: mailCatcher,
      HOLDFAST_SIGNING_KEYS: readFileSync(join(machine.dataDir, 'signing-keys'), 'utf8').trim(),
      HOLDFAST_ADMIN_TOKEN: 'a-token-of-this-test',
    };
    const api = machine.run(['api'], { env });
    await until('the second api is ready', async () => (await isListening(port)) && (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 30_000);
    const worker = machine.run(['worker'], { env });
    await until('a third worker runs', () => machine.titled('holdfast worker').length === 3, 30_000);
    for (const run of [api, worker]) run.child.kill('SIGTERM');
    expect(await api.ended).toEqual({ code: 0, signal: null });
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(await isReady(machine)).toBe(true);
  });

  test.each(['holdfast api', 'holdfast worker', 'holdfast catcher', 'postgres', 'temporal'])('brings back %s when it is killed', async (part) => {
    const servers = machine.told().servers;
    const killed = part === 'temporal' ? servers[0]?.pid : part === 'postgres' ? servers[1]?.pid : pidOf(machine, part);
    if (killed === undefined) throw new Error(`There is no ${part}.`);
    const before = { shown: start.stdout.length, count: machine.titled(part).length, ...machine.told() };
    process.kill(killed, 'SIGKILL');
    await until(`it says why and that ${part} runs again`, () => /was killed by SIGKILL[^]*runs again/.test(start.stdout.slice(before.shown)), 15_000);
    await until('it is ready again', () => isReady(machine), 20_000);
    const after = machine.told();
    expect({ database: after.databaseUrl, temporal: after.temporalAddress, catcher: after.mailCatcher }).toEqual({
      database: before.databaseUrl,
      temporal: before.temporalAddress,
      catcher: before.mailCatcher,
    });
    if (part.startsWith('holdfast')) expect(machine.titled(part)).toHaveLength(before.count);
    expect(machine.processes().map(({ pid }) => pid)).not.toContain(killed);
  });

  test('Ctrl-C stops everything within 10 s, and what was kept is there after a quick second start', async () => {
    const interruptedAt = performance.now();
    // A terminal's Ctrl-C goes to the whole group.
    process.kill(-start.pid, 'SIGINT');
    expect(await start.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - interruptedAt).toBeLessThan(10_000);
    expect(machine.processes()).toEqual([]);
    for (const port of [machine.port, machine.smtpPort, machine.temporalPort, machine.temporalUiPort]) expect(await isListening(port)).toBe(false);
    expect(start.stdout).toContain('Stopped.');
    expect(start.stdout.split('Stopping.')[1]).not.toContain('starting it again');

    const startedAt = performance.now();
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    const client = new Client({ connectionString: machine.told().databaseUrl });
    await client.connect();
    const { rowCount } = await client.query("SELECT FROM caught_mails WHERE position('Subject: Caught'::bytea in raw) > 0");
    await client.end();
    expect(rowCount).toBe(1);
  });

  test('killed at once it leaves no process behind, and the next start works', async () => {
    process.kill(start.pid, 'SIGKILL');
    await start.ended;
    // Each by itself.
    await machine.gone(20_000);
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
    expect(await isReady(machine)).toBe(true);
  });

  test('a part that hangs is ended too when npm start is killed', async () => {
    process.kill(pidOf(machine, 'holdfast worker'), 'SIGSTOP');
    process.kill(start.pid, 'SIGKILL');
    await start.ended;
    await machine.gone(25_000);
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
  });

  test('a start right after the kill ends what is still there', async () => {
    process.kill(start.pid, 'SIGKILL');
    await start.ended;
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
    expect(await isReady(machine)).toBe(true);
  });

  test('a part that hangs delays Ctrl-C by seconds only', async () => {
    process.kill(pidOf(machine, 'holdfast worker'), 'SIGSTOP');
    const askedAt = performance.now();
    process.kill(start.pid, 'SIGTERM');
    expect(await start.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - askedAt).toBeLessThan(10_000);
    // The guard of the killed one, too.
    await machine.gone(20_000);
  });

  test('a second Ctrl-C ends everything at once', async () => {
    start = machine.run(['start']);
    await start.shows('Holdfast runs.');
    process.kill(pidOf(machine, 'holdfast api'), 'SIGSTOP');
    const askedAt = performance.now();
    process.kill(-start.pid, 'SIGINT');
    await start.shows('Ctrl-C again ends everything at once', 5_000);
    // npm passes each Ctrl-C on although the terminal has sent it to everyone: that echo must not count.
    process.kill(start.pid, 'SIGINT');
    await sleep(1_000);
    expect(start.child.exitCode).toBeNull();
    process.kill(-start.pid, 'SIGINT');
    expect(await start.ended).toEqual({ code: 1, signal: null });
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    await machine.gone(5_000);
  });
});

test('Ctrl-C while it is starting stops what has started', async () => {
  const machine = await Machine.create();
  try {
    const start = machine.run(['start']);
    await start.shows('PostgreSQL');
    start.child.kill('SIGINT');
    expect(await start.ended).toEqual({ code: 0, signal: null });
    expect(machine.processes()).toEqual([]);
  } finally {
    await machine.remove();
  }
});
