import { addCommand } from '../../db/commands';
import { adoptClaimedChats, proveByMail } from '../../db/chats';
import { signLink } from '../../messages/addresses';
import { conversationWorkflowId } from '../../messages/ids';
import type { InboundEvent } from '../../policy/events';
import supertest from 'supertest';
import { WITHOUT_MAIL } from '../kit/message-row';
import { openStandInDesk, STAND_IN_QUEUE, type StandInDesk } from './stand-in-desk';
import { addPage, MONDAY_TEN, type TestApi } from './test-api';

const HOUR_MS = 3_600_000;

let desk: StandInDesk;
let api: TestApi;

beforeAll(async () => {
  desk = await openStandInDesk(20_000);
  api = desk.api;
  for (const id of ['acme', 'rival']) {
    await api.db
      .insertInto('organizations')
      .values({ id, name: id, domains: [`${id}.example`], created_at: new Date(MONDAY_TEN) })
      .execute();
  }
}, 120_000);

afterAll(() => desk.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

const ticket = (email: string, given: Record<string, unknown> = {}) => desk.ticket({ requester: { email }, ...given });

const merge = (source: number, body: Record<string, unknown>) => api.call('post', `/conversations/${source}/merge`, { body });
/** The stand-in projects nothing by itself: this is what its conversation would have done after each command. */
const projected = (source: number) => api.db.updateTable('conversations').set({ revision: 9 }).where('number', '=', source).execute();
async function undo(source: number) {
  await projected(source);
  return api.call('delete', `/conversations/${source}/merge`);
}
const show = async (number: number) => (await api.call('get', `/conversations/${number}`)).body as Record<string, unknown>;
const peopleOf = async (number: number) =>
  ((await show(number))['participants'] as { email: string; role: string }[]).map(({ email, role }) => `${email} ${role}`);
const contactOf = async (email: string) => (await api.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirstOrThrow()).id;

async function lastEvent(number: number): Promise<InboundEvent> {
  const row = await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).orderBy('seq', 'desc').executeTakeFirstOrThrow();
  return row.data;
}

test('one customer’s two tickets become one: the target hears what is owed, and shows both threads', async () => {
  const target = await ticket('ada@acme.example', { body: 'The shop is slow.' });
  api.clock.now += 60_000;
  const source = await ticket('bob@acme.example', { body: 'The shop does not answer.', priority: 'high' });
  const page = await addPage(api, source);
  await api.db
    .updateTable('pages')
    .set({ acknowledged_by: api.agents.lead.id, acknowledged_at: new Date(MONDAY_TEN + 1), state: 'acknowledged' })
    .where('id', '=', page)
    .execute();
  const answer = await merge(source, { into: target });
  expect(answer.status).toBe(200);

  const bob = await contactOf('bob@acme.example');
  expect(await lastEvent(target)).toMatchObject({
    type: 'merged',
    seq: 2,
    at: MONDAY_TEN + 60_000,
    from: source,
    participants: [bob],
    acknowledged: { by: api.agents.lead.id, at: MONDAY_TEN + 1 },
    dues: [
      { kind: 'dispatch', dueAt: MONDAY_TEN + 60_000 + HOUR_MS },
      { kind: 'firstResponse', dueAt: MONDAY_TEN + 60_000 + 4 * HOUR_MS },
    ],
    policy: api.policy.hash,
  });
  expect(await show(target)).toMatchObject({ mergedInto: null, mergedFrom: [source], lastSeq: 2 });
  expect(await show(source)).toMatchObject({ mergedInto: target, mergedFrom: [] });
  expect(await peopleOf(target)).toEqual(['ada@acme.example requester', 'bob@acme.example participant']);
  const thread = (await api.call('get', `/conversations/${target}/messages`)).body as { items: { body: string; mergedFrom: number | null }[] };
  expect(thread.items.map(({ body, mergedFrom }) => [body, mergedFrom])).toEqual([
    ['The shop is slow.', null],
    ['The shop does not answer.', source],
  ]);
  const queue = (await api.call('get', '/conversations')).body as { items: { number: number }[] };
  expect(queue.items.map(({ number }) => number)).not.toContain(source);
  const all = (await api.call('get', '/conversations?merged=include')).body as { items: { number: number }[] };
  expect(all.items.map(({ number }) => number)).toContain(source);

  // Everything else belongs to the target now; an internal word may still be left behind.
  const reply = await api.call('post', `/conversations/${source}/replies`, { body: { body: 'Hello' } });
  expect(reply.status).toBe(409);
  expect(reply.body).toMatchObject({ code: 'E_MERGED', detail: expect.stringContaining(`#${target}`) as string });
  expect((await api.call('put', `/conversations/${source}/requester`, { body: { email: 'bob@acme.example' } })).body).toMatchObject({ code: 'E_MERGED' });
  expect((await api.call('post', `/conversations/${source}/notes`, { body: { body: 'See the other.' } })).status).toBe(201);
});

