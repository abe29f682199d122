import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { loadPolicy } from '../../policy/resolve';
import { eventually, WorkflowDesk } from '../kit/workflow-desk';
import { timeSkippingEnv } from '../setup/temporal';

/** Monday 11 January 2027, 10:00 in Berlin. */
const TEN = Date.parse('2027-01-11T09:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('a reminder that is called off never comes, and what silence would bring comes when it is asked for', async () => {
  const { code: workflowCode } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../kit/quiet-workflows'),
    logger: new DefaultLogger('ERROR'),
  });
  const time = await timeSkippingEnv();
  const policy = await loadPolicy(undefined, Date.parse('2027-01-01T00:00:00Z'));
  const desk = new WorkflowDesk(time.env.nativeConnection, time.client, policy, { workflowCode });
  await desk.open();
  await time.env.sleep(TEN - (await time.env.currentTimeMs()));

  const ticket = await desk.start({ receivedAt: TEN, initiatedBy: 'agent', promises: [], assignee: 'ada' });
  const now = async () => time.env.currentTimeMs();
  await ticket.command({ type: 'scheduled', action: 'remind', do: 'cancel' }, await now());
  // Three business days would have brought it.
  await time.env.sleep(8 * DAY);
  expect(desk.outside.mailsOf(ticket.number).map(({ mail }) => mail)).toEqual([]);
  const { view } = await ticket.command({ type: 'scheduled', action: 'solve', do: 'advance' }, await now());
  expect(view.status).toBe('solved');
  await eventually('the mail about it', () => desk.outside.mailsOf(ticket.number).some(({ mail }) => mail === 'solved'));
  const refused = await ticket.command({ type: 'scheduled', action: 'solve', do: 'advance' }, await now()).then(
    ({ refusal }) => refusal?.code,
    (error: unknown) => String((error as { cause?: unknown }).cause),
  );
  expect(refused).toContain('Nothing of the kind is planned');

  await ticket.end(await now());
  await desk.close();
  await time.close();
  expect(desk.outside.unexpected).toEqual([]);
}, 120_000);
