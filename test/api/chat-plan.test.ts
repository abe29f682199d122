import { openTestApi, SATURDAY_NOON, type TestApi } from './test-api';
import { signed } from './chat-people';

/** Acme has the faster plan. Whoever types an address of theirs may be anyone, and learns nothing of it. */
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await api.db
    .insertInto('organizations')
    .values({ id: 'o-acme', name: 'Acme', plan: 'enterprise', domains: ['acme.example'], clusters: [], websites: [], created_at: new Date(SATURDAY_NOON) })
    .execute();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = SATURDAY_NOON;
});

type Shown = Record<string, unknown> & { number: number; visitorToken: string; expectation: { answerBy: string } };

const withoutQueue = <Answer>(answer: Answer): Answer =>
  JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'queue' ? undefined : value))) as Answer;

/** All that the widget of somebody is told who writes on a Saturday that everything is down, and what is kept. */
async function told(who: object) {
  const opened = await api.call('post', '/chats', { as: 'nobody', body: { ...who, body: 'Everything is down', priority: 'urgent' } });
  expect([opened.status, opened.body]).toEqual([201, expect.anything()]);
  const { number, visitorToken: token, expectation } = opened.body as Shown;
  // How many wait is no secret.
  const get = async (path: string) => withoutQueue((await api.call('get', path, { as: { token } })).body as Shown);
  const summary = async () => {
    const { answerBy, promised, expectation: expected, ticket, status } = await get(`/chats/${number}`);
    return { answerBy, promised, expectation: expected, ticket, status };
  };
  const session = ((await api.call('post', '/chat/sessions', { as: { token }, body: {} })).body as { chats: Shown[] }).chats[0];
  const first = {
    expectation: withoutQueue(expectation),
    expected: await get('/chat/expectation'),
    summary: await summary(),
    session: [session?.['answerBy'], session?.['promised']],
  };
  const kept = await api.db.selectFrom('promises').select('due_at').where('number', '=', number).where('kind', '=', 'firstResponse').executeTakeFirstOrThrow();
  return { number, token, first, summary, kept: kept.due_at.toISOString() };
}

test('an address that is only claimed is shown the same times whoever it belongs to, and never an earlier one than is kept', async () => {
  const acme = await told({ email: 'ceo@acme.example' });
  const nobody = await told({ email: 'somebody@nowhere.example' });
  expect(acme.kept).toBe('2026-03-28T11:30:00.000Z');
  expect(nobody.kept).toBe('2026-03-30T06:30:00.000Z');
  expect(acme.first).toEqual(nobody.first);
  expect(acme.first.summary).toMatchObject({ answerBy: nobody.kept, promised: { kind: 'firstResponse', dueAt: nobody.kept } });

  // Nor afterwards: broken for one of them, running for the other.
  api.clock.now = Date.parse('2026-03-28T12:00:00Z');
  await api.db
    .updateTable('promises')
    .set({ state: 'breached', breached_at: new Date(acme.kept) })
    .where('number', '=', acme.number)
    .where('kind', '=', 'firstResponse')
    .execute();
  expect(await acme.summary()).toEqual(await nobody.summary());

  // Nor as a ticket, whose next word is counted by the plan.
  for (const [{ number }, dueAt] of [
    [acme, '2026-03-28T12:30:00.000Z'],
    [nobody, '2026-03-30T06:30:00.000Z'],
  ] as const) {
    await api.db.updateTable('conversations').set({ kind: 'ticket', status: 'open' }).where('number', '=', number).execute();
    await api.db
      .updateTable('promises')
      .set({ kind: 'update', state: 'running', since: new Date(api.clock.now), due_at: new Date(dueAt) })
      .where('number', '=', number)
      .where('kind', '=', 'firstResponse')
      .execute();
  }
  expect(await acme.summary()).toEqual(await nobody.summary());
});

test('who is signed in is shown their own', async () => {
  const { first, kept } = await told({ identity: await signed(api, { sub: 'ceo', email: 'boss@acme.example', organization: 'o-acme' }) });
  expect(kept).toBe('2026-03-28T11:30:00.000Z');
  expect(first.summary).toMatchObject({ answerBy: kept });
});

test('what an agent says in the chat is told as it was said', async () => {
  const { number, summary } = await told({ email: 'cto@acme.example' });
  await api.db
    .updateTable('promises')
    .set({ kind: 'update', since: new Date(SATURDAY_NOON), due_at: new Date(SATURDAY_NOON + 600_000) })
    .where('number', '=', number)
    .where('kind', '=', 'firstResponse')
    .execute();
  expect(await summary()).toMatchObject({ answerBy: new Date(SATURDAY_NOON + 600_000).toISOString() });
});
