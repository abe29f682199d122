import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import supertest from 'supertest';
import { closeDatabase, openDatabase } from '../../db/connection';
import { addHits, addManyHits, pruneRateLimits } from '../../db/rate-limits';
import { openTestApi, PUBLIC_URL, type TestApi } from './test-api';

const opened: TestApi[] = [];
const open = async (rateLimits: Parameters<typeof openTestApi>[0]) => {
  const api = await openTestApi(rateLimits);
  opened.push(api);
  return api;
};
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close();
});

const signIn = (api: TestApi, token: string) => supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token, next: '/' });

test('one token’s requests are counted by themselves; beyond the limit the answer says when to come again', async () => {
  const api = await open({ rateLimits: { credential: 3, anonymous: 2, wrongToken: 0, signIn: 0 } });
  const answers = [];
  for (let n = 0; n < 4; n += 1) answers.push(await api.call('get', '/agents/me'));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[0]?.headers['ratelimit']).toMatch(/^"requests"; r=2; t=\d+$/);
  expect(answers[0]?.headers['ratelimit-policy']).toContain('q=3');
  const { headers, body } = answers[3] as (typeof answers)[number];
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
  expect(body).toMatchObject({ code: 'E_RATE_LIMITED', status: 429 });
  // Somebody else's token, and whoever has none, are not concerned.
  expect((await api.call('get', '/agents/me', { as: 'lead' })).status).toBe(200);
  expect((await api.call('get', '/openapi.json', { as: 'nobody' })).status).toBe(200);
  // The description of the API was read once by the test itself.
  expect((await api.call('get', '/openapi.json', { as: 'nobody' })).status).toBe(429);
  for (let n = 0; n < 5; n += 1) expect((await supertest(api.app).get('/healthz')).status).toBe(200);
});

test('made-up sessions count by their address, real ones by themselves', async () => {
  const api = await open({ rateLimits: { credential: 5, anonymous: 3, wrongToken: 0, signIn: 0 } });
  const cookie = (await signIn(api, api.agents.agent.token)).headers['set-cookie']?.[0]?.split(';', 1).join('') ?? '';
  const get = async (session: string) => (await supertest(api.app).get('/conversations').set('Cookie', session)).status;
  expect(await get(cookie)).toBe(200);
  const madeUp = [];
  for (const letter of ['a', 'b', 'c', 'd']) madeUp.push(await get(`holdfast_session=${letter.repeat(43)}`));
  expect(madeUp.at(-1)).toBe(429);
  const known = [];
  for (let n = 0; n < 5; n += 1) known.push(await get(cookie));
  expect(known).toEqual([200, 200, 200, 200, 429]);
});

