import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '../platform/program';

jest.setTimeout(180_000);

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.create();
  await machine.run(['start']).shows('Holdfast runs.');
});
afterAll(() => machine.remove());

interface DemoAnswer {
  readonly kept: { readonly number: number; readonly promises: readonly { readonly kind: string; readonly state: string }[] };
  readonly broken: DemoAnswer['kept'] & { readonly page: string };
  readonly links: Readonly<Record<string, string>>;
  readonly story: readonly { readonly at: string; readonly what: string; readonly tone: string }[];
}

async function ask(path: string): Promise<{ status: number; text: string }> {
  const token = readFileSync(join(machine.dataDir, 'admin-token'), 'utf8').trim();
  const response = await fetch(machine.url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text() };
}

test('a promise kept and a promise broken within a minute, and nothing of it is left ringing', async () => {
  const startedAt = performance.now();
  const run = machine.run(['demo', '--json']);
  const { code } = await run.ended;
  expect(`${run.stderr}${code}`).toMatch(/0$/);
  expect(performance.now() - startedAt).toBeLessThan(60_000);
  const demo = JSON.parse(run.stdout) as DemoAnswer;

  expect(demo.kept.promises.map(({ kind, state }) => [kind, state])).toEqual([
    ['dispatch', 'met'],
    ['firstResponse', 'met'],
  ]);
  expect(demo.broken.promises.map(({ kind, state }) => [kind, state])).toEqual([
    ['dispatch', 'breached'],
    ['firstResponse', 'breached'],
  ]);
  expect(demo.story.filter(({ tone }) => tone !== 'plain').map(({ what, tone }) => [tone, what.split(/[:,]/)[0]])).toEqual([
    ['kept', 'Kept'],
    ['kept', 'Kept'],
    ['paged', 'On-call is paged'],
    ['broken', 'Broken'],
    ['broken', 'Broken'],
    ['paged', 'The next level of on-call is rung'],
  ]);

  // Every link of ours leads somewhere, and says that it was a demonstration.
  const ours = Object.values(demo.links).filter((link) => link.startsWith(machine.url));
  expect(ours.length).toBeGreaterThanOrEqual(6);
  for (const link of ours) {
    const page = await ask(link.slice(machine.url.length));
    expect([link, page.status]).toEqual([link, 200]);
    if (!link.endsWith('/mails')) expect(page.text).toMatch(/demo/i);
  }
  const page = JSON.parse((await ask(`/api/v1/pages/${demo.broken.page}`)).text) as { state: string; demo: boolean; attempts: { method: string }[] };
  expect(page).toMatchObject({ state: 'over', demo: true });
  expect(new Set(page.attempts.map(({ method }) => method))).toEqual(new Set(['inbox']));

  const explained = machine.run(['explain', String(demo.broken.number)]);
  await explained.ended;
  expect(explained.stdout).toContain('a demonstration');
  expect(explained.stdout).toMatch(/firstResponse +broken .*due .*\n.* \+ 20 s round the clock → /);
  expect(explained.stdout).toMatch(/because a promise was in danger: "first answer" was still unkept .*\n/);
  expect(explained.stdout).toMatch(/rang the built-in page inbox \(level 2, ring \d+\) .*, (on time|\d+\.\d s late)/);
});

test('everybody else’s policy is the handbook all the while', async () => {
  const token = readFileSync(join(machine.dataDir, 'admin-token'), 'utf8').trim();
  const response = await fetch(`${machine.url}/api/v1/policy/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ receivedAt: '2026-03-02T09:00:00Z', kind: 'ticket', priority: 'urgent', plan: 'standard' }),
  });
  expect(await response.json()).toMatchObject({
    policy: 'handbook-1',
    promises: [{ dueAt: '2026-03-02T10:00:00.000Z' }, { dueAt: '2026-03-02T09:30:00.000Z' }],
  });
});

test('an unknown conversation cannot be explained', async () => {
  const run = machine.run(['explain', '999999']);
  expect((await run.ended).code).toBe(1);
  expect(run.stderr).toMatch(/^E_NOT_FOUND: There is no conversation #999999/m);
});
