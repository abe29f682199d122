import { Worker } from '@temporalio/worker';
import { readPolicyDocument } from '../../policy/document';
import { resolvePolicy } from '../../policy/resolve';
import { SECONDS } from '../end-to-end/policies';
import { eventually, WorkflowDesk } from '../kit/workflow-desk';
import { freshNamespace, type TestNamespace } from '../setup/temporal';
import { testServer } from '../setup/test-servers';

jest.setTimeout(60_000);

let temporal: TestNamespace;
beforeAll(async () => (temporal = await freshNamespace()));
afterAll(() => temporal.close());

/**
 * Right after a deploy, or when a worker has more conversations than it can hold, a command meets a workflow that must first be replayed.
 * Its effects must then come in the same order as ever, or no worker can ever go on with the conversation.
 */
test('a command that finds its conversation in no worker’s memory leaves a history that can be replayed', async () => {
  const policy = await resolvePolicy(readPolicyDocument(SECONDS, 'policy'), { now: Date.now(), baseFolder: __dirname });
  const desk = new WorkflowDesk(temporal.nativeConnection, temporal.client, policy, { namespace: temporal.namespace, cachedWorkflows: 0 });
  await desk.open();
  try {
    const ticket = await desk.start({ receivedAt: Date.now() });
    const events = async () => (await ticket.handle.fetchHistory()).events ?? [];
    // A page's start and its projection: two workflow tasks in a row without any command.
    await eventually('it is paged, and the projection is written', () => desk.outside.projections.some(({ carried }) => carried.state.page !== null));
    const commands: [string, Parameters<typeof ticket.command>[0]][] = [
      ['a note', { type: 'note', messageId: 'm-note' }],
      ['an answer', { type: 'reply', messageId: 'm-answer', delivery: 'mail', recipients: ['customer-1'] }],
      ['solved', { type: 'status', status: 'solved' }],
    ];
    for (const [what, command] of commands) {
      await eventually(`it rests before ${what}`, async () => {
        const before = (await events()).length;
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return (await events()).length === before;
      });
      await ticket.command(command, Date.now());
    }
    await eventually('the answer has left', () => desk.outside.mails.some(({ effect }) => effect.mail === 'reply'));
    const history = await ticket.handle.fetchHistory();
    expect((history.events ?? []).filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
    await Worker.runReplayHistory({ workflowBundle: { codePath: testServer('workflowBundle') } }, history);
  } finally {
    await desk.close();
  }
});
