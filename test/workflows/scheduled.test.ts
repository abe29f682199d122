import { at, openMovedTime, quietWorkflowCode } from '../kit/moved-time';
import { eventually } from '../kit/workflow-desk';

const TEN = at('10:00');
const DAY = 24 * 3_600_000;

test('a reminder that is called off never comes, and what silence would bring comes when it is asked for', async () => {
  const scene = await openMovedTime(await quietWorkflowCode());
  const { time, desk } = scene;
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
  await scene.close();
}, 120_000);
