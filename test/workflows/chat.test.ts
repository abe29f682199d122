import { viewQuery, type ConversationView } from '../../messages/conversation';
import type { Command, CustomerDeed } from '../../policy/events';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { ConversationState, ConversationStart } from '../../policy/state';
import type { PromiseKind } from '../../policy/words';
import { ChatCustomer } from '../kit/chat-customer';
import { at, BUNDLING_MS, openMovedTime, quietWorkflowCode, type MovedTime } from '../kit/moved-time';
import { eventually, type Started, type WorkflowDesk } from '../kit/workflow-desk';

/**
 * The sentences about chats, each as real workflows in moved time: presence, mail instead of a chat, conversion, the end. Times are local
 * (Berlin, winter, a Monday). Asserted is when the workflow was due to act, not when a loaded machine got round to it.
 */

let workflowCode: string;
let scene: MovedTime;
let desk: WorkflowDesk;
let policy: PolicySnapshot;
let customers: Map<number, ChatCustomer>;

beforeAll(async () => {
  workflowCode = await quietWorkflowCode();
}, BUNDLING_MS);

beforeEach(async () => {
  scene = await openMovedTime(workflowCode);
  ({ desk, policy } = scene);
  customers = new Map();
  desk.outside.presence = (look) => {
    const customer = customers.get(look.number);
    if (customer === undefined) throw new Error(`#${look.number} is no chat of this test.`);
    return customer.look(look);
  };
}, BUNDLING_MS);

afterEach(() => scene.close(), BUNDLING_MS);

const moveTo = (instant: number) => scene.moveTo(instant);

/** A chat that begins now, with its customer before it. */
async function chat(receivedAt: number, more: Partial<ConversationStart> = {}): Promise<ChatCustomer> {
  const started = await desk.start({ receivedAt, kind: 'chat', channel: 'chat', receipt: false, ...more });
  const customer = new ChatCustomer(started, policy.chats.customerGoneAfterMs);
  customers.set(started.number, customer);
  return customer;
}

const reply = (messageId: string, more: Partial<Extract<Command, { type: 'reply' }>> = {}) =>
  ({ type: 'reply', messageId, delivery: 'chat', recipients: [], ...more }) as const;
const closingQuestion = (messageId: string) => ({ type: 'closingQuestion', messageId, delivery: 'chat', recipients: [] }) as const;
const beRightBack = (messageId: string, backAt?: number) =>
  ({ type: 'beRightBack', messageId, delivery: 'chat', recipients: [], ...(backAt !== undefined && { backAt }) }) as const;

const view = ({ handle }: Started): Promise<ConversationView> => handle.query<ConversationView, []>(viewQuery);
const mailsOf = ({ number }: Started) => desk.outside.mailsOf(number);
const kindsOf = (started: Started) => mailsOf(started).map(({ mail }) => mail);
const promiseOf = async (started: Started, kind: PromiseKind) => (await view(started)).promises.findLast((promise) => promise.kind === kind);
const deed = async ({ chat: started }: ChatCustomer, seq: number, instant: number, act: CustomerDeed) =>
  started.signal(seq, [{ type: 'customerAct', seq, at: instant, ...act, policy: policy.hash }]);

/** Why on-call was paged, from the beginning on. */
const pagesOf = (started: Started) => [...started.beginning, ...desk.outside.timelineOf(started.number)].filter(({ type }) => type === 'page.cause');

function projected({ number }: Started, what: string, holds: (state: ConversationState) => boolean): Promise<ConversationState> {
  return eventually(`#${number} in the database: ${what}`, () => {
    const states = desk.outside.projections.filter((projection) => projection.number === number).map(({ carried }) => carried.state);
    const newest = Math.max(...states.map(({ revision }) => revision));
    // An outcome has the revision of what it met when both were written at once.
    return states.find((state) => state.revision === newest && holds(state));
  });
}

function told({ number }: Started, what: string, type: string) {
  return eventually(`#${number}: ${what}`, () => desk.outside.timelineOf(number).find((line) => line.type === type));
}

