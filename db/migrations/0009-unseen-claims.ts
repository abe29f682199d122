import { sql, type Kysely } from 'kysely';

/** What is claimed for a mail has not been mailed yet: its own column, so that `mailed_at` says what a server has taken. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
ALTER TABLE messages ADD COLUMN claimed_at timestamptz;
UPDATE messages SET claimed_at = mailed_at WHERE mailed_at IS NOT NULL;
`,
    )
    .execute(db);
}
