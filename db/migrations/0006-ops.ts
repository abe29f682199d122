import { sql, type Kysely } from 'kysely';

/** What running a desk needs: a budget that all workers share, and what its metrics look at. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- Calls that a provider allows for one key, as a bucket that fills up again: one for all workers.
CREATE TABLE provider_budgets (key text PRIMARY KEY, tokens double precision NOT NULL, filled_at timestamptz NOT NULL);

-- When a consequence was in the database, by the server's own clock: measured, never decided by.
ALTER TABLE timeline ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE notices ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX timeline_breaches ON timeline (written_at) WHERE type = 'promise.breached';
CREATE INDEX notices_written ON notices (written_at);
CREATE INDEX page_attempts_sent ON page_attempts (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outgoing_mails_intended ON outgoing_mails (at) WHERE state = 'intended';
CREATE INDEX conversations_lanes ON conversations (number) WHERE status <> 'closed' AND jsonb_path_exists(carried, '$.lanes[0]');
`,
    )
    .execute(db);
}
