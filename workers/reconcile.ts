import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { sql } from 'kysely';
import { crashPoint } from '../config/crash-points';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { queueUnprojected } from '../db/commands';
import { startOfConversation } from '../db/conversation-input';
import { conversationWorkflowId } from '../messages/ids';
import { conversationStartOptions, CONVERSATION_WORKFLOW } from '../messages/start-options';
import { codeOf } from '../intake/woken-loop';
import { inLanes } from './in-lanes';

const SIDE_BY_SIDE = 8;
const CALL_MS = 5_000;
/** So many conversations are read and asked for in a second at most: a busy desk has thousands that are well. */
const A_SECOND = 200;
/** The row of `settings` that says how the last run went. */
const LAST_RUN = 'reconcile';

const LOCK = sql`hashtextextended('holdfast reconcile', 0)`;

/** Executions in these states do nothing any more, and nobody meant them to end. */
const LOST = new Set(['TERMINATED', 'FAILED', 'TIMED_OUT', 'CANCELLED']);

/** What is kept of the last run, for whoever comes next and for people. */
interface LastRun {
  /** When the last one began that came to its end, milliseconds. */
  readonly began: number;
  /** Why a later one did not, and when it began; absent once one has. */
  readonly failed?: { readonly at: number; readonly code: string };
}

/**
 * {@link reconcile}, unless another worker is at it or has begun a run after `unlessSince`; null then. `now` in milliseconds. One at a time is
 * seen to by a lock of the connection, without any transaction: it is given back whatever becomes of this process. A run that fails is noted
 * with the error's code, and does not count as one.
 */
export async function reconcileAlone(
  db: Database,
  client: Client,
  log: Logger,
  run: { now: number; unlessSince: number | null; stopping?: AbortSignal },
): Promise<number | null> {
  return db.connection().execute(async (held) => {
    const { rows } = await sql<{ mine: boolean }>`SELECT pg_try_advisory_lock(${LOCK}) AS mine`.execute(held);
    if (rows[0]?.mine !== true) return null;
    try {
      const last = await lastRun(held);
      if (run.unlessSince !== null && last.began > run.unlessSince && last.began <= run.now) return null;
      const rebuilt = await reconcile(db, client, log, run.stopping).catch(async (error: unknown) => {
        const code = codeOf(error);
        log.error({ task: LAST_RUN, code }, 'Looking for lost workflows broke off; it is done again soon.');
        await noteRun(held, { ...last, failed: { at: run.now, code } });
        throw error;
      });
      await noteRun(held, { began: run.now });
      return rebuilt;
    } finally {
      await sql`SELECT pg_advisory_unlock(${LOCK})`.execute(held);
    }
  });
}

async function lastRun(db: Database): Promise<LastRun> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', LAST_RUN).executeTakeFirst();
  // An earlier version kept the number alone.
  return typeof row?.value === 'number' ? { began: row.value } : ((row?.value as LastRun | undefined) ?? { began: 0 });
}

async function noteRun(db: Database, run: LastRun): Promise<void> {
  const value = JSON.stringify(run);
  await db
    .insertInto('settings')
    .values({ key: LAST_RUN, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

/**
 * Starts again, from their projected state, the open conversations whose workflow is lost: not found, terminated, failed,
 * cancelled or timed out, as a reachable namespace says; our own time-out proves nothing. Next due first. Answers how many.
 * Asks for each execution itself: the list of executions lags behind, and would show as running what has just been lost.
 */
export async function reconcile(db: Database, client: Client, log: Logger, stopping?: AbortSignal): Promise<number> {
  let rebuilt = 0;
  let after: Place | null = null;
  while (stopping?.aborted !== true) {
    const startedAt = performance.now();
    const page: Place[] = await openFrom(db, after);
    await inLanes(page, { lanes: SIDE_BY_SIDE, log, nameOf: ({ number }) => ({ number }), stopping }, async ({ number }) => {
      if (await restart(db, client, log, number)) rebuilt += 1;
    });
    after = page.at(-1) ?? null;
    if (page.length < A_SECOND) break;
    await pause(Math.max(0, 1_000 - (performance.now() - startedAt)));
  }
  return rebuilt;
}

/** Where a conversation stands in the order of what is due next. One that moves meanwhile has a workflow that moved it. */
interface Place {
  readonly number: number;
  readonly nextDueAt: Date | null;
}

/** The next so many open conversations after a place, next due first. */
async function openFrom(db: Database, after: Place | null): Promise<Place[]> {
  return begun(db)
    .select('next_due_at as nextDueAt')
    .$if(after !== null, (query) =>
      query.where(
        sql<boolean>`(coalesce(next_due_at, 'infinity'), number) > (coalesce(${after?.nextDueAt ?? null}::timestamptz, 'infinity'), ${after?.number ?? 0}::bigint)`,
      ),
    )
    .orderBy('next_due_at', (order) => order.asc().nullsLast())
    .orderBy('number')
    .limit(A_SECOND)
    .execute();
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
    await crashPoint('reconcile:started', number);
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
