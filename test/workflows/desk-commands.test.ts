import { viewQuery, type ConversationView } from '../../messages/conversation';
import { handOver } from '../../policy/merge';
import type { Command } from '../../policy/events';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { ConversationState } from '../../policy/state';
import type { PromiseKind } from '../../policy/words';
import { at, BUNDLING_MS, openMovedTime, quietWorkflowCode, type MovedTime } from '../kit/moved-time';
import { eventually, reply, type Started, type WorkflowDesk } from '../kit/workflow-desk';

/**
 * What a desk does with its conversations, as real workflows in moved time: waiting for customers and for others, reminders, snooze,
 * times told, closing, bounces, merges. Times are local (Berlin, winter). Asserted is when the workflow was due to act, not when a
 * loaded machine got round to it.
 */

const SECOND = 1_000;

let workflowCode: string;
let scene: MovedTime;
let desk: WorkflowDesk;
let policy: PolicySnapshot;

beforeAll(async () => {
  workflowCode = await quietWorkflowCode();
}, BUNDLING_MS);

beforeEach(async () => {
  scene = await openMovedTime(workflowCode);
  ({ desk, policy } = scene);
}, BUNDLING_MS);

afterEach(() => scene.close(), BUNDLING_MS);

const moveTo = (instant: number) => scene.moveTo(instant);

/** Lets the clock come to that time and gives the command then. */
async function commandAt(ticket: Started, instant: number, command: Command): Promise<ConversationView> {
  await moveTo(instant);
  return (await ticket.command(command, instant)).view;
}

async function view(ticket: Started): Promise<ConversationView> {
  return ticket.handle.query<ConversationView, []>(viewQuery);
}

/** The conversation as it is once it looks so. */
function once(ticket: Started, what: string, holds: (now: ConversationView) => boolean): Promise<ConversationView> {
  return eventually(`#${ticket.number}: ${what}`, async () => {
    const now = await view(ticket);
    return holds(now) && now;
  });
}

/** What the database was told of last. */
function projected(ticket: Started, what: string, holds: (state: ConversationState) => boolean): Promise<ConversationState> {
  return eventually(`#${ticket.number} in the database: ${what}`, () => {
    const state = desk.outside.projections.findLast((projection) => projection.number === ticket.number)?.carried.state;
    return state !== undefined && holds(state) && state;
  });
}

const promise = (now: ConversationView, kind: PromiseKind) => now.promises.findLast((one) => one.kind === kind);
const mailsOf = (ticket: Started): string[] => desk.outside.mailsOf(ticket.number).map(({ mail }) => mail);
const noticesOf = (ticket: Started): string[] => desk.outside.noticesOf(ticket.number).map(({ notice }) => notice);
const pagedFor = (ticket: Started): string[] =>
  desk.outside
    .timelineOf(ticket.number)
    .filter(({ type }) => type === 'page.cause')
    .map(({ at: when, data }) => `${String(data['cause']).split(':').slice(1).join(':')} at ${new Date(when).toISOString().slice(11, 16)}`);

/** A ticket that has been answered at 10:01, and that nothing is owed to. */
async function answered(more: Parameters<WorkflowDesk['start']>[0] = { receivedAt: at('10:00') }, messageId = 'answer'): Promise<Started> {
  const ticket = await desk.start(more);
  await commandAt(ticket, at('10:01'), reply(messageId));
  await moveTo(at('10:01') + 12 * SECOND);
  await once(ticket, 'answered', (now) => promise(now, 'firstResponse')?.metAt !== undefined);
  return ticket;
}

