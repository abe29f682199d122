import { sql } from 'kysely';
import { createLogger } from '../../config/log';
import { closedRefusal, repeatCommand } from '../../intake/command-relay';
import { getCommand, queuedCommands } from '../../db/commands';
import { conversationWorkflowId } from '../../messages/ids';
import { openStandInDesk, STAND_IN_QUEUE, type StandInDesk } from './stand-in-desk';
import { addTestAgent, openTestApi, addTicket, MONDAY_TEN, type TestApi } from './test-api';

const SILENT = createLogger('test', { write: () => undefined });

let desk: StandInDesk;
let api: TestApi;

beforeAll(async () => {
  desk = await openStandInDesk(20_000);
  api = desk.api;
}, 120_000);

afterAll(() => desk.close());

/** A ticket with a stand-in for its workflow, on a queue that nobody serves if asked for. */
const ticket = (options: { served?: boolean } = {}) => desk.ticket({}, options);

const messagesOf = (number: number) =>
  api.db
    .selectFrom('messages')
    .select(['id', 'body', 'state', 'direction'])
    .where('number', '=', number)
    .where('direction', '<>', 'in')
    .orderBy('at')
    .execute();

test('a reply is a row and a message first, then an Update, and answers with the view', async () => {
  const number = await ticket();
  const response = await api.call('post', `/conversations/${number}/replies`, {
    body: { body: 'We are on it.', status: 'pending', updateBy: '2026-03-23T12:00:00+01:00' },
  });
  expect(response.status).toBe(201);
  expect(response.body).toMatchObject({
    revision: 1,
    view: { number, promises: [{ kind: 'dispatch', state: 'met', dueAt: '2026-03-23T09:01:00.000Z', metAt: '2026-03-23T09:00:00.000Z' }] },
  });
  const { id, message } = response.body as { id: string; message: string };
  const row = await getCommand(api.db, id);
  expect(row).toMatchObject({
    state: 'done',
    actor: api.agents.agent.id,
    bodyRef: message,
    command: { type: 'reply', status: 'pending', updateBy: Date.parse('2026-03-23T11:00:00Z'), delivery: 'mail' },
  });
  expect(row?.command).toMatchObject({ recipients: [expect.any(String)] });
  expect(await messagesOf(number)).toEqual([{ id: message, body: 'We are on it.', state: 'waiting', direction: 'out' }]);
  const asked = await api.call('get', `/commands/${id}`);
  expect(asked.body).toMatchObject({ state: 'done', revision: 1, text: 'We are on it.' });
});

test('the same key acts once, across people each key is their own, and another body is refused', async () => {
  const number = await ticket();
  const path = `/conversations/${number}/notes`;
  const first = await api.call('post', path, { body: { body: 'Once.' }, key: 'a-key' });
  const again = await api.call('post', path, { body: { body: 'Once.' }, key: 'a-key' });
  expect(first.status).toBe(201);
  expect(again.body).toEqual(first.body);
  expect(again.status).toBe(201);
  const other = await api.call('post', path, { body: { body: 'Twice.' }, key: 'a-key' });
  expect(other.status).toBe(409);
  expect(other.body).toMatchObject({ code: 'E_IDEMPOTENCY_REUSED' });
  const colleague = await api.call('post', path, { body: { body: 'Once.' }, key: 'a-key', as: 'lead' });
  expect(colleague.body).toMatchObject({ revision: 2 });
  expect(await messagesOf(number)).toHaveLength(2);
});

test('many at once with one key: one message, one Update, the same answer', async () => {
  const number = await ticket();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => api.call('post', `/conversations/${number}/notes`, { body: { body: 'Once.' }, key: 'the-key' })),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  expect(await messagesOf(number)).toHaveLength(1);
});

test('a refusal is 409 with its code, and an away agent can be forced', async () => {
  const number = await ticket();
  const away = await addTestAgent(api.db, 'agent');
  await api.db.updateTable('agents').set({ away: true }).where('id', '=', away.id).execute();
  const refused = await api.call('put', `/conversations/${number}/assignment`, { body: { agent: away.id } });
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'E_AGENT_AWAY', type: 'http://desk.test/api/docs#E_AGENT_AWAY', detail: 'This agent is away.' });
  const forced = await api.call('put', `/conversations/${number}/assignment`, { body: { agent: away.id, force: true } });
  expect(forced.status).toBe(200);
  expect(forced.body).toMatchObject({ view: { assignee: away.id } });
  const me = await api.call('put', `/conversations/${number}/assignment`, { body: { agent: 'me' } });
  expect(me.body).toMatchObject({ view: { assignee: api.agents.agent.id } });
});

