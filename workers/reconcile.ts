import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { queueUnprojected } from '../db/commands';
import { startOfConversation } from '../db/conversation-input';
import { conversationWorkflowId } from '../messages/ids';
import { conversationStartOptions, CONVERSATION_WORKFLOW } from '../messages/start-options';
import { inLanes } from './in-lanes';

const SIDE_BY_SIDE = 8;
const CALL_MS = 5_000;

/** Executions in these states do nothing any more, and nobody meant them to end. */
const LOST = new Set(['TERMINATED', 'FAILED', 'TIMED_OUT', 'CANCELLED']);

/**
 * Starts again, from their projected state, the open conversations whose workflow is lost: not found, terminated, failed,
 * cancelled or timed out, as a reachable namespace says; our own time-out proves nothing. Next due first. Answers how many.
 * Asks for each execution itself: the list of executions lags behind, and would show as running what has just been lost.
 */
export async function reconcile(db: Database, client: Client, log: Logger, stopping?: AbortSignal): Promise<number> {
  const open = await begun(db)
    .orderBy('next_due_at', (order) => order.asc().nullsLast())
    .orderBy('number')
    .execute();
  let rebuilt = 0;
  await inLanes(open, { lanes: SIDE_BY_SIDE, log, nameOf: ({ number }) => ({ number }), stopping }, async ({ number }) => {
    if (await restart(db, client, log, number)) rebuilt += 1;
  });
  return rebuilt;
}

/** The same for one conversation, at once; true when it had lost its workflow and has one again. */
export async function restartIfLost(db: Database, client: Client, log: Logger, number: number): Promise<boolean> {
  const known = await begun(db).where('number', '=', number).executeTakeFirst();
  return known !== undefined && (await restart(db, client, log, number));
}

/** Open conversations that have had a workflow; the others are relay's to start. */
function begun(db: Database) {
  return (
    db
      .selectFrom('conversations')
      .select('number')
      .where('status', '<>', 'closed')
      // Relay may have died between the start and its note of it; then the projection shows that there was one.
      .where((where) => where.or([where('relayed_seq', '>', 0), where('revision', '>', 1)]))
  );
}

async function restart(db: Database, client: Client, log: Logger, number: number): Promise<boolean> {
  if (!(await isLost(client, number)) || !(await startAgain(db, client, number))) return false;
  log.error({ number, code: 'E_TEMPORAL' }, 'A conversation had lost its workflow; it goes on from its projected state.');
  return true;
}

/** Whether the namespace says that a conversation's workflow is lost. */
async function isLost(client: Client, number: number): Promise<boolean> {
  try {
    const { status } = await client.withDeadline(Date.now() + CALL_MS, () => client.workflow.getHandle(conversationWorkflowId(number)).describe());
    return LOST.has(status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** Starts one conversation from its projected state; false when it runs already or has been closed meanwhile. */
async function startAgain(db: Database, client: Client, number: number): Promise<boolean> {
  const start = await startOfConversation(db, number);
  if (!start) return false;
  await queueUnprojected(db, number, start.revision);
  try {
    await client.withDeadline(Date.now() + CALL_MS, () =>
      client.workflow.start(CONVERSATION_WORKFLOW, { ...conversationStartOptions(start), args: [start.input] }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
