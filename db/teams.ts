import { sql } from 'kysely';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { newId } from './new-id';
import { tellBeside } from './own-line';

/** A group of agents that conversations can belong to; it is never an assignee. */
export interface TeamRecord {
  readonly id: string;
  readonly name: string;
  /** By name. */
  readonly members: readonly { readonly id: string; readonly name: string }[];
  readonly createdAt: Date;
}

/** A team as it is named beside something else. */
export interface TeamNamed {
  readonly id: string;
  readonly name: string;
}

/** Teams by name, after the given position. */
export async function listTeams(db: Database, page: { after: { name: string; id: string } | null; limit: number }): Promise<TeamRecord[]> {
  let query = db.selectFrom('teams').select(['id', 'name', 'created_at as createdAt']).orderBy('name').orderBy('id').limit(page.limit);
  const { after } = page;
  if (after) {
    query = query.where((where) => where.or([where('name', '>', after.name), where.and([where('name', '=', after.name), where('id', '>', after.id)])]));
  }
  const rows = await query.execute();
  const members = await membersOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({ ...row, members: members.get(row.id) ?? [] }));
}

/** One team, or null. */
export async function getTeam(db: Database, id: string): Promise<TeamRecord | null> {
  const row = await db.selectFrom('teams').select(['id', 'name', 'created_at as createdAt']).where('id', '=', id).executeTakeFirst();
  return row ? { ...row, members: (await membersOf(db, [id])).get(id) ?? [] } : null;
}

/** Adds a team. Whether its name is free is the caller's to ask: {@link isTeamNameTaken}. */
export async function addTeam(db: Database, team: { name: string; members: readonly string[]; at: Date }): Promise<TeamRecord> {
  return inTransaction(db, async (trx) => {
    const id = newId('tm');
    await trx.insertInto('teams').values({ id, name: team.name, created_at: team.at }).execute();
    await setMembers(trx, id, team.members);
    return (await getTeam(trx, id)) as TeamRecord;
  });
}

/** Changes a team's name, or who is in it; null when there is none. */
export async function changeTeam(
  db: Database,
  id: string,
  change: { name?: string | undefined; members?: readonly string[] | undefined },
): Promise<TeamRecord | null> {
  return inTransaction(db, async (trx) => {
    const found = await trx.selectFrom('teams').select('id').where('id', '=', id).forUpdate().executeTakeFirst();
    if (!found) return null;
    if (change.name !== undefined) await trx.updateTable('teams').set({ name: change.name }).where('id', '=', id).execute();
    if (change.members !== undefined) {
      await trx.deleteFrom('team_members').where('team_id', '=', id).execute();
      await setMembers(trx, id, change.members);
    }
    return getTeam(trx, id);
  });
}

/**
 * Deletes a team. Its members stay agents; its conversations belong to no team, which the timeline of those that are not closed says. Answers
 * its name and how many those were; null when there is no such team.
 */
export async function deleteTeam(db: Database, id: string, { by, at }: { by: string; at: Date }): Promise<{ name: string; conversations: number } | null> {
  return inTransaction(db, async (trx) => {
    const team = await trx.selectFrom('teams').select('name').where('id', '=', id).forUpdate().executeTakeFirst();
    if (team === undefined) return null;
    const theirs = trx.updateTable('conversations').set({ team_id: null }).where('team_id', '=', id).returning(['number', 'status']);
    const open = (await theirs.execute()).filter(({ status }) => status !== 'closed');
    const data = { from: id, to: null, by, deleted: team.name };
    for (const { number } of open) await tellBeside(trx, number, { at: at.getTime(), type: 'team', data });
    await trx.deleteFrom('team_members').where('team_id', '=', id).execute();
    await trx.deleteFrom('teams').where('id', '=', id).execute();
    return { name: team.name, conversations: open.length };
  });
}

