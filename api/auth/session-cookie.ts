import type { Request, Response } from 'express';

/** How long a sign-in lasts, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

const NAME = 'holdfast_session';

/** The secret in the request's session cookie, or null. */
export function sessionCookie(request: Request): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === NAME && value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value)) return value;
  }
  return null;
}

/** Sets the cookie, or takes it away with `null`. `secure` where people reach us by HTTPS. */
export function setSessionCookie(response: Response, secret: string | null, secure: boolean): void {
  response.cookie(NAME, secret ?? '', {
    httpOnly: true,
    sameSite: 'strict',
    secure,
    path: '/',
    maxAge: secret === null ? 0 : SESSION_MS,
  });
}
