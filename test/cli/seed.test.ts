import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { sql } from 'kysely';
import { ORGANIZATIONS } from '../../intake/seed/people';
import { CHATS } from '../../intake/seed/chats';
import { STORIES } from '../../intake/seed/stories';
import { conversationWorkflowId } from '../../messages/ids';
import { DeskProcess, openWorld, type DeskWorld } from '../kit/desk-under-test-processes';
import { unusedPort } from '../platform/program';
import { testServer } from '../setup/test-servers';

jest.setTimeout(240_000);

/** Office hours like the handbook's, so that what is seeded keeps, breaks and pages, whenever this runs. */
const POLICY = `
version: test-1
timezone: UTC
calendars: { office: { open: always, businessDay: 24h } }
undoSend: 1s
onCall: { levels: [{ rota: primary, acknowledgeWithin: 5m }], collect: 0s }
`;
/** Written by the desk for itself: nobody seeded it, and nobody removes it. */
const OF_THE_DESK = ['rate_limits', 'settings', 'kysely_migration', 'kysely_migration_lock', 'provider_budgets'];

const SEEDED_CONVERSATIONS = STORIES.length + CHATS.length;

let world: DeskWorld;
const processes: DeskProcess[] = [];
let metricsPort: number;
beforeAll(async () => {
  // With PagerDuty and Slack, which fail the test on anything unexpected: here, on anything at all.
  [world, metricsPort] = await Promise.all([openWorld({ policy: POLICY, providers: true }), unusedPort()]);
  for (const { domain, people } of ORGANIZATIONS) for (const localPart of Object.keys(people)) world.desk.parts.sink.expect(`${localPart}@${domain}`);
  world.desk.parts.sink.expect('jane@real.test');
  processes.push(new DeskProcess('api', world.env), new DeskProcess('worker', { ...world.env, HOLDFAST_METRICS_LISTEN: `127.0.0.1:${metricsPort}` }));
  await Promise.all(processes.map((each) => each.ready()));
});
afterAll(async () => {
  const problems = (await Promise.all(processes.map((each) => each.stop()))).flat();
  await world.close();
  expect(problems).toEqual([]);
});

async function holdfast(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...world.env, HOLDFAST_PUBLIC_URL: world.desk.parts.url, NO_COLOR: '1' };
  const child = spawn(process.execPath, [join(testServer('buildDir'), 'cli', 'main.js'), ...words], { env });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...out };
}