test('a new chat: a notice always, a page of its urgency in office hours; unmet it goes to the next level, and the answer comes by mail', async () => {
  const calm = (await chat(at('10:00'))).chat;
  const urgent = (await chat(at('10:00'), { priority: 'urgent' })).chat;
  const answered = await chat(at('10:00'));
  expect(pagesOf(calm)).toMatchObject([{ at: at('10:00'), data: { reason: 'newChat', urgency: 'low' } }]);
  expect(pagesOf(urgent)).toMatchObject([{ at: at('10:00'), data: { reason: 'newChat', urgency: 'high' } }]);
  await eventually('the desk is told', () => desk.outside.noticesOf(calm.number).length > 0);
  expect(desk.outside.noticesOf(calm.number)).toMatchObject([{ notice: 'newChat', at: at('10:00') }]);
  await answered.isThere(at('10:00')).hears(reply('hello'), at('10:00'));
  answered.reads(at('10:00'));
  await moveTo(at('10:05:05'));
  expect(await told(calm, 'the customer hears how the answer comes', 'chat.answerComesByMail')).toMatchObject({ at: at('10:05') });
  expect(await told(calm, 'the next level', 'page.nextLevel')).toMatchObject({ at: at('10:05'), data: { reason: 'breached' } });
  expect(await promiseOf(calm, 'chatResponse')).toMatchObject({ state: 'breached', breachedAt: at('10:05') });
  expect(await promiseOf(answered.chat, 'chatResponse')).toMatchObject({ state: 'met', metAt: at('10:00') });
  // The night: forwarded to on-call.
  await moveTo(at('21:00'));
  const night = (await chat(at('21:00'))).chat;
  expect(pagesOf(night)).toMatchObject([{ at: at('21:00'), data: { reason: 'outOfHours', urgency: 'low' } }]);
  expect(await promiseOf(night, 'chatResponse')).toMatchObject({ dueAt: at('08:05', 1) });
}, 60_000);

test('in the middle: a silent agent is nudged; be right back promises an update, and a second one in a row wants a new time', async () => {
  const silent = (await chat(at('10:00'))).isThere(at('10:00'));
  const away = (await chat(at('10:00'))).isThere(at('10:00'));
  for (const customer of [silent, away]) await customer.hears(reply(`hello-${customer.chat.number}`), at('10:00'));
  for (const customer of [silent, away]) customer.reads(at('10:00'));
  await moveTo(at('10:01'));
  await away.hears(beRightBack('back'), at('10:01'));
  away.reads(at('10:01'));
  expect(await promiseOf(away.chat, 'update')).toMatchObject({ state: 'running', dueAt: at('10:11') });
  await expect(away.hears(beRightBack('back-again'), at('10:01'))).rejects.toMatchObject({ cause: { type: 'E_NEW_TIME_WANTED' } });
  for (const { chat: started } of [silent, away]) await started.writes(at('10:01'), { channel: 'chat' });
  await moveTo(at('10:04:05'));
  await eventually('the silent agent is nudged', () => desk.outside.noticesOf(silent.chat.number).some(({ notice }) => notice === 'agentSilent'));
  expect(desk.outside.noticesOf(silent.chat.number).at(-1)).toMatchObject({ notice: 'agentSilent', at: at('10:04'), to: 'agent-1' });
  expect(desk.outside.noticesOf(away.chat.number).map(({ notice }) => notice)).toEqual(['newChat']);
  await moveTo(at('10:06:05'));
  const half = await eventually('half time', () => desk.outside.noticesOf(away.chat.number).find(({ notice }) => notice === 'halfTime'));
  expect(half).toMatchObject({ at: at('10:06'), to: 'agent-1' });
  await away.hears(beRightBack('longer', at('10:30')), at('10:06:05'));
  expect((await view(away.chat)).promises.filter(({ kind }) => kind === 'update').map(({ state }) => state)).toEqual(['met', 'running']);
}, 60_000);

