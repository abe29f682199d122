import { sql, type Kysely } from 'kysely';

/** What the relay asks with each claim: how many workflows are being started, whose turn it is, and who does not wait behind thousands of new ones. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
CREATE INDEX conversations_starting ON conversations (relayed_at) WHERE relayed_seq = 0 AND relayed_at IS NOT NULL;
CREATE INDEX conversations_new ON conversations (number) WHERE relayed_seq = 0 AND priority <> 'urgent';
CREATE INDEX conversations_to_relay_first ON conversations (number) WHERE relayed_seq < last_seq AND (relayed_seq > 0 OR priority = 'urgent');
`,
    )
    .execute(db);
}
