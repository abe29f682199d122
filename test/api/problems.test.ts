import { sql } from 'kysely';
import supertest from 'supertest';
import { asAnswerable } from '../../api/problem';
import { closeDatabase, openDatabase } from '../../db/connection';
import { addTicket, openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const asAgent = () => ({ Authorization: `Bearer ${api.agents.agent.token}` });

test('every error is a problem with a code, a link that explains it, and the request’s id', async () => {
  const response = await api.call('get', '/conversations/999999');
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(response.body).toEqual({
    type: 'http://desk.test/api/docs#E_NOT_FOUND',
    title: 'There is no such thing, or it is not yours to see.',
    status: 404,
    detail: 'There is no conversation #999999, or it is not yours to see.',
    code: 'E_NOT_FOUND',
    requestId: response.headers['x-request-id'],
  });
});

test('without a token 401 says how to send one', async () => {
  const response = await api.call('get', '/conversations', { as: 'nobody' });
  expect(response.status).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer realm="holdfast"');
  for (const header of ['Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(600)}`]) {
    expect((await supertest(api.app).get('/api/v1/conversations').set('Authorization', header)).status).toBe(401);
  }
});

test.each([
  ['broken JSON', '{"subject":', 'application/json', 400, 'E_NOT_JSON'],
  ['a bare word', 'hello', 'application/json', 400, 'E_NOT_JSON'],
  ['XML', '<a/>', 'application/xml', 415, 'E_UNSUPPORTED_MEDIA'],
  ['a form', 'a=b', 'application/x-www-form-urlencoded', 415, 'E_UNSUPPORTED_MEDIA'],
  ['another charset', '{}', 'application/json; charset=klingon', 415, 'E_UNSUPPORTED_MEDIA'],
  ['too much', JSON.stringify({ body: 'x'.repeat(1_100_000) }), 'application/json', 413, 'E_TOO_LARGE'],
])('%s', async (_name, body, type, status, code) => {
  const response = await supertest(api.app).post('/api/v1/tickets').set(asAgent()).set('Content-Type', type).send(body);
  expect(response.status).toBe(status);
  expect(response.body).toMatchObject({ code, status });
});

test('a known path with another method is 405 and lists what it takes; an unknown one is 404', async () => {
  const response = await supertest(api.app).delete('/api/v1/tickets').set(asAgent());
  expect(response.status).toBe(405);
  expect(response.headers['allow']).toBe('POST');
  expect(response.body).toMatchObject({ code: 'E_METHOD_NOT_ALLOWED' });
  expect((await supertest(api.app).put('/api/v1/conversations/1').set(asAgent())).headers['allow']).toBe('GET, HEAD');
  for (const path of ['/api/v1/nothing', '/api/v1/', '/nothing', '/api/v1/conversations/1/nothing', '/.git/config', '/api/docs/..%2f..%2fpackage.json']) {
    expect((await supertest(api.app).get(path).set('Accept', 'application/json')).status).toBe(404);
  }
  const undecodable = await supertest(api.app).get('/api/v1/conversations/%E0%A4%A').set(asAgent());
  expect(undecodable.status).toBe(400);
});

test.each(['', 'a b', 'ä', 'x'.repeat(201)])('Idempotency-Key "%s" is not usable', async (key) => {
  const response = await supertest(api.app)
    .post('/api/v1/tickets')
    .set(asAgent())
    .set('Idempotency-Key', Buffer.from(key).toString('latin1'))
    .send({ requester: { email: 'a@b.example' }, subject: 'x', body: 'y' });
  expect(response.status).toBe(400);
});

test('probes say what is missing', async () => {
  expect((await supertest(api.app).get('/healthz')).body).toEqual({ alive: true });
  expect((await supertest(api.app).get('/readyz')).status).toBe(200);
  api.readiness = { postgres: true, temporal: false, smtp: true };
  const response = await supertest(api.app).get('/readyz');
  expect(response.status).toBe(503);
  expect(response.body).toEqual({ ready: false, postgres: true, temporal: false, smtp: true });
});

test('nothing secret or personal is logged', async () => {
  await addTicket(api, { subject: 'Very private subject', body: 'Very private words' });
  await api.call('get', '/conversations?q=private-search');
  await api.call('post', '/tickets', { body: { requester: { email: 'private-broken' }, subject: 'Very private subject', body: 'x' } });
  await supertest(api.app).get('/l/private-token');
  const lines = api.logged.join('');
  expect(lines).toContain('"route":"POST /api/v1/tickets"');
  for (const secret of ['rivate', 'ada@example.org', ...Object.values(api.agents).map(({ token }) => token)]) expect(lines).not.toContain(secret);
});

test('strict headers: nothing runs, nothing is framed, nothing is kept', async () => {
  const { headers } = await supertest(api.app).get('/sign-in');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none';style-src 'self';img-src 'self' data:;frame-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
  );
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['x-powered-by']).toBeUndefined();
});

test('while the database is away every call says so, and what is ours stays hidden', async () => {
  // Nothing listens on the reserved port 1.
  const away = openDatabase('postgres://holdfast:secret@127.0.0.1:1/holdfast');
  const response = await supertest(api.appOn(away)).get('/api/v1/conversations').set(asAgent());
  await closeDatabase(away);
  expect(response.status).toBe(503);
  expect(response.headers['retry-after']).toBe('5');
  expect(response.body).toMatchObject({ code: 'E_UNAVAILABLE' });
  expect(response.text).not.toMatch(/127\.0|ECONN|postgres:/);
});

test.each([
  ['a NUL in a text', sql`SELECT ${'a\u0000'}::text`],
  ['a NUL in JSON', sql`SELECT ${'"\\u0000"'}::jsonb`],
  ['a number out of range', sql`SELECT ${3_000_000_000}::integer`],
  ['no time at all', sql`SELECT ${'soon'}::timestamptz`],
  ['a time that there cannot be', sql`SELECT ${'2026-02-30T00:00:00Z'}::timestamptz`],
])('what PostgreSQL cannot take is a fault of the request, should a schema let it through: %s', async (_name, statement) => {
  const thrown: unknown = await statement.execute(api.db).catch((error: unknown) => error);
  expect(asAnswerable(thrown)).toMatchObject({ code: 'E_INVALID' });
});

test('what nobody expected is 500 and tells nothing', async () => {
  const broken = await openTestApi();
  await closeDatabase(broken.db);
  const response = await supertest(api.appOn(broken.db)).get('/api/v1/conversations').set(asAgent());
  expect(response.status).toBe(500);
  expect(response.body).toMatchObject({ code: 'E_INTERNAL' });
  expect(response.text).not.toMatch(/driver|pool|kysely/i);
  expect(api.logged.join('')).toContain(String((response.body as { requestId: string }).requestId));
  await broken.dropDatabase();
});
