import * as fc from 'fast-check';
import { fillPlaceholders, firstNameOf, PLACEHOLDERS, unknownPlaceholders, type PlaceholderValues } from '../../api/placeholders';
import { addTicket, openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Reply {
  readonly id: string;
  readonly title: string;
  readonly text: string | null;
}

async function add(body: object, as: 'agent' | 'lead' | 'admin' = 'agent'): Promise<Reply> {
  const response = await api.call('post', '/canned-replies', { as, body });
  expect(response.status).toBe(201);
  return response.body as Reply;
}

const titles = async (as: 'agent' | 'lead' | 'viewer', query = '') =>
  ((await api.call('get', `/canned-replies${query}`, { as })).body as { items: Reply[] }).items.map(({ title }) => title);

test('one’s own are one’s own; everybody’s are written by leads', async () => {
  const own = await add({ title: 'B own', body: 'Mine' });
  const shared = await add({ title: 'A shared', body: 'Ours', shared: true }, 'lead');
  expect(await titles('agent')).toEqual(['A shared', 'B own']);
  expect(await titles('lead')).toEqual(['A shared']);
  expect(await titles('viewer', '?q=OURS')).toEqual(['A shared']);
  expect(await titles('agent', '?q=mine')).toEqual(['B own']);
  expect((await api.call('get', `/canned-replies/${own.id}`, { as: 'admin' })).status).toBe(404);
  expect((await api.call('delete', `/canned-replies/${own.id}`, { as: 'admin' })).status).toBe(404);
  expect((await api.call('post', '/canned-replies', { body: { title: 'x', body: 'y', shared: true } })).status).toBe(403);
  expect((await api.call('patch', `/canned-replies/${shared.id}`, { body: { title: 'x' } })).status).toBe(403);
  expect((await api.call('delete', `/canned-replies/${shared.id}`)).status).toBe(403);
  expect((await api.call('patch', `/canned-replies/${own.id}`, { body: { shared: true } })).status).toBe(403);
  expect((await api.call('patch', `/canned-replies/${own.id}`, { body: { title: 'C own' } })).body).toMatchObject({
    title: 'C own',
    body: 'Mine',
    shared: false,
  });
  expect((await api.call('patch', `/canned-replies/${shared.id}`, { as: 'lead', body: { shared: false } })).body).toMatchObject({ shared: false });
  expect(await titles('agent')).toEqual(['C own']);
  expect((await api.call('delete', `/canned-replies/${own.id}`)).status).toBe(204);
  expect(await titles('agent')).toEqual([]);
});

test('placeholders are filled with a conversation’s facts, once and as plain text', async () => {
  const number = await addTicket(api, { requester: { email: 'ada@example.org', name: 'Ada {{agent.name}}' }, subject: '$& {{conversation.number}}' });
  const { id } = await add({
    title: 'Greeting',
    body: 'Hello {{customer.firstName}}, {{ customer.name }} <{{customer.email}}> of {{organization.name|your company}}: {{conversation.subject}} ({{conversation.number}}). {{agent.firstName|I}}',
  });
  const filled = await api.call('get', `/canned-replies/${id}?conversation=${number}`);
  expect((filled.body as Reply).text).toBe(`Hello Ada, Ada {{agent.name}} <ada@example.org> of your company: $& {{conversation.number}} (#${number}). agent`);
  expect((await api.call('get', `/canned-replies?conversation=${number}`)).body).toMatchObject({ items: [{ text: (filled.body as Reply).text }] });
  expect(((await api.call('get', `/canned-replies/${id}`)).body as Reply).text).toBeNull();
  expect((await api.call('get', `/canned-replies/${id}?conversation=999999`)).status).toBe(404);
});

test('a placeholder that stands for nothing is refused when it is written, by its name', async () => {
  const wrong = await api.call('post', '/canned-replies', { body: { title: 'x', body: 'Dear {{customer.surname}} {{constructor}}' } });
  expect(wrong.status).toBe(400);
  expect((wrong.body as { detail: string }).detail).toContain('{{customer.surname}}');
  expect(unknownPlaceholders('{{constructor}} {{__proto__}} {{customer.name.length}} {{7*7}} {{customer.name}}')).toEqual([
    'constructor',
    '__proto__',
    'customer.name.length',
    '7*7',
  ]);
});

test('whatever a customer calls themselves, it stays what it is', () => {
  const nothing = Object.fromEntries(PLACEHOLDERS.map((name) => [name, null])) as PlaceholderValues;
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('{{agent.name}}', '$1$&', '}}{{', '{{customer.name|x}}')), (name) => {
      expect(fillPlaceholders('<{{customer.name}}>', { ...nothing, 'customer.name': name })).toBe(`<${name}>`);
    }),
  );
  expect(fillPlaceholders('{{customer.name|there}} {{customer.email}}.', nothing)).toBe('there .');
  expect(['Ada Lovelace', 'Zoë', "O'Neil", 'Jean-Luc P.', '  ', 'ada@example.org', '+49', null].map(firstNameOf)).toEqual([
    'Ada',
    'Zoë',
    "O'Neil",
    'Jean-Luc',
    null,
    null,
    null,
    null,
  ]);
});