test('a refusal out of the handler is a refusal too', async () => {
  const number = await ticket();
  const response = await api.call('put', `/conversations/${number}/snooze`, { body: { until: '2026-03-24T08:00:00Z' } });
  expect(response.status).toBe(409);
  expect(response.body).toMatchObject({ code: 'E_NOT_OPEN' });
  const rows = await api.db.selectFrom('commands').select(['state', 'result']).where('number', '=', number).execute();
  expect(rows).toEqual([{ state: 'refused', result: { refusal: { code: 'E_NOT_OPEN', message: 'Not while it sleeps.' } } }]);
});

test('a command to a closed conversation is refused, and what was written is kept', async () => {
  const number = await ticket();
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
  const response = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Too late, but long and valuable.' }, key: 'closed-key' });
  expect(response.status).toBe(409);
  expect(response.body).toMatchObject({ code: 'E_CONVERSATION_CLOSED' });
  expect(await messagesOf(number)).toEqual([expect.objectContaining({ body: 'Too late, but long and valuable.', state: 'withdrawn' })]);
  const row = await api.db.selectFrom('commands').select(['id', 'state']).where('number', '=', number).executeTakeFirstOrThrow();
  expect(row.state).toBe('refused');
  const asked = await api.call('get', `/commands/${row.id}`);
  expect(asked.body).toMatchObject({ state: 'refused', text: 'Too late, but long and valuable.', refusal: { code: 'E_CONVERSATION_CLOSED' } });
  const again = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Too late, but long and valuable.' }, key: 'closed-key' });
  expect(again.status).toBe(409);
  expect(await messagesOf(number)).toHaveLength(1);
});

