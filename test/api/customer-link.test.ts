import supertest from 'supertest';
import { signLink, type LinkPurpose } from '../../messages/addresses';
import { addPage, addTicket, MONDAY_TEN, openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

async function link(number: number, purpose: LinkPurpose): Promise<string> {
  const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  return `/l/${signLink(api.keys, { purpose, number, contact })}`;
}
const press = async (number: number, purpose: LinkPurpose, form: Record<string, string> = {}) =>
  supertest(api.app)
    .post(await link(number, purpose))
    .type('form')
    .send(form);
const events = async (number: number) =>
  (await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).where('seq', '>', 1).orderBy('seq').execute()).map(
    ({ data }) => data,
  );
/** What the conversation's workflow would have projected. */
const project = (number: number, facts: Record<string, unknown>) => api.db.updateTable('conversations').set(facts).where('number', '=', number).execute();

test('whatever looks at a link acts by it: only a button does', async () => {
  const number = await addTicket(api);
  for (const purpose of ['productionDown', 'thatsAll', 'somethingElse', 'status'] as const) {
    const path = await link(number, purpose);
    expect((await supertest(api.app).get(path)).status).toBe(200);
    expect((await supertest(api.app).head(path)).status).toBeLessThan(500);
  }
  expect(await events(number)).toEqual([]);
});

test('“production down” says what has happened and no more, and a second press adds nothing', async () => {
  const number = await addTicket(api);
  const first = await press(number, 'productionDown');
  // No workflow has answered yet.
  expect(first.text).toContain(`#${number} is being made urgent this very moment`);
  await project(number, { priority: 'urgent', applied_seq: 2 });
  api.clock.now += 5 * 60_000;
  const second = await press(number, 'productionDown');
  expect(second.status).toBe(200);
  expect(second.text).toContain('We know already');
  expect(second.text).toContain(`#${number} is urgent now. Our team has been told.`);
  // The promise that stands: a business day, as nothing has counted it anew here.
  expect(second.text).toMatch(/hear from us by <strong><time datetime="2026-03-24T09:00/);
  const page = await addPage(api, number);
  await api.db.updateTable('pages').set({ state: 'acknowledged' }).where('id', '=', page).execute();
  expect((await press(number, 'productionDown')).text).toContain('Our on-call engineer knows and is on it.');
  expect(await events(number)).toMatchObject([{ type: 'customerAct', act: 'productionDown', seq: 2 }]);

  // Lowered by an agent, solved, or half an hour later it is news again.
  await project(number, { priority: 'normal' });
  await press(number, 'productionDown');
  await project(number, { priority: 'urgent', applied_seq: 3, status: 'solved' });
  await press(number, 'productionDown');
  await project(number, { status: 'open', applied_seq: 4 });
  api.clock.now += 31 * 60_000;
  await press(number, 'productionDown');
  expect((await events(number)).map(({ seq }) => seq)).toEqual([2, 3, 4, 5]);
});

test('pressed twice at once it is told once', async () => {
  const number = await addTicket(api);
  const answers = await Promise.all([press(number, 'productionDown'), press(number, 'productionDown'), press(number, 'productionDown')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await events(number)).toHaveLength(1);
});

test('“there is something else” takes words, which come in like an answer', async () => {
  const number = await addTicket(api);
  expect((await supertest(api.app).get(await link(number, 'somethingElse'))).text).toContain('<textarea');
  expect((await press(number, 'somethingElse')).status).toBe(400);
  api.clock.now += 1_000;
  const done = await press(number, 'somethingElse', { words: 'The <b>other</b> shop, too.' });
  expect(done.text).toContain('we’ve got it');
  expect(await events(number)).toMatchObject([{ type: 'message', author: 'customer', channel: 'form', machine: false, seq: 2 }]);
  const thread = (await api.call('get', `/conversations/${number}/messages`)).body as { items: { body: string; channel: string; author: { kind: string } }[] };
  expect(thread.items[1]).toMatchObject({ body: 'The <b>other</b> shop, too.', channel: 'form', author: { kind: 'customer', name: 'Ada' } });
});

test('whoever was taken out of a request ends nothing in it any more, and says nothing as its customer', async () => {
  const number = await addTicket(api);
  const path = await link(number, 'thatsAll');
  await api.db.deleteFrom('participants').where('number', '=', number).execute();
  expect((await supertest(api.app).post(path).type('form').send({})).status).toBe(404);
  expect((await press(number, 'somethingElse', { words: 'Close it.' })).status).toBe(404);
  expect(await events(number)).toEqual([]);
});

test('a link of a closed or merged request says where things stand', async () => {
  const [number, target] = [await addTicket(api), await addTicket(api)];
  await project(number, { merged_into: target });
  const asked = await supertest(api.app).get(await link(number, 'thatsAll'));
  expect(asked.text).toContain(`#${target}`);
  expect((await press(number, 'thatsAll')).status).toBe(200);
  expect(await events(target)).toMatchObject([{ type: 'customerAct', act: 'thatsAll' }]);
  await project(target, { status: 'closed' });
  for (const purpose of ['thatsAll', 'productionDown', 'somethingElse'] as const) {
    expect((await supertest(api.app).get(await link(number, purpose))).text).toContain('is closed');
    expect((await press(number, purpose, { words: 'Hello' })).status).toBe(409);
  }
});
