import { sql, type Kysely } from 'kysely';

/** Files are kept once each, by the hash of their bytes; attachments refer to them, and may wait for the message that they will be sent with. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- What attachments contain; hash is SHA-256 in hex.
CREATE TABLE files (hash text PRIMARY KEY, bytes integer NOT NULL, content bytea NOT NULL);

INSERT INTO files (hash, bytes, content)
SELECT DISTINCT ON (encode(sha256(content), 'hex')) encode(sha256(content), 'hex'), octet_length(content), content FROM attachments;

ALTER TABLE attachments
  ADD COLUMN hash text REFERENCES files (hash),
  -- Content-ID of a picture that the mail's HTML shows, without angle brackets.
  ADD COLUMN content_id text,
  -- An upload belongs to its agent until a message of theirs takes it.
  ADD COLUMN uploaded_by text REFERENCES agents (id),
  ADD COLUMN uploaded_at timestamptz,
  ALTER COLUMN message_id DROP NOT NULL,
  ADD CHECK (message_id IS NOT NULL OR (uploaded_by IS NOT NULL AND uploaded_at IS NOT NULL));
UPDATE attachments SET hash = encode(sha256(content), 'hex');
ALTER TABLE attachments ALTER COLUMN hash SET NOT NULL, DROP COLUMN content;
CREATE INDEX attachments_hash ON attachments (hash);
CREATE INDEX attachments_unclaimed ON attachments (uploaded_at) WHERE message_id IS NULL;

-- From here on html is what the allow-list has let through. What was kept before is not, and was never shown; the raw mail has it.
UPDATE messages SET html = NULL WHERE html IS NOT NULL;
`,
    )
    .execute(db);
}
