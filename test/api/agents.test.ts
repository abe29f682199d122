import { ADMIN_TOKEN, openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

test('a token is shown once, works, and is worth nothing once revoked', async () => {
  const made = await api.call('post', '/agents', { as: 'admin', body: { name: 'Grace', email: 'Grace@Example.org', role: 'agent' } });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ email: 'grace@example.org', disabled: false, away: false });
  const { id } = made.body as { id: string };
  const token = await api.call('post', `/agents/${id}/tokens`, { as: 'admin', body: { label: 'laptop' } });
  expect(token.status).toBe(201);
  const { secret, id: tokenId } = token.body as { secret: string; id: string };
  expect((await api.call('get', '/agents/me', { as: { token: secret } })).body).toMatchObject({ id, name: 'Grace' });
  const stored = await api.db.selectFrom('api_tokens').selectAll().where('id', '=', tokenId).executeTakeFirstOrThrow();
  expect(JSON.stringify(stored)).not.toContain(secret);
  expect((await api.call('delete', `/agents/${id}/tokens/${tokenId}`, { as: { token: secret } })).status).toBe(204);
  expect((await api.call('get', '/agents/me', { as: { token: secret } })).status).toBe(401);
  expect((await api.call('delete', `/agents/${id}/tokens/t-none`, { as: 'admin' })).status).toBe(404);
});

test('the admin token acts as the first agent, role admin', async () => {
  const { body } = await api.call('get', '/agents/me', { as: { token: ADMIN_TOKEN } });
  expect(Object.values(api.agents).map(({ id }) => id)).toContain((body as { id: string }).id);
  expect((await api.call('get', `/agents/${api.agents.viewer.id}/tokens`, { as: { token: ADMIN_TOKEN } })).status).toBe(200);
});

test('nobody locks themselves out, and addresses are one person’s', async () => {
  const out = await api.call('patch', `/agents/${api.agents.admin.id}`, { as: 'admin', body: { disabled: true } });
  expect(out.status).toBe(400);
  await api.call('post', '/agents', { as: 'admin', body: { name: 'Ada', email: 'ada@example.org', role: 'viewer' } });
  const twice = await api.call('post', '/agents', { as: 'admin', body: { name: 'Ada', email: 'ADA@example.org', role: 'viewer' } });
  expect(twice.status).toBe(400);
  expect(twice.body).toMatchObject({ errors: [{ path: 'body.email', message: 'belongs to another agent' }] });
});

test('everyone says when they are away; of others only a lead does', async () => {
  expect((await api.call('put', `/agents/${api.agents.viewer.id}/availability`, { as: 'viewer', body: { away: true } })).body).toMatchObject({ away: true });
  expect((await api.call('put', `/agents/${api.agents.viewer.id}/availability`, { as: 'agent', body: { away: false } })).status).toBe(404);
  expect((await api.call('put', `/agents/${api.agents.viewer.id}/availability`, { as: 'lead', body: { away: false } })).body).toMatchObject({ away: false });
});

test('agents come by name, in stable pages', async () => {
  const all = ((await api.call('get', '/agents')).body as { items: { name: string }[] }).items.map(({ name }) => name);
  const walked: string[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await api.call('get', `/agents?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    const list = body as { items: { name: string }[]; nextCursor?: string };
    walked.push(...list.items.map(({ name }) => name));
    cursor = list.nextCursor;
  } while (cursor !== undefined);
  expect(walked).toEqual(all);
});

test('organizations and contacts are kept, changed and found', async () => {
  const made = await api.call('post', '/organizations', {
    as: 'lead',
    body: { name: 'Acme', plan: 'enterprise', domains: ['ACME.example'], clusters: ['c042'] },
  });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ plan: 'enterprise', domains: ['acme.example'], clusters: ['c042'], websites: [] });
  const { id } = made.body as { id: string };
  expect((await api.call('patch', `/organizations/${id}`, { as: 'lead', body: { websites: ['www.acme.example'] } })).body).toMatchObject({
    name: 'Acme',
    websites: ['www.acme.example'],
  });
  expect((await api.call('patch', `/organizations/${id}`, { as: 'lead', body: { plan: 'gold' } })).status).toBe(400);
  expect((await api.call('get', '/organizations?q=acm')).body).toMatchObject({ items: [{ id }] });
  expect((await api.call('get', '/organizations/o-none')).status).toBe(404);

  const contact = await api.call('post', '/contacts', { body: { email: 'carl@acme.example', organizationId: id, zone: 'Europe/Paris' } });
  expect(contact.status).toBe(201);
  const { id: contactId } = contact.body as { id: string };
  expect((await api.call('patch', `/contacts/${contactId}`, { body: { name: 'Carl', phone: '+4930123456' } })).body).toMatchObject({
    name: 'Carl',
    phone: '+4930123456',
    zone: 'Europe/Paris',
  });
  expect((await api.call('get', `/contacts?organization=${id}&q=carl`)).body).toMatchObject({ items: [{ id: contactId }] });
  for (const body of [
    { name: 'Nobody' },
    { email: 'carl@acme.example' },
    { email: 'x@y.example', organizationId: 'o-none' },
    { email: 'x@y.example', zone: 'Mars/Base' },
  ]) {
    expect((await api.call('post', '/contacts', { body })).status).toBe(400);
  }
});

test('explaining a request answers promises with their arithmetic', async () => {
  const { status, body } = await api.call('post', '/policy/explain', {
    as: 'viewer',
    body: { receivedAt: '2026-03-27T18:30:00Z', kind: 'ticket', priority: 'normal', plan: 'standard' },
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({ officeOpen: true });
  const first = (body as { promises: { kind: string; dueAt: string; arithmetic: string }[] }).promises.find(({ kind }) => kind === 'firstResponse');
  // Friday 19:30 in Berlin: half an hour on Friday, 11.5 hours on Monday, when summer time has begun.
  expect(first?.dueAt).toBe('2026-03-30T17:30:00.000Z');
  expect(first?.arithmetic).toContain('Mon 30 Mar 19:30');
  for (const wrong of [{ plan: 'gold' }, { plan: 'constructor' }, { priority: 'asap' }, { receivedAt: 'today' }, { receivedAt: '1970-01-01T00:00:00Z' }]) {
    const response = await api.call('post', '/policy/explain', {
      body: { receivedAt: '2026-03-27T18:30:00Z', kind: 'ticket', priority: 'normal', plan: 'standard', ...wrong },
    });
    expect(response.status).toBe(400);
  }
});
