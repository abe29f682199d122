import type { Role } from '../policy/words';
import type { Database } from './connection';
import { newId } from './new-id';

/** A member of staff. */
export interface AgentRecord {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  readonly away: boolean;
  /** The hash of their picture's bytes. */
  readonly avatar: string | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

/** A bearer token without its secret, which only its owner has. */
export interface TokenRecord {
  readonly id: string;
  readonly label: string;
  /** What the token may be used for, within its agent's role. */
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** An agent as a token stands for them. */
export interface TokenHolder {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly tokenId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const columns = ['id', 'name', 'email', 'role', 'away', 'avatar', 'disabled_at as disabledAt', 'created_at as createdAt'] as const;

const tokenColumns = [
  'id',
  'label',
  'scopes',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'last_used_at as lastUsedAt',
  'revoked_at as revokedAt',
] as const;

/** The enabled agent of a token that is neither revoked nor expired at `now`, by the token's SHA-256, or null. */
export async function agentOfToken(db: Database, hash: Buffer, now: Date): Promise<TokenHolder | null> {
  const row = await db
    .selectFrom('api_tokens')
    .innerJoin('agents', 'agents.id', 'api_tokens.agent_id')
    .select(['agents.id', 'agents.name', 'agents.role', 'api_tokens.id as tokenId', 'api_tokens.scopes'])
    .select(['api_tokens.expires_at as expiresAt', 'api_tokens.last_used_at as lastUsedAt'])
    .where('api_tokens.hash', '=', hash)
    .where('api_tokens.revoked_at', 'is', null)
    .where((where) => where.or([where('api_tokens.expires_at', 'is', null), where('api_tokens.expires_at', '>', now)]))
    .where('agents.disabled_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** Notes that a token was used; never back in time. */
export async function noteTokenUse(db: Database, id: string, at: Date): Promise<void> {
  await db
    .updateTable('api_tokens')
    .set({ last_used_at: at })
    .where('id', '=', id)
    .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', at)]))
    .execute();
}

/** The first agent who is not disabled, for whom the admin token acts; null on an empty desk. */
export async function firstAgent(db: Database): Promise<AgentRecord | null> {
  const row = await db.selectFrom('agents').select(columns).where('disabled_at', 'is', null).orderBy('created_at').orderBy('id').limit(1).executeTakeFirst();
  return row ?? null;
}

/** Gives an empty desk its first agent, "Admin", so that the admin token acts as someone; safe to call from several processes. */
export async function ensureFirstAgent(db: Database, at: Date): Promise<void> {
  const anyone = await db.selectFrom('agents').select('id').limit(1).executeTakeFirst();
  if (anyone) return;
  await db
    .insertInto('agents')
    // A fixed id, so that two processes that start together add one agent.
    .values({ id: 'admin', name: 'Admin', email: null, role: 'admin', created_at: at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Agents by name, after the given position, perhaps only those of a team. */
export async function listAgents(
  db: Database,
  page: { team?: string | undefined; after: { name: string; id: string } | null; limit: number },
): Promise<AgentRecord[]> {
  let query = db.selectFrom('agents').select(columns).orderBy('name').orderBy('id').limit(page.limit);
  const { after, team } = page;
  if (team !== undefined) query = query.where('id', 'in', (sub) => sub.selectFrom('team_members').select('agent_id').where('team_id', '=', team));
  if (after) {
    query = query.where((where) => where.or([where('name', '>', after.name), where.and([where('name', '=', after.name), where('id', '>', after.id)])]));
  }
  return query.execute();
}

/** One agent, or null. */
export async function getAgent(db: Database, id: string): Promise<AgentRecord | null> {
  const row = await db.selectFrom('agents').select(columns).where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Adds an agent. Whether the e-mail address is free is the caller's to ask: {@link isEmailTaken}. */
export async function addAgent(db: Database, agent: { name: string; email: string | null; role: Role; at: Date }): Promise<AgentRecord> {
  return db
    .insertInto('agents')
    .values({ id: newId('a'), name: agent.name, email: agent.email, role: agent.role, created_at: agent.at })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** What may change of an agent. */
export interface AgentChange {
  readonly name?: string | undefined;
  readonly email?: string | null | undefined;
  readonly role?: Role | undefined;
  /** Since when they are away, or null when they are there. */
  readonly awaySince?: Date | null | undefined;
  /** When they were disabled, or null to enable them. */
  readonly disabledAt?: Date | null | undefined;
}

/** Changes an agent; null when there is none. */
export async function changeAgent(db: Database, id: string, change: AgentChange): Promise<AgentRecord | null> {
  const set = {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.email === undefined ? {} : { email: change.email }),
    ...(change.role === undefined ? {} : { role: change.role }),
    ...(change.awaySince === undefined ? {} : { away: change.awaySince !== null, away_since: change.awaySince }),
    ...(change.disabledAt === undefined ? {} : { disabled_at: change.disabledAt }),
  };
  if (Object.keys(set).length === 0) return getAgent(db, id);
  const row = await db.updateTable('agents').set(set).where('id', '=', id).returning(columns).executeTakeFirst();
  return row ?? null;
}

/** Whether an address (lower case) belongs to another agent than `except`. */
export async function isEmailTaken(db: Database, email: string, except?: string): Promise<boolean> {
  let query = db.selectFrom('agents').select('id').where('email', '=', email);
  if (except !== undefined) query = query.where('id', '<>', except);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Keeps a token by its SHA-256; without scopes it may all that its agent may, without an end it lasts until it is revoked. */
export async function addToken(
  db: Database,
  token: { agentId: string; label: string; hash: Buffer; scopes?: readonly string[] | undefined; expiresAt?: Date | null | undefined; at: Date },
): Promise<TokenRecord> {
  return db
    .insertInto('api_tokens')
    .values({
      id: newId('t'),
      agent_id: token.agentId,
      label: token.label,
      hash: token.hash,
      scopes: [...(token.scopes ?? ['all'])],
      expires_at: token.expiresAt ?? null,
      created_at: token.at,
    })
    .returning(tokenColumns)
    .executeTakeFirstOrThrow();
}

/** An agent's tokens, oldest first. */
export async function listTokens(db: Database, agentId: string): Promise<TokenRecord[]> {
  return db.selectFrom('api_tokens').select(tokenColumns).where('agent_id', '=', agentId).orderBy('created_at').orderBy('id').execute();
}

/** Revokes an agent's token; false when it is not theirs. A token revoked before keeps its time. */
export async function revokeToken(db: Database, agentId: string, id: string, at: Date): Promise<boolean> {
  const row = await db
    .updateTable('api_tokens')
    .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(at)) }))
    .where('id', '=', id)
    .where('agent_id', '=', agentId)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The first of these ids that is no agent, or null. */
export async function unknownAgent(db: Database, ids: readonly string[]): Promise<string | null> {
  if (ids.length === 0) return null;
  const rows = await db.selectFrom('agents').select('id').where('id', 'in', ids).execute();
  const known = new Set(rows.map(({ id }) => id));
  return ids.find((id) => !known.has(id)) ?? null;
}
