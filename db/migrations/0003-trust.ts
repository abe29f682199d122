import { sql, type Kysely } from 'kysely';

/** What authentication says of each mail, mail that is kept aside with what a list shows of it, blocked senders, and bounces of our own mail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- What authentication says about From: pass | none | fail | reject. Null: not judged (yet), which counts as none.
ALTER TABLE messages ADD COLUMN verdict text CHECK (verdict IN ('pass', 'none', 'fail', 'reject'));

ALTER TABLE inbox
  ADD COLUMN verdict text CHECK (verdict IN ('pass', 'none', 'fail', 'reject')),
  -- Of mail that is kept aside: who wrote, its subject, and how it begins.
  ADD COLUMN sender text,
  ADD COLUMN subject text,
  ADD COLUMN preview text,
  -- What a person last decided about mail that was kept aside, who, and when; promises count from then.
  ADD COLUMN act text CHECK (act IN ('release', 'retry', 'delete')),
  ADD COLUMN acted_by text,
  ADD COLUMN acted_at timestamptz;
-- deleted: a person deleted what was kept aside; the row stays, its bytes are gone.
ALTER TABLE inbox DROP CONSTRAINT inbox_state_check;
ALTER TABLE inbox ADD CONSTRAINT inbox_state_check CHECK (state IN ('accepted', 'resolved', 'suspended', 'failed', 'deleted'));
DROP INDEX inbox_kept_aside;
CREATE INDEX inbox_kept_aside ON inbox (received_at DESC, id DESC) WHERE state IN ('suspended', 'failed');
CREATE INDEX inbox_number ON inbox (number) WHERE number IS NOT NULL;
CREATE INDEX inbox_unjudged ON inbox (urgent DESC, id) WHERE state = 'accepted' AND verdict IS NULL;

-- An address such as spam@example.org, or a domain such as @example.org; lower case.
CREATE TABLE blocked_senders (
  sender text PRIMARY KEY CHECK (sender = lower(sender)),
  -- Agent id.
  blocked_by text NOT NULL,
  blocked_at timestamptz NOT NULL
);

-- When this mail came back for good; the first time counts.
ALTER TABLE outgoing_mails ADD COLUMN bounced_at timestamptz;
CREATE INDEX outgoing_mails_recipient ON outgoing_mails (recipient_id, at DESC);
`,
    )
    .execute(db);
}
