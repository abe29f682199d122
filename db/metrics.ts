import { sql, type RawBuilder } from 'kysely';
import type { Database } from './connection';

/** What of one row of a query becomes a figure. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  /** Column of the value. */
  readonly column: string;
}

/** Figures of the desk as they are now: a query whose rows have the labels and the values. Nothing in them names a person or a conversation. */
export interface DeskFigures {
  readonly labels: readonly string[];
  readonly measures: readonly Measure[];
  readonly query: (now: Date) => RawBuilder<Record<string, string | number | null>>;
}

/** A consequence, and how long after its due time it happened. */
export interface Lateness {
  readonly key: string;
  readonly consequence: string;
  readonly urgency: string;
  readonly seconds: number;
}

const seconds = (now: Date, column: RawBuilder<unknown>) =>
  sql<number>`coalesce(greatest(0, extract(epoch FROM ${now}::timestamptz - min(${column}))), 0)::float8`;

/** Effects that the projections hold and whose result is not in the database: an effect stays there until the next projection. */
const projectedLanes = sql`
  SELECT e->>'lane' AS lane, to_timestamp(coalesce((e->>'at')::float8, (e->'cause'->>'at')::float8) / 1000) AS at
  FROM conversations c CROSS JOIN LATERAL jsonb_array_elements(c.carried->'lanes') AS e
  WHERE c.status <> 'closed' AND jsonb_path_exists(c.carried, '$.lanes[0]')
    AND ((e->>'type' = 'notice' AND NOT EXISTS (SELECT FROM notices n WHERE n.key = e->>'key'))
      OR (e->>'type' = 'openPage' AND NOT EXISTS (SELECT FROM pages p WHERE p.number = c.number AND p.page = (e->>'page')::int)))`;

