import { RULES } from '../../policy/state';
import { upgradeSignal, viewQuery, type ConversationView } from '../../messages/conversation';
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
  const handbook = await loadPolicy();
  // The clock is real here, and the office open at every hour: in the night each message would be a notice of its own.
  policy = { ...handbook, undoSendMs: 200, outOfHours: { ...handbook.outOfHours, calendar: 'always' }, hash: 'quick' };
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

test('what could not be projected is projected by the next run, though no line of the timeline tells of it', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), assignee: 'agent-1', receipt: false });
  const status = { type: 'status', status: 'open' } as const;
  const { revision } = await ticket.command(status, Date.now());
  const shown = () => desk.outside.projections.findLast(({ number }) => number === ticket.number)?.carried.state.revision;
  await eventually('it is open', () => shown() === revision);
  const project = desk.outside.project.bind(desk.outside);
  let tries = 0;
  desk.outside.project = (input) => (input.number === ticket.number ? Promise.reject(new Error(`No database, ${(tries += 1)}`)) : project(input));
  const again = await ticket.command(status, Date.now());
  await eventually('it was tried', () => tries > 0);
  const handle = server.client.workflow.getHandle(ticket.handle.workflowId);
  const { runId: before } = await handle.describe();
  await handle.signal(upgradeSignal);
  await eventually('the next run', async () => (await handle.describe()).runId !== before);
  desk.outside.project = project;
  await eventually('it is projected', () => shown() === again.revision);
  await desk.endAll(Date.now());
}, 60_000);

test('a conversation keeps the rules that it started with until its next run: else what has happened could not be replayed', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), assignee: 'agent-1', receipt: false, rules: 1 });
  const rules = () => desk.outside.projections.findLast(({ number }) => number === ticket.number)?.carried.state.rules;
  await ticket.command({ type: 'status', status: 'open' }, Date.now());
  await eventually('it is projected', () => rules() === 1);
  const handle = server.client.workflow.getHandle(ticket.handle.workflowId);
  const { runId: before } = await handle.describe();
  await handle.signal(upgradeSignal);
  await eventually('the next run', async () => (await handle.describe()).runId !== before);
  await ticket.command({ type: 'status', status: 'pending' }, Date.now());
  await eventually('it goes on under the newest', () => rules() === RULES);
  await desk.endAll(Date.now());
}, 60_000);

test('a conversation of 1,000 messages stays within its limits', async () => {
  const at = Date.now();
  const ticket = await desk.start({ receivedAt: at });
  for (let round = 0; round < 50; round += 1) {
    const events = Array.from({ length: 20 }, (_, index) => message({ seq: round * 20 + index + 2, at: at + round, policy: policy.hash }));
    await ticket.signal(round * 20 + 21, events);
    await ticket.command({ type: 'reply', messageId: `answer-${round}`, delivery: 'chat', recipients: [] }, at + round);
  }
  const last = await eventually('all applied', () =>
    desk.outside.projections.findLast((projection) => projection.number === ticket.number && projection.carried.state.cursor === 1_001),
  );
  expect(JSON.stringify({ ...last.carried.state, policies: {} }).length).toBeLessThan(30_000);
  const { historyLength } = await server.client.workflow.getHandle(ticket.handle.workflowId).describe();
  expect(historyLength).toBeLessThan(2_000);
  await desk.endAll(Date.now());
  expect(desk.outside.unexpected).toEqual([]);
}, 60_000);

test('an escalation that somebody ended by hand is opened again when the next level is due', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), channel: 'voicemail', priority: 'urgent', receipt: false });
  await eventually('it rings', () => desk.outside.ringsOf(ticket.number).length > 0);
  const page = server.client.workflow.getHandle(`${ticket.handle.workflowId}/page/1`);
  await page.terminate('by hand');
  const before = desk.outside.ringsOf(ticket.number).length;
  await ticket.command({ type: 'escalate' }, Date.now());
  await eventually('it rings again', () => desk.outside.ringsOf(ticket.number).length > before);
  expect((await page.describe()).status.name).toBe('RUNNING');
  await desk.endAll(Date.now());
}, 60_000);

test('an escalation that somebody ended by hand is opened again by a further cause, with those that were known', async () => {
  const ticket = await desk.start({ receivedAt: Date.now(), channel: 'voicemail', priority: 'urgent', receipt: false });
  const [first] = await eventually('it rings', () => {
    const rings = desk.outside.ringsOf(ticket.number);
    return rings.length > 0 && rings;
  });
  await server.client.workflow.getHandle(`${ticket.handle.workflowId}/page/1`).terminate('by hand');
  await ticket.writes(Date.now(), { channel: 'voicemail' });
  const known = [...(first?.causes ?? []).map(({ key }) => key), `conversation/${ticket.number}:voicemail:in-2`];
  await eventually('every cause is on the page again', () => {
    const causes = desk.outside
      .ringsOf(ticket.number)
      .at(-1)
      ?.causes.map(({ key }) => key);
    return causes !== undefined && known.every((key) => causes.includes(key));
  });
  await desk.endAll(Date.now());
}, 60_000);

test('a merged conversation’s page goes on at its target: as acknowledged when somebody has acknowledged it, else aloud', async () => {
  const receivedAt = Date.now();
  const merged = async (acknowledged: MergedEvent['acknowledged']) => {
    const source = await desk.start({ receivedAt, channel: 'voicemail', priority: 'urgent', receipt: false });
    const target = await desk.start({ receivedAt, initiatedBy: 'agent', assignee: 'agent-1', receipt: false });
    await eventually('it rings', () => desk.outside.ringsOf(source.number).length > 0);
    await source.command({ type: 'merge', into: target.number }, Date.now());
    const { state } = await eventually('it is merged', () =>
      desk.outside.projections.map(({ carried }) => carried).findLast(({ state: known }) => known.number === source.number && known.mergedInto !== null),
    );
    const handed = handOver(state, Date.now());
    expect(handed.dues.map(({ kind }) => kind)).toContain('firstResponse');
    await target.signal(2, [{ type: 'merged', seq: 2, at: Date.now(), from: source.number, ...handed, acknowledged, policy: policy.hash }]);
    const page = await eventually('its page is recorded', () => desk.outside.pages.findLast(({ number }) => number === target.number));
    await eventually('the page of the source is over', () => desk.outside.pages.some(({ number, state: now }) => number === source.number && now === 'over'));
    // What is a part of another conversation is not spam: it ends by itself only.
    await source.command({ type: 'unmerge', answeredAt: null }, Date.now());
    return { page, rings: desk.outside.ringsOf(target.number).map(({ mode }) => mode) };
  };
  const acknowledged = { by: 'agent-2', at: receivedAt };
  const silent = await merged(acknowledged);
  expect(silent.page).toMatchObject({ state: 'acknowledged', acknowledgement: acknowledged, urgency: 'high' });
  expect(silent.rings).toEqual([]);
  const aloud = await merged(null);
  expect(aloud.page).toMatchObject({ state: 'paging', urgency: 'high' });
  expect(aloud.rings).toContain('ring');
  await desk.endAll(Date.now());
  expect(desk.outside.unexpected).toEqual([]);
}, 60_000);
