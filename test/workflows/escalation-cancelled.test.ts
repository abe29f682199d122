import { acknowledgedSignal, escalationViewQuery } from '../../messages/escalation';
import { pageWorkflowId } from '../../messages/ids';
import type { PageAttempt } from '../../messages/activities';
import { readPolicyDocument } from '../../policy/document';
import { resolvePolicy } from '../../policy/resolve';
import { SECONDS } from '../end-to-end/policies';
import { eventually, WorkflowDesk } from '../kit/workflow-desk';
import { freshNamespace, type TestNamespace } from '../setup/temporal';

jest.setTimeout(120_000);

let temporal: TestNamespace;
beforeAll(async () => (temporal = await freshNamespace()));
afterAll(() => temporal.close());

/** An acknowledgement calls a ring off, but a ring that is on its way may get through: what comes of it must still be written down. */
test('a ring that was called off and got through all the same is recorded, and the page lives on', async () => {
  const policy = await resolvePolicy(readPolicyDocument(SECONDS, 'policy'), { now: Date.now(), baseFolder: __dirname });
  const desk = new WorkflowDesk(temporal.nativeConnection, temporal.client, policy, { namespace: temporal.namespace });
  const { outside } = desk;
  const started: PageAttempt[] = [];
  // The ring is on its way until the acknowledgement has been heard.
  let goThrough = (): void => undefined;
  const calledOff = new Promise<void>((resolve) => (goThrough = resolve));
  outside.attemptPage = async (input) => {
    started.push(input);
    await calledOff;
    const sent = { target: 'pagerduty', method: 'pagerduty', sentAt: Date.now(), outcome: 'sent', error: null } as const;
    const { number, page, ring, level, dedupKey, dueAt, decidedAt, urgency } = input;
    // The database was away just then, so that the workflow has to see to the record.
    const record = { number, page, ring, level, dedupKey, dueAt, decidedAt, urgency, causes: input.causes.map(({ key }) => key), ...sent };
    return { outcome: 'sent', method: 'pagerduty', recorded: false, unrecorded: [record], asked: true };
  };
  await desk.open();
  try {
    const ticket = await desk.start({ receivedAt: Date.now() });
    await eventually('it rings', () => started.length === 1);
    const page = temporal.client.workflow.getHandle(pageWorkflowId(ticket.number, 1));
    await page.signal(acknowledgedSignal, { by: 'agent-1', at: Date.now() });
    await eventually('it has heard', async () => (await page.query(escalationViewQuery)).state === 'acknowledged');
    goThrough();
    await eventually('the attempt is recorded', () => outside.attemptRecords.length === 1);
    await eventually('the acknowledgement is recorded', () => outside.pages.some(({ state }) => state === 'acknowledged'));
    expect((await page.describe()).status.name).toBe('RUNNING');
    await ticket.command({ type: 'assign', agent: 'agent-1', away: false, force: false }, Date.now());
    await page.result();
    expect(outside.resolved).toEqual([`conversation/${ticket.number}:dispatch:1`]);
  } finally {
    await desk.close();
  }
});