test('waiting: the customer is reminded once and it is solved after ten business days; a third party is waited for with clocks running; snooze stops nothing', async () => {
  const pending = await answered();
  const held = await desk.start({ receivedAt: at('10:00') });
  const snoozed = await desk.start({ receivedAt: at('10:00') });
  await commandAt(pending, at('10:02'), { type: 'status', status: 'pending' });
  await commandAt(held, at('10:02'), { type: 'assign', agent: 'agent-1', away: false, force: false });
  await commandAt(held, at('10:02'), { type: 'status', status: 'onHold' });
  await commandAt(snoozed, at('10:02'), { type: 'snooze', until: at('12:00') });

  await moveTo(at('11:01'));
  await eventually('the snoozed ticket pages', () => pagedFor(snoozed).length > 0);
  expect(pagedFor(snoozed)).toEqual(['dispatch:1 at 10:00']);
  await moveTo(at('12:01'));
  await eventually('the snooze is over', () =>
    desk.outside.timelineOf(snoozed.number).some(({ type, at: when }) => type === 'snooze.over' && when === at('12:00')),
  );

  await moveTo(at('10:02', 1));
  const breached = await once(held, 'the first response is broken', (now) => promise(now, 'firstResponse')?.state === 'breached');
  expect(breached.status).toBe('onHold');
  expect(promise(breached, 'firstResponse')?.breachedAt).toBe(at('10:00', 1));

  await moveTo(at('10:05', 3));
  const reminded = await eventually('the reminder', () => desk.outside.mailsOf(pending.number).find(({ mail }) => mail === 'reminder'));
  expect(reminded.at).toBeGreaterThanOrEqual(at('10:02', 3));
  expect(reminded.at).toBeLessThan(at('10:03', 3));
  await moveTo(at('10:05', 14));
  await once(pending, 'solved', ({ status }) => status === 'solved');
  expect(mailsOf(pending)).toEqual(['receipt', 'reply', 'reminder', 'solved']);
}, 60_000);

test('next response: runs from the first unanswered message, pauses while the customer is waited for, goes on with what was left, and is missed with a notice', async () => {
  const ticket = await answered();
  await moveTo(at('11:00'));
  await ticket.writes(at('11:00'));
  await ticket.writes(at('11:30'));
  const owed = await once(ticket, 'an answer is owed', (now) => promise(now, 'nextResponse') !== undefined);
  expect(promise(owed, 'nextResponse')?.dueAt).toBe(at('11:00', 1));
  const paused = await commandAt(ticket, at('13:00'), { type: 'status', status: 'pending' });
  expect(promise(paused, 'nextResponse')).toMatchObject({ state: 'running', paused: true });
  expect(paused.nextDueAt).toBeNull();
  // Ten hours of twelve are left.
  await moveTo(at('09:00', 2));
  await ticket.writes(at('09:00', 2));
  const resumed = await once(ticket, 'it goes on', (now) => promise(now, 'nextResponse')?.paused !== true);
  expect(promise(resumed, 'nextResponse')?.dueAt).toBe(at('19:00', 2));
  await moveTo(at('19:01', 2));
  await once(ticket, 'missed', (now) => promise(now, 'nextResponse')?.state === 'breached');
  await eventually('the notice', () => desk.outside.noticesOf(ticket.number).find(({ notice, at: when }) => notice === 'breached' && when === at('19:00', 2)));
  expect(pagedFor(ticket)).toEqual([]);
}, 60_000);

test('times told: a nudge at half time, a notice when they pass; be right back a second time states one; the second missed in a row pages an urgent matter', async () => {
  const ticket = await answered();
  const urgent = await answered({ receivedAt: at('10:00'), priority: 'urgent' }, 'urgent-answer');
  const told = await commandAt(ticket, at('10:30'), reply('later', { updateBy: at('12:30') }));
  expect(promise(told, 'update')).toMatchObject({ state: 'running', dueAt: at('12:30') });
  const away = { type: 'beRightBack', messageId: 'brb-1', delivery: 'mail', recipients: ['customer-1'] } as const;
  const back = await commandAt(urgent, at('10:31'), away);
  expect(promise(back, 'update')?.dueAt).toBe(at('10:41'));
  await expect(urgent.command({ ...away, messageId: 'brb-2' }, at('10:31'))).rejects.toMatchObject({ cause: { type: 'E_NEW_TIME_WANTED' } });
  await moveTo(at('10:42'));
  await once(urgent, 'missed once', (now) => promise(now, 'update')?.state === 'breached');
  expect(pagedFor(urgent)).toEqual([]);
  await commandAt(urgent, at('10:43'), { ...away, messageId: 'brb-3', backAt: at('10:50') });
  await moveTo(at('10:51'));
  await eventually('the page', () => pagedFor(urgent).length > 0);
  expect(pagedFor(urgent)).toEqual(['update:2 at 09:50']);

  await moveTo(at('11:31'));
  await eventually('the nudge', () =>
    desk.outside.noticesOf(ticket.number).find(({ notice, at: when, to }) => notice === 'halfTime' && when === at('11:30') && to === 'agent-1'),
  );
  await moveTo(at('12:31'));
  await eventually('the notice', () => desk.outside.noticesOf(ticket.number).find(({ notice, at: when }) => notice === 'breached' && when === at('12:30')));
  await commandAt(ticket, at('12:40'), reply('at-last'));
  await moveTo(at('12:41'));
  const late = await once(ticket, 'kept late', (now) => promise(now, 'update')?.metAt !== undefined);
  expect(promise(late, 'update')).toMatchObject({ state: 'breached', breachedAt: at('12:30') });
}, 60_000);

