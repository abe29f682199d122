import { addPage, addTicket, MONDAY_TEN, openTestApi, SATURDAY_NOON, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  api.clock.now = MONDAY_TEN;
  // The list of each test is its own.
  await api.db.deleteFrom('pages').execute();
});

test('an acknowledgement is a row at once, also while Temporal is down, and its owner stays', async () => {
  const number = await addTicket(api);
  const id = await addPage(api, number);
  api.clock.now = MONDAY_TEN + 5_000;
  const response = await api.call('post', `/pages/${id}/acknowledgement`);
  expect(response.status).toBe(200);
  expect(response.body).toMatchObject({
    id,
    state: 'acknowledged',
    acknowledgedAt: '2026-03-23T09:00:05.000Z',
    acknowledgedBy: { id: api.agents.agent.id, name: 'agent of the tests' },
    attempts: [{ ring: 1, target: 'inbox', outcome: 'sent' }],
    url: `http://desk.test/pages/${id}`,
  });
  api.clock.now += 1_000;
  const second = await api.call('post', `/pages/${id}/acknowledgement`, { as: 'lead', body: {} });
  // The time is renewed: it may be about a ring of which the row does not know yet.
  expect(second.body).toMatchObject({ acknowledgedAt: '2026-03-23T09:00:06.000Z', acknowledgedBy: { id: api.agents.agent.id } });
  // The sweep tells the escalation, since nobody could be told.
  const row = await api.db.selectFrom('pages').select('acknowledgement_relayed_at').where('id', '=', id).executeTakeFirstOrThrow();
  expect(row.acknowledgement_relayed_at).toBeNull();
});

test('open pages come first, and pages of the list are stable', async () => {
  const ids: string[] = [];
  for (const offset of [0, 1, 2, 3]) {
    api.clock.now = MONDAY_TEN + offset * 1_000;
    ids.push(await addPage(api, await addTicket(api)));
  }
  await api.db
    .updateTable('pages')
    .set({ state: 'over', over_at: new Date() })
    .where('id', '=', ids[3] ?? '')
    .execute();
  const walked: string[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await api.call('get', `/pages?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    const list = body as { items: { id: string }[]; nextCursor?: string };
    walked.push(...list.items.map(({ id }) => id));
    cursor = list.nextCursor;
  } while (cursor !== undefined);
  expect(walked).toEqual([ids[2], ids[1], ids[0], ids[3]]);
  const open = (await api.call('get', '/pages?state=open')).body as { items: unknown[] };
  expect(open.items).toHaveLength(3);
  const over = (await api.call('get', '/pages?state=over')).body as { items: unknown[] };
  expect(over.items).toHaveLength(1);
});

test('telling the customer is a command of the conversation, with its words in the thread', async () => {
  api.clock.now = SATURDAY_NOON;
  const number = await addTicket(api);
  const id = await addPage(api, number);
  const response = await api.call('post', `/pages/${id}/feedback`, { body: { word: 'whenOpen' } });
  // No workflow runs in this test.
  expect(response.status).toBe(202);
  const message = await api.db
    .selectFrom('messages')
    .select(['body', 'state'])
    .where('number', '=', number)
    .where('direction', '=', 'out')
    .executeTakeFirstOrThrow();
  expect(message.state).toBe('waiting');
  expect(message.body).toContain('Mon 30 Mar, 08:00 (Berlin time, CEST)');
  const command = await api.db.selectFrom('commands').select('command').where('number', '=', number).executeTakeFirstOrThrow();
  expect(command.command).toMatchObject({ type: 'feedback', word: 'whenOpen' });
  expect(command.command).not.toHaveProperty('typed');
});

test.each([
  [{ word: 'whenOpen' }, 'Ich habe Ihre Nachricht gelesen. Wir kümmern uns darum, wenn unser Büro öffnet: Mo, 30. Mär, 02:00 Uhr (Zeit in New York, GMT-4).'],
  [{ word: 'workingOnIt' }, 'Ich arbeite gerade daran.'],
  [
    { word: 'workingOnIt', updateBy: new Date(SATURDAY_NOON + 3_600_000).toISOString() },
    'Ich arbeite gerade daran. Sie hören bis Sa, 28. Mär, 08:00 Uhr (Zeit in New York, GMT-4) wieder von mir.',
  ],
])('one tap %j says it in the customer’s language, and at their time', async (body, words) => {
  api.clock.now = SATURDAY_NOON;
  const number = await addTicket(api);
  const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  await api.db.updateTable('contacts').set({ locale: 'de', zone: 'America/New_York' }).where('id', '=', contact).execute();
  expect((await api.call('post', `/pages/${await addPage(api, number)}/feedback`, { body })).status).toBe(202);
  await api.db.updateTable('contacts').set({ locale: null, zone: null }).where('id', '=', contact).execute();
  const message = await api.db.selectFrom('messages').select('body').where('number', '=', number).where('direction', '=', 'out').executeTakeFirstOrThrow();
  expect(message.body).toBe(words);
});

test('what on-call types with the tap is what stands in the thread, and the mail is told so', async () => {
  const number = await addTicket(api);
  const response = await api.call('post', `/pages/${await addPage(api, number)}/feedback`, { body: { word: 'workingOnIt', text: 'A disk is full.' } });
  expect(response.status).toBe(202);
  const message = await api.db.selectFrom('messages').select('body').where('number', '=', number).where('direction', '=', 'out').executeTakeFirstOrThrow();
  expect(message.body).toBe('A disk is full.');
  const command = await api.db.selectFrom('commands').select('command').where('number', '=', number).executeTakeFirstOrThrow();
  expect(command.command).toMatchObject({ type: 'feedback', word: 'workingOnIt', typed: true });
});

test.each([
  [{ word: 'soon' }, 'body.word'],
  [{ word: 'ownWords' }, 'body.text'],
  [{ word: 'workingOnIt', updateBy: 'tomorrow' }, 'body.updateBy'],
])('feedback %j is told what to change', async (body, path) => {
  const id = await addPage(api, await addTicket(api));
  const response = await api.call('post', `/pages/${id}/feedback`, { body });
  expect(response.status).toBe(400);
  expect((response.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
});

test.each(['p999999-1', 'page', 'p1001-1%2e'])('page %s is not there', async (id) => {
  for (const [method, path] of [
    ['get', ''],
    ['post', '/acknowledgement'],
    ['post', '/escalation'],
  ] as const) {
    const response = await api.call(method, `/pages/${id}${path}`, method === 'post' ? { body: {} } : {});
    expect(response.status).toBe(404);
  }
});

test('notices, newest first', async () => {
  const number = await addTicket(api);
  for (const [index, text] of ['First', 'Second', 'Third'].entries()) {
    const at = new Date(MONDAY_TEN + index);
    await api.db
      .insertInto('notices')
      .values({ key: `n${index}`, number, kind: 'threshold', text, to_agent: null, due_at: at, at, slack_ts: null })
      .execute();
  }
  const { body } = await api.call('get', '/notices?limit=2');
  const list = body as { items: { text: string }[]; nextCursor: string };
  expect(list.items.map(({ text }) => text)).toEqual(['Third', 'Second']);
  const rest = (await api.call('get', `/notices?cursor=${list.nextCursor}`)).body as { items: { text: string }[] };
  expect(rest.items.map(({ text }) => text)).toEqual(['First']);
});
