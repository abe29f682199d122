import { sql } from 'kysely';
import type { Database } from './connection';

/**
 * Whether the row of conversation `c` does not yet show all that has happened to it: an event that came in, or a command that was answered, is
 * not applied and projected, or a command waits.
 */
export const isBehind = sql<boolean>`(c.applied_seq < c.last_seq OR EXISTS (
  SELECT FROM commands AS k
  WHERE k.number = c.number AND (k.state = 'queued' OR (k.result -> 'answer' ->> 'revision')::int > c.revision)))`;

/** Whether the row shows all that has happened to a conversation. */
export async function isCaughtUp(db: Database, number: number): Promise<boolean> {
  const behind = await db.selectFrom('conversations as c').select('c.number').where('c.number', '=', number).where(isBehind).executeTakeFirst();
  return behind === undefined;
}
