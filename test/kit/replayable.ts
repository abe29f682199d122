import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { testServer } from '../setup/test-servers';

/** Workflows whose history a worker that starts now could not go on from, each with the reason. */
export async function findUnreplayable(temporal: Client): Promise<string[]> {
  const histories = [];
  for await (const { workflowId, runId } of temporal.workflow.list()) {
    histories.push({ workflowId, history: await temporal.workflow.getHandle(workflowId, runId).fetchHistory() });
  }
  const problems: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: testServer('workflowBundle') } }, histories)) {
    if (error !== undefined) problems.push(`${workflowId}: ${error.message}`);
  }
  return problems;
}
