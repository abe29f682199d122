import { sql, type Kysely } from 'kysely';

/** What live events are made of: a log of what has changed, who is present in which chat, and how far everybody has read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(events).execute(db);
  await sql.raw(presence).execute(db);
}

/**
 * Rows are written only while somebody listens: nobody pays for a log that nobody reads. Whoever commits holds a shared lock from before it
 * looks whether anybody does; who begins to listen takes it alone, so each transaction is either seen by what they read first, or writes.
 *
 * Rows are written as their transaction commits, one transaction after the other, so that ids are in the order of the commits and whoever
 * has read up to one has missed none below it. NOTIFY takes a lock of its own until the commit is done; ours is held for as long as that one.
 */
const events = `
-- What has changed, ids only, for those who look at it right now; an hour of it is kept. Lost in a crash of the server: the sequence is
-- not, so whoever goes on from before learns that there is a gap.
CREATE SEQUENCE live_event_ids;
CREATE UNLOGGED TABLE live_events (
  id bigint PRIMARY KEY,
  number bigint NOT NULL,
  -- message: ref is its id · state: what lists show of the conversation · read: ref is the reader · people: somebody was taken out.
  kind text NOT NULL CHECK (kind IN ('message', 'state', 'read', 'people')),
  ref text NOT NULL,
  -- By the server's own clock: when it may be forgotten, never decided by.
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX live_events_at ON live_events USING brin (at);

-- Api processes to which somebody is connected, or was until lately.
CREATE TABLE live_listeners (
  api text PRIMARY KEY,
  since timestamptz NOT NULL
);

CREATE FUNCTION live_event(about bigint, kind text, ref text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(760802);
  IF NOT EXISTS (SELECT FROM live_listeners) THEN
    RETURN;
  END IF;
  -- Only ever taken while committing, when no other lock is waited for any more.
  PERFORM pg_advisory_xact_lock(760801);
  INSERT INTO live_events (id, number, kind, ref) VALUES (nextval('live_event_ids'), $1, $2, $3);
  PERFORM pg_notify('holdfast_live', '');
END $$;

CREATE FUNCTION live_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM live_event(NEW.number, 'message', NEW.id);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_message AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION live_message();
CREATE CONSTRAINT TRIGGER live_changed_message AFTER UPDATE OF state, seen_at, mailed_at, delivered_at ON messages DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN ((OLD.state, OLD.seen_at, OLD.mailed_at, OLD.delivered_at) IS DISTINCT FROM (NEW.state, NEW.seen_at, NEW.mailed_at, NEW.delivered_at))
  EXECUTE FUNCTION live_message();

CREATE FUNCTION live_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM live_event(NEW.number, 'state', '');
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_conversation AFTER INSERT ON conversations DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION live_state();
-- Whatever a workflow tells has a new revision; the rest is written by others.
CREATE CONSTRAINT TRIGGER live_changed_conversation
  AFTER UPDATE OF revision, status, subject, requester_id, team_id, flags, tags, cluster, website, last_message_at, merged_into ON conversations
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.revision, OLD.status, OLD.subject, OLD.requester_id, OLD.team_id, OLD.flags, OLD.tags, OLD.cluster, OLD.website, OLD.last_message_at, OLD.merged_into)
    IS DISTINCT FROM
    (NEW.revision, NEW.status, NEW.subject, NEW.requester_id, NEW.team_id, NEW.flags, NEW.tags, NEW.cluster, NEW.website, NEW.last_message_at, NEW.merged_into))
  EXECUTE FUNCTION live_state();
CREATE CONSTRAINT TRIGGER live_rating AFTER INSERT OR UPDATE ON ratings DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION live_state();
CREATE CONSTRAINT TRIGGER live_chat AFTER UPDATE OF proof, contact_id, identity ON chats DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN ((OLD.proof, OLD.contact_id, OLD.identity) IS DISTINCT FROM (NEW.proof, NEW.contact_id, NEW.identity))
  EXECUTE FUNCTION live_state();

CREATE FUNCTION live_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM live_event(OLD.number, 'people', OLD.contact_id);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_people AFTER DELETE OR UPDATE ON participants DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION live_people();

-- Somebody's access may have ended: whoever has connections open looks at once who of them is still let in.
CREATE FUNCTION live_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('holdfast_live_access', '');
  RETURN NULL;
END $$;
CREATE TRIGGER live_access AFTER DELETE OR UPDATE OF revoked_at, expires_at, scopes ON api_tokens FOR EACH STATEMENT EXECUTE FUNCTION live_access();
CREATE TRIGGER live_access AFTER UPDATE OF disabled_at, role ON agents FOR EACH STATEMENT EXECUTE FUNCTION live_access();
CREATE TRIGGER live_access AFTER DELETE OR UPDATE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION live_access();
CREATE TRIGGER live_access AFTER DELETE ON visitors FOR EACH STATEMENT EXECUTE FUNCTION live_access();
-- Coming again makes a token hold longer, which ends nobody's access.
CREATE TRIGGER live_changed_access AFTER UPDATE OF revoked_at, expires_at, contact_id, identity, proof ON visitors FOR EACH ROW
  WHEN ((OLD.revoked_at, OLD.contact_id, OLD.identity, OLD.proof) IS DISTINCT FROM (NEW.revoked_at, NEW.contact_id, NEW.identity, NEW.proof)
    OR NEW.expires_at < OLD.expires_at)
  EXECUTE FUNCTION live_access();
`;

const presence = `
-- Every api process, with when it was last alive: one row is renewed for all tabs that are connected to it.
CREATE TABLE api_instances (
  id text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  beat_at timestamptz NOT NULL,
  -- It was asked to stop, and its tabs went elsewhere.
  stopped_at timestamptz
);

-- One row per open tab that shows a conversation, a customer's or an agent's. Whoever is there is so while any of their tabs is.
DROP TABLE chat_presence;
CREATE TABLE chat_presence (
  number bigint NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
  -- 'contact:<contact id>' or 'agent:<agent id>'.
  reader text NOT NULL,
  tab text NOT NULL,
  -- The api that it is connected to, whose beat renews it; null for a tab that only says now and then that it is there.
  api text,
  -- When it last said so.
  present_at timestamptz NOT NULL,
  -- When it was closed or hidden; null while it is there.
  left_at timestamptz,
  PRIMARY KEY (number, reader, tab)
);
CREATE INDEX chat_presence_api ON chat_presence (api) WHERE left_at IS NULL;

-- Up to which message somebody has read; it only ever moves on.
CREATE TABLE read_marks (
  number bigint NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
  -- As in chat_presence.
  reader text NOT NULL,
  message_id text NOT NULL,
  message_at timestamptz NOT NULL,
  marked_at timestamptz NOT NULL,
  PRIMARY KEY (number, reader)
);
CREATE FUNCTION live_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM live_event(NEW.number, 'read', NEW.reader);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_read AFTER INSERT OR UPDATE ON read_marks DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION live_read();
`;
