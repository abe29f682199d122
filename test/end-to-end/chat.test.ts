import { randomBytes, randomUUID } from 'node:crypto';
import { again } from '../chaos/patience';
import { ChattingCustomer, signIdentity } from '../kit/chatting-customer';
import { inTheEnd, type DeskUnderTest, type ShownConversation } from '../kit/desk-under-test';
import { openDesk, type OpenDesk } from '../kit/desk-under-test-processes';
import { CHATTING } from './policies';
import { toldInUtc } from './told';

jest.setTimeout(120_000);

const SECRET = randomBytes(32).toString('base64url');

let open: OpenDesk;
let desk: DeskUnderTest;
beforeAll(async () => {
  open = await openDesk({ policy: CHATTING, providers: true, env: { DASHBOARD_JWT_SECRET: SECRET } });
  desk = open.desk;
});
afterAll(() => open.close());

const identityOf = (name: string) =>
  signIdentity(SECRET, { sub: `user-${name}`, email: `${name}@acme.example`, name: `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}` });
const reply = (number: number, body: string, key: string = randomUUID()) =>
  desk.must<{ message: string }>('POST', `/conversations/${number}/replies`, { body }, { key });
const promiseOf = ({ promises }: ShownConversation, kind: string) => promises.find((promise) => promise.kind === kind);
const unseenMails = async (number: number) =>
  desk.parts.db.selectFrom('outgoing_mails').select(['key', 'state']).where('number', '=', number).where('kind', '=', 'chatUnseen').execute();
/** The workflow has nothing left to look for. */
const mailed = (number: number, words: readonly string[]) =>
  inTheEnd('what was not seen is marked as mailed', async () => {
    const rows = await desk.parts.db
      .selectFrom('messages')
      .select(['body', 'mailed_at'])
      .where('number', '=', number)
      .where('mailed_at', 'is not', null)
      .execute();
    return rows.length === words.length && rows.every(({ body }) => words.includes(body));
  });

test('one chat: notice and page, both ways live, gone, one mail, an answer by mail, back again, a ticket, done, rated', async () => {
  const { pagerduty, slack } = desk.parts;
  if (pagerduty === undefined || slack === undefined) throw new Error('This desk has providers.');
  const mailbox = desk.customer('Ada', 'ada@acme.example');
  const ada = new ChattingCustomer(desk.parts.url, { identity: await identityOf('ada') });

  const { number, expectation } = await ada.opens('Hello, is anybody there?');
  expect(expectation).toMatchObject({ office: 'open' });
  const tab = await ada.looks(number);
  await inTheEnd('Slack is told', () => slack.messages().some((text) => text.includes(`#${number}`)));
  await pagerduty.wait('on-call is told', () => pagerduty.open().some(({ key }) => key.startsWith(`conversation/${number}:`)));
  const opened = await inTheEnd('the chat has begun', async () => {
    const shown = await desk.conversation(number);
    return promiseOf(shown, 'chatResponse') !== undefined && shown;
  });
  const receivedAt = Date.parse(opened.receivedAt);
  expect(Date.parse(promiseOf(opened, 'chatResponse')?.dueAt ?? '')).toBe(receivedAt + 300_000);
  expect(Date.parse(promiseOf(opened, 'firstResponse')?.dueAt ?? '')).toBe(receivedAt + 86_400_000);

  await reply(number, 'Yes, I am here.');
  const arrived = await tab.message('Yes, I am here.');
  expect(arrived).toMatchObject({ from: 'agent', author: { name: 'Admin' }, state: 'sent', emojiOnly: false, mailedAt: null });
  tab.seen(arrived.id);
  await inTheEnd('the agent sees that it was read', async () => (await ada.messages(number)).some(({ id, seenAt }) => id === arrived.id && seenAt !== null));
  await pagerduty.wait('nobody needs on-call any more', () => pagerduty.open().length === 0);
  const answered = await inTheEnd('both promises are kept', async () => {
    const shown = await desk.conversation(number);
    return promiseOf(shown, 'chatResponse')?.state === 'met' && shown;
  });
  expect(promiseOf(answered, 'firstResponse')?.state).toBe('met');
  await ada.writes(number, '👍');
  expect(await tab.message('👍')).toMatchObject({ from: 'you', emojiOnly: true });

  tab.close();
  await reply(number, 'Please clear the cache.');
  await reply(number, 'Then load the page again.');
  const [mail] = await mailbox.receives(1);
  if (mail === undefined) throw new Error('There is no mail.');
  expect(mail.text).toContain('Please clear the cache.');
  expect(mail.text).toContain('Then load the page again.');
  expect(mail.text).not.toContain('Yes, I am here.');
  await mailed(number, ['Please clear the cache.', 'Then load the page again.']);

  await mailbox.answers(mail, 'It works now.');
  await inTheEnd('the answer is in the same thread', async () => (await desk.messages(number)).some(({ body }) => body === 'It works now.'));
  const [again] = await ada.resumes();
  expect(again).toMatchObject({ number, ticket: false, closed: false });
  const thread = await ada.messages(number);
  expect(thread.map(({ from, body, channel, mailedAt }) => [from, body, channel, mailedAt !== null])).toEqual([
    ['you', 'Hello, is anybody there?', 'chat', false],
    ['agent', 'Yes, I am here.', 'chat', false],
    ['you', '👍', 'chat', false],
    ['agent', 'Please clear the cache.', 'chat', true],
    ['agent', 'Then load the page again.', 'chat', true],
    ['you', 'It works now.', 'email', false],
  ]);

  const back = await ada.looks(number);
  await desk.must('POST', `/conversations/${number}/conversion`, { priority: 'high', keep: true });
  const { chat: told } = await back.event('it is told that it is a ticket', ({ kind, chat }) => kind === 'state' && chat?.ticket === true);
  const ticket = await desk.conversation(number);
  const promised = ticket.promises.find(({ kind, state }) => kind === 'update' && state === 'running');
  expect(promised).toBeDefined();
  expect(told?.promised?.dueAt).toBe(promised?.dueAt);
  expect(told?.answerBy).toBe(promised?.dueAt);
  const [, converted] = await mailbox.receives(2);
  expect(converted?.text).toContain(toldInUtc(promised?.dueAt ?? ''));

  await desk.must('POST', `/conversations/${number}/closing-question`, {});
  await inTheEnd('it waits for her', async () => (await desk.conversation(number)).status === 'pending');
  await ada.acts(number, 'thatsAll');
  await inTheEnd('it is solved', async () => (await desk.conversation(number)).status === 'solved');
  await ada.rates(number, 'good', 'Quick and kind.');
  await inTheEnd('the rating is in its story', async () => (await desk.story(number)).includes('customer.rated'));
  expect(await ada.chat(number)).toMatchObject({ status: 'done', rated: 'good' });
  expect(await unseenMails(number)).toHaveLength(1);
  back.close();
});

