import { openDesk, type OpenDesk } from '../kit/desk-under-test-processes';
import { inTheEnd, type DeskUnderTest, type ShownConversation, type ShownPage } from '../kit/desk-under-test';
import { SECONDS } from './policies';
import { toldInUtc as told } from './told';

/** The one place where real clocks are compared: a consequence may be this much later than it was due. */
const WITHIN_MS = 2_000;

jest.setTimeout(120_000);

let open: OpenDesk;
let desk: DeskUnderTest;
beforeAll(async () => {
  open = await openDesk({ policy: SECONDS, providers: true });
  desk = open.desk;
});
afterAll(() => open.close());

const promiseOf = (conversation: ShownConversation, kind: string) => {
  const found = conversation.promises.find((promise) => promise.kind === kind);
  if (found === undefined) throw new Error(`There is no promise ${kind}.`);
  return found;
};

test('one ticket: a mail, its receipt, a missed dispatch, a page, an answer, the customer’s answer, solved', async () => {
  const { pagerduty, slack, temporal, db } = desk.parts;
  if (pagerduty === undefined || slack === undefined) throw new Error('This desk has providers.');
  const ada = desk.customer('Ada Lovelace', 'ada@acme.example');

  const sentAt = Date.now();
  await ada.writes('support@example.test', 'The shop is slow', 'Every page takes ten seconds since this morning.');
  const [receipt] = await ada.receives(1);
  if (receipt === undefined) throw new Error('There is no receipt.');
  const number = Number(/\[#(\d+)\]$/.exec(receipt.subject ?? '')?.[1]);
  const opened = await desk.conversation(number);

  // The receipt tells the time that pages us.
  expect(opened).toMatchObject({ status: 'new', priority: 'normal', assignee: null });
  const receivedAt = Date.parse(opened.receivedAt);
  expect(receivedAt - sentAt).toBeGreaterThanOrEqual(0);
  expect(receivedAt - sentAt).toBeLessThan(WITHIN_MS);
  expect(Date.parse(promiseOf(opened, 'dispatch').dueAt)).toBe(receivedAt + 3_000);
  expect(Date.parse(promiseOf(opened, 'firstResponse').dueAt)).toBe(receivedAt + 86_400_000);
  expect(receipt.text).toContain(told(promiseOf(opened, 'firstResponse').dueAt));
  expect(receipt.text).not.toContain('closed');
  expect(receipt.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-replied');
  // Nobody has proven this address: it hears none of the words that were sent from it.
  expect(receipt.subject).not.toContain('shop');

  // Nobody takes it: on-call is rung when it is due.
  const key = `conversation/${number}:dispatch:1`;
  await pagerduty.wait('the missed dispatch pages', () => pagerduty.open().some((incident) => incident.key === key));
  const [incident] = pagerduty.incidents();
  const lateness = (incident?.openedAt ?? 0) - (receivedAt + 3_000);
  expect(lateness).toBeGreaterThanOrEqual(0);
  expect(lateness).toBeLessThan(WITHIN_MS);
  expect(incident?.summary).toContain(`#${number}`);
  const pageId = await inTheEnd('the ticket names its page', async () => (await desk.conversation(number)).page);
  const page = await inTheEnd('the page shows its attempt', async () => {
    const shown = await desk.page(pageId);
    return shown.attempts[0]?.outcome === 'sent' && shown;
  });
  expect(page).toMatchObject({
    number,
    state: 'paging',
    urgency: 'low',
    causes: [{ kind: 'dispatch', reason: 'breached', overAt: null }],
    attempts: [{ ring: 1, method: 'pagerduty' }],
  });
  expect(page.causes[0]?.at).toBe(promiseOf(opened, 'dispatch').dueAt);

  // On-call takes note: it stops ringing, and nothing else.
  await desk.must('POST', `/pages/${pageId}/acknowledgement`, {});
  await pagerduty.wait('PagerDuty hears of the acknowledgement', () => pagerduty.incidents()[0]?.state === 'acknowledged');
  expect(await desk.page(pageId)).toMatchObject({ state: 'acknowledged', acknowledgedBy: { id: 'admin' } });
  expect((await desk.conversation(number)).assignee).toBeNull();

  // The first answer takes the ticket, and with it the page is over.
  const reply = await desk.must<{ view: { assignee: string; status: string } }>(
    'POST',
    `/conversations/${number}/replies`,
    { body: 'Hello Ada, a disk was full. It is fast again, is it not?' },
    { key: 'answer-1' },
  );
  expect(reply.view).toMatchObject({ assignee: 'admin', status: 'open' });
  await pagerduty.wait('the incident is resolved', () => pagerduty.open().length === 0);
  expect(pagerduty.incidents()).toHaveLength(1);
  await inTheEnd('the page is over', async () => (await desk.page(pageId)).state === 'over');

  const [, answer] = await ada.receives(2);
  if (answer === undefined) throw new Error('There is no answer.');
  expect(answer.text).toContain('a disk was full');
  expect(answer.subject).toBe(`Re: The shop is slow [#${number}]`);
  expect(answer.from?.name).toBe('Admin');
  expect(answer.answerTo).toMatch(new RegExp(`^reply\\+${number}\\.k1\\.[a-z2-7]{24}@example\\.test$`));
  const answered = await inTheEnd('the first response is met', async () => {
    const conversation = await desk.conversation(number);
    return promiseOf(conversation, 'firstResponse').state === 'met' && conversation;
  });
  expect(promiseOf(answered, 'dispatch')).toMatchObject({ state: 'breached', breachedAt: promiseOf(opened, 'dispatch').dueAt });

  // The customer simply replies.
  await ada.answers(answer, 'Yes, thank you!');
  await inTheEnd('the answer is in the same ticket', async () => (await desk.messages(number)).length === 3);
  expect((await desk.messages(number)).map(({ direction, author }) => `${direction} ${author.kind}`)).toEqual(['in customer', 'out agent', 'in customer']);
  expect((await desk.must<{ items: unknown[] }>('GET', '/conversations')).items).toHaveLength(1);
  await inTheEnd('the next response is promised', async () => (await desk.conversation(number)).promises.some((promise) => promise.kind === 'nextResponse'));

  await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' });
  const [, , solved] = await ada.receives(3);
  expect(solved?.text).toContain('marked your request as solved');
  expect((await desk.conversation(number)).status).toBe('solved');

  // What happened, in order and with reasons, and what ops see.
  const story = await desk.story(number);
  for (const type of ['conversation.started', 'promise.breached', 'page.cause', 'assigned', 'page.over', 'promise.met', 'promise.cancelled'])
    expect(story).toContain(type);
  const handle = temporal.workflow.getHandle(`conversation/${number}`);
  const description = await handle.describe();
  expect(description.status.name).toBe('RUNNING');
  expect(description.searchAttributes).toMatchObject({ HoldfastStatus: ['solved'], HoldfastAssignee: ['admin'], HoldfastBreached: [true] });
  await inTheEnd(
    'the escalation has ended',
    async () => (await temporal.workflow.getHandle(`conversation/${number}/page/1`).describe()).status.name === 'COMPLETED',
  );
  // With a payload key nobody reads in Temporal what the desk knows.
  const [started] = (await handle.fetchHistory()).events ?? [];
  const [input] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect(Buffer.from(input?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
  expect(Buffer.from(input?.data ?? []).toString('latin1')).not.toContain('receivedAt');
  expect(await db.selectFrom('outgoing_mails').select(['kind', 'state', 'attempts']).orderBy('at').execute()).toEqual([
    { kind: 'receipt', state: 'sent', attempts: 1 },
    { kind: 'reply', state: 'sent', attempts: 1 },
    { kind: 'solved', state: 'sent', attempts: 1 },
  ]);
  expect(slack.messages()).toEqual([]);
});

test('an urgent one tells Slack at once and rings at half of its time', async () => {
  const { pagerduty, slack } = desk.parts;
  if (pagerduty === undefined || slack === undefined) throw new Error('This desk has providers.');
  desk.parts.sink.expect('bob@acme.example');
  const { number } = await desk.must<{ number: number }>('POST', '/tickets', {
    requester: { email: 'bob@acme.example' },
    subject: 'Down',
    body: 'Nothing works.',
    priority: 'urgent',
  });
  await inTheEnd('Slack is told', () => slack.messages().some((text) => text.includes(`#${number}`)));
  const first = promiseOf(await desk.conversation(number), 'firstResponse');
  await pagerduty.wait('it rings', () => pagerduty.open().some(({ key }) => key.startsWith(`conversation/${number}:`)), 15_000);
  await pagerduty.wait(
    'the first response is a cause too',
    () => pagerduty.requests('trigger').some(({ body }) => JSON.stringify(body).includes(`firstResponse`)),
    15_000,
  );
  const at = Date.parse(first.dueAt) - 10_000;
  const page = await inTheEnd('both causes are known', async () => {
    const id = (await desk.conversation(number)).page;
    const shown: ShownPage | null = id === null ? null : await desk.page(id);
    return shown !== null && shown.causes.length === 2 && shown;
  });
  expect(page.causes.map(({ kind }) => kind)).toEqual(['dispatch', 'firstResponse']);
  expect(Date.parse(page.causes[1]?.at ?? '')).toBe(at);
  expect(page.urgency).toBe('high');
  await desk.must('POST', `/conversations/${number}/replies`, { body: 'We are on it.', status: 'solved' });
  await pagerduty.wait('all is quiet', () => pagerduty.open().length === 0);
  await desk.parts.sink.wait('bob@acme.example', 3);
});