describe('made-up tokens count by their address', () => {
  let n = 0;
  const bearer = () => `Bearer made-up-${(n += 1)}`;
  const picture = `/api/v1/avatars/${'a'.repeat(64)}`;
  const four = [1, 2, 3, 4];

  test.each([
    ['where nobody is asked who they are', (api: TestApi) => supertest(api.app).get(picture), 404],
    ['at an address that is none', (api: TestApi) => supertest(api.app).get('/nothing').set('Accept', 'application/json'), 404],
    ['with a body that is none', (api: TestApi) => supertest(api.app).post('/api/v1/tickets').type('json').send('{'), 400],
    ['as visitors, too', (api: TestApi) => supertest(api.app).get(picture), 404, 'Bearer vt_made-up-'],
    ['where they are asked', (api: TestApi) => supertest(api.app).get('/api/v1/agents/me'), 401],
  ])('%s', async (_name, request, status, prefix = 'Bearer made-up-') => {
    const api = await open({ rateLimits: { credential: 100, visitor: 100, anonymous: 3, wrongToken: 100, signIn: 0 } });
    const statuses = [];
    for (const each of four) statuses.push((await request(api).set('Authorization', prefix + each)).status);
    expect(statuses).toEqual([status, status, status, 429]);
    const refused = await request(api).set('Authorization', bearer());
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(refused.body).toMatchObject({ code: 'E_RATE_LIMITED' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('a right one does not, from when it has let somebody in, and also where they may not', async () => {
    const api = await open({ rateLimits: { credential: 100, anonymous: 3, wrongToken: 0, signIn: 0 } });
    const ask = async (as: 'agent' | 'viewer', path: string) =>
      (await supertest(api.app).get(path).set('Authorization', `Bearer ${api.agents[as].token}`)).status;
    // Many at once are not taken for made-up while nobody knows how they end.
    const atOnce = await Promise.all(Array.from({ length: 10 }, () => ask('agent', '/api/v1/agents/me')));
    expect(atOnce).toEqual(Array.from({ length: 10 }, () => 200));
    // A viewer reads no caught mails.
    expect(await ask('viewer', '/mails')).toBe(403);
    for (const each of four) await supertest(api.app).get(picture).set('Authorization', `Bearer not-${each}`);
    expect((await supertest(api.app).get(picture).set('Authorization', bearer())).status).toBe(429);
    expect(await Promise.all([ask('agent', picture), ask('agent', '/api/v1/agents/me'), ask('viewer', picture)])).toEqual([404, 200, 404]);
    // Who watches over this process sends whatever they like.
    expect((await supertest(api.app).get('/healthz').set('Authorization', bearer())).status).toBe(200);
  });
});

test('wrong sign-ins are few, right ones are not counted', async () => {
  const api = await open({ rateLimits: { credential: 0, anonymous: 0, wrongToken: 0, signIn: 3 } });
  for (let n = 0; n < 6; n += 1) expect((await signIn(api, api.agents.agent.token)).status).toBe(303);
  const wrong = [];
  for (let n = 0; n < 4; n += 1) wrong.push((await signIn(api, `guess ${n}`)).status);
  expect(wrong).toEqual([401, 401, 401, 429]);
  // Whoever has guessed too often does not get in with the right one, either.
  const page = await signIn(api, api.agents.agent.token).set('Accept', 'text/html');
  expect(page.status).toBe(429);
  expect(page.text).toContain('Try again in');
});

test('an address that sends wrong tokens is slowed down, whatever tokens it sends', async () => {
  const api = await open({ rateLimits: { credential: 0, anonymous: 0, wrongToken: 3, signIn: 0 } });
  const guess = async (n: number) => (await api.call('get', '/agents/me', { as: { token: `guess-${n}` } })).status;
  // Many at once are not taken for guesses while nobody knows how they end.
  const right = await Promise.all(Array.from({ length: 10 }, () => api.call('get', '/agents/me')));
  expect(right.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  expect([await guess(1), await guess(2), await guess(3), await guess(4)]).toEqual([401, 401, 401, 429]);
});

test('a proxy on this machine tells who asks; nobody else is believed', async () => {
  const api = await open({ rateLimits: { credential: 0, anonymous: 1, wrongToken: 0, signIn: 0 } });
  const from = async (address: string) => (await supertest(api.app).get('/api/v1/openapi.json').set('X-Forwarded-For', address)).status;
  expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2'), await from('203.0.113.9, 192.0.2.2')]).toEqual([200, 429, 200, 429]);
});

test('processes count together', async () => {
  const one = await open({ rateLimits: { credential: 0, anonymous: 0, wrongToken: 0, signIn: 2 } });
  const other = supertest(one.appOn(one.db));
  expect((await signIn(one, 'guess')).status).toBe(401);
  expect((await other.post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: 'guess', next: '/' })).status).toBe(401);
  expect((await signIn(one, 'guess')).status).toBe(429);
});

test('many requests at once cost the database one statement a second', async () => {
  const api = await open({ rateLimits: { credential: 1_000, anonymous: 0, wrongToken: 0, signIn: 0 } });
  const server = createServer(api.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `Bearer ${api.agents.agent.token}` };
  await Promise.all(Array.from({ length: 60 }, async () => (await fetch(`http://127.0.0.1:${port}/api/v1/agents/me`, { headers })).text()));
  const until = performance.now() + 20_000;
  const hits = async () => (await api.db.selectFrom('rate_limits').select('hits').execute()).map((row) => row.hits);
  while ((await hits())[0] !== 60 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await hits()).toEqual([60]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('without a database requests are still counted, and counting fails none', async () => {
  const api = await open({ rateLimits: { credential: 0, anonymous: 2, wrongToken: 0, signIn: 2 } });
  // Nothing listens on the reserved port 1.
  const away = openDatabase('postgres://holdfast:secret@127.0.0.1:1/holdfast');
  const app = supertest(api.appOn(away));
  const statuses = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await app.get('/api/v1/openapi.json')).status);
  expect(statuses).toEqual([200, 200, 429]);
  const since = performance.now();
  expect((await app.post('/sign-in').set('Origin', PUBLIC_URL).set('Accept', 'application/json').type('form').send({ token: 'guess' })).status).toBe(429);
  expect(performance.now() - since).toBeLessThan(5_000);
  await closeDatabase(away);
});

test('a flood of callers that has waited for the database is counted, however many they are', async () => {
  const api = await open({});
  const callers = Array.from({ length: 23_000 }, (_, index) => ({ key: `caller-${index}`, hits: 1 }));
  const counted = await addManyHits(api.db, callers, { windowMs: 1_000, now: 0 });
  expect(counted.map(({ key }) => key)).toEqual(callers.map(({ key }) => key));
});

test('a window begins anew when it is over, and what is over is swept away', async () => {
  const api = await open({});
  const at = Date.parse('2026-03-23T09:00:00Z');
  const hit = (now: number, hits = 1) => addHits(api.db, { key: 'somebody', hits, windowMs: 60_000, now });
  expect(await hit(at)).toMatchObject({ hits: 1, resetsAt: at + 60_000 });
  expect(await hit(at + 59_999, 2)).toMatchObject({ hits: 3, resetsAt: at + 60_000 });
  expect(await hit(at + 60_000)).toMatchObject({ hits: 1, resetsAt: at + 120_000 });
  expect(await hit(at + 60_001, -5)).toMatchObject({ hits: 0 });
  expect(await addManyHits(api.db, [], { windowMs: 1, now: at })).toEqual([]);
  const both = await addManyHits(
    api.db,
    [
      { key: 'z', hits: 2 },
      { key: 'a', hits: 1 },
    ],
    { windowMs: 1_000, now: at },
  );
  expect(both.map(({ key, hits }) => [key, hits])).toEqual([
    ['z', 2],
    ['a', 1],
  ]);
  await pruneRateLimits(api.db, new Date(at + 1_000));
  expect((await api.db.selectFrom('rate_limits').select('key').execute()).map(({ key }) => key)).toEqual(['somebody']);
});