describe('when nobody answers', () => {
  let hurried: TestApi;
  beforeAll(async () => {
    hurried = await openTestApi({ client: desk.client, commandWaitMs: 300 });
    // Its numbers are workflow ids beside those of the other database.
    await sql`ALTER SEQUENCE conversation_numbers RESTART WITH 500001`.execute(hurried.db);
  });
  afterAll(() => hurried.close());

  test('a reply stays queued and is carried out by the sweep, once', async () => {
    const number = await addTicket(hurried);
    // Its workflow has been started, and is nowhere to be found.
    await hurried.db.updateTable('conversations').set({ relayed_seq: 1 }).where('number', '=', number).execute();
    const queued = await hurried.call('post', `/conversations/${number}/replies`, { body: { body: 'Later.' }, key: 'later' });
    expect(queued.status).toBe(202);
    const { id } = queued.body as { id: string };
    expect(queued.headers['location']).toBe(`/api/v1/commands/${id}`);
    expect((await hurried.call('get', `/commands/${id}`)).body).toMatchObject({ state: 'queued', text: 'Later.' });

    const [row] = await queuedCommands(hurried.db, { before: new Date(MONDAY_TEN + 1), limit: 10 });
    expect(row?.id).toBe(id);
    if (row === undefined) throw new Error('There is no queued command.');
    const options = { now: MONDAY_TEN, policy: hurried.policy.hash, waitMs: 300 };
    expect(await repeatCommand({ db: hurried.db, client: desk.client, log: SILENT }, row, options)).toBe('waiting');
    await desk.client.workflow.start('standInWorkflow', { workflowId: conversationWorkflowId(number), taskQueue: STAND_IN_QUEUE, args: [number] });
    expect(await repeatCommand({ db: hurried.db, client: desk.client, log: SILENT }, row, { ...options, waitMs: 5_000 })).toBe('done');
    expect(await queuedCommands(hurried.db, { before: new Date(MONDAY_TEN + 1), limit: 10 })).toEqual([]);
    const again = await hurried.call('post', `/conversations/${number}/replies`, { body: { body: 'Later.' }, key: 'later' });
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({ id, revision: 1 });
  });

  test.each([
    ['assignment', { agent: 'me' }],
    ['status', { status: 'solved' }],
  ])('%s must not come late: 503, and the sweep only learns whether it was done in time', async (path, body) => {
    const number = await addTicket(hurried);
    const response = await hurried.call('put', `/conversations/${number}/${path}`, { body });
    expect(response.status).toBe(503);
    expect(response.body).toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(response.headers['retry-after']).toBe('5');
    const rows = await hurried.db.selectFrom('commands').select(['state', 'not_after']).where('number', '=', number).execute();
    expect(rows).toEqual([{ state: 'queued', not_after: new Date(MONDAY_TEN + 5_000) }]);
    const waiting = async (before: number) =>
      (await queuedCommands(hurried.db, { before: new Date(before), limit: 20 })).filter((row) => row.number === number);
    // Before its time is over nobody repeats it; afterwards the conversation can only say what it has done.
    expect(await waiting(MONDAY_TEN + 1)).toEqual([]);
    expect(await waiting(MONDAY_TEN + 5_001)).toHaveLength(1);
  });

  /** Sends a command whose conversation answers only after the wait for it is over: it is there from when it is asked again on. */
  async function answeredLate(path: string, body: object) {
    const number = await addTicket(hurried);
    await hurried.db.updateTable('conversations').set({ relayed_seq: 1 }).where('number', '=', number).execute();
    const { workflow } = desk.client;
    const workflowId = conversationWorkflowId(number);
    const getHandle = workflow.getHandle.bind(workflow);
    let asked = 0;
    const spy = jest.spyOn(workflow, 'getHandle').mockImplementation(((id: string) => {
      const handle = getHandle(id);
      if (id !== workflowId || (asked += 1) !== 2) return handle;
      const started = workflow.start('standInWorkflow', { workflowId, taskQueue: STAND_IN_QUEUE, args: [number] });
      return { ...handle, executeUpdate: (...given: Parameters<typeof handle.executeUpdate>) => started.then(() => handle.executeUpdate(...given)) };
    }) as typeof workflow.getHandle);
    const { status, body: told } = await hurried.call('put', `/conversations/${number}/${path}`, { body }).finally(() => spy.mockRestore());
    expect(asked).toBe(2);
    return { status, told: told as unknown, row: await hurried.db.selectFrom('commands').select('state').where('number', '=', number).executeTakeFirst() };
  }

  test('a conversation that answers late is asked what it has done: the answer tells the truth', async () => {
    const done = await answeredLate('assignment', { agent: 'me' });
    expect(done).toMatchObject({ status: 200, told: { view: { assignee: hurried.agents.agent.id } }, row: { state: 'done' } });
    const late = await answeredLate('status', { status: 'solved' });
    expect(late).toMatchObject({
      status: 503,
      told: { code: 'E_UNAVAILABLE', detail: expect.stringContaining('nothing has happened') as string },
      row: { state: 'refused' },
    });
  });

  test('the sweep refuses what waited for a conversation that has closed', async () => {
    const number = await addTicket(hurried);
    await hurried.call('post', `/conversations/${number}/replies`, { body: { body: 'Still queued.' } });
    await hurried.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    const row = (await queuedCommands(hurried.db, { before: new Date(MONDAY_TEN + 1), limit: 10 })).find((queued) => queued.number === number);
    if (row === undefined) throw new Error('There is no queued command.');
    expect(await closedRefusal(hurried.db, row)).not.toBeNull();
    expect(await repeatCommand({ db: hurried.db, client: desk.client, log: SILENT }, row, { now: MONDAY_TEN, policy: hurried.policy.hash })).toBe('refused');
    const message = await hurried.db.selectFrom('messages').select('state').where('id', '=', row.bodyRef).executeTakeFirst();
    expect(message).toEqual({ state: 'withdrawn' });
    // They were told that it waits, so they hear that it will not leave.
    const notices = await hurried.db.selectFrom('notices').select(['kind', 'to_agent', 'text']).where('number', '=', number).execute();
    expect(notices).toEqual([
      {
        kind: 'refused',
        to_agent: row.actor,
        text: expect.stringMatching(new RegExp(`^#${number}: .*\\(reply\\).*is closed.* kept in the thread\\.$`)) as string,
      },
    ]);
  });
});

