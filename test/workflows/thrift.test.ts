import type { PolicySnapshot } from '../../policy/snapshot';
import { eventually, message, reply, WorkflowDesk, type Started } from '../kit/workflow-desk';
import { policyOf } from '../policy/policies';
import { freshNamespace, type TestNamespace } from '../setup/temporal';

/** What a conversation leaves out because it costs Actions, and what it must not leave out. On the real server. */

jest.setTimeout(120_000);

let server: TestNamespace;
let desk: WorkflowDesk;
let policy: PolicySnapshot;

beforeAll(async () => {
  server = await freshNamespace();
  // The office never closes, so that it does not matter when this runs.
  policy = { ...(await policyOf('calendars: { office: { open: always, businessDay: 24h } }')), undoSendMs: 2_000, hash: 'quick' };
  desk = new WorkflowDesk(server.nativeConnection, server.client, policy, { namespace: server.namespace });
  await desk.open();
});

afterAll(async () => {
  await desk.close();
  await server.close();
});

afterEach(() => desk.endAll(Date.now()));

const eventsOf = async ({ handle }: Started) => (await server.client.workflow.getHandle(handle.workflowId).fetchHistory()).events ?? [];
const timersOf = async (ticket: Started) => (await eventsOf(ticket)).filter(({ timerStartedEventAttributes: timer }) => timer).length;
const upsertsOf = async (ticket: Started) => (await eventsOf(ticket)).filter(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => upsert).length;
const last = ({ number }: Started) => desk.outside.projections.findLast((projection) => projection.number === number)?.carried;
const delivered = (ticket: Started) =>
  eventually('it is delivered and projected', () => last(ticket)?.state.outgoing.length === 0 && last(ticket)?.state.answeredAt !== null);
/** `what` happens once in everything that was projected. */
const told = ({ number }: Started, type: string) => desk.outside.timelineOf(number).filter((line) => line.type === type);

test('a delivery is projected with its mail: no activity of its own, and no line twice', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), receipt: false });
  await ticket.command(reply('first'), Date.now());
  await delivered(ticket);
  const projects = (await eventsOf(ticket)).filter(({ activityTaskScheduledEventAttributes: task }) => task?.activityType?.name === 'project');
  expect(projects).toHaveLength(1);
  for (const type of ['reply.said', 'reply.released', 'reply.delivered']) expect(told(ticket, type)).toHaveLength(1);
  // What comes next is projected after it.
  await ticket.command({ type: 'note', messageId: 'note' }, Date.now());
  await eventually('the note is projected', () => told(ticket, 'note').length === 1);
  expect(told(ticket, 'reply.delivered')).toHaveLength(1);
  expect(last(ticket)?.state.promises.find(({ kind }) => kind === 'firstResponse')?.state).toBe('met');
  expect(desk.outside.unexpected).toEqual([]);
});

test('what happens while the mail is on its way is projected too, whoever comes first', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), receipt: false });
  let down = true;
  desk.outside.mailOutcome = (mail) => (down && mail.number === ticket.number ? new Error('451 come back later') : 'sent');
  await ticket.command(reply('first'), Date.now());
  await eventually('it was tried', () => desk.outside.mailTries > 0);
  await ticket.signal(2, [message({ seq: 2, at: Date.now(), policy: policy.hash })]);
  await eventually('the message is projected', () => last(ticket)?.state.cursor === 2);
  down = false;
  await delivered(ticket);
  await eventually('both are projected', () => last(ticket)?.state.cursor === 2 && last(ticket)?.state.answeredAt !== null);
  expect(last(ticket)?.state.promises.find(({ kind }) => kind === 'firstResponse')?.state).toBe('met');
});

test('with several recipients the conversation projects the delivery itself', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), receipt: false });
  await ticket.command(reply('first', { recipients: ['customer-1', 'customer-2'] }), Date.now());
  await delivered(ticket);
  await eventually('both have it', () => desk.outside.mailsOf(ticket.number).length === 2);
  expect(told(ticket, 'reply.delivered')).toHaveLength(1);
});

test('a timer that has become too early stays; a due time that has become void is corrected before it could stand there in the past', async () => {
  const receivedAt = Date.now() - 45 * 60_000;
  const ticket = await desk.start({ receivedAt, receipt: false });
  await ticket.command({ type: 'assign', agent: 'agent-1', away: false, force: false }, Date.now());
  await ticket.command(reply('first'), Date.now());
  await delivered(ticket);
  const timers = await timersOf(ticket);
  const upserts = await upsertsOf(ticket);
  for (let round = 2; round < 5; round += 1) {
    await ticket.signal(round, [message({ seq: round, at: Date.now(), policy: policy.hash })]);
    await ticket.command(reply(`answer-${round}`), Date.now());
    await eventually('answered', () => told(ticket, 'reply.delivered').length === round);
  }
  // Undo-send, three times; the due time of the first next response was later than the one that stood there.
  expect((await timersOf(ticket)) - timers).toBe(3);
  expect((await upsertsOf(ticket)) - upserts).toBeLessThanOrEqual(1);
});

test('a promise that comes due sooner than any timer is not kept waiting for one', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), priority: 'low', receipt: false });
  const before = desk.outside.noticesOf(ticket.number).length;
  await ticket.command({ type: 'assign', agent: 'agent-1', away: false, force: false }, Date.now());
  const updateBy = Date.now() + 4_000;
  await ticket.command(reply('first', { updateBy }), Date.now());
  await eventually('the agent is told that the promised word is missing', () => desk.outside.noticesOf(ticket.number).length > before);
  await eventually('it is breached', () => last(ticket)?.state.promises.some(({ kind, state }) => kind === 'update' && state === 'breached'));
  expect(last(ticket)?.state.promises.find(({ kind }) => kind === 'update')).toMatchObject({ breachedAt: updateBy });
});
