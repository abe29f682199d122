import { sendIfChanged } from '../../api/participants';
import { addProposal } from '../../db/proposals';
import { openStandInDesk, type StandInDesk } from './stand-in-desk';
import { MONDAY_TEN, type TestApi } from './test-api';

let desk: StandInDesk;
let api: TestApi;

beforeAll(async () => {
  desk = await openStandInDesk(20_000);
  api = desk.api;
  for (const [id, domain] of [
    ['o-acme', 'acme.example'],
    ['o-rival', 'rival.example'],
  ] as const) {
    await api.db
      .insertInto('organizations')
      .values({ id, name: id, domains: [domain], websites: [`www.${domain}`, `shop.${domain}`], created_at: new Date(MONDAY_TEN) })
      .execute();
  }
}, 120_000);

afterAll(() => desk.close());

const ticket = (email: string, given: Record<string, unknown> = {}) => desk.ticket({ requester: { email, name: 'Someone' }, ...given });

interface Shown {
  readonly requester: { readonly id: string; readonly email: string };
  readonly organization: { readonly id: string } | null;
  readonly participants: readonly { readonly id: string; readonly email: string; readonly role: string }[];
  readonly proposedParticipants: readonly { readonly id: string; readonly email: string; readonly name: string | null }[];
  readonly proposedRequester: { readonly id: string; readonly email: string; readonly name: string | null } | null;
}
const show = async (number: number) => (await api.call('get', `/conversations/${number}`)).body as Shown;
const people = async (number: number) => (await show(number)).participants.map(({ email, role }) => `${email} ${role}`);
const idOf = async (number: number, email: string) => (await show(number)).participants.find((person) => person.email === email)?.id ?? '';
const commandsOf = async (number: number) =>
  (await api.db.selectFrom('commands').select(['command', 'state']).where('number', '=', number).orderBy('at').orderBy('id').execute()).map(
    ({ command }) => command,
  );
const propose = (number: number, role: 'requester' | 'participant', email: string, name: string | null) =>
  api.db.transaction().execute((trx) => addProposal(trx, { number, role, email, name, at: new Date(MONDAY_TEN) }));

test('somebody added is written to from then on, and taken out nothing more is', async () => {
  const number = await ticket('ada@acme.example');
  const path = `/conversations/${number}/participants`;
  const added = await api.call('post', path, { body: { email: 'Bob@acme.example', name: 'Bob' }, key: 'add-bob' });
  expect(added.status).toBe(201);
  expect((await api.call('post', path, { body: { email: 'Bob@acme.example', name: 'Bob' }, key: 'add-bob' })).body).toEqual(added.body);
  expect(await people(number)).toEqual(['ada@acme.example requester', 'bob@acme.example participant']);
  const ada = await idOf(number, 'ada@acme.example');
  const bob = await idOf(number, 'bob@acme.example');
  expect(await commandsOf(number)).toEqual([{ type: 'participants', contacts: [ada, bob] }]);

  const reply = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'To both.' } });
  expect(reply.status).toBe(201);
  const only = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'To Bob alone.', recipients: [bob] } });
  expect(only.status).toBe(201);
  const replies = (await commandsOf(number)).flatMap((command) => (command.type === 'reply' ? [command.recipients] : []));
  expect(replies.sort((a, b) => b.length - a.length)).toEqual([[ada, bob], [bob]]);

  expect((await api.call('delete', `${path}/${bob}`)).status).toBe(200);
  expect(await people(number)).toEqual(['ada@acme.example requester']);
  expect((await api.call('delete', `${path}/${bob}`)).status).toBe(404);
  const requester = await api.call('delete', `${path}/${ada}`);
  expect(requester.status).toBe(400);
  expect(requester.body).toMatchObject({ code: 'E_INVALID', detail: expect.stringContaining('PUT …/requester') as string });
});

test('a contact of the desk is added by id, and nobody else', async () => {
  const number = await ticket('ada@acme.example');
  const other = await ticket('carol@acme.example');
  const carol = (await show(other)).requester.id;
  expect((await api.call('post', `/conversations/${number}/participants`, { body: { contact: carol } })).status).toBe(201);
  expect(await people(number)).toContain('carol@acme.example participant');
  for (const body of [{ contact: 'c-nobody' }, {}, { email: 'no address' }, { contact: carol, email: 'x@y.example' }]) {
    expect((await api.call('post', `/conversations/${number}/participants`, { body })).status).toBe(400);
  }
});

test('a third party is written to only once an agent has admitted them', async () => {
  const number = await ticket('ada@acme.example');
  const other = await ticket('supplier@elsewhere.example');
  const supplier = (await show(other)).requester.id;
  await api.db
    .insertInto('participants')
    .values({ number, contact_id: supplier, role: 'thirdParty', added_at: new Date(MONDAY_TEN) })
    .execute();
  const before = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Not to the supplier.' }, key: 'before' });
  expect(before.status).toBe(201);
  const admitted = await api.call('put', `/conversations/${number}/participants/${supplier}`, { body: { role: 'participant' } });
  expect(admitted.status).toBe(200);
  await api.call('post', `/conversations/${number}/replies`, { body: { body: 'To the supplier, too.' } });
  const replies = (await commandsOf(number)).flatMap((command) => (command.type === 'reply' ? [command.recipients.includes(supplier)] : []));
  expect(replies.sort()).toEqual([false, true]);
  await api.call('put', `/conversations/${number}/participants/${supplier}`, { body: { role: 'thirdParty' } });
  expect(await people(number)).toContain('supplier@elsewhere.example thirdParty');
  expect((await api.call('put', `/conversations/${number}/participants/${supplier}`, { body: { role: 'requester' } })).status).toBe(400);
});

