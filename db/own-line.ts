import { sql, type Transaction } from 'kysely';
import type { TimelineEntry } from '../policy/effects';
import type { Schema } from './schema';

/** Beyond every line that a projection may still write for the same revision. */
const OWN_LINES = 10_000;

/**
 * Says in a conversation's timeline what concerns no promise and no workflow: after everything that it has told so far. Without an effect when
 * there is no such conversation.
 */
export async function tellBeside(trx: Transaction<Schema>, number: number, { at, type, data }: TimelineEntry): Promise<void> {
  const [told, text] = [new Date(at), JSON.stringify(data)];
  for (;;) {
    const { rows } = await sql<{ written: boolean }>`
      WITH place AS (
        SELECT c.number, c.revision,
          greatest((SELECT max(t.position) FROM timeline AS t WHERE t.number = c.number AND t.revision = c.revision), ${OWN_LINES}) + 1 AS position
        FROM conversations AS c WHERE c.number = ${number}
      ), line AS (
        INSERT INTO timeline (number, revision, position, at, type, data)
        SELECT number, revision, position, ${told}, ${type}, ${text}::jsonb FROM place
        ON CONFLICT (number, revision, position) DO NOTHING RETURNING number
      )
      SELECT EXISTS (SELECT FROM line) AS written FROM place`.execute(trx);
    // Somebody else has just taken the place; the next look finds the one after it.
    if (rows[0]?.written !== false) return;
  }
}
