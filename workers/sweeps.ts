import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from '../config/log';
import { queuedCommands } from '../db/commands';
import type { Database } from '../db/connection';
import { markAcknowledgementRelayed, pagesWithLostAcknowledgement } from '../db/pages';
import { currentPolicy } from '../db/policies';
import { repeatCommand } from '../intake/command-relay';
import { acknowledgedSignal } from '../messages/escalation';
import { pageWorkflowId, parsePageId } from '../messages/ids';
import { isLost, startAgain } from './reconcile';

/** Rows taken by one run of a sweep. */
const AT_ONCE = 100;

/** A command that its request still waits for is not repeated. */
const COMMAND_AGE_MS = 7_000;

/** Gives commands again that nobody has answered, until they are accepted or refused. */
export async function sweepCommands(db: Database, client: Client, log: Logger, now: number): Promise<void> {
  const rows = await queuedCommands(db, { before: new Date(now - COMMAND_AGE_MS), limit: AT_ONCE });
  if (rows.length === 0) return;
  const { hash } = await currentPolicy(db);
  for (const row of rows) {
    const outcome = await repeatCommand(db, client, row, { now, policy: hash });
    if (outcome !== 'waiting') log.info({ number: row.number, command: row.command.type, outcome }, 'A queued command was answered.');
    else if (await isLost(client, row.number)) await startAgain(db, client, row.number);
  }
}

/** Sends the signals of acknowledgements whose row was written and whose signal was lost. */
export async function sweepAcknowledgements(db: Database, client: Client, now: number): Promise<void> {
  for (const page of await pagesWithLostAcknowledgement(db, AT_ONCE)) {
    const id = parsePageId(page.id);
    if (!id) continue;
    try {
      await client.workflow
        .getHandle(pageWorkflowId(id.number, id.page))
        .signal(acknowledgedSignal, { by: page.acknowledgedBy, at: page.acknowledgedAt });
    } catch (error) {
      // Over already: nothing rings any more.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    await markAcknowledgementRelayed(db, page.id, new Date(now));
  }
}