test('the end belongs to the customer: "anything else?" waits a business day of silence, then it is solved, and closes five later; an answer keeps it open', async () => {
  const silent = await answered();
  const answers = await answered(undefined, 'another-answer');
  for (const ticket of [silent, answers]) {
    const asked = await commandAt(ticket, at('11:00'), {
      type: 'closingQuestion',
      messageId: `question-${ticket.number}`,
      delivery: 'mail',
      recipients: ['customer-1'],
    });
    expect(asked.status).toBe('pending');
  }
  await moveTo(at('12:00'));
  await answers.writes(at('12:00'));
  await once(answers, 'open again', ({ status }) => status === 'open');
  await moveTo(at('10:59', 1));
  expect((await view(silent)).status).toBe('pending');
  await moveTo(at('11:02', 1));
  const solved = await projected(silent, 'solved', ({ status }) => status === 'solved');
  expect(solved.solvedAt).toBeGreaterThanOrEqual(at('11:00', 1));
  expect(solved.solvedAt).toBeLessThan(at('11:01', 1));
  expect(await view(answers)).toMatchObject({ status: 'open' });
  await moveTo(at('11:05', 8));
  await silent.handle.result();
  expect(mailsOf(silent)).toEqual(['receipt', 'reply', 'closingQuestion', 'solved', 'csat']);
}, 60_000);

test('an answer: undone within ten seconds it never leaves; a first response that comes back hard is owed again, with its old due time', async () => {
  const undone = await desk.start({ receivedAt: at('10:00') });
  const bounced = await answered();
  await commandAt(undone, at('10:02'), reply('hasty', { status: 'pending', updateBy: at('12:00') }));
  const open = await commandAt(undone, at('10:02') + 9 * SECOND, { type: 'undoReply', messageId: 'hasty' });
  expect(open.status).toBe('open');
  expect(promise(open, 'update')).toMatchObject({ state: 'cancelled', reason: 'undone' });
  await moveTo(at('10:03'));
  expect(mailsOf(undone)).toEqual(['receipt']);

  // The mail server has taken it, and sends it back hours later.
  await moveTo(at('12:00'));
  await bounced.signal(2, [{ type: 'bounce', seq: 2, at: at('12:00'), messageId: 'answer', hard: true, policy: policy.hash }]);
  const again = await once(bounced, 'owed again', (now) => promise(now, 'firstResponse')?.state === 'running');
  expect(promise(again, 'firstResponse')).toMatchObject({ cycle: 2, dueAt: at('10:00', 1) });
  await eventually('the agent hears of it', () => noticesOf(bounced).includes('undelivered'));
  await moveTo(at('10:01', 1));
  await eventually('the page', () => pagedFor(bounced).includes('firstResponse:2 at 09:00'));
}, 60_000);

