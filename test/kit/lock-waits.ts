import { sql } from 'kysely';
import type { Database } from '../../db/connection';

const WITHIN_MS = 20_000;

/**
 * Waits until so many sessions of this database wait for somebody's lock, so that a test knows that they have come as far as that.
 * `doing` is a part of what they are running; it needs a free connection.
 */
export async function waitingForLocks(db: Database, sessions: number, doing = ''): Promise<void> {
  const until = Date.now() + WITHIN_MS;
  for (;;) {
    const { rows } = await sql<{ sessions: number }>`
      SELECT count(*)::int AS sessions FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(lower(query), lower(${doing})) > 0`.execute(db);
    const waiting = rows[0]?.sessions ?? 0;
    if (waiting >= sessions) return;
    if (Date.now() > until) throw new Error(`Only ${waiting} of ${sessions} sessions wait for a lock after ${WITHIN_MS / 1_000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
