import type { Request } from 'express';
import { holdingCredentials, credentialKey, type Credential, type Holding } from '../../db/live-access';
import { sessionCredential } from '../../db/sessions';
import { visitorOfToken } from '../../db/visitors';
import type { Agent, Visitor } from '../auth/actor';
import { agentOfCredential, asActor, tokenHash, visitorOfCredential } from '../auth/authenticate';
import { isFromOwnPage } from '../auth/origin';
import { sessionCookie } from '../auth/session-cookie';
import { VISITOR_TOKEN_PREFIX, visitorTokenHash } from '../auth/visitor-token';
import type { ApiContext } from '../context';

/** Somebody who is let in, for as long as what they came with holds. */
export interface Known {
  readonly actor: Agent | Visitor;
  readonly credential: Credential;
  readonly holding: Holding;
}

/** What a connection says about who it is: a token, or the cookie that a browser sent along from our own pages. Null without either. */
export function credentialOf(token: string | undefined, request: Request, publicUrl: string): Credential | null {
  if (token !== undefined) {
    if (token.startsWith(VISITOR_TOKEN_PREFIX)) return { kind: 'visitor', hash: visitorTokenHash(token) };
    return { kind: 'token', hash: tokenHash(token) };
  }
  const secret = isFromOwnPage(request, publicUrl) ? sessionCookie(request) : null;
  return secret === null ? null : { kind: 'session', hash: tokenHash(secret) };
}

/** The bearer token of a request's Authorization header, if it has one. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Whom a credential stands for, or null when it does not hold. A visitor who comes with their token keeps it for longer, as with every request. */
export async function whoIs(context: ApiContext, credential: Credential, token: string | undefined): Promise<Known | null> {
  const actor = await actorOf(context, credential, token);
  const holding = (await holdingOf(context, [credential])).get(credentialKey(credential));
  return actor === null || holding === undefined ? null : { actor, credential, holding };
}

/** Those of the credentials that still hold, by their keys. */
export async function holdingOf(context: ApiContext, credentials: readonly Credential[]): Promise<Map<string, Holding>> {
  const admin = context.environment.HOLDFAST_ADMIN_TOKEN;
  return holdingCredentials(context.db, credentials, { admin: admin === undefined ? null : tokenHash(admin), now: new Date(context.now()) });
}

async function actorOf(context: ApiContext, { kind, hash }: Credential, token: string | undefined): Promise<Agent | Visitor | null> {
  switch (kind) {
    case 'token':
      return agentOfCredential(context, hash, false);
    case 'session': {
      const credential = await sessionCredential(context.db, hash, new Date(context.now()));
      return credential && agentOfCredential(context, credential, true);
    }
    case 'visitor': {
      if (token !== undefined) return visitorOfCredential(context, token);
      const visitor = await visitorOfToken(context.db, hash, new Date(context.now()));
      return visitor && asActor(visitor);
    }
    default:
      return kind satisfies never;
  }
}
