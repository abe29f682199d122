import supertest from 'supertest';
import { addPage, addTicket, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

const TICKET = { requester: { email: 'ada@example.org' }, subject: 'Slow', body: 'Since today.' };

async function makeToken(body: object, role: 'agent' | 'viewer' = 'agent'): Promise<{ id: string; secret: string }> {
  const made = await api.call('post', `/agents/${api.agents[role].id}/tokens`, { as: role, body: { label: 'a program', ...body } });
  expect(made.status).toBe(201);
  return made.body as { id: string; secret: string };
}

const tokensOf = async () =>
  (
    (await api.call('get', `/agents/${api.agents.agent.id}/tokens`)).body as {
      items: { id: string; lastUsedAt: string | null; expiresAt: string | null; scopes: string[] }[];
    }
  ).items;

test('a scope narrows what the role allows', async () => {
  const { secret } = await makeToken({ scopes: ['tickets:create'] });
  expect((await api.call('post', '/tickets', { as: { token: secret }, body: TICKET })).status).toBe(201);
  const refused = await api.call('get', '/conversations', { as: { token: secret } });
  expect(refused.status).toBe(403);
  expect((refused.body as { detail: string }).detail).toContain('tickets:create');
  const reader = await makeToken({ scopes: ['read', 'tickets:create'] });
  expect((await api.call('get', '/conversations', { as: { token: reader.secret } })).status).toBe(200);
  expect((await api.call('post', '/tickets', { as: { token: reader.secret }, body: TICKET })).status).toBe(201);
  expect((await api.call('post', '/contacts', { as: { token: reader.secret }, body: { email: 'x@y.example' } })).status).toBe(403);
});

test('a scope widens nothing', async () => {
  const { secret } = await makeToken({ scopes: ['all', 'tickets:create'] }, 'viewer');
  expect((await api.call('post', '/tickets', { as: { token: secret }, body: TICKET })).status).toBe(403);
});

test('a narrowed token makes no tokens, also when it signs in', async () => {
  const { secret } = await makeToken({ scopes: ['read'] });
  expect((await api.call('post', `/agents/${api.agents.agent.id}/tokens`, { as: { token: secret }, body: { label: 'wider' } })).status).toBe(403);
  const signedIn = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: secret, next: '/' });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const bySession = (method: 'get' | 'post', path: string) => supertest(api.app)[method](path).set('Cookie', cookie).set('Origin', PUBLIC_URL);
  expect((await bySession('get', '/api/v1/conversations')).status).toBe(200);
  expect((await bySession('post', `/api/v1/agents/${api.agents.agent.id}/tokens`).send({ label: 'wider' })).status).toBe(403);
  expect((await bySession('post', '/sign-out')).status).toBe(303);
});

test.each([{ scopes: [] }, { scopes: ['everything'] }, { scopes: 'all' }, { expiresAt: '2026-03-23T09:00:00Z' }, { expiresAt: 'soon' }])(
  'a token is not made with %j',
  async (body) => {
    expect((await api.call('post', `/agents/${api.agents.agent.id}/tokens`, { body: { label: 'x', ...body } })).status).toBe(400);
  },
);

test('a token ends at its time, and the session that it opened with it', async () => {
  const { id, secret } = await makeToken({ expiresAt: '2026-03-23T10:00:00Z' });
  expect((await tokensOf()).find((token) => token.id === id)).toMatchObject({ expiresAt: '2026-03-23T10:00:00.000Z', scopes: ['all'] });
  const signedIn = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: secret, next: '/' });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const bySession = async () => (await supertest(api.app).get('/api/v1/agents/me').set('Cookie', cookie)).status;
  api.clock.now = Date.parse('2026-03-23T09:59:59.999Z');
  expect([(await api.call('get', '/agents/me', { as: { token: secret } })).status, await bySession()]).toEqual([200, 200]);
  api.clock.now = Date.parse('2026-03-23T10:00:00Z');
  expect([(await api.call('get', '/agents/me', { as: { token: secret } })).status, await bySession()]).toEqual([401, 401]);
});

test('its owner sees when a token was last used, to the minute', async () => {
  const { id, secret } = await makeToken({});
  const lastUsed = async () => (await tokensOf()).find((token) => token.id === id)?.lastUsedAt;
  expect(await lastUsed()).toBeNull();
  const use = async (at: number) => {
    api.clock.now = at;
    await api.call('get', '/agents/me', { as: { token: secret } });
    await api.settled();
  };
  await use(MONDAY_TEN + 1_000);
  expect(await lastUsed()).toBe('2026-03-23T09:00:01.000Z');
  await use(MONDAY_TEN + 30_000);
  expect(await lastUsed()).toBe('2026-03-23T09:00:01.000Z');
  await use(MONDAY_TEN + 90_000);
  expect(await lastUsed()).toBe('2026-03-23T09:01:30.000Z');
});

