import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { verifyIdentity } from '../../api/auth/identity';
import { register } from '../../cli/identity';
import { dashboardSecretOf } from '../../platform/generated-secrets';

const SECRET = 'a-secret-of-the-tests-of-32-characters-or-more';
const before = { ...process.env };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-identity-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  process.env['HOLDFAST_DATA'] = folder;
  delete process.env['DASHBOARD_JWT_SECRET'];
});
afterEach(() => {
  for (const name of ['HOLDFAST_DATA', 'DASHBOARD_JWT_SECRET']) {
    const value = before[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** What `holdfast identity …` prints. */
async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const collect = (chunk: string | Uint8Array): boolean => printed.push(String(chunk)) > 0;
  const write = jest.spyOn(process.stdout, 'write').mockImplementation(collect);
  try {
    const program = new Command('holdfast').exitOverride().configureOutput({ writeErr: collect });
    register(program);
    for (const command of program.commands) command.exitOverride();
    await program.parseAsync(['identity', ...args], { from: 'user' });
    return printed.join('');
  } finally {
    write.mockRestore();
  }
}

test('it signs what the desk will believe, with the secret of the environment', async () => {
  process.env['DASHBOARD_JWT_SECRET'] = SECRET;
  const token = (await run('--email', 'Ada@Example.org', '--name', 'Ada', '--cluster', 'c1', '--cluster', 'c2', '--website', 'www.example.org')).trim();
  expect(await verifyIdentity(SECRET, token, Date.now())).toMatchObject({
    sub: 'ada@example.org',
    email: 'ada@example.org',
    name: 'Ada',
    clusters: ['c1', 'c2'],
    websites: ['www.example.org'],
  });
});

test('without one, with the secret that npm start makes for the data folder; as JSON with its claims', async () => {
  const { identity, claims, expiresAt } = JSON.parse(await run('--email', 'ada@example.org', '--sub', 'u-1', '--minutes', '5', '--json')) as {
    identity: string;
    claims: object;
    expiresAt: string;
  };
  expect(claims).toEqual({ sub: 'u-1', email: 'ada@example.org' });
  const { expiresAt: end } = await verifyIdentity(dashboardSecretOf(folder), identity, Date.now());
  expect(new Date(end).toISOString()).toBe(expiresAt);
  expect(end).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
});

test('what the desk would refuse is told at once', async () => {
  process.env['DASHBOARD_JWT_SECRET'] = SECRET;
  await expect(run('--email', 'nobody')).rejects.toMatchObject({ code: 'E_IDENTITY_INVALID' });
  await expect(run('--email', 'a@example.org', '--minutes', '61')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  await expect(run()).rejects.toMatchObject({ code: 'commander.missingMandatoryOptionValue' });
  delete process.env['DASHBOARD_JWT_SECRET'];
  process.env['HOLDFAST_DATA'] = path.join(folder, 'nowhere');
  await expect(run('--email', 'a@example.org')).rejects.toMatchObject({ code: 'E_USAGE' });
});
