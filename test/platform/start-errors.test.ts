import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { CLONE, isListening, Machine, namesIn, unusedPort } from './program';
import type { Run } from './program';

jest.setTimeout(120_000);

/** Each test has a machine of its own; none of these starts may leave a process on it. */
let machine: Machine;
beforeEach(async () => (machine = await Machine.create()));
afterEach(async () => {
  expect(machine.processes()).toEqual([]);
  await machine.remove();
});

/** How a start that cannot work ends: with 2, and on stderr the code, what is wrong and what to do. */
async function refusal(run: Run): Promise<string> {
  const { code } = await run.ended;
  expect({ code, stderr: run.stderr }).toEqual({ code: 2, stderr: expect.stringContaining('What to do: ') });
  expect(run.stderr).not.toMatch(/^\s+at /m);
  return run.stderr;
}

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return server;
}

test('a busy port is named, with the variable that changes it', async () => {
  const other = await occupy(machine.port);
  const text = await refusal(machine.run(['start']));
  expect(text).toContain(`E_PORT_BUSY: Port ${machine.port} of 127.0.0.1, meant for the API and the pages, is taken`);
  expect(text).toContain('choose another port with PORT');
  await new Promise((done) => other.close(done));
});

test('so is a busy port of incoming mail', async () => {
  const other = await occupy(machine.smtpPort);
  const text = await refusal(machine.run(['start']));
  expect(text).toContain(`E_PORT_BUSY: Port ${machine.smtpPort} of 127.0.0.1, meant for incoming mail, is taken`);
  expect(text).toContain('choose another port with SMTP_LISTEN');
  await new Promise((done) => other.close(done));
});

test('an address that this machine does not have is named', async () => {
  const text = await refusal(machine.run(['start'], { env: { SMTP_LISTEN: '192.0.2.1:2525' } }));
  expect(text).toContain('E_ENVIRONMENT: incoming mail cannot listen on 192.0.2.1:2525');
  expect(text).toContain('Change SMTP_LISTEN');
});

test('a data folder that cannot be made is named', async () => {
  const file = join(machine.folder, 'file');
  writeFileSync(file, '');
  const text = await refusal(machine.run(['start'], { env: { HOLDFAST_DATA: join(file, 'data') } }));
  expect(text).toContain(`E_DATA_UNWRITABLE: The data folder ${join(file, 'data')} cannot be used`);
  expect(text).toContain('Set HOLDFAST_DATA');
});

test('a full disk is called a full disk, and nothing half-made stays behind', async () => {
  // No file may grow beyond 4 MB: what PostgreSQL meets is what it meets on a full disk.
  const text = await refusal(
    machine.run(['-c', `ulimit -f 4096; exec "$0" "$1" start`, process.execPath, join(CLONE, 'cli', 'holdfast.cjs')], { program: ['/bin/bash'] }),
  );
  expect(text).toContain(`E_DISK_FULL: There is no room for the data folder`);
  expect(namesIn(machine.dataDir).filter((name) => name.startsWith('postgres'))).toEqual([]);
});

test('each wrong variable is named, a secret is not shown', async () => {
  const run = machine.run(['start'], { env: { PORT: '99999', HOLDFAST_SIGNING_KEYS: 'k1:hunter2', TEMPORAL_PORT: 'x' } });
  const { code } = await run.ended;
  expect(code).toBe(2);
  expect(run.stderr).toContain('E_ENVIRONMENT: 3 environment variables are wrong:');
  expect(run.stderr).toContain('PORT: got "99999", expected a port number');
  expect(run.stderr).toContain('HOLDFAST_SIGNING_KEYS: got a value that is not shown here');
  expect(run.stderr).not.toContain('hunter2');
  expect(namesIn(machine.dataDir)).toEqual([]);
});