/** Whether a name, in whatever case, belongs to another team than `except`. */
export async function isTeamNameTaken(db: Database, name: string, except?: string): Promise<boolean> {
  let query = db
    .selectFrom('teams')
    .select('id')
    .where(sql<boolean>`lower(name) = lower(${name})`);
  if (except !== undefined) query = query.where('id', '<>', except);
  return (await query.executeTakeFirst()) !== undefined;
}

/** The first of these ids that is no team, or null. */
export async function unknownTeam(db: Database, ids: readonly string[]): Promise<string | null> {
  if (ids.length === 0) return null;
  const rows = await db.selectFrom('teams').select('id').where('id', 'in', ids).execute();
  const known = new Set(rows.map(({ id }) => id));
  return ids.find((id) => !known.has(id)) ?? null;
}

/** Teams of these agents, by name. */
export async function teamsOf(db: Database, agents: readonly string[]): Promise<ReadonlyMap<string, readonly TeamNamed[]>> {
  if (agents.length === 0) return new Map();
  const rows = await db
    .selectFrom('team_members as m')
    .innerJoin('teams as t', 't.id', 'm.team_id')
    .select(['m.agent_id', 't.id', 't.name'])
    .where('m.agent_id', 'in', agents)
    .orderBy('t.name')
    .orderBy('t.id')
    .execute();
  return grouped(rows.map(({ agent_id, ...team }) => [agent_id, team]));
}

/** Puts an agent into exactly these teams. */
export async function setTeamsOf(db: Database, agent: string, teams: readonly string[]): Promise<void> {
  await db.deleteFrom('team_members').where('agent_id', '=', agent).execute();
  if (teams.length === 0) return;
  await db
    .insertInto('team_members')
    .values([...new Set(teams)].map((team) => ({ team_id: team, agent_id: agent })))
    .execute();
}

/**
 * Gives a conversation to a team, or takes it from every team, and says so in its timeline. A team owes nothing, so no promise and no
 * workflow is concerned. Answers whether there is such a conversation.
 */
export async function setTeamOfConversation(db: Database, given: { number: number; team: string | null; by: string; at: Date }): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const { number, team } = given;
    const before = await trx.selectFrom('conversations').select('team_id').where('number', '=', number).forUpdate().executeTakeFirst();
    if (!before) return false;
    if (before.team_id === team) return true;
    await trx.updateTable('conversations').set({ team_id: team }).where('number', '=', number).execute();
    await tellBeside(trx, number, { at: given.at.getTime(), type: 'team', data: { from: before.team_id, to: team, by: given.by } });
    return true;
  });
}

async function membersOf(db: Database, teams: readonly string[]): Promise<ReadonlyMap<string, readonly TeamNamed[]>> {
  if (teams.length === 0) return new Map();
  const rows = await db
    .selectFrom('team_members as m')
    .innerJoin('agents as a', 'a.id', 'm.agent_id')
    .select(['m.team_id', 'a.id', 'a.name'])
    .where('m.team_id', 'in', teams)
    .orderBy('a.name')
    .orderBy('a.id')
    .execute();
  return grouped(rows.map(({ team_id, ...agent }) => [team_id, agent]));
}

async function setMembers(db: Database, team: string, agents: readonly string[]): Promise<void> {
  if (agents.length === 0) return;
  await db
    .insertInto('team_members')
    .values([...new Set(agents)].map((agent) => ({ team_id: team, agent_id: agent })))
    .execute();
}

function grouped(pairs: readonly (readonly [string, TeamNamed])[]): ReadonlyMap<string, readonly TeamNamed[]> {
  const groups = new Map<string, TeamNamed[]>();
  for (const [key, item] of pairs) groups.set(key, [...(groups.get(key) ?? []), item]);
  return groups;
}

/** The team that a policy names, by its id or its name; null when it names none, or one that there is not (any more). */
export async function teamNamed(db: Database, team: string | null): Promise<string | null> {
  if (team === null) return null;
  const row = await db
    .selectFrom('teams')
    .select('id')
    .where((where) => where.or([where('id', '=', team), where('name', '=', team)]))
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}