test('whoever leaves is mailed what they have not seen, as one mail and once; whoever stays and does not read, after five minutes; a reader never', async () => {
  const leaves = (await chat(at('10:00'))).isThere(at('10:00'), at('10:01:30'));
  const idle = (await chat(at('10:00'))).isThere(at('10:00'));
  const reader = (await chat(at('10:00'))).isThere(at('10:00'));
  const reloads = (await chat(at('10:00'))).isThere(at('10:00'), at('10:01:30')).isThere(at('10:01:50'));
  await moveTo(at('10:01'));
  for (const [index, customer] of [leaves, idle, reader, reloads].entries()) await customer.hears(reply(`first-${index}`), at('10:01'));
  await moveTo(at('10:01:20'));
  await leaves.hears(reply('second'), at('10:01:20'));
  reader.reads(at('10:01:20'));
  await moveTo(at('10:02:10'));
  reloads.reads(at('10:02:10'));
  await moveTo(at('10:02:40'));
  const [mail] = await eventually('the mail', () => (mailsOf(leaves.chat).length > 0 ? mailsOf(leaves.chat) : null));
  // Looked at a minute after the first words, when they had been away for half of it; gone half a minute later, to the second.
  expect(mail).toMatchObject({ mail: 'chatUnseen', at: at('10:02:30'), recipient: 'customer-1', messageId: 'second', facts: { messages: 'first-0 second' } });
  expect(mailsOf(idle.chat)).toEqual([]);
  await moveTo(at('10:06:05'));
  const [late] = await eventually('the mail to an open tab', () => (mailsOf(idle.chat).length > 0 ? mailsOf(idle.chat) : null));
  expect(late).toMatchObject({ mail: 'chatUnseen', at: at('10:06') });
  await moveTo(at('12:00'));
  for (const customer of [leaves, idle]) expect(kindsOf(customer.chat)).toEqual(['chatUnseen']);
  for (const customer of [reader, reloads]) expect(kindsOf(customer.chat)).toEqual([]);
  // Four looks a chat at most, and none after.
  expect(desk.outside.looks.filter(({ number }) => number === reader.chat.number)).toHaveLength(1);
  expect(desk.outside.looks.filter(({ number }) => number === idle.chat.number).map((look) => look.at)).toEqual(
    ['10:02', '10:03', '10:04', '10:05', '10:06'].map((clock) => at(clock)),
  );
  // An answer by mail lands in the same thread; somebody who writes mails does not sit and wait.
  await leaves.chat.writes(at('12:00'), { channel: 'email' });
  await projected(leaves.chat, 'the answer by mail', ({ cursor }) => cursor === 2);
  expect(await promiseOf(leaves.chat, 'nextResponse')).toMatchObject({ state: 'running', dueAt: at('12:00', 1) });
  await moveTo(at('12:10'));
  expect(desk.outside.noticesOf(leaves.chat.number).map(({ notice }) => notice)).toEqual(['newChat']);
}, 60_000);

test('an answer to somebody who has gone counts when its mail is taken; it can be taken back; refused or returned it was none', async () => {
  const mailed = await chat(at('10:00'), { priority: 'urgent' });
  const undone = await chat(at('10:00'));
  const refused = await chat(at('10:00'));
  const returned = (await chat(at('10:00'))).isThere(at('10:00'), at('10:02'));
  desk.outside.mailOutcome = ({ number }) => (number === refused.chat.number ? 'refused' : 'sent');
  await moveTo(at('10:02'));
  for (const customer of [mailed, undone, refused, returned]) await customer.hears(reply(`r-${customer.chat.number}`), at('10:02'));
  expect(await promiseOf(mailed.chat, 'firstResponse')).toMatchObject({ state: 'running' });
  expect(await promiseOf(returned.chat, 'firstResponse')).toMatchObject({ state: 'met', metAt: at('10:02') });
  await undone.chat.command({ type: 'undoReply', messageId: `r-${undone.chat.number}` }, at('10:02'));
  await undone.hears(reply('better'), at('10:02'));
  await moveTo(at('10:03:10'));
  const state = await projected(mailed.chat, 'it has been taken', ({ answeredAt }) => answeredAt !== null);
  expect(state.answeredAt).toBeGreaterThanOrEqual(at('10:03'));
  expect(state.outgoing).toEqual([]);
  expect(mailsOf(mailed.chat)).toMatchObject([{ mail: 'chatUnseen', at: at('10:03') }]);
  await projected(refused.chat, 'it came back', ({ outgoing }) => outgoing.length === 0);
  expect(await promiseOf(refused.chat, 'firstResponse')).toMatchObject({ state: 'running' });
  expect(desk.outside.noticesOf(refused.chat.number).map(({ notice }) => notice)).toContain('undelivered');
  // The one that had been seen by nobody, and was mailed, comes back days later.
  await eventually('it is mailed', () => kindsOf(returned.chat).length === 1);
  await projected(returned.chat, 'it was taken', ({ outgoing, promises }) => outgoing.length === 0 && promises.some(({ mailedAs }) => mailedAs !== undefined));
  const bounce = { type: 'bounce', seq: 2, at: at('10:10'), messageId: `r-${returned.chat.number}`, hard: true, policy: policy.hash } as const;
  await returned.chat.signal(2, [bounce]);
  await projected(returned.chat, 'owed again', ({ answeredAt }) => answeredAt === null);
  expect(await promiseOf(returned.chat, 'firstResponse')).toMatchObject({ state: 'running', dueAt: at('10:00', 1) });
}, 60_000);

