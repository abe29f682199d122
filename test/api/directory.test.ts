import { addTicket, openTestApi, SATURDAY_NOON, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Conversation {
  readonly plan: string;
  readonly promises: readonly { readonly kind: string; readonly dueAt: string }[];
}

const read = async (number: number) => (await api.call('get', `/conversations/${number}`)).body as Conversation;
const firstDueAt = ({ promises }: Conversation) => promises.find(({ kind }) => kind === 'firstResponse')?.dueAt;

test('a changed plan counts for new promises; those that run keep their times', async () => {
  api.clock.now = SATURDAY_NOON;
  const made = await api.call('post', '/organizations', { as: 'lead', body: { name: 'Acme', domains: ['acme.example'] } });
  const { id } = made.body as { id: string };
  const requester = { email: 'carl@acme.example' };
  const before = await addTicket(api, { requester, priority: 'high' });
  expect((await api.call('patch', `/organizations/${id}`, { as: 'lead', body: { plan: 'enterprise' } })).body).toMatchObject({ plan: 'enterprise' });
  const after = await addTicket(api, { requester, priority: 'high' });
  // Standard: four hours from Monday's opening. Enterprise: four hours round the clock.
  expect([await read(before), await read(after)].map((conversation) => [conversation.plan, firstDueAt(conversation)])).toEqual([
    ['standard', '2026-03-30T10:00:00.000Z'],
    ['enterprise', '2026-03-28T15:00:00.000Z'],
  ]);
});

test('everything that somebody is in is listed, closed and copied ones, too', async () => {
  const mine = await addTicket(api, { requester: { email: 'dora@example.net' } });
  const closed = await addTicket(api, { requester: { email: 'dora@example.net' } });
  const copied = await addTicket(api);
  await addTicket(api);
  const dora = await api.db.selectFrom('contacts').select('id').where('email', '=', 'dora@example.net').executeTakeFirstOrThrow();
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed).execute();
  await api.db
    .insertInto('participants')
    .values({ number: copied, contact_id: dora.id, role: 'participant', added_at: new Date(api.clock.now) })
    .execute();
  const numbers: number[] = [];
  let cursor = '';
  do {
    const { body } = await api.call('get', `/contacts/${dora.id}/conversations?limit=2${cursor}`);
    const { items, nextCursor } = body as { items: { number: number }[]; nextCursor?: string };
    numbers.push(...items.map(({ number }) => number));
    cursor = nextCursor === undefined ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  expect(numbers).toEqual([copied, closed, mine]);
  expect((await api.call('get', '/contacts/c-none/conversations')).status).toBe(404);
});

test('organizations are found by what is theirs, page by page', async () => {
  for (const n of [1, 2, 3]) {
    await api.call('post', '/organizations', {
      as: 'lead',
      body: { name: `Company ${n}`, domains: [`mail${n}.example`], clusters: [`c90${n}`], websites: ['www.shared.example'] },
    });
  }
  const found = async (q: string) => ((await api.call('get', `/organizations?q=${q}`)).body as { items: { name: string }[] }).items.map(({ name }) => name);
  expect(await found('mail2.exa')).toEqual(['Company 2']);
  expect(await found('C903')).toEqual(['Company 3']);
  expect((await found('shared')).sort()).toEqual(['Company 1', 'Company 2', 'Company 3']);
  expect(await found('%25')).toEqual([]);
  const first = (await api.call('get', '/organizations?q=shared&limit=2')).body as { items: { id: string }[]; nextCursor: string };
  const rest = (await api.call('get', `/organizations?q=shared&limit=2&cursor=${first.nextCursor}`)).body as { items: { id: string }[]; nextCursor?: string };
  expect(new Set([...first.items, ...rest.items].map(({ id }) => id)).size).toBe(3);
  expect(rest.nextCursor).toBeUndefined();
});

test('two who take the same name at the same moment: one has it, the other is told', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.call('post', '/teams', { as: 'lead', body: { name: 'Only one' } })));
  const contacts = await Promise.all(Array.from({ length: 8 }, () => api.call('post', '/contacts', { body: { email: 'one@only.example' } })));
  for (const several of [answers, contacts]) {
    expect(several.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(several.map(({ status }) => status))).toEqual(new Set([201, 400]));
  }
});
