import { sql, type Kysely } from 'kysely';

/** The desk's first tables. Times are timestamptz; ids that travel in URLs are text. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
CREATE TABLE settings (key text PRIMARY KEY, value jsonb NOT NULL);

-- Immutable policy snapshots, by hash. settings 'policy' names the current one.
CREATE TABLE policies (hash text PRIMARY KEY, version text NOT NULL, snapshot jsonb NOT NULL, created_at timestamptz NOT NULL);

CREATE TABLE organizations (
  id text PRIMARY KEY,
  name text NOT NULL,
  plan text NOT NULL DEFAULT 'standard',
  domains text[] NOT NULL DEFAULT '{}',
  clusters text[] NOT NULL DEFAULT '{}',
  websites text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);
CREATE INDEX organizations_domains ON organizations USING gin (domains);

CREATE TABLE contacts (
  id text PRIMARY KEY,
  organization_id text REFERENCES organizations (id),
  name text,
  email text,
  phone text,
  zone text,
  created_at timestamptz NOT NULL,
  CHECK (email IS NULL OR email = lower(email))
);
CREATE UNIQUE INDEX contacts_email ON contacts (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX contacts_phone ON contacts (phone) WHERE phone IS NOT NULL;

CREATE TABLE teams (id text PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL);

CREATE TABLE agents (
  id text PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE CHECK (email IS NULL OR email = lower(email)),
  role text NOT NULL CHECK (role IN ('viewer', 'agent', 'lead', 'admin')),
  team_id text REFERENCES teams (id),
  away boolean NOT NULL DEFAULT false,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL
);

-- Bearer tokens: SHA-256 of a high-entropy secret.
CREATE TABLE api_tokens (
  id text PRIMARY KEY,
  agent_id text NOT NULL REFERENCES agents (id),
  label text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);

-- Browser sign-ins: SHA-256 of the cookie, and of the token that it acts as.
CREATE TABLE sessions (
  hash bytea PRIMARY KEY,
  credential bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

-- Everything that came in, raw bytes first. state: accepted -> resolved | suspended | failed.
CREATE TABLE inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  received_at timestamptz NOT NULL,
  raw bytea NOT NULL,
  envelope jsonb NOT NULL DEFAULT '{}',
  urgent boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted', 'resolved', 'suspended', 'failed')),
  content_hash text,
  duplicate_of bigint REFERENCES inbox (id),
  number bigint,
  reason text,
  attempts integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  error text,
  resolved_at timestamptz
);
CREATE INDEX inbox_waiting ON inbox (urgent DESC, id) WHERE state = 'accepted';
CREATE INDEX inbox_content ON inbox (content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX inbox_kept_aside ON inbox (id) WHERE state IN ('suspended', 'failed');

CREATE SEQUENCE conversation_numbers START 1001;

CREATE TABLE conversations (
  number bigint PRIMARY KEY,
  kind text NOT NULL,
  channel text NOT NULL,
  initiated_by text NOT NULL DEFAULT 'customer',
  subject text NOT NULL,
  status text NOT NULL,
  priority text NOT NULL,
  priority_source text NOT NULL,
  plan text NOT NULL,
  requester_id text NOT NULL REFERENCES contacts (id),
  organization_id text REFERENCES organizations (id),
  assignee text REFERENCES agents (id),
  team_id text REFERENCES teams (id),
  -- Local part that the customer wrote to; answers leave from it.
  address text,
  cluster text[] NOT NULL DEFAULT '{}',
  website text[] NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  flags text[] NOT NULL DEFAULT '{}',
  policy_hash text NOT NULL REFERENCES policies (hash),
  received_at timestamptz NOT NULL,
  -- Inbound seq: given out by resolve; announced by relay; applied by the workflow (projected).
  last_seq integer NOT NULL,
  relayed_seq integer NOT NULL DEFAULT 0,
  relayed_at timestamptz,
  applied_seq integer NOT NULL DEFAULT 0,
  -- How it began (ConversationStart) and what it has become (Carried).
  start jsonb NOT NULL,
  carried jsonb,
  revision integer NOT NULL DEFAULT 0,
  next_due_at timestamptz,
  breached boolean NOT NULL DEFAULT false,
  snoozed_until timestamptz,
  merged_into bigint REFERENCES conversations (number),
  linked_from bigint REFERENCES conversations (number),
  last_message_at timestamptz NOT NULL,
  demo boolean NOT NULL DEFAULT false,
  closed_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE INDEX conversations_queue ON conversations (next_due_at NULLS LAST, number) WHERE status <> 'closed';
CREATE INDEX conversations_to_relay ON conversations (number) WHERE relayed_seq < last_seq;
CREATE INDEX conversations_unapplied ON conversations (number) WHERE applied_seq < last_seq;
CREATE INDEX conversations_requester ON conversations (requester_id);

CREATE TABLE participants (
  number bigint NOT NULL REFERENCES conversations (number),
  contact_id text NOT NULL REFERENCES contacts (id),
  role text NOT NULL CHECK (role IN ('requester', 'participant', 'thirdParty')),
  added_at timestamptz NOT NULL,
  PRIMARY KEY (number, contact_id)
);

-- id 'm…'. Inbound messages have a seq. state: received | waiting (undo-send) | sent | failed | withdrawn | shown (chat, note).
CREATE TABLE messages (
  id text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  seq integer,
  direction text NOT NULL CHECK (direction IN ('in', 'out', 'note')),
  author_kind text NOT NULL CHECK (author_kind IN ('customer', 'thirdParty', 'agent', 'system')),
  author_id text,
  channel text NOT NULL,
  body text NOT NULL,
  full_body text,
  html text,
  at timestamptz NOT NULL,
  state text NOT NULL,
  -- RFC 5322 Message-ID without angle brackets, ours or theirs.
  mail_id text,
  in_reply_to text,
  authenticated boolean NOT NULL DEFAULT false,
  machine boolean NOT NULL DEFAULT false,
  hint text,
  inbox_id bigint UNIQUE REFERENCES inbox (id),
  delivered_at timestamptz,
  -- Chat: when the customer saw it, or when it was claimed for a mail because they had gone.
  seen_at timestamptz,
  mailed_at timestamptz
);
CREATE UNIQUE INDEX messages_seq ON messages (number, seq) WHERE seq IS NOT NULL;
CREATE INDEX messages_thread ON messages (number, at, id);
CREATE INDEX messages_mail_id ON messages (mail_id) WHERE mail_id IS NOT NULL;

-- Chat: one lease per open tab; a customer is there while any lease runs.
CREATE TABLE chat_presence (
  number bigint NOT NULL REFERENCES conversations (number),
  tab text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (number, tab)
);

CREATE TABLE attachments (
  id text PRIMARY KEY,
  message_id text NOT NULL REFERENCES messages (id),
  position integer NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  bytes integer NOT NULL,
  content bytea NOT NULL
);
CREATE INDEX attachments_message ON attachments (message_id, position);

-- Exactly what a conversation was given, by its dense seq (InboundEvent).
CREATE TABLE conversation_events (
  number bigint NOT NULL REFERENCES conversations (number),
  seq integer NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (number, seq)
);

-- Projected: everything that happened and why.
CREATE TABLE timeline (
  number bigint NOT NULL REFERENCES conversations (number),
  revision integer NOT NULL,
  position integer NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (number, revision, position)
);

-- Projected; written first by resolve.
CREATE TABLE promises (
  key text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  kind text NOT NULL,
  cycle integer NOT NULL,
  state text NOT NULL,
  since timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  clock text NOT NULL,
  length_ms bigint NOT NULL,
  notice_at timestamptz,
  page_at timestamptz,
  paged boolean NOT NULL DEFAULT false,
  met_at timestamptz,
  breached_at timestamptz,
  cancelled_at timestamptz,
  reason text,
  paused boolean NOT NULL DEFAULT false,
  policy_hash text NOT NULL
);
CREATE INDEX promises_conversation ON promises (number);
CREATE INDEX promises_to_page ON promises (page_at) WHERE page_at IS NOT NULL AND NOT paged AND met_at IS NULL AND cancelled_at IS NULL;

-- A command is a row before it is an Update. state: queued -> done | refused.
CREATE TABLE commands (
  id text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  actor text NOT NULL,
  type text NOT NULL,
  command jsonb NOT NULL,
  body_ref text,
  at timestamptz NOT NULL,
  not_after timestamptz,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'refused')),
  result jsonb,
  finished_at timestamptz
);
CREATE INDEX commands_queued ON commands (at) WHERE state = 'queued';

-- Answers already given to requests with an Idempotency-Key.
CREATE TABLE idempotency_keys (
  actor text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  status integer,
  body jsonb,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (actor, key)
);

CREATE TABLE pages (
  id text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  page integer NOT NULL,
  -- Key of the first cause: whoever pages (workflow, watchdog, rebuild) inserts the same.
  cause_key text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'paging' CHECK (state IN ('paging', 'acknowledged', 'over')),
  urgency text NOT NULL,
  summary text NOT NULL,
  causes jsonb NOT NULL,
  level integer NOT NULL DEFAULT 1,
  round integer NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT 0,
  opened_at timestamptz NOT NULL,
  next_ring_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  acknowledgement_relayed_at timestamptz,
  over_at timestamptz,
  bundled_into text,
  demo boolean NOT NULL DEFAULT false
);
CREATE INDEX pages_open ON pages (opened_at DESC) WHERE state <> 'over';
CREATE INDEX pages_number ON pages (number);
CREATE INDEX pages_acknowledgement ON pages (acknowledged_at) WHERE acknowledged_at IS NOT NULL AND acknowledgement_relayed_at IS NULL;

CREATE TABLE page_attempts (
  page_id text NOT NULL,
  ring integer NOT NULL,
  target text NOT NULL,
  method text NOT NULL,
  level integer NOT NULL,
  dedup_key text NOT NULL,
  urgency text NOT NULL,
  due_at timestamptz NOT NULL,
  decided_at timestamptz NOT NULL,
  -- When this process claimed it for sending, by its own clock.
  claimed_at timestamptz,
  sent_at timestamptz,
  outcome text,
  error text,
  bundle text,
  PRIMARY KEY (page_id, ring, target, method)
);
CREATE INDEX page_attempts_target ON page_attempts (target, method, decided_at DESC);
CREATE INDEX page_attempts_bundle ON page_attempts (bundle) WHERE bundle IS NOT NULL;

CREATE TABLE notices (
  key text PRIMARY KEY,
  number bigint REFERENCES conversations (number),
  kind text NOT NULL,
  text text NOT NULL,
  to_agent text,
  due_at timestamptz NOT NULL,
  at timestamptz NOT NULL,
  slack_ts text,
  -- Why it will never be in Slack.
  slack_error text
);
CREATE INDEX notices_recent ON notices (at DESC);

-- Intent of each mail out: the exact bytes, before the first attempt. state: intended -> sent | refused | withdrawn.
CREATE TABLE outgoing_mails (
  key text PRIMARY KEY,
  number bigint NOT NULL REFERENCES conversations (number),
  kind text NOT NULL,
  message_ref text,
  recipient_id text NOT NULL,
  mail_id text NOT NULL UNIQUE,
  envelope_from text NOT NULL,
  envelope_to text NOT NULL,
  raw bytea NOT NULL,
  state text NOT NULL DEFAULT 'intended' CHECK (state IN ('intended', 'sent', 'refused', 'withdrawn')),
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  at timestamptz NOT NULL,
  finished_at timestamptz
);
CREATE INDEX outgoing_mails_number ON outgoing_mails (number);

-- Receipts already given, for the budgets against loops.
CREATE TABLE receipts (
  contact_id text NOT NULL,
  number bigint NOT NULL,
  subject_key text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (contact_id, number)
);
CREATE INDEX receipts_recent ON receipts (contact_id, at DESC);

-- The built-in mail catcher of npm start.
CREATE TABLE caught_mails (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL,
  envelope_from text NOT NULL,
  envelope_to text[] NOT NULL,
  raw bytea NOT NULL
);
`,
    )
    .execute(db);
}