test('a conversation that an agent begins is pending, assigned and owes nothing until the customer answers', async () => {
  const ticket = await desk.start({ receivedAt: at('10:00'), initiatedBy: 'agent', assignee: 'agent-1', receipt: false });
  await moveTo(at('09:00', 2));
  expect(await view(ticket)).toMatchObject({ status: 'pending', assignee: 'agent-1', promises: [], nextDueAt: null });
  expect([mailsOf(ticket), pagedFor(ticket)]).toEqual([[], []]);
  await ticket.writes(at('09:00', 2));
  const owed = await once(ticket, 'an answer is owed', ({ status }) => status === 'open');
  expect(owed.promises.map(({ kind, dueAt }) => ({ kind, dueAt }))).toEqual([{ kind: 'nextResponse', dueAt: at('09:00', 3) }]);
}, 60_000);

test('a voicemail that joins opens a page in office hours too, and a logged call-back ends it', async () => {
  const ticket = await answered();
  await moveTo(at('11:00'));
  await ticket.writes(at('11:00'), { channel: 'voicemail' });
  await once(ticket, 'a page', ({ page }) => page === 1);
  await eventually('the page is told', () => pagedFor(ticket).length > 0);
  expect(pagedFor(ticket)).toEqual(['voicemail:in-2 at 10:00']);
  const called = await commandAt(ticket, at('11:10'), { type: 'call', messageId: 'call-1', outcome: 'reached' });
  expect(called.page).toBeNull();
  expect(promise(called, 'nextResponse')).toMatchObject({ state: 'met', metAt: at('11:10') });
}, 60_000);

test('a merge moves what is owed, and its undo brings it back; what is not undone closes after a day', async () => {
  const source = await desk.start({ receivedAt: at('10:00'), priority: 'high' });
  const target = await desk.start({ receivedAt: at('10:00') });
  const merge = async (clock: string, seq: number): Promise<void> => {
    const { state } = desk.outside.projections.findLast(({ number }) => number === source.number)?.carried ?? { state: undefined };
    const merged = await commandAt(source, at(clock), { type: 'merge', into: target.number });
    expect(merged).toMatchObject({ status: 'solved', page: null });
    const handed = handOver(await projected(source, 'merged', ({ mergedInto }) => mergedInto === target.number), at(clock));
    if (state) expect(handOver(state, at(clock))).toEqual(handed);
    await target.signal(seq, [{ type: 'merged', seq, at: at(clock), from: source.number, ...handed, acknowledged: null, policy: policy.hash }]);
  };
  await commandAt(source, at('10:29'), { type: 'assign', agent: 'agent-1', away: false, force: false });
  await projected(source, 'assigned', ({ assignee }) => assignee === 'agent-1');
  await merge('10:30', 2);
  const both = await once(target, 'both', (now) => promise(now, 'firstResponse')?.dueAt === at('14:00'));
  expect(promise(both, 'dispatch')?.dueAt).toBe(at('11:00'));
  await expect(source.command(reply('late'), at('10:31'))).rejects.toMatchObject({
    cause: { type: 'E_MERGED', message: `#${source.number} is a part of #${target.number} now. Do it there, or undo the merge first.` },
  });

  await moveTo(at('14:01'));
  await once(target, 'broken there', (now) => promise(now, 'firstResponse')?.state === 'breached');
  expect(promise(await view(source), 'firstResponse')).toMatchObject({ state: 'cancelled', reason: 'merged' });

  const restored = await commandAt(source, at('15:00'), { type: 'unmerge', answeredAt: null });
  expect(promise(restored, 'firstResponse')).toMatchObject({ cycle: 2, state: 'breached', breachedAt: at('14:00') });
  expect(restored).toMatchObject({ status: 'open', page: 1 });
  await target.signal(3, [{ type: 'unmerged', seq: 3, at: at('15:00'), from: source.number, policy: policy.hash }]);
  const own = await once(target, 'its own again', (now) => promise(now, 'firstResponse')?.state === 'running');
  expect(promise(own, 'firstResponse')?.dueAt).toBe(at('10:00', 1));

  await merge('15:30', 4);
  await moveTo(at('15:31', 1));
  await source.handle.result();
  expect(mailsOf(source)).toEqual(['receipt']);
}, 60_000);
