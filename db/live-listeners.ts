import { sql } from 'kysely';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';

/** For how long after the last listener changes are still written down, in milliseconds: whoever comes back meanwhile goes on where they were. */
export const LISTENED_FOR_MS = 10 * 60_000;

/** What an api that begins to listen finds. */
export interface ListeningFrom {
  /** The last change there is: everything up to it is seen by whoever reads now, everything after it is written down. */
  readonly last: number;
  /** Whether it was listening all the time, so that nothing has gone by unwritten. */
  readonly was: boolean;
}

/**
 * From here on changes are written down for this api. When nobody else listens, what was written before is forgotten and an id is left out,
 * so that whoever comes with an older cursor learns that there is a gap.
 */
export async function beginListening(db: Database, api: string, at: Date): Promise<ListeningFrom> {
  return inTransaction(db, async (trx) => {
    // Nobody is committing a change, and nobody will before we have.
    await sql`SELECT pg_advisory_xact_lock(760802)`.execute(trx);
    const others = await trx.selectFrom('live_listeners').select('api').execute();
    const was = others.some((other) => other.api === api);
    if (!was) await trx.insertInto('live_listeners').values({ api, since: at }).execute();
    if (others.length === 0) {
      await trx.deleteFrom('live_events').execute();
      await sql`SELECT nextval('live_event_ids')`.execute(trx);
    }
    const { rows } = await sql<{ last: number }>`SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM live_event_ids`.execute(trx);
    return { last: rows[0]?.last ?? 0, was };
  });
}

/** Nobody has been connected to this api for a while. */
export async function endListening(db: Database, api: string): Promise<void> {
  await db.deleteFrom('live_listeners').where('api', '=', api).execute();
}

/** Forgets the listeners of apis that have stopped, or have been silent, for a while; `now` by the clock of their beats. */
export async function pruneListeners(db: Database, now: Date): Promise<void> {
  const before = new Date(now.getTime() - LISTENED_FOR_MS);
  await db
    .deleteFrom('live_listeners as l')
    .where('l.since', '<', before)
    .where((where) =>
      where.not(where.exists(where.selectFrom('api_instances as i').select('i.id').whereRef('i.id', '=', 'l.api').where('i.beat_at', '>=', before))),
    )
    .execute();
}
