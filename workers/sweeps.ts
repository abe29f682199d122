import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { crashPoint } from '../config/crash-points';
import type { Logger } from '../config/log';
import { queuedCommands, type CommandRow } from '../db/commands';
import type { Database } from '../db/connection';
import { leftBehindByAnyone } from '../db/left-behind';
import { markAcknowledgementRelayed, pagesWithLostAcknowledgement } from '../db/pages';
import { currentPolicy } from '../db/policies';
import { repeatCommand } from '../intake/command-relay';
import { giveBackLeft } from '../intake/give-back';
import { acknowledgedSignal } from '../messages/escalation';
import { pageWorkflowId, parsePageId } from '../messages/ids';
import { inLanes } from './in-lanes';
import { restartIfLost } from './reconcile';

/** Rows taken by one run of a sweep. */
const AT_ONCE = 100;
const SIDE_BY_SIDE = 8;
const CALL_MS = 5_000;

/** A command that its request still waits for is not repeated. */
const COMMAND_AGE_MS = 7_000;

/**
 * Gives commands again that nobody has answered, until they are accepted or refused: those of one conversation in their order, several
 * conversations side by side, so that one that does not answer holds up no other. `now` in milliseconds.
 */
export async function sweepCommands(db: Database, client: Client, log: Logger, now: number, stopping?: AbortSignal): Promise<void> {
  const rows = await queuedCommands(db, { before: new Date(now - COMMAND_AGE_MS), limit: AT_ONCE });
  if (rows.length === 0) return;
  const { hash: policy } = await currentPolicy(db);
  await inLanes(byConversation(rows), { lanes: SIDE_BY_SIDE, log, nameOf: ([number]) => ({ number }), stopping }, async ([number, commands]) => {
    for (const row of commands) {
      if (stopping?.aborted === true) return;
      const outcome = await repeatCommand({ db, client, log }, row, { now, policy });
      if (outcome === 'waiting') {
        // Those that were given after it must not overtake it.
        await restartIfLost(db, client, log, number);
        return;
      }
      log.info({ number, command: row.command.type, outcome }, 'A queued command was answered.');
    }
  });
}

/** Gives back what has become an agent's who had been disabled or had gone away by then, so that somebody is looked for again. `now` in milliseconds. */
export async function sweepLeftBehind(db: Database, client: Client, log: Logger, now: number, stopping?: AbortSignal): Promise<void> {
  const left = await leftBehindByAnyone(db, AT_ONCE);
  if (left.length === 0) return;
  const { hash: policy } = await currentPolicy(db);
  await inLanes(left, { lanes: SIDE_BY_SIDE, log, nameOf: ({ number }) => ({ number }), stopping }, async (one) => {
    const outcome = await giveBackLeft({ db, client, log }, one, { now, policy });
    if (outcome !== null) log.info({ number: one.number, outcome }, 'A conversation was given back: its assignee is not there.');
  });
}

/** Sends the signals of acknowledgements whose row was written and whose signal was lost. `now` in milliseconds. */
export async function sweepAcknowledgements(db: Database, client: Client, log: Logger, now: number, stopping?: AbortSignal): Promise<void> {
  const pages = await pagesWithLostAcknowledgement(db, AT_ONCE);
  await inLanes(pages, { lanes: SIDE_BY_SIDE, log, nameOf: ({ id }) => ({ page: id }), stopping }, async (page) => {
    const id = parsePageId(page.id);
    if (!id) throw new Error(`${page.id} is not the id of a page.`);
    const escalation = client.workflow.getHandle(pageWorkflowId(id.number, id.page));
    try {
      await client.withDeadline(Date.now() + CALL_MS, () => escalation.signal(acknowledgedSignal, { by: page.acknowledgedBy, at: page.acknowledgedAt }));
    } catch (error) {
      // Over already: nothing rings any more.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    await crashPoint('acknowledgementSweep:told', page.id);
    await markAcknowledgementRelayed(db, page.id, { acknowledgedAt: page.acknowledgedAt, at: now });
  });
}

function byConversation(rows: readonly CommandRow[]): [number: number, commands: CommandRow[]][] {
  const groups = new Map<number, CommandRow[]>();
  for (const row of rows) groups.set(row.number, [...(groups.get(row.number) ?? []), row]);
  return [...groups];
}
