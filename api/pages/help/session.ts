import type { Request, Response } from 'express';
import { contactById } from '../../../db/contacts';
import { revokeVisitor, visitorOfToken, type VisitorRecord } from '../../../db/visitors';
import { VISITOR_TOKEN_MS, VISITOR_TOKEN_PREFIX, visitorTokenHash } from '../../auth/visitor-token';
import type { ApiContext } from '../../context';

const COOKIE = 'holdfast_help';
/** The cookie is for the customers' pages alone; the agents' never see it. */
const COOKIE_PATH = '/help';

/** A customer who has proven who they are, by the host's signature or a mailed code. */
export interface HelpVisitor extends VisitorRecord {
  readonly proof: 'signed' | 'code';
  readonly email: string;
  /** What the contact's record says of their zone, unchecked. */
  readonly contactZone: string | null;
}

/** The customer of a visitor token that has been proven and still holds, or null. */
export async function helpVisitorOf(context: ApiContext, token: string | null | undefined): Promise<HelpVisitor | null> {
  if (token == null || !token.startsWith(VISITOR_TOKEN_PREFIX) || token.length > 100) return null;
  const visitor = await visitorOfToken(context.db, visitorTokenHash(token), new Date(context.now()));
  if (visitor === null || visitor.proof === 'claimed') return null;
  const contact = await contactById(context.db, visitor.contactId);
  if (contact === null || contact.email === null) return null;
  const { zone, name } = await context.db.selectFrom('contacts').select(['zone', 'name']).where('id', '=', contact.id).executeTakeFirstOrThrow();
  return { ...visitor, proof: visitor.proof, email: contact.email, name: visitor.name ?? name, contactZone: zone };
}

/** The token in the request's cookie, or null. */
export function helpCookie(request: Request): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === COOKIE && value !== undefined && /^vt_[A-Za-z0-9_-]{43}$/.test(value)) return value;
  }
  return null;
}

/** Sets the cookie, or takes it away with `null`. Lax: a link in a mail leads to what its reader is signed in to. */
export function setHelpCookie(context: ApiContext, response: Response, token: string | null): void {
  response.cookie(COOKIE, token ?? '', {
    httpOnly: true,
    sameSite: 'lax',
    secure: context.environment.HOLDFAST_PUBLIC_URL.startsWith('https:'),
    path: COOKIE_PATH,
    maxAge: token === null ? 0 : VISITOR_TOKEN_MS.code,
  });
}

/** Ends what the request's cookie stands for: after a new sign-in the old secret is worth nothing. */
export async function endHelpSession(context: ApiContext, request: Request): Promise<void> {
  const visitor = await helpVisitorOf(context, helpCookie(request));
  if (visitor !== null) await revokeVisitor(context.db, visitor.id, new Date(context.now()));
}
