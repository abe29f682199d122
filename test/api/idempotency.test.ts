import { randomUUID } from 'node:crypto';
import { openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Opened {
  readonly number: number;
  readonly visitorToken: string;
}

const open = (email: string, key: string) => api.call('post', '/chats', { as: 'nobody', body: { email, body: 'Is anybody there?' }, key });

test('whoever comes upon the key of somebody without a token has nothing of theirs', async () => {
  const key = randomUUID();
  const theirs = await open('jane@example.org', key);
  expect(theirs.status).toBe(201);
  const { visitorToken, number } = theirs.body as Opened;
  const others = await open('eve@example.org', key);
  expect(others.body).toMatchObject({ status: 409, code: 'E_IDEMPOTENCY_REUSED' });
  expect(others.text).not.toContain(visitorToken);
  // Whose answer got lost is answered once more, and nothing happens twice.
  expect((await open('jane@example.org', key)).body).toEqual(theirs.body);
  expect(await api.db.selectFrom('conversations').select('number').execute()).toEqual([{ number }]);
});

test('a key that two strangers could choose is none', async () => {
  expect((await open('jane@example.org', '1')).body).toMatchObject({ code: 'E_INVALID', detail: expect.stringContaining('UUID') });
  const body = { requester: { email: 'jane@example.org' }, subject: 'Help', body: 'Please.' };
  expect((await api.call('post', '/tickets', { body, key: '1' })).status).toBe(201);
});

test('an agent’s key is of one request: with another body it is refused, and another agent’s is another', async () => {
  const create = (subject: string, as: 'agent' | 'lead') =>
    api.call('post', '/tickets', { as, body: { requester: { email: 'jane@example.org' }, subject, body: 'Please.' }, key: 'once' });
  const first = await create('Help', 'agent');
  expect((await create('Help', 'agent')).body).toEqual(first.body);
  expect((await create('Other', 'agent')).body).toMatchObject({ code: 'E_IDEMPOTENCY_REUSED' });
  expect((await create('Other', 'lead')).status).toBe(201);
});
