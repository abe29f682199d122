import { addTicket, MONDAY_TEN, openTestApi, SATURDAY_NOON, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

const ticket = { requester: { email: 'Ada@Example.org', name: 'Ada' }, subject: 'The shop is slow', body: 'Since this morning.' };

test('a ticket is answered with its number and what was promised', async () => {
  const response = await api.call('post', '/tickets', { body: ticket });
  expect(response.status).toBe(201);
  const { number } = response.body as { number: number };
  expect(response.body).toEqual({
    number,
    url: `http://desk.test/conversations/${number}`,
    // An hour of office time to dispatch, one business day to answer.
    promises: [
      { kind: 'dispatch', dueAt: '2026-03-23T10:00:00.000Z' },
      { kind: 'firstResponse', dueAt: '2026-03-24T09:00:00.000Z' },
    ],
    office: 'open',
  });
  expect(response.headers['location']).toBe(`/api/v1/conversations/${number}`);
});

test('out of office hours the answer says so, and on-call’s word is promised too', async () => {
  api.clock.now = SATURDAY_NOON;
  const response = await api.call('post', '/tickets', { body: { ...ticket, priority: 'urgent' } });
  expect(response.body).toMatchObject({ office: 'closed' });
  expect((response.body as { promises: { kind: string }[] }).promises.map(({ kind }) => kind).sort()).toEqual(['dispatch', 'feedback', 'firstResponse']);
});

test('the same key opens one ticket, however often and however fast it is sent', async () => {
  const answers = await Promise.all(Array.from({ length: 4 }, () => api.call('post', '/tickets', { body: ticket, key: 'ticket-key' })));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
  const other = await api.call('post', '/tickets', { body: { ...ticket, subject: 'Another' }, key: 'ticket-key' });
  expect(other.status).toBe(409);
  expect(other.body).toMatchObject({ code: 'E_IDEMPOTENCY_REUSED' });
});

test.each([
  ['no requester', { subject: 'x', body: 'y' }, 'body.requester', /email or requester.phone/],
  ['an empty requester', { ...ticket, requester: { name: 'Ada' } }, 'body.requester', /email or a phone/],
  ['no address', { ...ticket, requester: { email: 'ada' } }, 'body.requester.email', /e-mail address/],
  ['an unknown priority', { ...ticket, priority: 'asap' }, 'body.priority', /urgent, high, normal, low/],
  ['no subject', { ...ticket, subject: '  ' }, 'body.subject', /must not be empty/],
  ['two lines of subject', { ...ticket, subject: 'one\r\nBcc: two' }, 'body.subject', /one line/],
  ['no body', { requester: ticket.requester, subject: 'x' }, 'body.body', /missing/],
  ['NUL', { ...ticket, body: 'a\0b' }, 'body.body', /cannot be stored/],
  ['half a surrogate pair', { ...ticket, body: 'a\ud83d' }, 'body.body', /cannot be stored/],
  ['a field that is not known', { ...ticket, colour: 'red' }, 'body.colour', /not known/],
  ['a number for a text', { ...ticket, body: 7 }, 'body.body', /must be text/],
  ['a list', [ticket], 'body', /./],
])('%s is told what to change', async (_name, body, path, message) => {
  const before = await api.db.selectFrom('conversations').select('number').execute();
  const response = await api.call('post', '/tickets', { body });
  expect(response.status).toBe(400);
  const problem = response.body as { code: string; errors: { path: string; message: string }[] };
  expect(problem.code).toBe('E_INVALID');
  const error = problem.errors.find((candidate) => candidate.path === path);
  expect(error?.message).toMatch(message);
  expect(await api.db.selectFrom('conversations').select('number').execute()).toHaveLength(before.length);
});

test('a request that fails keeps no key: it can be mended and sent again', async () => {
  const wrong = await api.call('post', '/tickets', { body: { ...ticket, requester: { phone: '12' } }, key: 'mended' });
  expect(wrong.status).toBe(400);
  const right = await api.call('post', '/tickets', { body: ticket, key: 'mended' });
  expect(right.status).toBe(201);
});

test('what agents begin is theirs and promises nothing', async () => {
  const number = await addTicket(api, { initiatedBy: 'agent' });
  const { body } = await api.call('get', `/conversations/${number}`);
  expect(body).toMatchObject({ status: 'pending', assignee: { id: api.agents.agent.id }, promises: [] });
});

test('what agents begin is mailed, so somebody with an address is needed', async () => {
  const response = await api.call('post', '/tickets', { body: { ...ticket, requester: { phone: '+4930123456' }, initiatedBy: 'agent' } });
  expect(response.status).toBe(400);
  expect(response.body).toMatchObject({ code: 'E_INVALID', detail: expect.stringContaining('requester.email') as string });
  const number = await addTicket(api, { initiatedBy: 'agent' });
  const commands = await api.db.selectFrom('commands').select(['command', 'state']).where('number', '=', number).execute();
  expect(commands).toMatchObject([{ state: 'queued', command: { type: 'reply', delivery: 'mail', status: 'pending' } }]);
});

test('a follow-up is linked, also to a closed one, and takes over who asked and what it is about', async () => {
  const number = await addTicket(api);
  await api.db
    .updateTable('conversations')
    .set({ status: 'closed', cluster: ['c042'], website: ['shop.example.org', 'www.example.org'], tags: ['billing'] })
    .where('number', '=', number)
    .execute();
  const path = `/conversations/${number}/follow-ups`;
  const response = await api.call('post', path, { body: { body: 'Is it still fast?' }, key: 'follow' });
  expect(response.status).toBe(201);
  expect((await api.call('post', path, { body: { body: 'Is it still fast?' }, key: 'follow' })).body).toEqual(response.body);
  const { number: next } = response.body as { number: number };
  const { body } = await api.call('get', `/conversations/${next}`);
  expect(body).toMatchObject({
    subject: 'The shop is slow',
    status: 'pending',
    initiatedBy: 'agent',
    assignee: { id: api.agents.agent.id },
    requester: { email: 'ada@example.org' },
    cluster: ['c042'],
    website: ['shop.example.org', 'www.example.org'],
    tags: ['billing'],
    flags: ['followUp'],
    linkedFrom: number,
    promises: [],
  });
  expect((await api.call('get', `/conversations/${number}`)).body).toMatchObject({ followUps: [next] });
  const asked = await api.call('post', path, { body: { subject: 'By phone', body: 'They called again.', initiatedBy: 'customer', priority: 'high' } });
  expect((asked.body as { promises: { kind: string }[] }).promises.map(({ kind }) => kind)).toEqual(['dispatch', 'firstResponse']);
  expect((await api.call('post', '/conversations/999999/follow-ups', { body: { body: 'x' } })).status).toBe(404);
});
