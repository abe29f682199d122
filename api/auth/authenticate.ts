import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { agentOfToken, firstAgent, noteTokenUse, type TokenHolder } from '../../db/agents';
import { sessionCredential } from '../../db/sessions';
import type { ApiContext } from '../context';
import { renewVisitor, visitorOfToken, type VisitorRecord } from '../../db/visitors';
import { HoldfastError } from '../../messages/errors';
import { NOBODY, type Actor, type Agent, type Visitor } from './actor';
import { knownScopes } from './scopes';
import { sessionCookie } from './session-cookie';
import { VISITOR_TOKEN_MS, VISITOR_TOKEN_PREFIX, visitorTokenHash } from './visitor-token';

/** "Last used" is told to the minute, so that not every request writes. In milliseconds. */
const USE_NOTED_EVERY_MS = 60_000;

/** SHA-256: tokens have 256 random bits, so nothing slower is needed. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Who makes this request: the agent or visitor of a bearer token, the agent of a session cookie, or nobody.
 * Errors: E_UNAUTHENTICATED for a token that is wrong, revoked, expired, or of an agent who is disabled.
 */
export async function authenticate(context: ApiContext, request: Request): Promise<Actor> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
    const isVisitors = token?.startsWith(VISITOR_TOKEN_PREFIX) === true;
    const actor =
      token === undefined ? null : isVisitors ? await visitorOfCredential(context, token) : await agentOfCredential(context, tokenHash(token), false);
    if (actor === null)
      throw new HoldfastError('E_UNAUTHENTICATED', 'The token is not valid, has expired, or was revoked. Send a valid one as "Authorization: Bearer …".');
    return actor;
  }
  const secret = sessionCookie(request);
  if (secret === null) return NOBODY;
  // A session acts as exactly the token that it was opened with, so revoking that ends it too.
  const credential = await sessionCredential(context.db, tokenHash(secret), new Date(context.now()));
  return (credential && (await agentOfCredential(context, credential, true))) ?? NOBODY;
}

/** The agent whom a token's hash stands for, or null. */
export async function agentOfCredential(context: ApiContext, hash: Buffer, session: boolean): Promise<Agent | null> {
  const admin = context.environment.HOLDFAST_ADMIN_TOKEN;
  if (admin !== undefined && timingSafeEqual(tokenHash(admin), hash)) {
    const agent = await firstAgent(context.db);
    return agent && { kind: 'agent', id: agent.id, name: agent.name, role: 'admin', scopes: ['all'], endsAt: null, session };
  }
  const holder = await agentOfToken(context.db, hash, new Date(context.now()));
  if (holder === null) return null;
  noteUse(context, holder);
  const { id, name, role, scopes, expiresAt } = holder;
  return { kind: 'agent', id, name, role, scopes: knownScopes(scopes), endsAt: expiresAt?.getTime() ?? null, session };
}

/** The visitor whom a visitor token stands for, or null; using it renews it. */
export async function visitorOfCredential(context: Pick<ApiContext, 'db' | 'background' | 'now'>, token: string): Promise<Visitor | null> {
  const now = context.now();
  const visitor = await visitorOfToken(context.db, visitorTokenHash(token), new Date(now));
  if (visitor === null) return null;
  if (now - visitor.lastUsedAt.getTime() >= USE_NOTED_EVERY_MS) {
    context.background.run('renewing a visitor token', () =>
      renewVisitor(context.db, visitor.id, { at: new Date(now), expiresAt: new Date(now + VISITOR_TOKEN_MS[visitor.proof]) }),
    );
  }
  return asActor(visitor);
}

/** A visitor as an actor. */
export function asActor({ id, contactId, proof, identity }: Omit<VisitorRecord, 'lastUsedAt'>): Visitor {
  return { kind: 'visitor', id, contactId, proof, identity };
}

function noteUse(context: ApiContext, { tokenId, lastUsedAt }: TokenHolder): void {
  const now = context.now();
  if (lastUsedAt !== null && now - lastUsedAt.getTime() < USE_NOTED_EVERY_MS) return;
  context.background.run('noting that a token was used', () => noteTokenUse(context.db, tokenId, new Date(now)));
}
