import supertest from 'supertest';
import { addTicket, ADMIN_TOKEN, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
let cookie: string;
beforeAll(async () => {
  api = await openTestApi();
  const response = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: ADMIN_TOKEN, next: '/pages' });
  cookie = ((response.headers['set-cookie'] as unknown as string[])[0] ?? '').split(';')[0] ?? '';
});
afterAll(() => api.close());

const press = (number: number, fields: Record<string, string>) =>
  supertest(api.app).post(`/conversations/${number}`).set('Cookie', cookie).set('Origin', PUBLIC_URL).type('form').send(fields);
const look = async (number: number) => (await supertest(api.app).get(`/conversations/${number}`).set('Cookie', cookie)).text;
const commandsOf = async (number: number) =>
  (await api.db.selectFrom('commands').select('command').where('number', '=', number).orderBy('at').orderBy('id').execute()).map(({ command }) => command);

test.each([
  [{ act: 'beRightBack' }, { type: 'beRightBack' }],
  [
    { act: 'beRightBack', minutes: '20', body: 'I look into the log.' },
    { type: 'beRightBack', backAt: MONDAY_TEN + 20 * 60_000 },
  ],
  [{ act: 'closingQuestion' }, { type: 'closingQuestion' }],
  [
    { act: 'priority', priority: 'high' },
    { type: 'priority', priority: 'high' },
  ],
  [{ act: 'assignToMe' }, { type: 'assign', force: false }],
  [{ act: 'solve' }, { type: 'status', status: 'solved' }],
] as const)('%j is the command of its route', async (fields, command) => {
  const number = await addTicket(api);
  expect(await look(number)).toContain(`value="${fields.act}"`);
  const response = await press(number, { ...fields, key: `key-${number}` });
  // No workflow runs in this test: what may come late is queued, what may not is refused.
  expect([303, 503]).toContain(response.status);
  expect(await commandsOf(number)).toMatchObject([command]);
});

test('people: added, only shown, admitted, taken out, and somebody else asked', async () => {
  const number = await addTicket(api);
  expect((await press(number, { act: 'addPerson', key: 'p1', email: 'Bob@Example.org', name: 'Bob' })).status).toBe(303);
  const bob = await api.db.selectFrom('contacts').select('id').where('email', '=', 'bob@example.org').executeTakeFirstOrThrow();
  const roleOfBob = async () =>
    (await api.db.selectFrom('participants').select('role').where('number', '=', number).where('contact_id', '=', bob.id).executeTakeFirst())?.role;
  expect(await roleOfBob()).toBe('participant');
  expect(await look(number)).toContain('Write no more to');
  await press(number, { act: 'showOnly', key: 'p2', person: bob.id });
  expect(await roleOfBob()).toBe('thirdParty');
  await press(number, { act: 'admit', key: 'p3', person: bob.id });
  expect(await roleOfBob()).toBe('participant');
  await press(number, { act: 'takeOut', key: 'p4', person: bob.id });
  expect(await roleOfBob()).toBeUndefined();
  await press(number, { act: 'requester', key: 'p5', email: 'carla@example.org' });
  expect(await look(number)).toContain('carla@example.org');
  const wrong = await press(number, { act: 'addPerson', key: 'p6', email: 'nobody' });
  expect([wrong.status, wrong.text.includes('email')]).toEqual([400, true]);
});

test('a merge and its refusal', async () => {
  const [source, target, foreign] = [await addTicket(api), await addTicket(api), await addTicket(api, { requester: { email: 'eve@example.net' } })];
  const refused = await press(source, { act: 'merge', key: 'm1', into: String(foreign) });
  expect(refused.status).toBe(409);
  expect(refused.text).toContain('role="alert"');
  expect((await press(source, { act: 'merge', key: 'm2', into: String(target) })).headers['location']).toBe(`/conversations/${source}?did=queued`);
  const shown = await look(source);
  expect(shown).toContain(`<a href="/conversations/${target}">#${target}</a>`);
  expect(shown).toContain('Take it out again');
});
