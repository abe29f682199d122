import type { Generated } from 'kysely';
import type { Role } from '../policy/words';
import type { NullableColumn, NullableJson, NullableTimestamp, Timestamp } from './columns';

/** Tables of who is who: staff, their tokens and texts, customers, and how they are counted and found. */

/** Table `organizations`; see the migration for what each column means. */
export interface OrganizationsTable {
  id: string;
  name: string;
  plan: Generated<string>;
  domains: Generated<string[]>;
  clusters: Generated<string[]>;
  websites: Generated<string[]>;
  created_at: Timestamp;
}

/** Table `contacts`; see the migration for what each column means. */
export interface ContactsTable {
  id: string;
  organization_id: string | null;
  name: string | null;
  email: string | null;
  phone: string | null;
  zone: string | null;
  locale: NullableColumn<'de' | 'en'>;
  made_by_staff: Generated<boolean>;
  created_at: Timestamp;
}

/** Table `teams`; see the migration for what each column means. */
export interface TeamsTable {
  id: string;
  name: string;
  created_at: Timestamp;
}

/** Table `agents`; see the migration for what each column means. */
export interface AgentsTable {
  id: string;
  name: string;
  email: string | null;
  role: Role;
  away: Generated<boolean>;
  away_since: NullableTimestamp;
  avatar: NullableColumn<string>;
  disabled_at: NullableTimestamp;
  created_at: Timestamp;
}

/** Table `api_tokens`; see the migration for what each column means. */
export interface ApiTokensTable {
  id: string;
  agent_id: string;
  label: string;
  hash: Buffer;
  created_at: Timestamp;
  revoked_at: NullableTimestamp;
  scopes: Generated<string[]>;
  expires_at: NullableTimestamp;
  last_used_at: NullableTimestamp;
}

/** Table `sessions`; see the migration for what each column means. */
export interface SessionsTable {
  hash: Buffer;
  credential: Buffer;
  created_at: Timestamp;
  expires_at: Timestamp;
}

/** Table `idempotency_keys`; see the migration for what each column means. */
export interface IdempotencyKeysTable {
  actor: string;
  key: string;
  request_hash: string;
  status: number | null;
  body: NullableJson<unknown>;
  created_at: Timestamp;
}

/** Table `team_members`; see the migration for what each column means. */
export interface TeamMembersTable {
  team_id: string;
  agent_id: string;
}

/** Table `canned_replies`; see the migration for what each column means. */
export interface CannedRepliesTable {
  id: string;
  owner: string | null;
  title: string;
  body: string;
  created_at: Timestamp;
  changed_at: Timestamp;
}

/** Table `rate_limits`; see the migration for what each column means. */
export interface RateLimitsTable {
  key: string;
  hits: number;
  resets_at: Timestamp;
}

/** Table `search_entries`, which triggers keep; see the migration for what each column means. */
export interface SearchEntriesTable {
  number: number;
  origin: number;
  source: 'message' | 'person' | 'conversation';
  ref: string;
  words: string;
}