test('whoever only claims an address learns nothing, and what is mailed there is the answer and no more', async () => {
  const mailbox = desk.customer('Vera', 'vera@acme.example');
  const vera = new ChattingCustomer(desk.parts.url, { identity: await identityOf('vera') });
  const own = await vera.opens('Our password is “swordfish”.');
  const mallory = new ChattingCustomer(desk.parts.url, { email: 'vera@acme.example', name: 'Vera' });
  const claimed = await mallory.opens('Click on https://evil.example, Vera!');
  expect(claimed.number).not.toBe(own.number);

  expect((await mallory.resumes()).map(({ number, proof }) => [number, proof])).toEqual([[claimed.number, 'claimed']]);
  for (const path of [`/chats/${own.number}`, `/chats/${own.number}/messages`]) expect((await mallory.call('GET', path)).status).toBe(404);
  expect((await mallory.call('POST', `/chats/${own.number}/messages`, { body: 'Me again' })).status).toBe(404);
  expect((await mallory.call('POST', `/chats/${own.number}/acts`, { act: 'thatsAll' })).status).toBe(404);
  expect((await mallory.call('PUT', `/chats/${own.number}/presence`, { tab: 'one', state: 'present' })).status).toBe(404);
  await expect(mallory.looks(own.number)).rejects.toThrow('refused');
  expect((await desk.must<{ flags: string[] }>('GET', `/conversations/${claimed.number}`)).flags).toContain('addressNotProven');

  // Vera has never seen this chat; she hears what we have said, and nothing of what was put into her mouth.
  await reply(claimed.number, 'We will look into it.');
  const [mail] = await mailbox.receives(1);
  expect(mail?.text).toContain('We will look into it.');
  for (const text of [mail?.text, mail?.html, mail?.subject]) expect(text).not.toMatch(/evil\.example|swordfish/);
  await mailed(claimed.number, ['We will look into it.']);
  expect((await vera.resumes()).map(({ number }) => number)).toContain(own.number);
  await reply(own.number, 'Please change it.', 'to-vera');
  await mailbox.receives(2);
});

test('api and worker are killed in the middle: nothing is lost, nothing is mailed twice, and who is there is not forgotten', async () => {
  const mailbox = desk.customer('Cleo', 'cleo@acme.example');
  desk.customer('Bea', 'bea@acme.example');
  const bea = new ChattingCustomer(desk.parts.url, { identity: await identityOf('bea') });
  const cleo = new ChattingCustomer(desk.parts.url, { email: 'cleo@acme.example', name: 'Cleo' });
  const [here, gone] = [(await bea.opens('I stay.')).number, (await cleo.opens('I must go.')).number];
  const [tab, leaving] = [await bea.looks(here, { tab: 'one' }), await cleo.looks(gone)];
  await reply(here, 'Good.');
  tab.seen((await tab.message('Good.')).id);
  leaving.close();
  await reply(gone, 'Goodbye.');

  const crashed = Promise.all([open.crash('api'), open.crash('worker')]);
  // Each goes on trying what it had begun, as the widget and the console do.
  const key = randomUUID();
  const writing = again('what she wrote is taken', () => bea.writes(here, 'Are you there?', key));
  const replying = again('the answer is taken', () => reply(here, 'We are back.', 'back'));
  const coming = again('she is connected again', () => bea.looks(here, { tab: 'one' }));
  await crashed;
  const back = await coming;
  await Promise.all([writing, replying]);
  const { id } = await inTheEnd('the answer is with her', async () =>
    (await bea.messages(here)).find(({ body, state }) => body === 'We are back.' && state === 'sent'),
  );
  back.seen(id);
  await inTheEnd('she has read it', async () => (await bea.messages(here)).some((message) => message.id === id && message.seenAt !== null));
  await bea.writes(here, 'Are you there?', key);
  expect((await bea.messages(here)).map(({ body }) => body).sort()).toEqual(['Are you there?', 'Good.', 'I stay.', 'We are back.']);

  const [mail] = await mailbox.receives(1, 60_000);
  expect(mail?.text).toContain('Goodbye.');
  await mailed(gone, ['Goodbye.']);
  await inTheEnd('it is noted as sent', async () => (await unseenMails(gone)).every(({ state }) => state === 'sent'));
  expect(await unseenMails(gone)).toHaveLength(1);
  expect(desk.parts.sink.mails('cleo@acme.example')).toHaveLength(1);
  expect(await unseenMails(here)).toEqual([]);
  back.close();
});