test('an acknowledgement from before its page rang once more is none: the target rings aloud', async () => {
  const target = await ticket('ada@acme.example');
  const source = await ticket('bob@acme.example');
  const page = await addPage(api, source);
  await api.db
    .updateTable('pages')
    .set({ acknowledged_by: api.agents.lead.id, acknowledged_at: new Date(MONDAY_TEN + 1), state: 'acknowledged' })
    .where('id', '=', page)
    .execute();
  const { carried } = await api.db.selectFrom('conversations').select('carried').where('number', '=', source).executeTakeFirstOrThrow();
  if (carried === null) throw new Error('It has no projection.');
  // Its time has come, and the page's own record does not say so yet.
  const promises = carried.state.promises.map((promise) => ({ ...promise, paged: true, pageAt: MONDAY_TEN + 2 }));
  await api.db
    .updateTable('conversations')
    .set({ carried: JSON.stringify({ ...carried, state: { ...carried.state, promises } }) })
    .where('number', '=', source)
    .execute();
  expect((await merge(source, { into: target })).status).toBe(200);
  expect(await lastEvent(target)).toMatchObject({ type: 'merged', acknowledged: null });
});

test('a merge is undone within a day: the people leave again, and the source hears whether it was answered', async () => {
  const target = await ticket('ada@acme.example');
  const source = await ticket('carol@acme.example');
  await merge(source, { into: target });
  const carol = await contactOf('carol@acme.example');
  api.clock.now += HOUR_MS;
  /** Said to both by an agent, and in Carol's mailbox ten seconds later. */
  const saidToBoth = async (id: string, at: number): Promise<string> => {
    const author = { author_kind: 'agent' as const, author_id: api.agents.agent.id, direction: 'out' as const, channel: 'email' as const };
    await api.db
      .insertInto('messages')
      .values({ ...WITHOUT_MAIL, ...author, seq: null, id: `m-${id}-${source}`, number: target, body: 'To both of you.', at: new Date(at), state: 'sent' })
      .execute();
    await api.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${target}:${id}`,
        number: target,
        kind: 'reply',
        message_ref: `m-${id}-${source}`,
        recipient_id: carol,
        mail_id: `hf.${id}.${source}@example.test`,
        envelope_from: '',
        envelope_to: 'carol@acme.example',
        raw: Buffer.from('x'),
        state: 'sent',
        last_error: null,
        at: new Date(at),
        finished_at: new Date(at + 10_000),
      })
      .execute();
    return `m-${id}-${source}`;
  };
  // "When the office opens" is no answer; what comes after it is.
  const whenOpen = await saidToBoth('open', MONDAY_TEN + 30_000);
  const command = { type: 'feedback', messageId: whenOpen, word: 'whenOpen', recipients: [carol] } as const;
  const given = { id: `open-${source}`, number: target, actor: api.agents.agent.id, at: MONDAY_TEN + 30_000, notAfter: null };
  await addCommand(api.db, { ...given, command, bodyRef: whenOpen });
  await saidToBoth('answer', MONDAY_TEN + 60_000);
  const answer = await undo(source);
  expect(answer.status).toBe(200);
  const commands = await api.db.selectFrom('commands').select('command').where('number', '=', source).orderBy('at').execute();
  expect(commands.map(({ command }) => command)).toEqual([
    { type: 'merge', into: target },
    { type: 'unmerge', answeredAt: MONDAY_TEN + 70_000 },
  ]);
  expect(await lastEvent(target)).toMatchObject({ type: 'unmerged', seq: 3, from: source, at: MONDAY_TEN + HOUR_MS });
  expect(await peopleOf(target)).toEqual(['ada@acme.example requester']);
  expect(await show(source)).toMatchObject({ mergedInto: null });
  expect((await undo(source)).body).toMatchObject({ code: 'E_NOT_MERGED' });

  // Once more, and too late this time.
  expect((await merge(source, { into: target })).status).toBe(200);
  api.clock.now += 24 * HOUR_MS + 1;
  const late = await undo(source);
  expect(late.status).toBe(409);
  expect(late.body).toMatchObject({ code: 'E_TOO_LATE' });
});

test('two customers’ tickets are kept apart; forced together, nobody of the first is written to', async () => {
  const target = await ticket('ada@acme.example');
  const source = await ticket('eve@rival.example');
  const refused = await merge(source, { into: target });
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'E_OTHER_CUSTOMER' });
  expect(await show(source)).toMatchObject({ mergedInto: null });
  expect((await merge(source, { into: target, force: true })).status).toBe(200);
  expect(await peopleOf(target)).toEqual(['ada@acme.example requester', 'eve@rival.example thirdParty']);
  expect(await lastEvent(target)).toMatchObject({ type: 'merged', participants: [] });
  await api.call('post', `/conversations/${target}/replies`, { body: { body: 'For Ada.' } });
  const reply = await api.db.selectFrom('commands').select('command').where('number', '=', target).where('type', '=', 'reply').executeTakeFirstOrThrow();
  expect(reply.command).toMatchObject({ recipients: [await contactOf('ada@acme.example')] });

  // Eve’s links end nothing of Ada’s, and show her nothing but her own number.
  const eve = await contactOf('eve@rival.example');
  const link = (purpose: 'thatsAll' | 'productionDown') => `/l/${signLink(api.keys, { purpose, number: source, contact: eve })}`;
  const asked = await supertest(api.app).get(link('thatsAll'));
  expect(asked.text).toContain(`#${source}`);
  expect(asked.text).not.toContain(`#${target}`);
  expect((await supertest(api.app).post(link('thatsAll'))).status).toBe(409);
  expect((await lastEvent(target)).type).toBe('merged');
  expect((await supertest(api.app).post(link('productionDown'))).status).toBe(200);
  expect(await lastEvent(target)).toMatchObject({ type: 'customerAct', act: 'productionDown' });
  // An undo takes her out again.
  expect((await undo(source)).status).toBe(200);
  expect(await peopleOf(target)).toEqual(['ada@acme.example requester']);
});

test('two people of no organization are two customers, one person is one', async () => {
  const [first, second] = [await ticket('anna@gmail.com'), await ticket('anna@gmail.com')];
  const stranger = await ticket('otto@gmail.com');
  expect((await merge(stranger, { into: first })).body).toMatchObject({ code: 'E_OTHER_CUSTOMER' });
  expect((await merge(second, { into: first })).status).toBe(200);
});

test('whoever only claims an address is never shown what its owner writes: merged into what they read is nothing but what they read', async () => {
  const email = 'claimed@gmail.com';
  const real = await ticket(email, { body: 'The real one.' });
  const begin = async (as: 'nobody' | { token: string } = 'nobody') => {
    const { body } = await api.call('post', '/chats', { as, body: { email, body: 'Any news of my ticket?' } });
    const chat = body as { number: number; visitorToken: string };
    await api.db.updateTable('conversations').set({ kind: 'ticket', applied_seq: 1 }).where('number', '=', chat.number).execute();
    await desk.client.workflow.start('standInWorkflow', {
      workflowId: conversationWorkflowId(chat.number),
      taskQueue: STAND_IN_QUEUE,
      args: [chat.number, true],
    });
    return chat;
  };
  const first = await begin();
  const token = { token: first.visitorToken };
  for (const body of [{ into: first.number }, { into: first.number, force: true }]) {
    const refused = await merge(real, body);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'E_CANNOT_MERGE', detail: expect.stringContaining(`Merge #${first.number} into #${real}`) as string });
  }
  // Another stranger's is not theirs either; a second one of their own is.
  const [second, other] = [await begin(token), await begin()];
  expect(second.number).not.toBe(first.number);
  expect((await merge(other.number, { into: first.number })).body).toMatchObject({ code: 'E_CANNOT_MERGE' });
  expect((await merge(second.number, { into: first.number })).status).toBe(200);
  await projected(second.number);
  expect((await api.call('delete', `/conversations/${second.number}/merge`)).status).toBe(200);
  // A mail of the owner's proves their address, and nothing of who holds the token.
  await api.db.transaction().execute(async (trx) => proveByMail(trx, first.number, await contactOf(email)));
  expect((await merge(real, { into: first.number })).body).toMatchObject({ code: 'E_CANNOT_MERGE' });

  await api.db
    .updateTable('conversations')
    .set((eb) => ({ applied_seq: eb.ref('last_seq') }))
    .where('number', '=', first.number)
    .execute();
  // The other way round they go on reading their own words alone.
  expect((await merge(first.number, { into: real })).status).toBe(200);
  const link = signLink(api.keys, { purpose: 'status', number: real, contact: await contactOf(email) });
  expect((await supertest(api.app).post(`/l/${link}`).type('form').send({ act: 'answer', words: 'The key is 4711.' })).status).toBeLessThan(400);
  const heard = await api.call('get', `/chats/${first.number}/messages`, { as: token });
  expect((heard.body as { items: { body: string }[] }).items.map(({ body }) => body)).toEqual(['Any news of my ticket?']);
});

