import { sql } from 'kysely';
import { isBehind } from './caught-up';
import type { Database } from './connection';

/** A conversation that is still given to somebody who cannot look after it. */
export interface LeftBehind {
  readonly number: number;
  /** Of its row. */
  readonly revision: number;
}

/**
 * Conversations whose assignee is not there, those in work first: all that is not closed of an agent who is disabled, also what is solved,
 * because the customer may open it again; of one who is away what is unsolved, but for what they were given, or have written in, since they went.
 * What is a part of another conversation is its target's to look after.
 */
export function leftBehindBy(db: Database, agentId: string): Promise<LeftBehind[]> {
  return leftBehind(db).where('a.id', '=', agentId).execute();
}

/**
 * The same of every agent: what has become theirs although they had gone, by an answer that had to wait, or by the customer who opened it
 * again. Only where the row shows all that has happened, so that nothing is taken from somebody to whom it is being given.
 */
export function leftBehindByAnyone(db: Database, limit: number): Promise<LeftBehind[]> {
  return leftBehind(db)
    .where(sql<boolean>`NOT ${isBehind}`)
    .limit(limit)
    .execute();
}

function leftBehind(db: Database) {
  return db
    .selectFrom('agents as a')
    .innerJoin('conversations as c', 'c.assignee', 'a.id')
    .select(['c.number', 'c.revision'])
    .where('c.status', '<>', 'closed')
    .where('c.merged_into', 'is', null)
    .where(
      sql<boolean>`(a.disabled_at IS NOT NULL OR (a.away_since IS NOT NULL AND c.status <> 'solved'
        AND NOT EXISTS (
          SELECT FROM timeline AS t
          WHERE t.number = c.number AND t.type = 'assigned' AND t.data ->> 'to' = a.id AND t.at > a.away_since)
        AND NOT EXISTS (
          SELECT FROM messages AS m
          WHERE m.number = c.number AND m.author_kind = 'agent' AND m.author_id = a.id AND m.at > a.away_since)))`,
    )
    .orderBy(sql`c.status = 'solved'`)
    .orderBy('c.number');
}
