import { sql, type Kysely } from 'kysely';

/** Merges with what an undo needs, and people whom a mail names and an agent has yet to admit. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- conversations.merged_into says where a conversation is now; this says how it came there, and whether it was undone.
CREATE TABLE merges (
  id text PRIMARY KEY,
  source bigint NOT NULL REFERENCES conversations (number),
  target bigint NOT NULL REFERENCES conversations (number),
  -- Agent id.
  merged_by text NOT NULL,
  merged_at timestamptz NOT NULL,
  -- Contacts whom the merge brought into the target, with their role there; an undo takes them out again.
  brought jsonb NOT NULL,
  undone_at timestamptz
);
CREATE UNIQUE INDEX merges_source ON merges (source) WHERE undone_at IS NULL;
CREATE INDEX merges_target ON merges (target) WHERE undone_at IS NULL;
CREATE INDEX conversations_merged ON conversations (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX conversations_linked ON conversations (linked_from) WHERE linked_from IS NOT NULL;

CREATE INDEX commands_conversation ON commands (number);

-- Somebody whom a mail names, shown to agents: copied on the first mail (participant), or the author of a mail that an agent forwarded
-- (requester). They have no record as a contact and are written nothing until an agent admits them.
CREATE TABLE proposals (
  id text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  role text NOT NULL CHECK (role IN ('requester', 'participant')),
  email text NOT NULL CHECK (email = lower(email)),
  name text,
  at timestamptz NOT NULL,
  UNIQUE (number, role, email)
);
`,
    )
    .execute(db);
}