/** Every figure that is read from the database, each by an index or over the open conversations only. */
export const DESK_FIGURES: readonly DeskFigures[] = [
  {
    labels: ['kind', 'priority', 'state', 'demo'],
    measures: [{ name: 'holdfast_promises', help: 'Promises of the conversations that are not closed', column: 'count' }],
    query: () => sql`
      SELECT p.kind, c.priority, p.state, c.demo::text AS demo, count(*)::int AS count
      FROM conversations c JOIN promises p ON p.number = c.number WHERE c.status <> 'closed' GROUP BY 1, 2, 3, 4`,
  },
  {
    labels: [],
    measures: [
      { name: 'holdfast_promises_overdue', help: 'Promises that are due and not yet noted as broken: the engine is behind', column: 'count' },
      { name: 'holdfast_promises_overdue_oldest_seconds', help: 'How long the oldest of them has been due', column: 'oldest' },
    ],
    query: (now) => sql`
      SELECT count(*)::int AS count, ${seconds(now, sql`p.due_at`)} AS oldest
      FROM conversations c JOIN promises p ON p.number = c.number
      WHERE c.status <> 'closed' AND c.next_due_at <= ${now} AND p.state = 'running' AND NOT p.paused AND p.due_at <= ${now}`,
  },
  {
    labels: ['kind', 'status', 'priority', 'demo'],
    measures: [{ name: 'holdfast_conversations', help: 'Conversations that are not closed', column: 'count' }],
    query: () => sql`
      SELECT kind, status, priority, demo::text AS demo, count(*)::int AS count FROM conversations WHERE status <> 'closed' GROUP BY 1, 2, 3, 4`,
  },
  {
    labels: ['state', 'urgency', 'demo'],
    measures: [{ name: 'holdfast_pages_open', help: 'Pages that are not over', column: 'count' }],
    query: () => sql`SELECT state, urgency, demo::text AS demo, count(*)::int AS count FROM pages WHERE state <> 'over' GROUP BY 1, 2, 3`,
  },
  {
    labels: ['demo'],
    measures: [
      { name: 'holdfast_page_unacknowledged_oldest_seconds', help: 'How long the oldest page that nobody has acknowledged has been open', column: 'oldest' },
    ],
    query: (now) => sql`
      SELECT d.demo, ${seconds(now, sql`p.opened_at`)} AS oldest
      FROM (VALUES ('false'), ('true')) AS d (demo) LEFT JOIN pages p ON p.state = 'paging' AND p.demo::text = d.demo GROUP BY 1`,
  },
  {
    labels: ['state'],
    measures: [
      { name: 'holdfast_inbox', help: 'What came in and is in no conversation: accepted and not yet resolved, suspended, failed', column: 'count' },
      { name: 'holdfast_inbox_oldest_seconds', help: 'How long the oldest of it has been here', column: 'oldest' },
    ],
    query: (now) => sql`
      SELECT 'accepted' AS state, count(*)::int AS count, ${seconds(now, sql`received_at`)} AS oldest FROM inbox WHERE state = 'accepted'
      UNION ALL
      SELECT s.state, count(i.id)::int, ${seconds(now, sql`i.received_at`)}
      FROM (VALUES ('suspended'), ('failed')) AS s (state) LEFT JOIN inbox i ON i.state = s.state AND i.state IN ('suspended', 'failed') GROUP BY 1`,
  },
  {
    labels: ['lane'],
    measures: [
      {
        name: 'holdfast_lane_waiting',
        help: 'What waits on its way: to its workflow (relay, apply), to a provider (mail, notices, paging), or for an answer (commands, acknowledgements)',
        column: 'count',
      },
      { name: 'holdfast_lane_oldest_seconds', help: 'How long the oldest of it has waited', column: 'oldest' },
    ],
    query: (now) => sql`
      SELECT 'relay' AS lane, coalesce(sum(last_seq - relayed_seq), 0)::int AS count, ${seconds(now, sql`last_message_at`)} AS oldest
        FROM conversations WHERE relayed_seq < last_seq
      UNION ALL
      SELECT 'apply', coalesce(sum(last_seq - applied_seq), 0)::int, ${seconds(now, sql`last_message_at`)}
        FROM conversations WHERE applied_seq < last_seq AND status <> 'closed'
      UNION ALL
      SELECT 'commands', count(*)::int, ${seconds(now, sql`at`)} FROM commands WHERE state = 'queued'
      UNION ALL
      SELECT 'acknowledgements', count(*)::int, ${seconds(now, sql`acknowledged_at`)}
        FROM pages WHERE acknowledged_at IS NOT NULL AND acknowledgement_relayed_at IS NULL
      UNION ALL
      SELECT 'mail', count(*)::int, ${seconds(now, sql`at`)} FROM outgoing_mails WHERE state = 'intended'
      UNION ALL
      SELECT l.lane, count(e.lane)::int, ${seconds(now, sql`e.at`)}
        FROM (VALUES ('paging'), ('notices')) AS l (lane) LEFT JOIN (${projectedLanes}) AS e ON e.lane = l.lane GROUP BY 1`,
  },
];

/** Reads one table of figures; each row has its labels and values. */
export async function readFigures(db: Database, figures: DeskFigures, now: Date): Promise<Record<string, string | number | null>[]> {
  return (await figures.query(now).execute(db)).rows;
}

/**
 * Consequences that happened since: pages as the provider took them, notices and breaches as they came into the database. Each has a key,
 * so that a longer look back, for what was written late, counts none twice. Demonstrations are left out: they are made to be late.
 */
export async function latenessSince(db: Database, since: Date): Promise<Lateness[]> {
  const { rows } = await sql<Lateness>`
    SELECT 'page:' || a.page_id || ':' || a.ring || ':' || a.target || ':' || a.method AS key, 'page' AS consequence, a.urgency,
        extract(epoch FROM a.sent_at - a.due_at)::float8 AS seconds
      FROM page_attempts a LEFT JOIN pages p ON p.id = a.page_id
      WHERE a.sent_at IS NOT NULL AND a.sent_at > ${since} AND a.outcome = 'sent' AND p.demo IS NOT TRUE
    UNION ALL
    SELECT 'notice:' || n.key, 'notice', '', extract(epoch FROM n.written_at - n.due_at)::float8
      FROM notices n LEFT JOIN conversations c ON c.number = n.number WHERE n.written_at > ${since} AND c.demo IS NOT TRUE
    UNION ALL
    SELECT 'breach:' || t.number || ':' || t.revision || ':' || t.position, 'breach', '', extract(epoch FROM t.written_at - t.at)::float8
      FROM timeline t JOIN conversations c ON c.number = t.number
      WHERE t.type = 'promise.breached' AND t.written_at > ${since} AND NOT c.demo`.execute(db);
  return rows;
}
