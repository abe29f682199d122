import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Machine, unusedPort } from './program';

jest.setTimeout(60_000);

interface Report {
  readonly status: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly says: string; readonly fix?: string }[];
}

let machine: Machine;
beforeEach(async () => (machine = await Machine.create()));
afterEach(() => machine.remove());

async function doctor(
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; report: Report; find: (name: string) => Report['checks'][number] | undefined }> {
  const run = machine.run(['doctor', '--json'], { env });
  const { code } = await run.ended;
  const report = JSON.parse(run.stdout) as Report;
  return { code, report, find: (name) => report.checks.find((check) => check.name === name) };
}

test('on a machine where all is well it warns only of what a trial lacks', async () => {
  const { code, report, find } = await doctor();
  expect(code).toBe(0);
  expect(report.checks.map(({ name }) => name)).toEqual([
    'Node.js',
    'libraries',
    'data folder',
    'settings',
    'Holdfast',
    'ports',
    'PostgreSQL',
    'Temporal',
    'policy',
    'signing keys',
    'pages',
    'notices',
    'outgoing mail',
    'sender checks',
  ]);
  expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(find('policy')?.says).toContain('has no special days: promises run on public holidays');
  expect(find('sender checks')?.says).toContain('no sender verification: the verdict "none" applies');
  expect(find('Holdfast')?.says).toContain('is not running');
});

test('for people it prints a line for each, with the fix below, and colours only when they are wanted', async () => {
  const plain = machine.run(['doctor']);
  await plain.ended;
  expect(plain.stdout).toMatch(/^✓ Node\.js +version /);
  expect(plain.stdout).toMatch(/! pages .*\n +→ .*PAGERDUTY_ROUTING_KEY/);
  expect(plain.stdout).not.toContain('\u001b');
  const coloured = machine.run(['doctor'], { env: { NO_COLOR: '', FORCE_COLOR: '1' } });
  await coloured.ended;
  expect(coloured.stdout).toContain('\u001b[32m✓');
});

test('every failure has its fix, and the exit code is 1', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(machine.port, '127.0.0.1', done));
  mkdirSync(machine.dataDir, { mode: 0o711 });
  chmodSync(machine.dataDir, 0o711);
  writeFileSync(join(machine.dataDir, 'signing-keys'), 'k1:x', { mode: 0o644 });
  const gone = await unusedPort();
  const policy = join(machine.folder, 'policy.yaml');
  writeFileSync(policy, 'version: ours-1\nunknownKey: 1\n');
  const { code, report, find } = await doctor({
    DATABASE_URL: `postgres://desk:hunter2@127.0.0.1:${gone}/desk`,
    TEMPORAL_ADDRESS: `127.0.0.1:${gone}`,
    SMTP_URL: `smtp://desk:hunter2@127.0.0.1:${gone}`,
    HOLDFAST_POLICY: policy,
  });
  await new Promise((done) => other.close(done));
  expect(code).toBe(1);
  expect(report.status).toBe('fail');
  const failed = report.checks.filter(({ status }) => status === 'fail');
  expect(failed.map(({ name }) => name)).toEqual(['ports', 'PostgreSQL', 'Temporal', 'policy', 'signing keys', 'outgoing mail']);
  for (const { fix } of failed) expect(fix).toMatch(/\w{3}/);
  expect(find('ports')?.fix).toContain('PORT');
  expect(find('policy')?.says).toContain(`${policy}:2:1 unknownKey`);
  expect(find('signing keys')?.fix).toContain('chmod 600');
  expect(JSON.stringify(report)).not.toContain('hunter2');
});

test('a data folder that cannot be used is a failure', async () => {
  const file = join(machine.folder, 'file');
  writeFileSync(file, '');
  const { code, find } = await doctor({ HOLDFAST_DATA: join(file, 'data') });
  expect(code).toBe(1);
  expect(find('data folder')).toMatchObject({ status: 'fail', says: expect.stringContaining('cannot be used'), fix: expect.stringContaining('HOLDFAST_DATA') });
});

test('with what is configured it says where things go', async () => {
  const { find } = await doctor({
    PAGERDUTY_ROUTING_KEY: 'R0UTINGKEY',
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_CHANNEL: 'support',
    MAIL_TRUSTED_AUTHSERV: 'mx.example.test',
  });
  expect(find('pages')).toMatchObject({ status: 'ok', says: 'go to PagerDuty' });
  expect(find('notices')).toMatchObject({ status: 'ok', says: 'go to Slack, support' });
  expect(find('sender checks')).toMatchObject({ status: 'ok' });
});
