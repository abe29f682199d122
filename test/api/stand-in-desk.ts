import { Worker } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { conversationWorkflowId } from '../../messages/ids';
import { freshNamespace } from '../setup/temporal';
import { addTicket, openTestApi, type TestApi } from './test-api';

/** The queue of the stand-ins' worker. */
export const STAND_IN_QUEUE = 'stand-in';

/** The API of the tests with Temporal, where stand-ins answer commands in the place of conversations. */
export interface StandInDesk {
  readonly api: TestApi;
  readonly client: Client;
  /** Adds a ticket with a stand-in for its workflow and answers its number: an obliging one if asked for, or on a queue that nobody serves. */
  ticket(given?: Record<string, unknown>, standIn?: { obliging?: boolean; served?: boolean }): Promise<number>;
  close(): Promise<void>;
}

/** Opens it; a command waits `commandWaitMs` for its answer. Call `close` in `afterAll`. */
export async function openStandInDesk(commandWaitMs: number): Promise<StandInDesk> {
  const temporal = await freshNamespace();
  const { client, namespace, nativeConnection: connection } = temporal;
  const api = await openTestApi({ client, commandWaitMs });
  const worker = await Worker.create({ connection, namespace, taskQueue: STAND_IN_QUEUE, workflowsPath: require.resolve('./stand-in-workflow') });
  const running = worker.run();
  return {
    api,
    client,
    async ticket(given = {}, { obliging = false, served = true } = {}) {
      const number = await addTicket(api, given);
      const taskQueue = served ? STAND_IN_QUEUE : 'nobody-serves-this';
      await client.workflow.start('standInWorkflow', { workflowId: conversationWorkflowId(number), taskQueue, args: [number, obliging] });
      return number;
    },
    async close() {
      worker.shutdown();
      await running;
      await api.close();
      await temporal.close();
    },
  };
}