async function rowCounts(): Promise<Record<string, number>> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`.execute(world.desk.parts.db);
  const counts: Record<string, number> = {};
  for (const { name } of tables.filter((table) => !OF_THE_DESK.includes(table.name))) {
    const { rows } = await sql<{ count: number }>`SELECT count(*)::int AS count FROM ${sql.table(name)}`.execute(world.desk.parts.db);
    counts[name] = rows[0]?.count ?? 0;
  }
  return counts;
}

async function scrape(url: string, token?: string): Promise<string> {
  const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  return response.text();
}

/** Whatever the seeded people are called, wrote, or are written from. */
function personal(): string[] {
  const people = ORGANIZATIONS.flatMap(({ domain, name, people: all }) => [domain, name, ...Object.values(all), ...Object.keys(all).map((part) => `${part}@`)]);
  const words = STORIES.flatMap(({ subject, text, acts }) => [
    subject,
    text.slice(0, 25),
    ...acts.flatMap((act) => ('reply' in act ? [act.reply.slice(0, 25)] : [])),
  ]);
  const chats = CHATS.map(({ text }) => text.slice(0, 25));
  return [...people, ...words, ...chats, 'jane', 'real.test', 'Widgets', 'squeak'].filter((text) => text.length > 3);
}

test('a desk is seeded, looked at, seeded again and emptied again; nobody is rung, and nothing is told about anybody', async () => {
  const { db, url, adminToken, pagerduty, slack, temporal } = world.desk.parts;
  const real = await fetch(`${url}/api/v1/tickets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ requester: { email: 'jane@real.test', name: 'Jane' }, subject: 'Widgets', body: 'They squeak.' }),
  });
  const { number: realNumber } = (await real.json()) as { number: number };
  await world.desk.parts.sink.wait('jane@real.test', 1);
  const before = await rowCounts();

  const refused = await holdfast('seed');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--mail-may-leave')]);
  expect(await rowCounts()).toEqual(before);

  const first = await holdfast('seed', '--mail-may-leave', '--json');
  expect([first.code, first.stderr]).toEqual([0, '']);
  expect(JSON.parse(first.stdout)).toMatchObject({ seeded: { conversations: SEEDED_CONVERSATIONS, added: SEEDED_CONVERSATIONS } });
  const rows = await db
    .selectFrom('conversations')
    .select(['number', 'status', 'priority', 'breached', 'tags', 'demo'])
    .where('number', '<>', realNumber)
    .execute();
  expect(rows).toHaveLength(SEEDED_CONVERSATIONS);
  expect([...new Set(rows.map(({ status }) => status))].sort()).toEqual(['new', 'onHold', 'open', 'pending', 'solved']);
  expect([...new Set(rows.map(({ priority }) => priority))].sort()).toEqual(['high', 'low', 'normal', 'urgent']);
  expect(rows.every(({ demo, tags }) => demo && tags.includes('seeded'))).toBe(true);
  const broken = rows.filter(({ breached }) => breached).length;
  expect(broken).toBeGreaterThan(3);
  expect(broken).toBeLessThan(SEEDED_CONVERSATIONS / 2);
  expect((await db.selectFrom('pages').select('id').execute()).length).toBeGreaterThan(3);

  const seeded = await rowCounts();
  const second = await holdfast('seed', '--mail-may-leave');
  expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('nothing was to do')]);
  const { timeline: _t, page_attempts: _a, pages: _p, notices: _n, promises: _pr, outgoing_mails: _o, ...still } = await rowCounts();
  expect(seeded).toMatchObject(still);

  // By its story, as seeded mails get their numbers in whichever order they are resolved.
  const acknowledged = STORIES.find(({ acts }) => acts.some((act) => 'acknowledge' in act && act.by === 'mara'));
  const paged = await db
    .selectFrom('pages as p')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .select('p.number')
    .where('p.acknowledged_by', 'is not', null)
    .where('c.subject', '=', acknowledged?.subject ?? '')
    .executeTakeFirstOrThrow();
  const explained = await holdfast('explain', String(paged.number));
  expect(explained.stdout).toMatch(/Promises\n.*(broken|kept|running)/s);
  expect(explained.stdout).toMatch(/because (a promise was|it came while)/);
  expect(explained.stdout).toMatch(/rang the built-in page inbox \(level 1, ring 1\) \w{3} \d+ \w{3} \d\d:\d\d:\d\d, (on time|.* late)/);
  expect(explained.stdout).toContain('Mara Lindqvist acknowledged it');

  const texts = [await scrape(`${url}/metrics`, adminToken), await scrape(`http://127.0.0.1:${metricsPort}/metrics`)];
  expect(texts[0]).toMatch(/holdfast_promises\{kind="dispatch",priority="\w+",state="breached",demo="true"\} [1-9]/);
  expect(texts[0]).toContain('process_resident_memory_bytes');
  expect(texts[1]).toMatch(/holdfast_provider_calls_total\{provider="smtp",outcome="ok"\} [1-9]/);
  expect(texts[1]).toMatch(/temporal_workflow_completed_total|temporal_activity_execution_latency_seconds/);

  const removed = await holdfast('seed', '--remove', '--json');
  expect([removed.code, removed.stderr]).toEqual([0, '']);
  expect(JSON.parse(removed.stdout)).toMatchObject({ removed: { conversations: SEEDED_CONVERSATIONS, kept: 0 } });
  const after = await rowCounts();
  // The real conversation has gone on meanwhile.
  expect(Object.keys(after).filter((table) => (after[table] ?? 0) < (before[table] ?? 0))).toEqual([]);
  const left = await db.selectFrom('conversations').select('number').execute();
  expect(left).toEqual([{ number: realNumber }]);
  expect({ agents: after['agents'], contacts: after['contacts'], messages: after['messages'], inbox: after['inbox'], policies: after['policies'] }).toEqual({
    agents: before['agents'],
    contacts: before['contacts'],
    messages: before['messages'],
    inbox: before['inbox'],
    policies: before['policies'],
  });
  const states = await Promise.all(rows.map(async ({ number }) => (await temporal.workflow.getHandle(conversationWorkflowId(number)).describe()).status.name));
  expect([...new Set(states)]).toEqual(['TERMINATED']);
  expect((await temporal.workflow.getHandle(conversationWorkflowId(realNumber)).describe()).status.name).toBe('RUNNING');
  expect(JSON.parse((await holdfast('seed', '--remove', '--json')).stdout)).toMatchObject({ removed: { conversations: 0, agents: 0 } });

  // The real ticket may page in this policy, but what was seeded never did.
  const rung = [...(pagerduty?.requests() ?? []).map(({ key, body }) => `${key} ${JSON.stringify(body)}`), ...(slack?.messages() ?? [])];
  expect(rung.filter((text) => !text.includes(`#${realNumber}`) && !text.includes(`conversation/${realNumber}`))).toEqual([]);

  const logs = processes.map(({ said }) => said).join('\n');
  const lines = logs.split('\n').filter((line) => line !== '');
  expect(lines.length).toBeGreaterThan(STORIES.length * 2);
  expect(lines.filter((line) => !isEntry(line))).toEqual([]);
  for (const text of personal()) {
    expect(lines.filter((line) => line.toLowerCase().includes(text.toLowerCase()))).toEqual([]);
    expect(texts.filter((figures) => figures.includes(text))).toEqual([]);
  }
  expect(logs).toMatch(/"requestId":"[0-9a-f-]{36}"/);
  expect(logs).toMatch(/"number":1\d{3}/);
});

/** One line of JSON that says what happened, when and where. */
function isEntry(line: string): boolean {
  const entry = JSON.parse(line) as Record<string, unknown>;
  return ['level', 'time', 'part', 'msg'].every((key) => typeof entry[key] === 'string');
}

test('without a running desk it says what to do', async () => {
  const { DATABASE_URL: _url, ...env } = world.env;
  const child = spawn(process.execPath, [join(testServer('buildDir'), 'cli', 'main.js'), 'seed'], {
    env: { ...env, HOLDFAST_DATA: '/tmp/holdfast-nobody-runs-here' },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
  expect(stderr).toContain('npm start');
});
