import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { testServer } from '../setup/test-servers';

/** Workflows whose history a worker that starts now could not go on from, each with the reason; `dataConverter` when payloads are encrypted. */
export async function findUnreplayable(temporal: Client, dataConverter: DataConverter = {}): Promise<string[]> {
  const histories = [];
  for await (const { workflowId, runId } of temporal.workflow.list()) {
    histories.push({ workflowId, history: await temporal.workflow.getHandle(workflowId, runId).fetchHistory() });
  }
  const options = { workflowBundle: { codePath: testServer('workflowBundle') }, dataConverter };
  const problems: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error !== undefined) problems.push(`${workflowId}: ${error.message.slice(0, 500)}`);
  }
  return problems;
}
