import { WorkflowUpdateFailedError } from '@temporalio/client';
import { commandUpdate, viewQuery, type ConversationView } from '../../messages/conversation';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { eventually, message, reply, WorkflowDesk } from '../kit/workflow-desk';
import { timeSkippingEnv, type TimeSkipping } from '../setup/temporal';

/** One conversation after another, each in moved time; every wait for a workflow is real and short. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let time: TimeSkipping;
let desk: WorkflowDesk;
let policy: PolicySnapshot;

beforeAll(async () => {
  time = await timeSkippingEnv();
  policy = await loadPolicy();
  desk = new WorkflowDesk(time.env.nativeConnection, time.client, policy);
  await desk.open();
});

afterAll(async () => {
  await desk.close();
  await time.close();
});

afterEach(async () => {
  await desk.endAll(await now());
  expect(desk.outside.unexpected).toEqual([]);
});

const now = (): Promise<number> => time.env.currentTimeMs();

/** Moves the clock to the next Tuesday 10:00 in Berlin: a time at which the office is open. */
async function nextTuesdayMorning(): Promise<number> {
  const at = new Date(await now());
  const tuesday = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + ((9 - at.getUTCDay()) % 7 || 7), 8));
  await moveTo(tuesday.getTime());
  return now();
}

async function moveTo(instant: number): Promise<void> {
  const left = instant - (await now());
  if (left > 0) await time.env.sleep(left);
}

describe('a ticket', () => {
  test('gets a receipt with the promised time, pages when nobody takes it, and is quiet once it is taken', async () => {
    const receivedAt = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt });
    const [receipt] = await eventually('the receipt', () => nonEmpty(desk.outside.mailsOf(ticket.number)));
    expect(receipt).toMatchObject({ mail: 'receipt', recipient: 'customer-1', at: receivedAt });
    expect(receipt?.facts).toMatchObject({ officeOpen: true, onCallTold: false, priority: 'normal' });
    expect(receipt?.facts.dueAt).toBe(ticket.begin.promises.find((promise) => promise.kind === 'firstResponse')?.dueAt);

    await moveTo(receivedAt + 59 * MINUTE);
    expect(desk.outside.ringsOf(ticket.number)).toEqual([]);
    await moveTo(receivedAt + HOUR + 1_000);
    const [ring] = await eventually('the page', () => nonEmpty(desk.outside.ringsOf(ticket.number)));
    expect(ring).toMatchObject({ dueAt: receivedAt + HOUR, urgency: 'low', page: 1 });
    expect(ring?.causes.map((cause) => cause.key)).toEqual([`conversation/${ticket.number}:dispatch:1`]);

    const { view } = await ticket.command({ type: 'assign', agent: 'agent-2', away: false, force: false }, await now());
    expect(view.promises.find((promise) => promise.kind === 'dispatch')).toMatchObject({ state: 'breached', breachedAt: receivedAt + HOUR });
    await eventually('the page is over', () => desk.outside.pages.some((page) => page.number === ticket.number && page.state === 'over'));
    const rings = desk.outside.ringsOf(ticket.number).length;
    await moveTo(receivedAt + 3 * HOUR);
    expect(desk.outside.ringsOf(ticket.number)).toHaveLength(rings);
  });

  test('is answered: undo-send, delivery, the first response met when the mail was taken', async () => {
    const receivedAt = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt });
    await moveTo(receivedAt + 10 * MINUTE);
    const saidAt = await now();
    const { view } = await ticket.command(reply('answer-1'), saidAt);
    expect(view).toMatchObject({ assignee: 'agent-1', status: 'open' });
    expect(view.promises.find((promise) => promise.kind === 'firstResponse')).toMatchObject({ state: 'running' });
    await moveTo(saidAt + 11_000);
    const answered = await eventually('the first response', async () => {
      const promise = (await ticket.handle.query<ConversationView, []>(viewQuery)).promises.find((one) => one.kind === 'firstResponse');
      return promise?.state === 'met' && promise;
    });
    expect(answered.metAt).toBeGreaterThanOrEqual(saidAt + 10_000);
    expect(answered.metAt).toBeLessThanOrEqual(saidAt + 11_000);
    expect(desk.outside.mailsOf(ticket.number).filter((mail) => mail.mail === 'reply')).toHaveLength(1);
  });

  test('an undone answer never leaves', async () => {
    const receivedAt = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt });
    await ticket.command(reply('hasty'), await now());
    await ticket.command({ type: 'undoReply', messageId: 'hasty' }, await now());
    await moveTo(receivedAt + MINUTE);
    expect(desk.outside.mailsOf(ticket.number).map((mail) => mail.mail)).toEqual(['receipt']);
    await expect(ticket.command({ type: 'undoReply', messageId: 'hasty' }, await now())).rejects.toMatchObject({
      cause: { type: 'E_NOTHING_TO_UNDO' },
    });
  });

  test('is solved, told so, and closes after five business days of silence', async () => {
    const receivedAt = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt });
    await ticket.command(reply('answer-1'), receivedAt);
    await moveTo(receivedAt + MINUTE);
    await ticket.command({ type: 'status', status: 'solved' }, await now());
    await eventually('the solved mail', () => desk.outside.mailsOf(ticket.number).some((mail) => mail.mail === 'solved'));
    await moveTo(receivedAt + 7 * 24 * HOUR + 3 * MINUTE);
    await ticket.handle.result();
    expect(desk.outside.projections.filter((projection) => projection.number === ticket.number).at(-1)?.carried.state.status).toBe('closed');
    await expect(ticket.command({ type: 'spam' }, await now())).rejects.toThrow();
  });

  test('a refused command says why and changes nothing', async () => {
    const ticket = await desk.start({ receivedAt: await nextTuesdayMorning() });
    const refused = ticket.command({ type: 'assign', agent: 'agent-3', away: true, force: false }, await now());
    await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await expect(refused).rejects.toMatchObject({ cause: { type: 'E_AGENT_AWAY' } });
    expect(await ticket.handle.query(viewQuery)).toMatchObject({ assignee: null, status: 'new', revision: 1 });
    await expect(ticket.command({ type: 'status', status: 'solved' }, await now(), { notAfter: (await now()) - 1 })).rejects.toMatchObject({
      cause: { type: 'E_TOO_LATE' },
    });
  });

  test('a payload that is no command is refused, and the workflow goes on', async () => {
    const ticket = await desk.start({ receivedAt: await nextTuesdayMorning() });
    const broken = ticket.handle.executeUpdate(commandUpdate, { args: [{ type: 'command' } as never] });
    await expect(broken).rejects.toMatchObject({ cause: { type: 'E_PAYLOAD' } });
    await expect(ticket.command({ type: 'note', messageId: 'n1' }, await now())).resolves.toMatchObject({ revision: 2 });
  });
});

