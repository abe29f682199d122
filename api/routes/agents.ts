import { randomBytes } from 'node:crypto';
import {
  addAgent,
  addToken,
  changeAgent,
  getAgent,
  isEmailTaken,
  listAgents,
  listTokens,
  revokeToken,
  unsolvedConversationsOf,
  type AgentRecord,
  type TokenRecord,
} from '../../db/agents';
import { addCommand, getCommand } from '../../db/commands';
import { newId } from '../../db/new-id';
import type { Database } from '../../db/connection';
import { repeatCommand } from '../../intake/command-relay';
import { HoldfastError } from '../../messages/errors';
import { ROLES } from '../../policy/words';
import { tokenHash } from '../auth/authenticate';
import type { ApiContext } from '../context';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line, rfc3339, rfc3339OrNull, text, time } from '../schemas/text';

/** How long a conversation may take to answer before the sweep takes over, in milliseconds. */
const TELL_WITHIN_MS = 2_000;

const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`);
const agent = z
  .strictObject({ id: z.string(), name: z.string(), email: z.string().nullable(), role, away: z.boolean(), disabled: z.boolean(), createdAt: time })
  .openapi('Agent');
const token = z.strictObject({ id: z.string(), label: z.string(), createdAt: time, revokedAt: time.nullable() }).openapi('Token');
const newToken = z
  .strictObject({ ...token.shape, secret: z.string().openapi({ description: 'Shown this once. Send it as "Authorization: Bearer …".' }) })
  .openapi('NewToken');

const idParams = z.strictObject({ id: text(100) });
const tokenParams = idParams.extend({ token: text(100) });
const flag = z.boolean('must be true or false');
const agentBody = z.strictObject({ name: line(200), email: emailAddress.nullable().optional(), role }).openapi('NewAgent');
const agentChange = z
  .strictObject({ name: line(200).optional(), email: emailAddress.nullable().optional(), role: role.optional(), disabled: flag.optional() })
  .openapi('AgentChange');
const place = z.tuple([z.string(), z.string()]);
const ofParams = ({ id }: Readonly<Record<string, string>>) => ({ agentId: id ?? '' });

/** Staff, their tokens and whether they are there. */
export const agentRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/agents',
    action: 'agent.read',
    tag: 'Agents',
    summary: 'Staff, by name',
    query: listQuery,
    answers: { 200: { about: 'A page of agents.', schema: listOf(agent) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'agents', place);
      const rows = await listAgents(db, { after: after && { name: after[0], id: after[1] }, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, agentAnswer, (last) => encodeCursor('agents', [last.name, last.id])) };
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
      const added = await addAgent(db, { name: body.name, email: body.email ?? null, role: body.role, at: new Date(context.now()) });
      return { status: 201, body: agentAnswer(added), headers: { Location: `/api/v1/agents/${added.id}` } };
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
      return { status: 200, body: agentAnswer(found(await getAgent(db, params.id === 'me' ? actor.id : params.id))) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/agents/{id}',
    action: 'agent.write',
    tag: 'Agents',
    summary: 'Change an agent; disabling one gives their unsolved conversations back',
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
      const { disabled, ...rest } = body;
      const disabledAt = disabled === undefined ? undefined : disabled ? (before.disabledAt ?? new Date(context.now())) : null;
      const after = found(await changeAgent(db, before.id, { ...rest, disabledAt }));
      const commands = disabled === true && before.disabledAt === null ? await giveBack(db, before.id, actor.id, context.now()) : [];
      return { status: 200, body: agentAnswer(after), afterCommit: () => deliverAll(context, commands) };
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
      const after = found(await changeAgent(db, before.id, { away: body.away }));
      const commands = body.away && !before.away ? await giveBack(db, before.id, actor.id, context.now()) : [];
      return { status: 200, body: agentAnswer(after), afterCommit: () => deliverAll(context, commands) };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/agents/{id}/tokens',
    action: 'agent.tokens',
    target: ofParams,
    tag: 'Agents',
    summary: 'Tokens of an agent, without their secrets',
    params: idParams,
    answers: { 200: { about: 'All tokens, oldest first.', schema: listOf(token) } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      found(await getAgent(db, params.id));
      return { status: 200, body: { items: (await listTokens(db, params.id)).map(tokenAnswer) } };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/agents/{id}/tokens',
    action: 'agent.tokens',
    target: ofParams,
    tag: 'Agents',
    summary: 'Make a token; its secret is answered once and never kept',
    params: idParams,
    body: z.strictObject({ label: line(100) }).openapi('TokenLabel'),
    answers: { 201: { about: 'The token with its secret.', schema: newToken } },
    problems: ['E_NOT_FOUND'],
    // A kept answer would keep the secret: a repeat makes another token.
    idempotency: 'none',
    async handle({ context, db, params, body }) {
      found(await getAgent(db, params.id));
      const secret = `hf_${randomBytes(32).toString('base64url')}`;
      const added = await addToken(db, { agentId: params.id, label: body.label, hash: tokenHash(secret), at: new Date(context.now()) });
      return { status: 201, body: { ...tokenAnswer(added), secret } };
    },
  }),
  apiRoute({
    method: 'delete',
    path: '/agents/{id}/tokens/{token}',
    action: 'agent.tokens',
    target: ofParams,
    tag: 'Agents',
    summary: 'Revoke a token, at once and for good',
    params: tokenParams,
    answers: { 204: { about: 'Revoked.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, params }) {
      if (!(await revokeToken(db, params.id, params.token, new Date(context.now())))) throw new HoldfastError('E_NOT_FOUND', 'This agent has no such token.');
      return { status: 204 };
    },
  }),
];

function agentAnswer({ id, name, email, role: ofAgent, away, disabledAt, createdAt }: AgentRecord) {
  return { id, name, email, role: ofAgent, away, disabled: disabledAt !== null, createdAt: rfc3339(createdAt) };
}

function tokenAnswer({ id, label, createdAt, revokedAt }: TokenRecord) {
  return { id, label, createdAt: rfc3339(createdAt), revokedAt: rfc3339OrNull(revokedAt) };
}

function found(record: AgentRecord | null): AgentRecord {
  if (record === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such agent.');
  return record;
}

async function requireFreeEmail(db: Database, email: string | null | undefined, except?: string): Promise<void> {
  if (email !== undefined && email !== null && (await isEmailTaken(db, email, except))) {
    throw new InvalidRequest([{ path: 'body.email', message: 'belongs to another agent' }]);
  }
}

/** Product: disabling or sending away an assignee starts a new dispatch promise, so their conversations are nobody's again. */
async function giveBack(db: Database, agentId: string, by: string, at: number): Promise<string[]> {
  const ids: string[] = [];
  for (const number of await unsolvedConversationsOf(db, agentId)) {
    const id = newId('cmd');
    await addCommand(db, { id, number, actor: by, command: { type: 'assign', agent: null, away: false, force: true }, bodyRef: null, at, notAfter: null });
    ids.push(id);
  }
  return ids;
}

/** Tells the conversations at once; from the first that does not answer on, they are left to the sweep. */
async function deliverAll(context: ApiContext, ids: readonly string[]): Promise<void> {
  const { client } = context;
  if (client === undefined) return;
  for (const id of ids) {
    const row = await getCommand(context.db, id);
    if (row?.state !== 'queued') continue;
    const state = await repeatCommand(context.db, client, row, { now: context.now(), policy: context.policy().hash, waitMs: TELL_WITHIN_MS });
    if (state === 'waiting') return;
  }
}
