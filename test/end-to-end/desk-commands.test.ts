import { openDesk, type OpenDesk } from '../kit/desk-under-test-processes';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { SECONDS_TO_ANSWER } from './policies';

jest.setTimeout(120_000);

/** Nothing is to be late here. */
const POLICY = SECONDS_TO_ANSWER.replace('normal: 5s', 'normal: 4h');

let open: OpenDesk;
let desk: DeskUnderTest;
beforeAll(async () => {
  open = await openDesk({ policy: POLICY, providers: false });
  desk = open.desk;
});
afterAll(() => open.close());

const bodies = async (number: number) => (await desk.messages(number)).map(({ direction, body }) => `${direction}: ${body}`);

/** The links of a mail, each once, without what they stand on. */
const linksIn = (text: string) => [...new Set(text.match(/\/l\/[\w.-]+/g) ?? [])];

const follow = (path: string, method: 'GET' | 'POST', form?: Record<string, string>) =>
  fetch(desk.parts.url + path, { method, ...(form && { body: new URLSearchParams(form) }), signal: AbortSignal.timeout(15_000) });

test('what an agent begins: the first mail leaves and is answered in its thread, a colleague joins, and the customer ends it', async () => {
  const fay = desk.customer('Fay', 'fay@acme.example');
  const gil = desk.customer('Gil', 'gil@acme.example');
  const { number } = await desk.must<{ number: number }>('POST', '/tickets', {
    requester: { email: 'fay@acme.example', name: 'Fay' },
    subject: 'Your certificate',
    body: 'Hello Fay, it ends next week. Shall we renew it?',
    initiatedBy: 'agent',
  });
  const [first] = await fay.receives(1);
  if (first === undefined) throw new Error('There is no mail.');
  expect(first.subject).toBe(`Your certificate [#${number}]`);
  expect(first.inReplyTo).toBeUndefined();
  expect(first.text).toContain('Shall we renew it?');
  expect(first.from?.name).toBe('Admin');
  expect(await desk.conversation(number)).toMatchObject({ status: 'pending', assignee: { id: 'admin' }, promises: [] });

  await fay.answers(first, 'Yes, please. Gil has the key.');
  await inTheEnd('her answer is in the thread, and owed an answer', async () => {
    const { status, promises } = await desk.conversation(number);
    return status === 'open' && promises.some(({ kind, state }) => kind === 'nextResponse' && state === 'running');
  });
  await desk.must('POST', `/conversations/${number}/participants`, { email: 'gil@acme.example', name: 'Gil' });
  await desk.must('POST', `/conversations/${number}/replies`, { body: 'Gil, can you send it to us?' });
  const [, second] = await fay.receives(2);
  const [toGil] = await gil.receives(1);
  expect(second?.subject).toBe(`Re: Your certificate [#${number}]`);
  expect(second?.references).toContain(first.messageId);
  expect(toGil?.text).toContain('can you send it to us?');
  // Each answers to an address of their own.
  expect(toGil?.answerTo).not.toBe(second?.answerTo);
  if (toGil === undefined) throw new Error('There is no mail for Gil.');
  await gil.answers(toGil, 'Here it is.');
  await inTheEnd('his answer is in the thread', async () => (await desk.messages(number)).length === 4);

  await desk.must('POST', `/conversations/${number}/closing-question`, {});
  const [, , asked] = await fay.receives(3);
  await gil.receives(2);
  expect(asked?.text).toContain('Is there anything else I can help you with?');
  const [thatsAll = '', somethingElse = ''] = linksIn(asked?.text ?? '');
  // Whatever follows links in mails changes nothing.
  for (const path of [thatsAll, somethingElse]) expect((await follow(path, 'GET')).status).toBe(200);
  expect((await desk.conversation(number)).status).toBe('pending');
  expect((await follow(somethingElse, 'POST', { words: 'One more thing: the invoice.' })).status).toBe(200);
  await inTheEnd('it is open again', async () => (await desk.conversation(number)).status === 'open');
  expect(await bodies(number)).toContain('in: One more thing: the invoice.');
  expect((await follow(thatsAll, 'POST')).status).toBe(200);
  await inTheEnd('it is solved', async () => (await desk.conversation(number)).status === 'solved');
  expect(await desk.story(number)).toEqual(expect.arrayContaining(['participants', 'customer.thatsAll']));
});

test('two tickets become one and two again, and mail finds its way at every time', async () => {
  const hal = desk.customer('Hal', 'hal@acme.example');
  const numberOf = (subject: string | undefined) => Number(/#(\d+)/.exec(subject ?? '')?.[1]);
  await hal.writes('support@example.test', 'Slow', 'The shop is slow.');
  const [receipt] = await hal.receives(1);
  const target = numberOf(receipt?.subject);
  // An address that nobody knows gets one receipt an hour; staff open the second one.
  const { number: source } = await desk.must<{ number: number }>('POST', '/tickets', {
    requester: { email: 'hal@acme.example' },
    subject: 'Slower',
    body: 'It is even slower.',
    priority: 'high',
  });
  const [, other] = await hal.receives(2);
  if (other === undefined) throw new Error('There is no second receipt.');
  await inTheEnd('both have begun', async () => (await desk.story(source)).length > 0 && (await desk.story(target)).length > 0);

  await desk.must('POST', `/conversations/${source}/merge`, { into: target });
  const merged = await inTheEnd('the target has heard of it', async () => (await desk.story(target)).includes('merge.from') && desk.conversation(target));
  const due = (kind: string) => merged.promises.find((promise) => promise.kind === kind && promise.state === 'running')?.dueAt;
  expect(due('firstResponse')).toBeDefined();
  expect(await bodies(target)).toEqual(['in: The shop is slow.', 'in: It is even slower.']);
  expect((await desk.conversation(source)).promises.map(({ state, reason }) => `${state} ${reason}`)).toEqual(['cancelled merged', 'cancelled merged']);
  expect(await desk.story(source)).toContain('merge.into');
  await hal.answers(other, 'Still slow.');
  await inTheEnd('his answer to the source is in the target', async () => (await bodies(target)).includes('in: Still slow.'));

  await desk.must('DELETE', `/conversations/${source}/merge`);
  await inTheEnd(
    'both have heard of the undoing',
    async () => (await desk.story(target)).includes('merge.out') && (await desk.story(source)).includes('merge.undone'),
  );
  const restored = await inTheEnd('the source owes its answer again', async () => {
    const conversation = await desk.conversation(source);
    return conversation.promises.some(({ kind, state }) => kind === 'firstResponse' && state === 'running') && conversation;
  });
  expect(restored.status).toBe('new');
  await hal.answers(other, 'And now?');
  await inTheEnd('his next answer is in the source', async () => (await bodies(source)).includes('in: And now?'));
  expect(await bodies(target)).toEqual(['in: The shop is slow.', 'in: Still slow.']);
  for (const number of [source, target]) await desk.must('POST', `/conversations/${number}/replies`, { body: 'It is fast again.', status: 'solved' });
  await hal.receives(6);
});
