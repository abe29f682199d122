import { sql } from 'kysely';
import type { FirstResponse } from '../policy/expectation';
import type { Database } from './connection';

/** How many agents customers are shown. */
const AGENTS_SHOWN = 3;
/** Whoever wrote nothing for longer is not "recently active", in milliseconds. */
const ACTIVE_WITHIN_MS = 30 * 86_400_000;
/** A median of these many latest ones is one of all. */
const RESPONSES = 1_000;

/** What is measured for the expectation. */
export interface Measured {
  /** Most recently active first; nobody who is away. */
  readonly agents: readonly { readonly name: string; readonly avatar: string | null }[];
  readonly responses: readonly FirstResponse[];
  /** Open chats that nobody has answered yet. */
  readonly queue: number;
}

/** What customers are shown before they write: who is there, how quickly chats were answered since `since`, and how many wait. */
export async function measureChats(db: Database, { since, now }: { since: Date; now: Date }): Promise<Measured> {
  const agents = await sql<{ name: string; avatar: string | null }>`
    SELECT a.name, a.avatar FROM agents AS a CROSS JOIN LATERAL (
      SELECT m.at FROM messages AS m
      WHERE m.author_id = a.id AND m.author_kind = 'agent' AND m.direction = 'out' AND m.at <= ${now} ORDER BY m.at DESC LIMIT 1) AS last
    WHERE a.disabled_at IS NULL AND NOT a.away AND last.at > ${new Date(now.getTime() - ACTIVE_WITHIN_MS)}
    ORDER BY last.at DESC, a.id LIMIT ${AGENTS_SHOWN}`.execute(db);
  const responses = await db
    .selectFrom('promises as p')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .select(['p.since', 'p.met_at'])
    .where('p.kind', '=', 'firstResponse')
    .where('p.cycle', '=', 1)
    .where('p.met_at', '>', since)
    .where('p.met_at', '<=', now)
    .where('c.channel', '=', 'chat')
    .where('c.demo', '=', false)
    .orderBy('p.met_at', 'desc')
    .limit(RESPONSES)
    .execute();
  const { queue } = await db
    .selectFrom('conversations as c')
    .select((eb) => eb.fn.countAll<number>().as('queue'))
    .where('c.kind', '=', 'chat')
    .where('c.status', 'in', ['new', 'open'])
    .where('c.merged_into', 'is', null)
    .where('c.demo', '=', false)
    .where((where) =>
      where.exists(
        where
          .selectFrom('promises as p')
          .select('p.key')
          .whereRef('p.number', '=', 'c.number')
          .where('p.kind', '=', 'firstResponse')
          .where('p.met_at', 'is', null)
          .where('p.cancelled_at', 'is', null),
      ),
    )
    .executeTakeFirstOrThrow();
  return {
    agents: agents.rows,
    responses: responses.flatMap(({ since: asked, met_at: metAt }) => (metAt === null ? [] : [{ since: asked.getTime(), metAt: metAt.getTime() }])),
    queue: Number(queue),
  };
}