test('others in the thread are mailed what is said, after undo-send; a copy that no server takes is told to the agent, and the answer counts all the same', async () => {
  const participants = ['customer-1', 'colleague-1', 'colleague-2'];
  const { chat: started } = (await chat(at('10:00'), { participants })).isThere(at('10:00'));
  desk.outside.mailOutcome = ({ effect }) => (effect.recipient === 'colleague-2' ? 'refused' : 'sent');
  await customers.get(started.number)?.hears(reply('hello', { recipients: participants.slice(1) }), at('10:00'));
  customers.get(started.number)?.reads(at('10:00'));
  expect(mailsOf(started)).toEqual([]);
  await moveTo(at('10:00:12'));
  await eventually('both are mailed', () => mailsOf(started).length === 2);
  for (const mail of mailsOf(started)) expect(mail).toMatchObject({ mail: 'reply', at: at('10:00:10'), messageId: 'hello', copy: true });
  expect(
    mailsOf(started)
      .map(({ recipient }) => recipient)
      .sort(),
  ).toEqual(['colleague-1', 'colleague-2']);
  expect(await told(started, 'the copy has left', 'chat.copied')).toMatchObject({ at: at('10:00:10'), data: { message: 'hello' } });
  await told(started, 'the other came back', 'chat.copyBounced');
  await eventually('the agent hears of it', () => desk.outside.noticesOf(started.number).some(({ notice }) => notice === 'undelivered'));
  expect(await promiseOf(started, 'firstResponse')).toMatchObject({ state: 'met', metAt: at('10:00') });
  await moveTo(at('10:30'));
  expect(kindsOf(started)).toEqual(['reply', 'reply']);
}, 60_000);

test('conversion: same number and thread; the first response runs on, or an update is promised; kept or handed over', async () => {
  const unanswered = (await chat(at('10:00'))).isThere(at('10:00'));
  const answered = (await chat(at('10:00'))).isThere(at('10:00'));
  await answered.hears(reply('hello'), at('10:00'));
  answered.reads(at('10:00'));
  await moveTo(at('10:20'));
  const kept = await unanswered.chat.command({ type: 'convert', keep: true, recipients: ['customer-1'], priority: 'high' }, at('10:20'));
  expect(kept.view).toMatchObject({ number: unanswered.chat.number, kind: 'ticket', priority: 'high', assignee: 'agent-1', status: 'open' });
  const owed = (current: ConversationView, kind: PromiseKind) => current.promises.findLast((promise) => promise.kind === kind);
  expect(owed(kept.view, 'firstResponse')).toMatchObject({ state: 'running', dueAt: at('14:00') });
  expect(owed(kept.view, 'chatResponse')).toMatchObject({ state: 'breached', reason: 'converted' });
  const handed = await answered.chat.command({ type: 'convert', keep: false, recipients: ['customer-1'] }, at('10:20'));
  expect(handed.view).toMatchObject({ kind: 'ticket', assignee: null });
  expect(owed(handed.view, 'dispatch')).toMatchObject({ dueAt: at('11:20') });
  expect(owed(handed.view, 'update')).toMatchObject({ dueAt: at('10:20', 1) });
  for (const { chat: started } of [unanswered, answered]) await eventually('the customer is told', () => kindsOf(started).includes('converted'));
  expect(mailsOf(unanswered.chat).at(-1)?.facts).toMatchObject({ dueAt: at('14:00'), updateBy: null });
  expect(mailsOf(answered.chat).at(-1)?.facts).toMatchObject({ dueAt: null, updateBy: at('10:20', 1) });
  await expect(answered.chat.command({ type: 'convert', keep: true, recipients: [] }, at('10:20'))).rejects.toMatchObject({
    cause: { type: 'E_ALREADY_A_TICKET' },
  });
}, 60_000);

