import { randomBytes } from 'node:crypto';
import { addToken, getAgent, listTokens, revokeToken, type TokenRecord } from '../../db/agents';
import type { Database } from '../../db/connection';
import { HoldfastError } from '../../messages/errors';
import type { Agent } from '../auth/actor';
import { tokenHash } from '../auth/authenticate';
import { knownScopes, SCOPES, type Scope } from '../auth/scopes';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { listOf } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { instant, line, rfc3339, rfc3339OrNull, text, time } from '../schemas/text';

const scope = z.enum(SCOPES, `must be one of ${SCOPES.join(', ')}`);
const token = z
  .strictObject({
    id: z.string(),
    label: z.string(),
    scopes: z.array(scope).openapi({ description: 'What it may be used for, within its agent’s role.' }),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable().openapi({ description: 'To the minute.' }),
    revokedAt: time.nullable(),
  })
  .openapi('Token');
const newToken = z
  .strictObject({ ...token.shape, secret: z.string().openapi({ description: 'Shown this once. Send it as "Authorization: Bearer …".' }) })
  .openapi('NewToken');
const tokenBody = z
  .strictObject({
    label: line(100),
    scopes: z
      .array(scope)
      .min(1, 'must name at least one')
      .max(SCOPES.length)
      .optional()
      .openapi({ description: 'Narrows what the agent’s role allows; those of the token that it is made with when left out, and never more.' }),
    expiresAt: instant
      .optional()
      .openapi({ description: 'When left out it ends with the token that it is made with, or lasts until it is revoked; it never ends later.' }),
  })
  .openapi('TokenBody');

const idParams = z.strictObject({ id: text(100) });
const tokenParams = idParams.extend({ token: text(100) });
const ofParams = ({ id }: Readonly<Record<string, string>>) => ({ agentId: id ?? '' });
const shared = { action: 'agent.tokens', target: ofParams, tag: 'Agents', problems: ['E_NOT_FOUND'] } as const;

/** Tokens that act as an agent. */
export const tokenRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...shared,
    method: 'get',
    path: '/agents/{id}/tokens',
    summary: 'Tokens of an agent, without their secrets',
    params: idParams,
    answers: { 200: { about: 'All tokens, oldest first.', schema: listOf(token) } },
    async handle({ db, params }) {
      await mustExist(db, params.id);
      return { status: 200, body: { items: (await listTokens(db, params.id)).map(tokenAnswer) } };
    },
  }),
  apiRoute({
    ...shared,
    method: 'post',
    path: '/agents/{id}/tokens',
    summary: 'Make a token; its secret is answered once and never kept',
    params: idParams,
    body: tokenBody,
    answers: { 201: { about: 'The token with its secret.', schema: newToken } },
    // A kept answer would keep the secret: a repeat makes another token.
    idempotency: 'none',
    async handle({ context, db, actor, params, body }) {
      await mustExist(db, params.id);
      const at = context.now();
      if (body.expiresAt !== undefined && body.expiresAt <= at) throw new InvalidRequest([{ path: 'body.expiresAt', message: 'lies in the past' }]);
      const { scopes, endsAt } = within(actor, body);
      const secret = `hf_${randomBytes(32).toString('base64url')}`;
      const added = await addToken(db, {
        agentId: params.id,
        label: body.label,
        hash: tokenHash(secret),
        scopes,
        expiresAt: endsAt === null ? null : new Date(endsAt),
        at: new Date(at),
      });
      return { status: 201, body: { ...tokenAnswer(added), secret } };
    },
  }),
  apiRoute({
    ...shared,
    method: 'delete',
    path: '/agents/{id}/tokens/{token}',
    summary: 'Revoke a token, at once and for good',
    params: tokenParams,
    answers: { 204: { about: 'Revoked.' } },
    async handle({ context, db, params }) {
      if (!(await revokeToken(db, params.id, params.token, new Date(context.now())))) throw new HoldfastError('E_NOT_FOUND', 'This agent has no such token.');
      return { status: 204 };
    },
  }),
];

/** What a new token may be, made with this one: for nothing more, and no longer. Errors: E_INVALID. */
function within(maker: Agent, { scopes, expiresAt }: z.output<typeof tokenBody>): { scopes: readonly Scope[]; endsAt: number | null } {
  const wider = maker.scopes.includes('all') ? [] : (scopes ?? []).filter((one) => !maker.scopes.includes(one));
  if (wider.length > 0) throw new InvalidRequest([{ path: 'body.scopes', message: `${wider.join(', ')} is more than your own token may` }]);
  if (expiresAt !== undefined && maker.endsAt !== null && expiresAt > maker.endsAt) {
    throw new InvalidRequest([{ path: 'body.expiresAt', message: `lies after the end of your own token, ${rfc3339(maker.endsAt)}` }]);
  }
  return { scopes: scopes ?? maker.scopes, endsAt: expiresAt ?? maker.endsAt };
}

function tokenAnswer({ id, label, scopes, createdAt, expiresAt, lastUsedAt, revokedAt }: TokenRecord) {
  return {
    id,
    label,
    scopes: knownScopes(scopes),
    createdAt: rfc3339(createdAt),
    expiresAt: rfc3339OrNull(expiresAt),
    lastUsedAt: rfc3339OrNull(lastUsedAt),
    revokedAt: rfc3339OrNull(revokedAt),
  };
}

async function mustExist(db: Database, agent: string): Promise<void> {
  if ((await getAgent(db, agent)) === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such agent.');
}
