import { sql, type Kysely } from 'kysely';

/** Chats with who wrote them, the tokens of their visitors, mailed codes, ratings, and what the expectation is made of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- One row per visitor token ('vt_…'; its SHA-256): who holds it, and how we know.
CREATE TABLE visitors (
  id text PRIMARY KEY,
  contact_id text NOT NULL REFERENCES contacts (id),
  -- signed: by the host's dashboard. code: mailed to the address, and brought back. claimed: typed in, no more.
  proof text NOT NULL CHECK (proof IN ('signed', 'code', 'claimed')),
  -- Whose one open chat is theirs: 'dashboard:<sub>', 'contact:<contact id>' or 'visitor:<id>'.
  identity text NOT NULL,
  name text,
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('de', 'en')),
  time_zone text,
  -- What the signed identity says.
  organization_id text REFERENCES organizations (id),
  clusters text[] NOT NULL DEFAULT '{}',
  websites text[] NOT NULL DEFAULT '{}',
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX visitors_contact ON visitors (contact_id);
CREATE INDEX visitors_expired ON visitors (expires_at);

-- What a conversation that began in the widget has beyond others; it keeps this as a ticket too.
CREATE TABLE chats (
  number bigint PRIMARY KEY REFERENCES conversations (number) ON DELETE CASCADE,
  -- As in visitors. One of these is open at a time: its opening holds a lock on the identity.
  identity text NOT NULL,
  -- mail: an authenticated answer by mail has proven what was only claimed.
  proof text NOT NULL CHECK (proof IN ('signed', 'code', 'claimed', 'mail')),
  contact_id text NOT NULL REFERENCES contacts (id),
  -- In which language, and in which time zone the customer reads.
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('de', 'en')),
  time_zone text,
  -- Origin of the page that the widget stood in.
  opened_from text,
  -- Mails with what was not seen, which an address that is only claimed gets a few of.
  unseen_mails integer NOT NULL DEFAULT 0,
  -- When the customer last asked for the transcript.
  transcript_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE INDEX chats_identity ON chats (identity, number DESC);

-- What a customer thought of it: one answer, which they may change.
CREATE TABLE ratings (
  number bigint PRIMARY KEY REFERENCES conversations (number) ON DELETE CASCADE,
  score text NOT NULL CHECK (score IN ('good', 'bad')),
  words text,
  contact_id text NOT NULL REFERENCES contacts (id),
  at timestamptz NOT NULL
);
CREATE INDEX ratings_at ON ratings (at);

-- Codes mailed to an address to prove it; the code's keyed hash.
CREATE TABLE codes (
  id text PRIMARY KEY,
  email text NOT NULL CHECK (email = lower(email)),
  hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  used_at timestamptz,
  -- In which language it is told.
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('de', 'en')),
  -- When a mail server took it, or refused it for good.
  mailed_at timestamptz
);
CREATE INDEX codes_unmailed ON codes (created_at) WHERE mailed_at IS NULL;
CREATE INDEX codes_email ON codes (email, created_at DESC);
CREATE INDEX codes_expired ON codes (expires_at);

-- An upload belongs to its agent or visitor until a message of theirs takes it.
ALTER TABLE attachments ADD COLUMN visitor_id text REFERENCES visitors (id) ON DELETE SET NULL;
ALTER TABLE attachments DROP CONSTRAINT attachments_check;
ALTER TABLE attachments ADD CONSTRAINT attachments_owned
  CHECK (message_id IS NOT NULL OR uploaded_at IS NOT NULL);
CREATE INDEX attachments_visitor ON attachments (visitor_id) WHERE visitor_id IS NOT NULL;

-- A picture of theirs, which customers see.
ALTER TABLE agents ADD COLUMN avatar text REFERENCES files (hash);

-- In which language they are written to; null where nobody has said, and their own words tell.
ALTER TABLE contacts ADD COLUMN locale text CHECK (locale IN ('de', 'en'));

-- Every message whose words a mail carries, where these are several: the last one is its message_ref.
ALTER TABLE outgoing_mails ADD COLUMN carries text[] NOT NULL DEFAULT '{}';

-- What the expectation is made of: when each agent last wrote, and how quickly chats were answered.
CREATE INDEX messages_agent ON messages (author_id, at DESC) WHERE author_kind = 'agent' AND direction = 'out';
CREATE INDEX promises_first_answered ON promises (met_at) WHERE kind = 'firstResponse' AND met_at IS NOT NULL;
CREATE INDEX conversations_chats ON conversations (number) WHERE kind = 'chat' AND status <> 'closed';
`,
    )
    .execute(db);
}
