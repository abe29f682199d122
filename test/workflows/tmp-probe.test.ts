import { viewQuery, type ConversationView } from '../../messages/conversation';
import type { MergedEvent } from '../../policy/events';
import { handOver } from '../../policy/merge';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { eventually, message, WorkflowDesk } from '../kit/workflow-desk';
import { freshNamespace, type TestNamespace } from '../setup/temporal';

/**
 * Conversations that carry much, on the real server: the time-skipping one stands still for good once an activity that was about to
 * be tried again is cancelled, and now and then under many Updates.
 */

let server: TestNamespace;
let desk: WorkflowDesk;
let policy: PolicySnapshot;

beforeAll(async () => {
  server = await freshNamespace();
  policy = { ...(await loadPolicy()), undoSendMs: 200, hash: 'quick' };
  desk = new WorkflowDesk(server.nativeConnection, server.client, policy, { namespace: server.namespace });
  await desk.open();
});

afterAll(async () => {
  await desk.close();
  await server.close();
});

test('full lanes are carried to the next run: mail that no server took leaves from there, once, and counts', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), receipt: false });
  let down = true;
  desk.outside.mailOutcome = (mail) => (down && mail.number === ticket.number ? new Error('451 come back later') : 'sent');
  for (const messageId of ['first', 'second', 'third']) {
    await ticket.command({ type: 'reply', messageId, delivery: 'mail', recipients: ['customer-1', 'customer-2'] }, Date.now());
  }
  await eventually('a mail was tried', () => desk.outside.mailTries > 0);
  const id = 'raise';
  const first = await ticket.command({ type: 'priority', priority: 'urgent' }, Date.now(), { id });
  const handle = server.client.workflow.getHandle(ticket.handle.workflowId);
  await eventually('the next run', async () => (await handle.describe()).taskQueue === 'holdfast-urgent');
  // A repeated command across continue-as-new acts once and is answered as before.
  expect((await ticket.command({ type: 'priority', priority: 'urgent' }, Date.now(), { id })).revision).toBe(first.revision);
  down = false;
  await eventually('all six mails', () => desk.outside.mailsOf(ticket.number).length === 6);
  const order = (recipient: string) =>
    desk.outside
      .mailsOf(ticket.number)
      .filter((mail) => mail.recipient === recipient)
      .map((mail) => mail.messageId);
  expect(order('customer-1')).toEqual(['first', 'second', 'third']);
  expect(order('customer-2')).toEqual(['first', 'second', 'third']);
  const view = await eventually('the answer counts', async () => {
    const current = await handle.query<ConversationView, []>(viewQuery);
    return current.promises.some((promise) => promise.kind === 'firstResponse' && promise.metAt !== undefined) && current;
  });
  expect(view).toMatchObject({ assignee: 'agent-1', priority: 'urgent', status: 'open' });
  await desk.endAll(Date.now());
  expect(desk.outside.unexpected).toEqual([]);
}, 60_000);

test('a conversation of 1,000 messages stays within its limits', async () => {
  const at = Date.now();
  const ticket = await desk.start({ receivedAt: at });
  for (let round = 0; round < 50; round += 1) {
    process.stderr.write(`round ${round} ${Date.now() - at}\n`);
    const events = Array.from({ length: 20 }, (_, index) => message({ seq: round * 20 + index + 2, at: at + round, policy: policy.hash }));
    await ticket.signal(round * 20 + 21, events);
    await ticket.command({ type: 'reply', messageId: `answer-${round}`, delivery: 'chat', recipients: [] }, at + round);
  }
  process.stderr.write(`all sent ${Date.now() - at} cursor ${desk.outside.projections.at(-1)?.carried.state.cursor} n ${desk.outside.projections.length}\n`);
  const last = await eventually('all applied', () =>
    desk.outside.projections.findLast((projection) => projection.number === ticket.number && projection.carried.state.cursor === 1_001),
  );
  expect(JSON.stringify({ ...last.carried.state, policies: {} }).length).toBeLessThan(30_000);
  const { historyLength } = await server.client.workflow.getHandle(ticket.handle.workflowId).describe();
  expect(historyLength).toBeLessThan(2_000);
  await desk.endAll(Date.now());
  expect(desk.outside.unexpected).toEqual([]);
}, 60_000);

