import { sql, type Kysely } from 'kysely';

/** A chat is started like what is urgent: somebody sits in front of it, while mail can wait for its turn. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
DROP INDEX conversations_new;
DROP INDEX conversations_to_relay_first;
CREATE INDEX conversations_new ON conversations (number) WHERE relayed_seq = 0 AND priority <> 'urgent' AND kind <> 'chat';
CREATE INDEX conversations_to_relay_first ON conversations (number) WHERE relayed_seq < last_seq AND (relayed_seq > 0 OR priority = 'urgent' OR kind = 'chat');
`,
    )
    .execute(db);
}
