import { newId } from '../../db/new-id';
import { digitsOfCode } from '../../messages/mailed-code';
import { signed } from './chat-people';
import { MONDAY_TEN, openTestApi, type TestApi } from './test-api';

/** An address that was only typed into a chat, and is proven later in the same browser. */
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function claimed() {
  const email = `${newId('c')}@acme.example`;
  const opened = await api.call('post', '/chats', { as: 'nobody', body: { email, body: 'Hello' } });
  const { number, visitorToken } = opened.body as { number: number; visitorToken: string };
  return { email, number, visitorToken };
}

const acts = async (number: number) => {
  const rows = await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).orderBy('seq').execute();
  return rows.map(({ data }) => data as { type: string }).filter(({ type }) => type === 'customerAct');
};
const flagsOf = async (number: number) =>
  (await api.db.selectFrom('conversations').select('flags').where('number', '=', number).executeTakeFirstOrThrow()).flags;

test('by the dashboard’s signature: the conversation hears of it, once', async () => {
  const { email, number, visitorToken } = await claimed();
  expect(await flagsOf(number)).toEqual(['addressNotProven']);
  const identity = await signed(api, { sub: email, email });
  for (let times = 0; times < 2; times += 1) {
    expect((await api.call('post', '/chat/sessions', { as: { token: visitorToken }, body: { identity } })).status).toBe(200);
  }
  expect(await flagsOf(number)).toEqual([]);
  expect(await acts(number)).toMatchObject([{ act: 'proven', at: MONDAY_TEN, seq: 2 }]);
});

test('by a mailed code: the conversation hears of it, unless it is closed', async () => {
  const open = await claimed();
  const closed = await claimed();
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed.number).execute();
  for (const { email, visitorToken } of [open, closed]) {
    expect((await api.call('post', '/help/codes', { as: 'nobody', body: { email } })).status).toBe(202);
    await api.settled();
    const mailed = await api.db.selectFrom('codes').select(['id', 'hash']).where('email', '=', email).executeTakeFirstOrThrow();
    const code = digitsOfCode(api.keys, { id: mailed.id, email }, mailed.hash);
    expect((await api.call('post', '/help/sessions', { as: { token: visitorToken }, body: { email, code } })).status).toBe(201);
  }
  expect(await acts(open.number)).toMatchObject([{ act: 'proven' }]);
  expect(await acts(closed.number)).toEqual([]);
  expect(await flagsOf(closed.number)).toEqual([]);
});
