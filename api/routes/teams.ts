import { unknownAgent } from '../../db/agents';
import type { Database } from '../../db/connection';
import { addTeam, changeTeam, getTeam, isTeamNameTaken, listTeams, setTeamOfConversation, unknownTeam, type TeamRecord } from '../../db/teams';
import { HoldfastError } from '../../messages/errors';
import { noSuchConversation } from '../commands';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { conversation, numberParams } from '../schemas/conversation';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { line, rfc3339, text, time } from '../schemas/text';
import { conversationAnswer } from './answers';

const team = z
  .strictObject({ id: z.string(), name: z.string(), members: z.array(z.strictObject({ id: z.string(), name: z.string() })), createdAt: time })
  .openapi('Team');
const members = z
  .array(text(100), 'must be a list of ids of agents')
  .max(200)
  .optional()
  .openapi({ description: 'Ids of agents: all of them, not what is to be added.' });
const teamBody = z.strictObject({ name: line(100), members }).openapi('NewTeam');
const teamChange = z.strictObject({ name: line(100).optional(), members }).openapi('TeamChange');
const idParams = z.strictObject({ id: text(100) });
const place = z.tuple([z.string(), z.string()]);

/** Groups of agents. A conversation can belong to a team; its promises still ask for a person. */
export const teamRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/teams',
    action: 'team.read',
    tag: 'Agents',
    summary: 'Teams with their members, by name',
    query: listQuery,
    answers: { 200: { about: 'A page of teams.', schema: listOf(team) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'teams', place);
      const rows = await listTeams(db, { after: after && { name: after[0], id: after[1] }, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, teamAnswer, (last) => encodeCursor('teams', [last.name, last.id])) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/teams',
    action: 'team.write',
    tag: 'Agents',
    summary: 'Add a team',
    body: teamBody,
    answers: { 201: { about: 'The new team.', schema: team } },
    async handle({ context, db, body }) {
      await requireFreeName(db, body.name);
      await requireAgents(db, body.members);
      const added = await addTeam(db, { name: body.name, members: body.members ?? [], at: new Date(context.now()) });
      return { status: 201, body: teamAnswer(added), headers: { Location: `/api/v1/teams/${added.id}` } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/teams/{id}',
    action: 'team.read',
    tag: 'Agents',
    summary: 'One team',
    params: idParams,
    answers: { 200: { about: 'The team.', schema: team } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      return { status: 200, body: teamAnswer(found(await getTeam(db, params.id))) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/teams/{id}',
    action: 'team.write',
    tag: 'Agents',
    summary: 'Rename a team, or say who is in it',
    params: idParams,
    body: teamChange,
    answers: { 200: { about: 'The team as changed.', schema: team } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ db, params, body }) {
      if (body.name !== undefined) await requireFreeName(db, body.name, params.id);
      await requireAgents(db, body.members);
      return { status: 200, body: teamAnswer(found(await changeTeam(db, params.id, body))) };
    },
  }),
  apiRoute({
    method: 'put',
    path: '/conversations/{number}/team',
    action: 'conversation.act',
    tag: 'Conversations',
    summary: 'Give it to a team, or take it from every team; its promises go on',
    params: numberParams,
    body: z.strictObject({ team: text(100).nullable().openapi({ description: 'Id of a team, or null.' }) }).openapi('ConversationTeam'),
    answers: { 200: { about: 'The conversation as it is now.', schema: conversation } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params: { number }, body }) {
      if (body.team !== null && (await unknownTeam(db, [body.team])) !== null)
        throw new InvalidRequest([{ path: 'body.team', message: 'is not the id of a team' }]);
      const given = await setTeamOfConversation(db, { number, team: body.team, by: actor.id, at: new Date(context.now()) });
      if (!given) throw noSuchConversation(number);
      return { status: 200, body: await conversationAnswer(context, db, number, actor.id) };
    },
  }),
];

function teamAnswer({ id, name, members: inTeam, createdAt }: TeamRecord) {
  return { id, name, members: inTeam, createdAt: rfc3339(createdAt) };
}

function found(record: TeamRecord | null): TeamRecord {
  if (record === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such team.');
  return record;
}

async function requireFreeName(db: Database, name: string, except?: string): Promise<void> {
  if (await isTeamNameTaken(db, name, except)) throw new InvalidRequest([{ path: 'body.name', message: 'belongs to another team' }]);
}

async function requireAgents(db: Database, ids: readonly string[] | undefined): Promise<void> {
  if ((await unknownAgent(db, ids ?? [])) !== null) throw new InvalidRequest([{ path: 'body.members', message: 'names an agent whom there is not' }]);
}
