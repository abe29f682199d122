import { sql, type RawBuilder } from 'kysely';
import type { PromiseKind } from '../policy/words';
import type { Database } from './connection';

/** Everything that the desk does by itself, in words of the API. */
export const SCHEDULED_ACTIONS = [
  'notice',
  'page',
  'breach',
  'ring',
  'sendReply',
  'retryMail',
  'remind',
  'solve',
  'close',
  'askRating',
  'endSnooze',
  'nudgeAgent',
  'checkSeen',
] as const;
/** One of {@link SCHEDULED_ACTIONS}. */
export type ScheduledActionKind = (typeof SCHEDULED_ACTIONS)[number];

/** One thing that the desk will do by itself unless something happens before. */
export interface ScheduledAction {
  /** `1042.remind`, or `1042.sendReply.m…`: unique as long as it is planned. */
  readonly id: string;
  readonly number: number;
  readonly subject: string;
  readonly action: ScheduledActionKind;
  readonly at: Date;
  /** The promise that it is about. */
  readonly promise: PromiseKind | null;
  /** The message that leaves then. */
  readonly message: string | null;
  /** The page that rings then. */
  readonly page: string | null;
  /** How often a mail has been tried. */
  readonly attempts: number | null;
}

/** What the list is narrowed to, and a place in it. */
export interface ScheduledFilter {
  readonly number?: number | undefined;
  readonly actions?: readonly ScheduledActionKind[] | undefined;
  /** Nothing later than this. */
  readonly before?: Date | undefined;
  readonly after: readonly [at: number, id: string] | null;
  readonly limit: number;
}

/** How Temporal spaces the attempts of a mail; see `mail` in workflows/activities.ts. Milliseconds. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 600_000;

/**
 * What open conversations will do, next first: from their projected state, the pages that ring, and the mails that no server has taken yet.
 * A mail's next attempt is told as it is planned when an attempt ends; the attempt itself may take up to a minute.
 */
export async function listScheduledActions(db: Database, filter: ScheduledFilter): Promise<ScheduledAction[]> {
  const { number, actions, before, after } = filter;
  const conditions: RawBuilder<unknown>[] = [sql`at IS NOT NULL`];
  if (actions !== undefined) conditions.push(sql`action = ANY (${[...actions]}::text[])`);
  if (before !== undefined) conditions.push(sql`at <= ${before}`);
  if (after !== null) conditions.push(sql`(at, id) > (${new Date(after[0])}::timestamptz, ${after[1]})`);
  const only = (column: RawBuilder<unknown>) => (number === undefined ? sql`true` : sql`${column} = ${number}`);
  const { rows } = await sql<ScheduledAction>`
    WITH open AS MATERIALIZED (
      SELECT c.number, c.subject, s.* FROM conversations AS c, jsonb_to_record(c.carried->'state') AS s (
        promises jsonb, outgoing jsonb, "remindAt" float8, "solveAt" float8, "closeAt" float8, "rateAt" float8, "snoozedUntil" float8, "silenceAt" float8, "unseenCheckAt" float8)
      WHERE c.status <> 'closed' AND c.carried IS NOT NULL AND ${only(sql`c.number`)}
    ), promise AS MATERIALIZED (
      SELECT number, subject, p.*, concat(p.kind, '-', p.cycle) AS part FROM open, jsonb_to_recordset(promises) AS p (
        kind text, cycle int, state text, noticed boolean, paged boolean, "noticeAt" float8, "pageAt" float8, "dueAt" float8,
        "metAt" float8, "cancelledAt" float8, paused jsonb)
      WHERE p.state IN ('running', 'breached') AND p."metAt" IS NULL AND p."cancelledAt" IS NULL AND p.paused IS NULL
    ), planned AS (
      SELECT number, subject, 'notice' AS action, part, instant("noticeAt") AS at, kind AS promise, NULL AS message, NULL AS page, NULL::int AS attempts
        FROM promise WHERE NOT noticed
      UNION ALL
      SELECT number, subject, 'page', part, instant("pageAt"), kind, NULL, NULL, NULL FROM promise WHERE NOT paged
      UNION ALL
      SELECT number, subject, 'breach', part, instant("dueAt"), kind, NULL, NULL, NULL FROM promise WHERE state = 'running'
      UNION ALL
      SELECT number, subject, action, NULL, instant(ms), NULL, NULL, NULL, NULL
        FROM open, LATERAL (VALUES ('remind', "remindAt"), ('solve', "solveAt"), ('close', "closeAt"), ('askRating', "rateAt"), ('endSnooze', "snoozedUntil"),
          ('nudgeAgent', "silenceAt"), ('checkSeen', "unseenCheckAt")) AS fields (action, ms) WHERE ms IS NOT NULL
      UNION ALL
      SELECT number, subject, 'sendReply', reply."messageId", instant(reply."releaseAt"), NULL, reply."messageId", NULL, NULL
        FROM open, jsonb_to_recordset(outgoing) AS reply ("messageId" text, released boolean, "releaseAt" float8) WHERE NOT reply.released
      UNION ALL
      SELECT g.number, c.subject, 'ring', g.id, g.next_ring_at, NULL, NULL, g.id, NULL
        FROM pages AS g JOIN conversations AS c ON c.number = g.number WHERE g.state = 'paging' AND ${only(sql`g.number`)}
      UNION ALL
      SELECT m.number, c.subject, 'retryMail', md5(m.key),
        date_trunc('milliseconds', coalesce(m.attempted_at, m.at))
          + least(${LONGEST_RETRY_MS}::float8, ${FIRST_RETRY_MS}::float8 * power(2, least(m.attempts, 20) - 1)) * interval '1 millisecond',
        NULL, m.message_ref, NULL, m.attempts
        FROM outgoing_mails AS m JOIN conversations AS c ON c.number = m.number
        WHERE m.state = 'intended' AND m.attempts > 0 AND ${only(sql`m.number`)}
    ), named AS (
      SELECT concat_ws('.', number::text, action, part) AS id, * FROM planned
    )
    SELECT id, number, subject, action, at, promise, message, page, attempts FROM named
    WHERE ${sql.join(conditions, sql` AND `)} ORDER BY at, id LIMIT ${filter.limit}`.execute(db);
  return rows;
}