test('the end: half an hour after they have gone, or by their "No, that\'s all"; thanks page nobody; a word opens it again; how it went is asked once', async () => {
  const goes = (await chat(at('10:00'))).isThere(at('10:00'), at('10:05'));
  const stays = (await chat(at('10:00'))).isThere(at('10:00'));
  const done = (await chat(at('10:00'), { priority: 'urgent' })).isThere(at('10:00'));
  const claimed = (await chat(at('10:00'), { noAutoMail: true })).isThere(at('10:00'), at('10:02'));
  const all = [goes, stays, done, claimed];
  for (const [index, customer] of all.entries()) {
    await customer.hears(closingQuestion(`else-${index}`), at('10:00'));
    customer.reads(at('10:00'));
    expect((await view(customer.chat)).status).toBe('pending');
  }
  await moveTo(at('10:01'));
  await deed(done, 2, at('10:01'), { act: 'thatsAll' });
  expect(await projected(done.chat, 'solved', ({ status }) => status === 'solved')).toMatchObject({ solvedAt: at('10:01') });
  await moveTo(at('10:36:10'));
  expect(await projected(goes.chat, 'solved', ({ status }) => status === 'solved')).toMatchObject({ solvedAt: at('10:36') });
  expect(await projected(claimed.chat, 'solved', ({ status }) => status === 'solved')).toMatchObject({ solvedAt: at('10:33') });
  expect((await view(stays.chat)).status).toBe('pending');
  // "Thanks, bye!" to an urgent one, after the office has closed: within the hour it pages nobody.
  await moveTo(at('19:30'));
  await stays.chat.command({ type: 'status', status: 'solved' }, at('19:30'));
  await done.chat.writes(at('19:30'), { channel: 'chat' });
  await done.chat.command({ type: 'status', status: 'solved' }, at('19:30'));
  await moveTo(at('20:10'));
  await done.chat.writes(at('20:10'), { channel: 'chat', slight: true });
  await projected(done.chat, 'open again', ({ status }) => status === 'open');
  const pages = pagesOf(done.chat).length;
  await done.chat.command({ type: 'status', status: 'solved' }, at('20:10'));
  await deed(stays, 2, at('20:11'), { act: 'transcript', contact: 'customer-1' });
  await deed(stays, 3, at('20:12'), { act: 'rated', score: 'good' });
  await moveTo(at('21:00', 1));
  for (const customer of [goes, done]) await eventually('how it went is asked', () => kindsOf(customer.chat).includes('csat'));
  expect(kindsOf(goes.chat)).toEqual(['solved', 'csat']);
  expect(kindsOf(done.chat)).toEqual(['solved', 'csat']);
  expect(kindsOf(stays.chat)).toEqual(['solved', 'transcript']);
  expect(kindsOf(claimed.chat)).toEqual([]);
  expect(pagesOf(done.chat)).toHaveLength(pages);
  // A word opens it again, also tomorrow, and a person owes an answer.
  await goes.chat.writes(at('21:00', 1), { channel: 'chat' });
  await projected(goes.chat, 'open again', ({ status }) => status === 'open');
  expect(await promiseOf(goes.chat, 'nextResponse')).toMatchObject({ state: 'running' });
}, 60_000);
