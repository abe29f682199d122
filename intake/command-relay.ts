import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint } from '../config/crash-points';
import type { Logger } from '../config/log';
import { DESK, finishCommand, type CommandResult, type CommandRow } from '../db/commands';
import type { Database } from '../db/connection';
import type { NewNotice } from '../db/notices';
import { commandUpdate } from '../messages/conversation';
import { conversationWorkflowId } from '../messages/ids';
import type { CommandEvent } from '../policy/events';
import { REFUSAL_CODES, type Refusal, type RefusalCode } from '../policy/state';
import { startAhead } from './relay';

/** How long to wait before asking again for a workflow that relay has yet to start, in milliseconds. */
const START_PAUSE_MS = 100;

/** What became of one attempt to give a command to its conversation. */
export type Delivery =
  | CommandResult
  /** Nobody answered in time, or there is no workflow (yet): the command stays queued. */
  | { readonly unanswered: true };

/** What giving commands needs. */
export interface CommandRelay {
  readonly db: Database;
  readonly client: Client;
  readonly log: Logger;
}

/**
 * Gives a command to its conversation as an Update whose id is the command's, and waits at most `waitMs` (real time).
 * A repeat of the same command is answered with its first result. A conversation that waits for its turn to be started need not any more.
 */
export async function deliverCommand(relay: CommandRelay, row: CommandRow, policy: string, waitMs: number): Promise<Delivery> {
  const { client } = relay;
  const deadline = Date.now() + waitMs;
  const event: CommandEvent = {
    type: 'command',
    id: row.id,
    at: row.at,
    by: row.actor,
    command: row.command,
    policy,
    ...(row.notAfter === null ? {} : { notAfter: row.notAfter }),
  };
  const handle = client.workflow.getHandle(conversationWorkflowId(row.number));
  for (let tries = 0; ; tries += 1) {
    try {
      const { refusal, revision, view } = await client.withDeadline(deadline, () => handle.executeUpdate(commandUpdate, { updateId: row.id, args: [event] }));
      return refusal === undefined ? { answer: { revision, view } } : { refusal };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== null) return { refusal };
      if (!(error instanceof WorkflowNotFoundError)) {
        if (isNoAnswer(error)) return { unanswered: true };
        throw error;
      }
      // Accepted a moment ago: relay is about to start it, or is late in a flood. Or it has just closed, which the row tells the caller.
      if (tries === 0) await withoutAnswer(startAhead(relay, row.number));
      if (Date.now() + START_PAUSE_MS >= deadline) return { unanswered: true };
      await sleep(START_PAUSE_MS);
    }
  }
}

/** Repeats a queued command for the sweep and writes down how it ended; `waiting` when it is still unanswered. `now` in milliseconds. */
export async function repeatCommand(
  relay: CommandRelay,
  row: CommandRow,
  { now, policy, waitMs = 5_000 }: { now: number; policy: string; waitMs?: number | undefined },
): Promise<'done' | 'refused' | 'waiting'> {
  const { db } = relay;
  const delivery = (await closedRefusal(db, row)) ?? (await deliverCommand(relay, row, policy, waitMs));
  if ('unanswered' in delivery) return 'waiting';
  await crashPoint('commandSweep:answered', row.number);
  await finishCommand(db, row, delivery, new Date(now), 'refusal' in delivery ? refusedNotice(row, delivery.refusal, now) : undefined);
  return 'refusal' in delivery ? 'refused' : 'done';
}

/** Whoever gave the command was told that it waits, so they have to hear that it will not happen; who was told that it comes too late knows. */
function refusedNotice({ id, number, actor, command, bodyRef }: CommandRow, refusal: Refusal, now: number): NewNotice | undefined {
  if (refusal.code === 'E_TOO_LATE' || actor === DESK) return undefined;
  const kept = bodyRef === null ? '' : ' Its text is kept in the thread.';
  return {
    key: `refused:${id}`,
    number,
    kind: 'refused',
    text: `#${number}: what you gave it to do (${command.type}) had to wait, and then could not be done. ${refusal.message}${kept}`,
    toAgent: actor,
    dueAt: new Date(now),
    at: new Date(now),
  };
}

/** The refusal of a command to a conversation that has closed, or null while it is open. */
export async function closedRefusal(db: Database, row: Pick<CommandRow, 'number'>): Promise<{ refusal: Refusal } | null> {
  const conversation = await db.selectFrom('conversations').select('status').where('number', '=', row.number).executeTakeFirst();
  if (conversation?.status !== 'closed') return null;
  return {
    refusal: {
      code: 'E_CONVERSATION_CLOSED',
      message: `Conversation #${row.number} is closed, so nothing can be done in it any more. What you wrote is kept with the command; open a new ticket to write to the customer.`,
    },
  };
}

/** The server's own word for an Update that arrived as the workflow completed. */
const COMPLETED_MEANWHILE = 'AcceptedUpdateCompletedWorkflow';

/** The refusal in a failed Update: its failure's type is one of our codes; any other type is a command that the workflow could not read. */
function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) return null;
  const { type, message } = error.cause;
  if (type === COMPLETED_MEANWHILE) return null;
  const code = REFUSAL_CODES.find((known): known is RefusalCode => known === type);
  return { code: code ?? 'E_BAD_COMMAND', message };
}

/** Waits for a call; that nobody answers it is no failure here: whoever asks next notices it. */
async function withoutAnswer(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
  }
}

/** The server or the workflow did not answer in time, as opposed to a fault of ours. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof WorkflowUpdateFailedError) return true;
  if (isGrpcServiceError(error)) return true;
  return error instanceof Error && isGrpcServiceError(error.cause);
}