test('a token that ends makes none that ends later, nor does the session that it opened', async () => {
  const expiresAt = new Date(MONDAY_TEN + 3_600_000).toISOString();
  const { secret } = await makeToken({ expiresAt });
  const path = `/agents/${api.agents.agent.id}/tokens`;
  const mint = (body: object) => api.call('post', path, { as: { token: secret }, body: { label: 'another', ...body } });
  expect((await mint({})).body).toMatchObject({ expiresAt: '2026-03-23T10:00:00.000Z', scopes: ['all'] });
  expect((await mint({ expiresAt: '2026-03-23T09:30:00Z', scopes: ['read'] })).body).toMatchObject({ expiresAt: '2026-03-23T09:30:00.000Z', scopes: ['read'] });
  const later = await mint({ expiresAt: '2026-03-23T10:00:00.001Z' });
  expect([later.status, later.body]).toMatchObject([400, { errors: [{ path: 'body.expiresAt' }] }]);

  const signedIn = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: secret, next: '/' });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const bySession = await supertest(api.app).post(`/api/v1${path}`).set('Cookie', cookie).set('Origin', PUBLIC_URL).send({ label: 'by session' });
  expect(bySession.body).toMatchObject({ expiresAt: '2026-03-23T10:00:00.000Z' });
});

test('who may act but not read is told no words: neither of what came in meanwhile nor of others’ commands', async () => {
  const number = await addTicket(api);
  const { secret } = await makeToken({ scopes: ['conversations:write'] });
  const as = { token: secret };
  await api.db
    .insertInto('messages')
    .values({
      id: `m-more-${number}`,
      number,
      seq: 2,
      direction: 'in',
      author_kind: 'customer',
      author_id: null,
      channel: 'email',
      body: 'My secret is 4711.',
      at: new Date(MONDAY_TEN + 1_000),
      state: 'received',
      authenticated: true,
    })
    .execute();
  const reply = { body: 'We look into it.', seenUpTo: 1 };
  const moved = await api.call('post', `/conversations/${number}/replies`, { as, body: reply });
  expect(moved.body).toMatchObject({ code: 'E_THREAD_MOVED', cameIn: [{ id: `m-more-${number}`, at: '2026-03-23T09:00:01.000Z' }] });
  expect(moved.text).not.toContain('4711');
  expect((await api.call('post', `/conversations/${number}/replies`, { body: reply })).text).toContain('4711');

  const noted = await api.call('post', `/conversations/${number}/notes`, { as: 'lead', body: { body: 'They said 4711.' } });
  const own = await api.call('post', `/conversations/${number}/notes`, { as, body: { body: 'Mine.' } });
  const commandOf = async (answer: supertest.Response, who: typeof as | 'viewer') =>
    ((await api.call('get', `/commands/${(answer.body as { id: string }).id}`, { as: who })).body as { text: string | null }).text;
  expect([await commandOf(noted, as), await commandOf(own, as), await commandOf(noted, 'viewer')]).toEqual([null, 'Mine.', 'They said 4711.']);
});

test('a token for pages alone sees what rings and why, and no words of the thread', async () => {
  const number = await addTicket(api, { subject: 'Slow again', body: 'My password is 4711.' });
  await api.call('post', `/conversations/${number}/notes`, { body: { body: 'They said 4711.' } });
  const page = await addPage(api, number);
  const { secret } = await makeToken({ scopes: ['pages:act'] });
  const shown = async (token: string) => (await supertest(api.app).get(`/pages/${page}`).set('Authorization', `Bearer ${token}`)).text;
  const toOnCall = await shown(secret);
  expect(toOnCall).toContain('Slow again');
  expect(toOnCall).toContain('Acknowledge</button>');
  expect(toOnCall).not.toMatch(/4711|Last messages|href="\/conversations\/\d/);
  const toReader = await shown(api.agents.agent.token);
  expect(toReader).toContain('My password is 4711.');
  expect(toReader).toContain('They said 4711.');
  expect(toReader).toContain(`<a href="/conversations/${number}">open #${number}</a>`);
});

test('blocking takes the right to block, also when a conversation ends as spam', async () => {
  const number = await addTicket(api);
  const { secret } = await makeToken({ scopes: ['conversations:write'] });
  const spam = (body: object) => api.call('post', `/conversations/${number}/spam`, { as: { token: secret }, body });
  const refused = await spam({ block: true });
  expect([refused.status, (refused.body as { code: string }).code]).toEqual([403, 'E_FORBIDDEN']);
  expect(await api.db.selectFrom('commands').select('id').where('number', '=', number).execute()).toEqual([]);
  expect((await spam({})).status).toBe(202);
});