test('a policy file that is not there, or wrong, is refused before anything starts', async () => {
  const file = join(machine.folder, 'policy.yaml');
  const none = machine.run(['start'], { env: { HOLDFAST_POLICY: file } });
  expect((await none.ended).code).toBe(2);
  expect(none.stderr).toContain(`E_POLICY_UNREADABLE: The policy file ${file} cannot be read`);
  writeFileSync(file, 'version: ours-1\ntickets:\n  dispatch: { within: 1 hour }\n');
  const wrong = machine.run(['start'], { env: { HOLDFAST_POLICY: file } });
  expect((await wrong.ended).code).toBe(2);
  expect(wrong.stderr).toContain(`E_POLICY_INVALID: ${file}:3:15 tickets.dispatch.within`);
  expect(namesIn(machine.dataDir)).toEqual([]);
});

test('without a Temporal program and without a way to fetch one it says how to get it', async () => {
  // Only what any system has: no temporal, no Python, nothing kept from earlier, and downloads are refused at once.
  const programs = join(machine.folder, 'bin');
  mkdirSync(programs);
  for (const name of ['sh', 'id', 'ps'])
    symlinkSync(join(['/bin', '/usr/bin'].find((folder) => readdirSync(folder).includes(name)) ?? '/bin', name), join(programs, name));
  const refused = `http://127.0.0.1:${await unusedPort()}`;
  const env = {
    PATH: programs,
    TEMPORAL_CLI: '',
    XDG_CACHE_HOME: join(machine.folder, 'cache'),
    HTTPS_PROXY: refused,
    https_proxy: refused,
    HTTP_PROXY: refused,
    http_proxy: refused,
    ALL_PROXY: refused,
  };
  const text = await refusal(machine.run(['start'], { env }));
  expect(text).toContain('E_TEMPORAL_CLI: The Temporal CLI was not found and could not be fetched');
  expect(text).toContain('TEMPORAL_CLI');
  expect(text).toContain('TEMPORAL_ADDRESS');
});

test('a database that does not answer is called that', async () => {
  const run = machine.run(['start'], { env: { DATABASE_URL: `postgres://desk:hunter2@127.0.0.1:${await unusedPort()}/desk` } });
  expect((await run.ended).code).toBe(1);
  expect(run.stderr).toContain('E_POSTGRES: The database cannot be reached');
  expect(run.stderr).toContain('What to do: Check that DATABASE_URL');
  expect(run.stderr).not.toContain('hunter2');
});

test('a Temporal server that does not answer is called that', async () => {
  const run = machine.run(['start'], { env: { TEMPORAL_ADDRESS: `127.0.0.1:${await unusedPort()}` } });
  expect((await run.ended).code).toBe(1);
  expect(run.stderr).toContain('E_TEMPORAL: Temporal does not answer');
  expect(run.stderr).toContain('What to do: Check TEMPORAL_ADDRESS');
});

test('api and worker alone say which servers they need', async () => {
  for (const command of ['api', 'worker']) {
    const run = machine.run([command]);
    expect((await run.ended).code).toBe(2);
    expect(run.stderr).toContain('E_ENVIRONMENT');
    expect(run.stderr).toContain('DATABASE_URL: not set, expected a PostgreSQL server');
    expect(run.stderr).toContain('TEMPORAL_ADDRESS: not set, expected a Temporal server');
    expect(await isListening(machine.port)).toBe(false);
  }
});

test('a wrong command line ends with 2, a question for help with 0 and examples first', async () => {
  for (const line of [['strat'], ['start', '--fast'], ['doctor', 'now']]) {
    const run = machine.run(line);
    expect((await run.ended).code).toBe(2);
    expect(run.stderr).toContain('--help');
  }
  const help = machine.run(['start', '--help']);
  expect((await help.ended).code).toBe(0);
  expect(help.stdout).toMatch(/^Examples:\n {2}npm start/);
  expect(help.stdout).toContain('SMTP_LISTEN                where Holdfast accepts mail, host:port [127.0.0.1:2525]');
});