test('those whom a mail names are proposed, admitted or turned down', async () => {
  const number = await ticket('ada@acme.example');
  await propose(number, 'participant', 'press@paper.example', 'Press');
  await propose(number, 'participant', 'dan@elsewhere.example', null);
  const [dan, press] = (await show(number)).proposedParticipants;
  expect([dan?.email, press?.email]).toEqual(['dan@elsewhere.example', 'press@paper.example']);
  // Nobody becomes a contact by being named.
  expect(await api.db.selectFrom('contacts').select('id').where('email', '=', 'press@paper.example').execute()).toEqual([]);
  expect((await api.call('put', `/conversations/${number}/participants/${dan?.id}`, { body: { role: 'participant' } })).status).toBe(200);
  expect((await api.call('delete', `/conversations/${number}/participants/${press?.id}`)).status).toBe(200);
  expect((await show(number)).proposedParticipants).toEqual([]);
  expect(await people(number)).toEqual(['ada@acme.example requester', 'dan@elsewhere.example participant']);
});

test('what an agent has forwarded gets its author as the requester in one call, and the agent leaves the thread', async () => {
  await api.db.updateTable('agents').set({ email: 'agent@desk.example' }).where('id', '=', api.agents.agent.id).execute();
  const number = await ticket('agent@desk.example', { body: 'From: ada@acme.example\nhttps://shop.acme.example/ is slow.' });
  await propose(number, 'requester', 'ada@acme.example', 'Ada');
  await api.db.updateTable('organizations').set({ plan: 'enterprise' }).where('id', '=', 'o-acme').execute();
  const { proposedRequester } = await show(number);
  expect(proposedRequester).toMatchObject({ email: 'ada@acme.example', name: 'Ada' });
  const answer = await api.call('put', `/conversations/${number}/requester`, { body: { email: 'ada@acme.example', name: 'Ada' } });
  expect(answer.status).toBe(200);
  const shown = await show(number);
  expect(shown).toMatchObject({
    requester: { email: 'ada@acme.example' },
    organization: { id: 'o-acme' },
    website: ['shop.acme.example'],
    proposedRequester: null,
  });
  expect(shown.participants.map(({ role }) => role)).toEqual(['requester']);
  expect(await commandsOf(number)).toEqual([
    { type: 'requester', contact: shown.requester.id, plan: 'enterprise' },
    { type: 'participants', contacts: [shown.requester.id] },
  ]);
});

test('another requester: a colleague stays in the thread, another customer does not unless it is said', async () => {
  const number = await ticket('ada@acme.example');
  const path = `/conversations/${number}/requester`;
  await api.call('put', path, { body: { email: 'bob@acme.example' } });
  expect(await people(number)).toEqual(['bob@acme.example requester', 'ada@acme.example participant']);
  await api.call('put', path, { body: { email: 'eve@rival.example' } });
  // Whoever belongs to the customer before is only shown from now on.
  expect(await people(number)).toEqual(['eve@rival.example requester', 'ada@acme.example thirdParty']);
  const writtenTo = (await commandsOf(number)).at(-1);
  expect(writtenTo).toMatchObject({ type: 'participants', contacts: [expect.any(String)] });
  await api.call('put', path, { body: { email: 'bob@acme.example', keepPrevious: true } });
  expect((await people(number)).sort()).toEqual(['ada@acme.example thirdParty', 'bob@acme.example requester', 'eve@rival.example participant']);
  const again = await api.call('put', path, { body: { email: 'bob@acme.example' } });
  expect(again.status).toBe(200);
  expect(await people(number)).toHaveLength(3);
});

test('nothing changes in a closed conversation', async () => {
  const number = await ticket('ada@acme.example');
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
  for (const [method, rest, body] of [
    ['post', 'participants', { email: 'x@acme.example' }],
    ['put', 'requester', { email: 'x@acme.example' }],
  ] as const) {
    const response = await api.call(method, `/conversations/${number}/${rest}`, { body });
    expect(response.status).toBe(409);
    expect(response.body).toMatchObject({ code: 'E_CONVERSATION_CLOSED' });
  }
  expect(await people(number)).toEqual(['ada@acme.example requester']);
  expect((await api.call('post', '/conversations/999999/participants', { body: { email: 'x@acme.example' } })).status).toBe(404);
});

test('many who change the list at once: the last word is what the rows say', async () => {
  const number = await ticket('ada@acme.example');
  const emails = Array.from({ length: 6 }, (_, index) => `p${index}@acme.example`);
  const answers = await Promise.all(emails.map((email) => api.call('post', `/conversations/${number}/participants`, { body: { email } })));
  expect(answers.map(({ status }) => status)).toEqual(emails.map(() => 201));
  const all = (await show(number)).participants.map(({ id }) => id);
  expect(all).toHaveLength(7);
  // Whoever sent an older list has seen that, and sent the whole one after it.
  // Later than all that the six have sent: what bears one time is in no order.
  const stale = await sendIfChanged(api.db, number, all.slice(0, 3), { at: MONDAY_TEN + 1_000, actor: api.agents.agent.id });
  expect(stale).toBe(true);
  expect((await commandsOf(number)).at(-1)).toEqual({ type: 'participants', contacts: all });
  expect(await sendIfChanged(api.db, number, all, { at: MONDAY_TEN + 1, actor: api.agents.agent.id })).toBe(false);
});
