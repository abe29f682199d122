import { addAgent, changeAgent, getAgent, isEmailTaken, listAgents, type AgentRecord } from '../../db/agents';
import { addCommand } from '../../db/commands';
import { leftBehindBy } from '../../db/left-behind';
import { newId } from '../../db/new-id';
import { setTeamsOf, teamsOf, unknownTeam, type TeamNamed } from '../../db/teams';
import type { Database } from '../../db/connection';
import { GIVE_BACK } from '../../intake/give-back';
import { HoldfastError } from '../../messages/errors';
import { ROLES } from '../../policy/words';
import { sweepOne } from '../commands';
import type { ApiContext } from '../context';
import { avatarUrl } from '../file-links';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line, rfc3339, text, time } from '../schemas/text';

/** How long a conversation may take to answer before the sweep takes over, in milliseconds. */
const TELL_WITHIN_MS = 2_000;

const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`);
/** An agent as the API answers. */
export const agent = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    role,
    teams: z.array(z.strictObject({ id: z.string(), name: z.string() })),
    away: z.boolean(),
    avatar: z.string().nullable().openapi({ description: 'Where their picture is.' }),
    disabled: z.boolean(),
    createdAt: time,
  })
  .openapi('Agent');
const idParams = z.strictObject({ id: text(100) });
const flag = z.boolean('must be true or false');
const teams = z.array(text(100), 'must be a list of ids of teams').max(50).optional().openapi({ description: 'Ids of teams.' });
const agentBody = z.strictObject({ name: line(200), email: emailAddress.nullable().optional(), role, teams }).openapi('NewAgent');
const agentChange = z
  .strictObject({ name: line(200).optional(), email: emailAddress.nullable().optional(), role: role.optional(), teams, disabled: flag.optional() })
  .openapi('AgentChange');
const place = z.tuple([placeText, placeText]);
const ofParams = ({ id }: Readonly<Record<string, string>>) => ({ agentId: id ?? '' });

/** Staff, their teams and whether they are there. */
export const agentRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/agents',
    action: 'agent.read',
    tag: 'Agents',
    summary: 'Staff, by name',
    query: listQuery.extend({ team: text(100).optional().openapi({ description: 'Only those of this team.' }) }),
    answers: { 200: { about: 'A page of agents.', schema: listOf(agent) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'agents', place);
      const rows = await listAgents(db, { team: query.team, after: after && { name: after[0], id: after[1] }, limit: limit + 1 });
      const inTeams = await teamsOf(
        db,
        rows.map(({ id }) => id),
      );
      return {
        status: 200,
        body: pageOf(
          rows,
          limit,
          (row) => agentAnswer(row, inTeams.get(row.id) ?? []),
          (last) => encodeCursor('agents', [last.name, last.id]),
        ),
      };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/agents',
    action: 'agent.write',
    tag: 'Agents',
    summary: 'Add an agent',
    body: agentBody,
    answers: { 201: { about: 'The new agent.', schema: agent } },
    async handle({ context, db, body }) {
      await requireFreeEmail(db, body.email);
      await requireTeams(db, body.teams);
      const added = await addAgent(db, { name: body.name, email: body.email ?? null, role: body.role, at: new Date(context.now()) });
      if (body.teams !== undefined) await setTeamsOf(db, added.id, body.teams);
      return { status: 201, body: await withTeams(db, added), headers: { Location: `/api/v1/agents/${added.id}` } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/agents/{id}',
    action: 'agent.read',
    tag: 'Agents',
    summary: 'One agent; `me` is whoever asks',
    params: idParams,
    answers: { 200: { about: 'The agent.', schema: agent } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params }) {
      return { status: 200, body: await withTeams(db, found(await getAgent(db, params.id === 'me' ? actor.id : params.id))) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/agents/{id}',
    action: 'agent.write',
    tag: 'Agents',
    summary: 'Change an agent; disabling one gives back all their conversations that are not closed',
    params: idParams,
    body: agentChange,
    answers: { 200: { about: 'The agent as changed.', schema: agent } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params, body }) {
      const before = found(await getAgent(db, params.id));
      if (body.disabled === true && before.id === actor.id)
        throw new InvalidRequest([{ path: 'body.disabled', message: 'would lock yourself out; ask another admin' }]);
      await requireFreeEmail(db, body.email, before.id);
      await requireTeams(db, body.teams);
      const { disabled, teams: inTeams, ...rest } = body;
      const disabledAt = disabled === undefined ? undefined : disabled ? (before.disabledAt ?? new Date(context.now())) : null;
      const after = found(await changeAgent(db, before.id, { ...rest, disabledAt }));
      if (inTeams !== undefined) await setTeamsOf(db, before.id, inTeams);
      const given = disabled === true && before.disabledAt === null ? await giveBack(db, before.id, actor.id, context.now()) : [];
      return { status: 200, body: await withTeams(db, after), afterCommit: () => tellAll(context, given) };
    },
  }),
  apiRoute({
    method: 'put',
    path: '/agents/{id}/availability',
    action: 'agent.availability',
    target: ofParams,
    tag: 'Agents',
    summary: 'Say that someone is away, or back; being away gives their unsolved conversations back',
    params: idParams,
    body: z.strictObject({ away: flag }),
    answers: { 200: { about: 'The agent as changed.', schema: agent } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params, body }) {
      const before = found(await getAgent(db, params.id));
      const awaySince = body.away === before.away ? undefined : body.away ? new Date(context.now()) : null;
      const after = found(await changeAgent(db, before.id, { awaySince }));
      const given = body.away && !before.away ? await giveBack(db, before.id, actor.id, context.now()) : [];
      return { status: 200, body: await withTeams(db, after), afterCommit: () => tellAll(context, given) };
    },
  }),
];

/** An agent's answer with the teams that they are in. */
export async function withTeams(db: Database, record: AgentRecord) {
  return agentAnswer(record, (await teamsOf(db, [record.id])).get(record.id) ?? []);
}

function agentAnswer({ id, name, email, role: ofAgent, away, avatar, disabledAt, createdAt }: AgentRecord, inTeams: readonly TeamNamed[]) {
  return { id, name, email, role: ofAgent, teams: inTeams, away, avatar: avatarUrl(avatar), disabled: disabledAt !== null, createdAt: rfc3339(createdAt) };
}

/** The agent, or E_NOT_FOUND. */
export function found(record: AgentRecord | null): AgentRecord {
  if (record === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such agent.');
  return record;
}

async function requireFreeEmail(db: Database, email: string | null | undefined, except?: string): Promise<void> {
  if (email !== undefined && email !== null && (await isEmailTaken(db, email, except))) {
    throw new InvalidRequest([{ path: 'body.email', message: 'belongs to another agent' }]);
  }
}

async function requireTeams(db: Database, ids: readonly string[] | undefined): Promise<void> {
  if ((await unknownTeam(db, ids ?? [])) !== null) throw new InvalidRequest([{ path: 'body.teams', message: 'names a team that there is not' }]);
}

/**
 * Product: disabling or sending away an assignee starts a new dispatch promise, so their conversations are nobody's again. Answers their
 * numbers. What becomes theirs later all the same, a sweep gives back.
 */
async function giveBack(db: Database, agentId: string, by: string, at: number): Promise<number[]> {
  const numbers = (await leftBehindBy(db, agentId)).map(({ number }) => number);
  for (const number of numbers) await addCommand(db, { id: newId('cmd'), number, actor: by, command: GIVE_BACK, bodyRef: null, at, notAfter: null });
  return numbers;
}

/** Tells the conversations at once; from the first that does not answer on, they are left to the sweep. */
async function tellAll(context: ApiContext, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) if ((await sweepOne(context, number, TELL_WITHIN_MS)) === 'waiting') return;
}
