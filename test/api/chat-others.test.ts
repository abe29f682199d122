import { finishCommand, getCommand } from '../../db/commands';
import { findOrCreateContact } from '../../db/contacts';
import { newId } from '../../db/new-id';
import { MONDAY_TEN, openTestApi, type TestApi } from './test-api';

/** A chat with a colleague of its customer in the thread, who reads mail. */
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function chatWithOthers() {
  const opened = await api.call('post', '/chats', { as: 'nobody', body: { email: `${newId('c')}@acme.example`, body: 'Hello' } });
  const { number, visitorToken } = opened.body as { number: number; visitorToken: string };
  const at = new Date(MONDAY_TEN);
  const person = (email: string) =>
    api.db.transaction().execute(async (trx) => (await findOrCreateContact(trx, { email, phone: null, name: null }, at)).contact.id);
  const [colleague, stranger] = [await person('bob@acme.example'), await person('eve@other.example')];
  await api.db
    .insertInto('participants')
    .values([
      { number, contact_id: colleague, role: 'participant', added_at: at },
      { number, contact_id: stranger, role: 'thirdParty', added_at: at },
    ])
    .execute();
  return { number, visitorToken, colleague, stranger };
}

async function command(answer: { body: unknown; status: number }) {
  expect([answer.status, answer.body]).toEqual([202, expect.anything()]);
  const row = await getCommand(api.db, (answer.body as { id: string }).id);
  if (row === null) throw new Error('There is such a command.');
  return row;
}

const done = async (answer: { body: unknown; status: number }) => {
  const row = await command(answer);
  await finishCommand(api.db, row, { answer: { revision: 2, view: {} as never } }, new Date(MONDAY_TEN));
  return row;
};

test('what is said in a chat is mailed to those who take part and do not sit in the widget, and to nobody who was not admitted', async () => {
  const { number, colleague, stranger } = await chatWithOthers();
  const say = (path: string, body: object) => api.call('post', `/conversations/${number}/${path}`, { body });
  for (const [path, body] of [
    ['replies', { body: 'Good morning' }],
    ['be-right-back', {}],
    ['closing-question', {}],
  ] as const) {
    expect((await command(await say(path, body))).command).toMatchObject({ delivery: 'chat', recipients: [colleague] });
  }
  const { id: requester } = await api.db
    .selectFrom('conversations as c')
    .innerJoin('contacts as p', 'p.id', 'c.requester_id')
    .select('p.id')
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  expect((await command(await say('replies', { body: 'To you alone', recipients: [requester] }))).command).toMatchObject({ delivery: 'chat', recipients: [] });
  expect((await command(await say('replies', { body: 'To all', recipients: [requester, stranger] }))).command).toMatchObject({ recipients: [stranger] });
  const mailed = await command(await say('replies', { body: 'To others', recipients: [colleague] }));
  expect(mailed.command).toMatchObject({ delivery: 'mail', recipients: [colleague] });
  // A note is for nobody outside.
  expect((await command(await say('notes', { body: 'Careful' }))).command).not.toHaveProperty('recipients');
});

test('taken back, it stays in the chat for its customer who was there; what they had not had yet is gone', async () => {
  const { number, visitorToken } = await chatWithOthers();
  const shown = async () => {
    const { body } = await api.call('get', `/chats/${number}/messages`, { as: { token: visitorToken } });
    return (body as { items: { body: string }[] }).items.map((message) => message.body);
  };
  api.clock.now = MONDAY_TEN + 1_000;
  const there = await done(await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Said to somebody' } }));
  await done(await api.call('delete', `/conversations/${number}/replies/${there.bodyRef}`));
  expect(await shown()).toEqual(['Hello', 'Said to somebody']);
  api.clock.now = MONDAY_TEN + 10 * 60_000;
  const gone = await done(await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Said to nobody' } }));
  expect(gone.command).toMatchObject({ gone: true });
  await done(await api.call('delete', `/conversations/${number}/replies/${gone.bodyRef}`));
  expect(await shown()).toEqual(['Hello', 'Said to somebody']);
});
