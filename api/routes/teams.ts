import { unknownAgent } from '../../db/agents';
import type { Database } from '../../db/connection';
import { addTeam, changeTeam, deleteTeam, getTeam, isTeamNameTaken, listTeams, setTeamOfConversation, unknownTeam, type TeamRecord } from '../../db/teams';
import { HoldfastError } from '../../messages/errors';
import type { PolicySnapshot } from '../../policy/snapshot';
import { may } from '../auth/authorize';
import { noSuchConversation } from '../commands';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { conversation, numberParams } from '../schemas/conversation';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { line, rfc3339, text, time } from '../schemas/text';
import { conversationAnswer } from './answers';
import { rowFacts } from './row-answers';

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
const teamDeleted = z
  .strictObject({
    conversations: z.number().int().openapi({ description: 'How many belonged to it and are not closed.' }),
    stillNamedBy: z.array(z.string()).openapi({ description: 'Places of the policy that still name it, such as `addresses.info.team`: change them.' }),
  })
  .openapi('TeamDeleted');
const idParams = z.strictObject({ id: text(100) });
const place = z.tuple([placeText, placeText]);

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
    method: 'delete',
    path: '/teams/{id}',
    action: 'team.write',
    tag: 'Agents',
    summary: 'Delete a team: its members stay, and its conversations belong to no team; their promises go on',
    params: idParams,
    answers: { 200: { about: 'What it leaves behind.', schema: teamDeleted } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params }) {
      const deleted = await deleteTeam(db, params.id, { by: actor.id, at: new Date(context.now()) });
      if (deleted === null) throw noSuchTeam();
      const names = [params.id, deleted.name];
      return { status: 200, body: { conversations: deleted.conversations, stillNamedBy: placesNaming(context.policy(), names) } };
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
    answers: {
      200: { about: 'The conversation as it is now.', schema: conversation },
      204: { about: 'Done; the token may not read conversations.' },
    },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params: { number }, body }) {
      if (body.team !== null && (await unknownTeam(db, [body.team])) !== null)
        throw new InvalidRequest([{ path: 'body.team', message: 'is not the id of a team' }]);
      const given = await setTeamOfConversation(db, { number, team: body.team, by: actor.id, at: new Date(context.now()) });
      if (!given) throw noSuchConversation(number);
      if (!may(actor, 'conversation.read')) return { status: 204 };
      return { status: 200, body: await conversationAnswer(db, number, rowFacts(context), actor.id) };
    },
  }),
];

function teamAnswer({ id, name, members: inTeam, createdAt }: TeamRecord) {
  return { id, name, members: inTeam, createdAt: rfc3339(createdAt) };
}

/** Where the policy gives requests to a team of one of these names or ids: such requests belong to no team once it is gone. */
function placesNaming({ addresses, triage }: PolicySnapshot, names: readonly string[]): string[] {
  const isNamed = (named: string | undefined): boolean => named !== undefined && names.includes(named);
  return [
    ...Object.entries(addresses).flatMap(([local, address]) => (isNamed(address.team) ? [`addresses.${local}.team`] : [])),
    ...triage.flatMap((rule, index) => (isNamed(rule.team) ? [`triage.${index}.team`] : [])),
  ];
}

function found(record: TeamRecord | null): TeamRecord {
  if (record === null) throw noSuchTeam();
  return record;
}

function noSuchTeam(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such team.');
}

async function requireFreeName(db: Database, name: string, except?: string): Promise<void> {
  if (await isTeamNameTaken(db, name, except)) throw new InvalidRequest([{ path: 'body.name', message: 'belongs to another team' }]);
}

async function requireAgents(db: Database, ids: readonly string[] | undefined): Promise<void> {
  if ((await unknownAgent(db, ids ?? [])) !== null) throw new InvalidRequest([{ path: 'body.members', message: 'names an agent whom there is not' }]);
}
