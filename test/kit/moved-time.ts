import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { timeSkippingEnv, type TimeSkipping } from '../setup/temporal';
import { WorkflowDesk } from './workflow-desk';

/** What a `beforeAll` that bundles may take on a busy machine, and a `beforeEach` that starts a server. */
export const BUNDLING_MS = 120_000;

/** The program's workflows without what they say of themselves, as code for a {@link WorkflowDesk}. */
export async function quietWorkflowCode(): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath: require.resolve('./quiet-workflows'), logger: new DefaultLogger('ERROR') });
  return code;
}

/** Milliseconds of a time such as `10:00` or `10:00:30` on Monday 11 January 2027 in Berlin, or so many days later. */
export function at(clock: string, days = 0): number {
  return Date.parse(`2027-01-11T${clock.length === 5 ? `${clock}:00` : clock}+01:00`) + days * 24 * 3_600_000;
}

/** A desk with the handbook's policy in time that the test moves. */
export interface MovedTime {
  readonly time: TimeSkipping;
  readonly policy: PolicySnapshot;
  readonly desk: WorkflowDesk;
  /** Lets the clock come to that instant, if it has not passed. */
  moveTo(instant: number): Promise<void>;
  /** Ends everything, and fails for whatever nobody expected. */
  close(): Promise<void>;
}

/** Opens one, at ten on that Monday. A server for each scene: its clock may stand still for good once workflows have completed under it. */
export async function openMovedTime(workflowCode: string): Promise<MovedTime> {
  const time = await timeSkippingEnv();
  const policy = await loadPolicy(undefined, Date.parse('2027-01-01T00:00:00Z'));
  const desk = new WorkflowDesk(time.env.nativeConnection, time.client, policy, { workflowCode });
  const moveTo = async (instant: number): Promise<void> => {
    const left = instant - (await time.env.currentTimeMs());
    if (left > 0) await time.env.sleep(left);
  };
  await desk.open();
  await moveTo(at('10:00'));
  const close = async (): Promise<void> => {
    await desk.close();
    await time.close();
    const { unexpected } = desk.outside;
    if (unexpected.length > 0) throw new Error(`Nobody expected this: ${JSON.stringify(unexpected)}`);
  };
  return { time, policy, desk, moveTo, close };
}
