import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { agentOfToken, firstAgent } from '../../db/agents';
import { sessionCredential } from '../../db/sessions';
import type { ApiContext } from '../context';
import { HoldfastError } from '../../messages/errors';
import { NOBODY, type Actor, type Agent } from './actor';
import { sessionCookie } from './session-cookie';

/** SHA-256: tokens have 256 random bits, so nothing slower is needed. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Who makes this request: the agent of a bearer token, of a session cookie, or nobody.
 * Errors: E_UNAUTHENTICATED for a token that is wrong, revoked, or of an agent who is disabled.
 */
export async function authenticate(context: ApiContext, request: Request): Promise<Actor> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
    const agent = token === undefined ? null : await agentOfCredential(context, tokenHash(token), false);
    if (agent === null)
      throw new HoldfastError('E_UNAUTHENTICATED', 'The token is not valid, or it was revoked. Send a valid one as "Authorization: Bearer …".');
    return agent;
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
    return agent && { kind: 'agent', id: agent.id, name: agent.name, role: 'admin', session };
  }
  const agent = await agentOfToken(context.db, hash);
  return agent && { kind: 'agent', ...agent, session };
}
