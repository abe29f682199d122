import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { startOfConversation } from '../db/conversation-input';
import { conversationWorkflowId } from '../messages/ids';
import { conversationStartOptions, CONVERSATION_WORKFLOW } from '../messages/start-options';

/** A conversation younger than this is relay's to start. */
const SETTLED_MS = 30_000;

/** Executions in these states do nothing any more, and nobody meant them to end. */
const LOST = new Set(['TERMINATED', 'FAILED', 'TIMED_OUT', 'CANCELLED']);

/**
 * Starts again, from their projected state, the open conversations whose workflow is lost: not found, terminated, failed,
 * cancelled or timed out, as a reachable namespace says; our own time-out proves nothing. Next due first. Answers how many.
 */
export async function reconcile(db: Database, client: Client, log: Logger, now: number): Promise<number> {
  const open = await db
    .selectFrom('conversations')
    .select('number')
    .where('status', '<>', 'closed')
    .where('relayed_seq', '>', 0)
    .where('created_at', '<', new Date(now - SETTLED_MS))
    .orderBy('next_due_at', (order) => order.asc().nullsLast())
    .orderBy('number')
    .execute();
  if (open.length === 0) return 0;
  const alive = await runningConversations(client);
  let rebuilt = 0;
  for (const { number } of open) {
    if (alive.has(conversationWorkflowId(number))) continue;
    // The list lags behind by a moment; the execution itself does not.
    if (!(await isLost(client, number))) continue;
    if (await startAgain(db, client, number)) {
      rebuilt += 1;
      log.error({ number, code: 'E_TEMPORAL' }, 'A conversation had lost its workflow; it goes on from its projected state.');
    }
  }
  return rebuilt;
}

async function runningConversations(client: Client): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = `WorkflowType = '${CONVERSATION_WORKFLOW}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) ids.add(workflowId);
  return ids;
}

/** Whether the namespace says that a conversation's workflow is lost. */
export async function isLost(client: Client, number: number): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(conversationWorkflowId(number)).describe();
    return LOST.has(status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** Starts one conversation from its projected state; false when it runs already or has been closed meanwhile. */
export async function startAgain(db: Database, client: Client, number: number): Promise<boolean> {
  const start = await startOfConversation(db, number);
  if (!start) return false;
  try {
    await client.workflow.start(CONVERSATION_WORKFLOW, { ...conversationStartOptions(start), args: [start.input] });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
