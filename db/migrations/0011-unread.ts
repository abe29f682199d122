import { sql, type Kysely } from 'kysely';

/** What was written down and never read: how often a transcript may be had is counted with the other rate limits. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE chats DROP COLUMN transcript_at`.execute(db);
}