describe('what comes in', () => {
  test('a repeated signal, a gap and a flood are each applied once and in order', async () => {
    const at = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt: at });
    await ticket.command(reply('answer-1'), at);
    const events = Array.from({ length: 300 }, (_, index) => message({ seq: index + 1, at: at + index, policy: policy.hash }));
    desk.outside.stored.set(ticket.number, events);
    await ticket.signal(2, events.slice(1, 2));
    await ticket.signal(2, events.slice(1, 2));
    await ticket.signal(300, events.slice(280));
    const last = await eventually('all 300 applied', () =>
      desk.outside.projections.findLast((projection) => projection.number === ticket.number && projection.carried.state.cursor === 300),
    );
    expect(last.carried.state.promises.filter((promise) => promise.kind === 'nextResponse')).toHaveLength(1);
    const seen = desk.outside.projections
      .filter((projection) => projection.number === ticket.number)
      .flatMap((projection) => projection.carried.timeline)
      .filter((entry) => entry.type === 'message.received')
      .map((entry) => entry.data.message);
    expect(seen).toEqual(Array.from({ length: 299 }, (_, index) => `in-${index + 2}`));
  });

  test('a message under a new policy is promised under that one, and older promises keep theirs', async () => {
    const at = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt: at });
    await ticket.command(reply('answer-1', { delivery: 'chat' }), at);
    const stricter: PolicySnapshot = {
      ...policy,
      version: 'stricter',
      hash: 'stricter',
      tickets: { ...policy.tickets, nextResponse: { ...policy.tickets.firstResponse, normal: { ms: 30 * MINUTE } } },
    };
    desk.outside.policies.set('stricter', stricter);
    const event = message({ seq: 2, at: at + MINUTE, policy: 'stricter' });
    desk.outside.stored.set(ticket.number, [event]);
    await moveTo(at + 2 * MINUTE);
    await ticket.signal(2, [event]);
    const view = await eventually('the next response', async () => {
      const { promises } = await ticket.handle.query<ConversationView, []>(viewQuery);
      return promises.find((promise) => promise.kind === 'nextResponse');
    });
    expect(view.dueAt).toBe(at + 31 * MINUTE);
  });
});

describe('continue-as-new', () => {
  test('a change to urgent moves the conversation to its own queue and loses nothing', async () => {
    const at = await nextTuesdayMorning();
    const ticket = await desk.start({ receivedAt: at });
    await moveTo(at + MINUTE);
    const id = 'make-it-urgent';
    const first = await ticket.command({ type: 'priority', priority: 'urgent' }, await now(), { id });
    const described = await eventually('the urgent queue', async () => {
      const current = time.client.workflow.getHandle(ticket.handle.workflowId);
      const description = await current.describe();
      return description.taskQueue === 'holdfast-urgent' && description;
    });
    expect(described.historyLength).toBeLessThan(15);
    // The same command again, across continue-as-new: it acts once and answers the same.
    const again = await ticket.command({ type: 'priority', priority: 'urgent' }, await now(), { id });
    expect(again.revision).toBe(first.revision);
    await moveTo(at + 15 * MINUTE + 1_000);
    const [ring] = await eventually('the page at half time', () => nonEmpty(desk.outside.ringsOf(ticket.number)));
    expect(ring).toMatchObject({ urgency: 'high', dueAt: at + 15 * MINUTE });
  });
});

function nonEmpty<Item>(items: Item[]): Item[] | null {
  return items.length > 0 ? items : null;
}
