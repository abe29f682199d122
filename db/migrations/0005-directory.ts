import { sql, type Kysely } from 'kysely';

/** Teams with members, canned replies, narrowed tokens, rate limits, and the full-text search. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- An agent may be in several teams.
CREATE UNIQUE INDEX teams_name ON teams (lower(name));
CREATE TABLE team_members (
  team_id text NOT NULL REFERENCES teams (id),
  agent_id text NOT NULL REFERENCES agents (id),
  PRIMARY KEY (team_id, agent_id)
);
CREATE INDEX team_members_agent ON team_members (agent_id);
INSERT INTO team_members (team_id, agent_id) SELECT team_id, id FROM agents WHERE team_id IS NOT NULL;
ALTER TABLE agents DROP COLUMN team_id;
CREATE INDEX conversations_team ON conversations (team_id) WHERE team_id IS NOT NULL;
CREATE INDEX conversations_organization ON conversations (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX participants_contact ON participants (contact_id, number);

-- The orders of the queue, closed conversations included: a search for frequent words walks along one until its page is full.
CREATE INDEX conversations_by_due ON conversations (next_due_at NULLS LAST, number);
CREATE INDEX conversations_by_latest ON conversations (last_message_at DESC, number DESC);
CREATE INDEX conversations_by_received ON conversations (received_at DESC, number DESC);

-- Texts that agents answer with; without an owner they are everybody's.
CREATE TABLE canned_replies (
  id text PRIMARY KEY,
  owner text REFERENCES agents (id),
  title text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE INDEX canned_replies_owner ON canned_replies (owner);

-- Scopes narrow what the agent's role allows; 'all' narrows nothing.
ALTER TABLE api_tokens
  ADD COLUMN scopes text[] NOT NULL DEFAULT '{all}',
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN last_used_at timestamptz;

-- What is swept away once it is over.
CREATE INDEX sessions_expired ON sessions (expires_at);
CREATE INDEX idempotency_keys_answered ON idempotency_keys (created_at) WHERE status IS NOT NULL;

-- When a mail was last tried, by the server's own clock: shown, never decided by.
ALTER TABLE outgoing_mails ADD COLUMN attempted_at timestamptz;
-- An instant of a conversation's state, milliseconds, as a time.
CREATE FUNCTION instant(ms float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT to_timestamp(ms / 1000)
$$;

-- Hits of a caller in the running window. Lost in a crash of the server, which is the price of costing next to nothing.
CREATE UNLOGGED TABLE rate_limits (
  key text PRIMARY KEY,
  hits integer NOT NULL,
  resets_at timestamptz NOT NULL
);
CREATE INDEX rate_limits_over ON rate_limits (resets_at);
`,
    )
    .execute(db);
  await sql.raw(search).execute(db);
}

/** Everything that a word can find, one row per source: a message or note, a conversation's own facts, a person in it. */
const search = `
-- Words as search compares them: without accents or case, ä like ae like a, ß like ss, punctuation as spaces. Every start of a
-- word is folded to a start of the folded word, so that prefixes find what they begin. It works alike under every locale.
CREATE FUNCTION search_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT replace(replace(replace(replace(replace(replace(replace(replace(
    lower(translate(normalize(words, NFKD),
      E'!"#$%&''()*+,-./:;<=>?@[\\\\]^_\`{|}~\\t\\r\\n\\u2013\\u2014\\u2018\\u2019\\u201a\\u201c\\u201d\\u201e\\u00ab\\u00bb\\u2022'
        || E'\\u0300\\u0301\\u0302\\u0303\\u0304\\u0306\\u0307\\u0308\\u030a\\u030b\\u030c\\u0327\\u0328',
      repeat(' ', 46))),
    'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'a'), 'œ', 'o'), 'ø', 'o'), 'ae', 'a'), 'oe', 'o'), 'ue', 'u')
$$;

-- The first part of very long texts: a tsvector has a limit, and no mail may fail because of it.
CREATE FUNCTION search_words(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT to_tsvector('simple', left(search_fold(left(words, 50000)), 60000))
$$;

-- One word that somebody looks for: its parts in a row, the last one as a start; digits alone are also a conversation's number. Without
-- any letter or digit it is null and finds nothing.
CREATE FUNCTION search_query(word text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT CASE WHEN folded = '' THEN NULL ELSE to_tsquery('simple',
    regexp_replace(folded, ' +', ' <-> ', 'g')
    || CASE WHEN length(folded) > 1 THEN ':*' ELSE '' END
    || CASE WHEN folded ~ '^[0-9]+$' THEN ' | number' || folded ELSE '' END) END
  FROM (SELECT trim(search_fold(left(word, 200)))) AS given (folded)
$$;

-- Digits of a phone number, also without its country code, so that it is found as people write it.
CREATE FUNCTION search_phone(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT concat_ws(' ', substr(digits, 1), substr(digits, 2), substr(digits, 3), substr(digits, 4))
  FROM (SELECT regexp_replace(phone, '[^0-9]', '', 'g')) AS given (digits)
$$;

CREATE TABLE search_entries (
  -- The conversation that it finds: the one that it was written in, or the one that this has become a part of.
  number bigint NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
  origin bigint NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
  -- 'message' with a message's id, 'person' with a contact's, 'conversation' with nothing.
  source text NOT NULL CHECK (source IN ('message', 'person', 'conversation')),
  ref text NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (origin, source, ref)
);
CREATE INDEX search_entries_number ON search_entries (number);
CREATE INDEX search_entries_words ON search_entries USING gin (words) WITH (gin_pending_list_limit = 1024);

CREATE FUNCTION search_enter(of bigint, source text, ref text, words tsvector) RETURNS void LANGUAGE sql AS $$
  INSERT INTO search_entries SELECT coalesce(c.merged_into, c.number), c.number, $2, $3, $4 FROM conversations AS c WHERE c.number = $1
    ON CONFLICT (origin, source, ref) DO UPDATE SET words = excluded.words
$$;

CREATE FUNCTION search_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM search_entries WHERE origin = OLD.number AND source = 'message' AND ref = OLD.id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM search_enter(NEW.number, 'message', NEW.id, search_words(NEW.body));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER search_message AFTER INSERT OR DELETE OR UPDATE OF number, body ON messages FOR EACH ROW EXECUTE FUNCTION search_message();

CREATE FUNCTION search_conversation_words(c conversations) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT search_words('number' || c.number || ' ' || c.subject || ' ' || array_to_string(c.tags || c.cluster || c.website, ' '))
$$;
CREATE FUNCTION search_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM search_enter(NEW.number, 'conversation', '', search_conversation_words(NEW));
  RETURN NULL;
END $$;
CREATE TRIGGER search_conversation AFTER INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION search_conversation();
CREATE TRIGGER search_changed_conversation AFTER UPDATE OF subject, tags, cluster, website ON conversations
  FOR EACH ROW WHEN ((OLD.subject, OLD.tags, OLD.cluster, OLD.website) IS DISTINCT FROM (NEW.subject, NEW.tags, NEW.cluster, NEW.website))
  EXECUTE FUNCTION search_conversation();

-- A merged conversation's words find its target, until the merge is undone.
CREATE FUNCTION search_merged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE search_entries SET number = coalesce(NEW.merged_into, NEW.number) WHERE origin = NEW.number;
  RETURN NULL;
END $$;
CREATE TRIGGER search_merged AFTER UPDATE OF merged_into ON conversations
  FOR EACH ROW WHEN (OLD.merged_into IS DISTINCT FROM NEW.merged_into) EXECUTE FUNCTION search_merged();

CREATE FUNCTION search_person_words(c contacts) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT search_words(concat_ws(' ', c.name, c.email, search_phone(c.phone)))
$$;
CREATE FUNCTION search_participant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM search_entries WHERE origin = OLD.number AND source = 'person' AND ref = OLD.contact_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM search_enter(NEW.number, 'person', c.id, search_person_words(c)) FROM contacts AS c WHERE c.id = NEW.contact_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER search_participant AFTER INSERT OR DELETE OR UPDATE OF number, contact_id ON participants
  FOR EACH ROW EXECUTE FUNCTION search_participant();
CREATE FUNCTION search_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE search_entries SET words = search_person_words(NEW)
    WHERE source = 'person' AND ref = NEW.id AND origin IN (SELECT number FROM participants WHERE contact_id = NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER search_contact AFTER UPDATE OF name, email, phone ON contacts
  FOR EACH ROW WHEN ((OLD.name, OLD.email, OLD.phone) IS DISTINCT FROM (NEW.name, NEW.email, NEW.phone)) EXECUTE FUNCTION search_contact();

INSERT INTO search_entries SELECT coalesce(c.merged_into, c.number), c.number, 'message', m.id, search_words(m.body)
  FROM messages AS m JOIN conversations AS c ON c.number = m.number;
INSERT INTO search_entries SELECT coalesce(merged_into, number), number, 'conversation', '', search_conversation_words(c) FROM conversations AS c;
INSERT INTO search_entries SELECT coalesce(v.merged_into, v.number), v.number, 'person', c.id, search_person_words(c)
  FROM participants AS p JOIN conversations AS v ON v.number = p.number JOIN contacts AS c ON c.id = p.contact_id;
`;