test('a claimed address that is proven by a code or the dashboard is like any other', async () => {
  const email = 'proven@gmail.com';
  const real = await ticket(email);
  const { body } = await api.call('post', '/chats', { as: 'nobody', body: { email, body: 'It is me.' } });
  const { number } = body as { number: number };
  await api.db.updateTable('conversations').set({ kind: 'ticket' }).where('number', '=', number).execute();
  const from = await api.db.selectFrom('chats').select(['identity', 'contact_id as contactId']).where('number', '=', number).executeTakeFirstOrThrow();
  const to = { identity: `contact:${from.contactId}`, proof: 'code' } as const;
  await api.db.transaction().execute((trx) => adoptClaimedChats(trx, from, to));
  expect((await merge(real, { into: number })).status).toBe(200);
});

test('what cannot become one says why', async () => {
  const [a, b, c] = [await ticket('ada@acme.example'), await ticket('ada@acme.example'), await ticket('ada@acme.example')];
  const code = async (source: number, body: Record<string, unknown>) => ((await merge(source, body)).body as { code: string }).code;
  expect(await code(a, { into: a })).toBe('E_CANNOT_MERGE');
  expect(await code(a, { into: 999_999 })).toBe('E_NOT_FOUND');
  expect(await code(999_999, { into: a })).toBe('E_NOT_FOUND');
  expect((await merge(a, { into: '1042' })).status).toBe(400);
  expect((await undo(a)).body).toMatchObject({ code: 'E_NOT_MERGED' });
  expect((await merge(b, { into: a })).status).toBe(200);
  expect(await code(b, { into: c })).toBe('E_MERGED');
  // No chains, in neither direction.
  expect(await code(c, { into: b })).toBe('E_CANNOT_MERGE');
  expect(await code(a, { into: c })).toBe('E_CANNOT_MERGE');
  await api.db.updateTable('conversations').set({ kind: 'chat' }).where('number', '=', c).execute();
  expect(await code(c, { into: a })).toBe('E_CANNOT_MERGE');
  await api.db.updateTable('conversations').set({ kind: 'ticket', demo: true }).where('number', '=', c).execute();
  expect(await code(c, { into: a })).toBe('E_CANNOT_MERGE');
  await api.db.updateTable('conversations').set({ demo: false, status: 'closed' }).where('number', '=', c).execute();
  expect(await code(c, { into: a })).toBe('E_CONVERSATION_CLOSED');
});

test('two who merge two tickets into each other at once: one of them wins', async () => {
  const [a, b] = [await ticket('ada@acme.example'), await ticket('ada@acme.example')];
  const answers = await Promise.all([merge(a, { into: b }), merge(b, { into: a })]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test('while something is still happening in the source nothing is merged', async () => {
  const [a, b] = [await ticket('ada@acme.example'), await ticket('ada@acme.example')];
  await api.db.updateTable('conversations').set({ last_seq: 2 }).where('number', '=', a).execute();
  const response = await merge(a, { into: b });
  expect(response.status).toBe(503);
  expect(await show(a)).toMatchObject({ mergedInto: null });
  await api.db.updateTable('conversations').set({ last_seq: 1 }).where('number', '=', a).execute();
  expect((await merge(a, { into: b })).status).toBe(200);
  // Nor is a merge undone of which its source has not heard.
  await api.db.updateTable('commands').set({ state: 'queued' }).where('number', '=', a).execute();
  expect((await undo(a)).status).toBe(503);
  expect(await show(a)).toMatchObject({ mergedInto: b });
});