test('a reply to someone without an address says what to do instead, and changes nothing', async () => {
  const number = await addTicket(api, { requester: { phone: '+4930123456' } });
  const response = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Hello' } });
  expect(response.status).toBe(409);
  expect(response.body).toMatchObject({ code: 'E_NO_PUBLIC_CHANNEL' });
  expect(await messagesOf(number)).toEqual([]);
  const call = await api.call('post', `/conversations/${number}/calls`, { body: { outcome: 'nobody' } });
  expect(call.status).toBe(400);
});

test('recipients must be in the thread', async () => {
  const number = await ticket();
  const response = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Hello', recipients: ['c-someone-else'] } });
  expect(response.status).toBe(400);
  expect(response.body).toMatchObject({ code: 'E_INVALID', errors: [{ path: 'body.recipients' }] });
});

test.each([
  ['disabling an agent', 'patch', '', { disabled: true }],
  ['sending an agent away', 'put', '/availability', { away: true }],
] as const)('%s gives their unsolved conversations back', async (_name, method, path, change) => {
  const number = await ticket();
  const agent = await addTestAgent(api.db, 'agent');
  await api.db.updateTable('conversations').set({ assignee: agent.id }).where('number', '=', number).execute();
  const response = await api.call(method, `/agents/${agent.id}${path}`, { body: change, as: 'admin' });
  expect(response.body).toMatchObject(change);
  for (let look = 0; look < 100; look += 1) {
    const rows = await api.db.selectFrom('commands').select(['state', 'command']).where('number', '=', number).execute();
    if (rows[0]?.state === 'done') {
      expect(rows).toEqual([{ state: 'done', command: { type: 'assign', agent: null, away: false, force: true } }]);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('The conversation was not given back.');
});

test('who is disabled gives back what is solved too, and nobody what is closed or a part of another', async () => {
  const [solved, closed, part, own] = [await ticket(), await ticket(), await ticket(), await ticket()];
  const [away, disabled] = [await addTestAgent(api.db, 'agent'), await addTestAgent(api.db, 'agent')];
  const give = async (agent: string) => {
    const set = (number: number, change: object) =>
      api.db
        .updateTable('conversations')
        .set({ assignee: agent, ...change })
        .where('number', '=', number)
        .execute();
    await set(solved, { status: 'solved' });
    await set(closed, { status: 'closed' });
    await set(part, { status: 'solved', merged_into: own });
  };
  const given = async () => {
    await api.settled();
    return api.db.selectFrom('commands').select(['number', 'actor', 'state']).where('number', 'in', [solved, closed, part]).execute();
  };
  await give(away.id);
  expect((await api.call('put', `/agents/${away.id}/availability`, { body: { away: true }, as: 'admin' })).status).toBe(200);
  expect(await given()).toEqual([]);
  await give(disabled.id);
  expect((await api.call('patch', `/agents/${disabled.id}`, { body: { disabled: true }, as: 'admin' })).status).toBe(200);
  expect(await given()).toEqual([{ number: solved, actor: api.agents.admin.id, state: 'done' }]);
});

test('since when somebody is away is known from their going to their coming back', async () => {
  const { id } = await addTestAgent(api.db, 'agent');
  const says = async (away: boolean, at: number) => {
    api.clock.now = at;
    await api.call('put', `/agents/${id}/availability`, { body: { away }, as: 'admin' });
    api.clock.now = MONDAY_TEN;
    return api.db.selectFrom('agents').select(['away', 'away_since']).where('id', '=', id).executeTakeFirst();
  };
  expect(await says(true, MONDAY_TEN)).toEqual({ away: true, away_since: new Date(MONDAY_TEN) });
  expect(await says(true, MONDAY_TEN + 60_000)).toEqual({ away: true, away_since: new Date(MONDAY_TEN) });
  expect(await says(false, MONDAY_TEN + 120_000)).toEqual({ away: false, away_since: null });
});

test('an answer to a thread that has moved asks first, and shows what came', async () => {
  const number = await ticket();
  const [opening] = await api.db.selectFrom('messages').select('id').where('number', '=', number).execute();
  const { lastSeq } = (await api.call('get', `/conversations/${number}`)).body as { lastSeq: number };
  expect(lastSeq).toBe(1);
  const path = `/conversations/${number}/replies`;
  expect((await api.call('post', path, { body: { body: 'Unmoved.', seenUpTo: opening?.id } })).status).toBe(201);
  const ours = await api.db.selectFrom('messages').select('id').where('number', '=', number).where('direction', '=', 'out').executeTakeFirstOrThrow();
  const { requester_id: ada } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  const came = { number, author_kind: 'customer', author_id: ada, channel: 'email', full_body: null, html: null, state: 'received' } as const;
  const rest = { mail_id: null, in_reply_to: null, hint: null, inbox_id: null, direction: 'in' } as const;
  await api.db
    .insertInto('messages')
    .values([
      { ...came, ...rest, id: `m-robot-${number}`, seq: 2, body: 'I am away.', at: new Date(MONDAY_TEN + 1_000), machine: true },
      { ...came, ...rest, id: `m-more-${number}`, seq: 3, body: 'It is worse now!', at: new Date(MONDAY_TEN + 2_000) },
    ])
    .execute();
  for (const seenUpTo of [1, 2, opening?.id, ours.id, `m-robot-${number}`]) {
    const moved = await api.call('post', path, { body: { body: 'All is well.', seenUpTo } });
    expect(moved.status).toBe(409);
    expect(moved.body).toMatchObject({
      code: 'E_THREAD_MOVED',
      type: 'http://desk.test/api/docs#E_THREAD_MOVED',
      cameIn: [{ id: `m-more-${number}`, author: 'Ada', body: 'It is worse now!', at: '2026-03-23T09:00:02.000Z' }],
    });
  }
  expect((await messagesOf(number)).map(({ body }) => body)).toEqual(['Unmoved.']);
  for (const seenUpTo of ['m-none', 'm\u0000', -1, 3_000_000_000]) expect((await api.call('post', path, { body: { body: 'x', seenUpTo } })).status).toBe(400);
  for (const body of [
    { body: 'I see.', seenUpTo: 3 },
    { body: 'I see, too.', seenUpTo: `m-more-${number}` },
    { body: 'Anyway.', seenUpTo: 1, force: true },
  ]) {
    expect((await api.call('post', path, { body })).status).toBe(201);
  }
});

test('what waits in undo-send when it ends as spam never leaves', async () => {
  const number = await ticket();
  const first = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'On its way already.' } });
  await api.db
    .insertInto('outgoing_mails')
    .values({
      key: `conversation/${number}:1`,
      number,
      kind: 'reply',
      message_ref: (first.body as { message: string }).message,
      recipient_id: 'c',
      mail_id: `hf.spam.${number}@example.test`,
      envelope_from: '',
      envelope_to: 'ada@example.org',
      raw: Buffer.from('x'),
      last_error: null,
      at: new Date(MONDAY_TEN),
    })
    .execute();
  await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Waiting.' } });
  expect((await api.call('post', `/conversations/${number}/spam`, { body: {} })).status).toBe(200);
  const states = Object.fromEntries((await messagesOf(number)).map(({ body, state }) => [body, state]));
  expect(states).toEqual({ 'On its way already.': 'waiting', 'Waiting.': 'withdrawn' });
});

test.each([
  ['reached', 'Called the customer and reached them.'],
  ['voicemail', 'Called the customer and left a voicemail.'],
  ['noAnswer', 'Called the customer; nobody answered.'],
])('a call that ended with %s is a note of the thread and a command', async (outcome, words) => {
  const number = await ticket();
  const plain = await api.call('post', `/conversations/${number}/calls`, { body: { outcome } });
  expect(plain.status).toBe(201);
  await api.call('post', `/conversations/${number}/calls`, { body: { outcome, body: 'She will look at it.' } });
  expect((await messagesOf(number)).map(({ body, direction, state }) => `${direction} ${state} ${body}`).sort()).toEqual(
    [`note shown ${words}`, 'note shown She will look at it.'].sort(),
  );
  expect((await getCommand(api.db, (plain.body as { id: string }).id))?.command).toMatchObject({ type: 'call', outcome });
});

test('nothing is put aside until a time that has passed', async () => {
  const number = await ticket();
  const response = await api.call('put', `/conversations/${number}/snooze`, { body: { until: '2026-03-23T08:59:59Z' } });
  expect(response.status).toBe(400);
  expect(response.body).toMatchObject({ errors: [{ path: 'body.until' }] });
});
