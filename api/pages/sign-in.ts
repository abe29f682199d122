import { randomBytes } from 'node:crypto';
import { closeSession, openSession } from '../../db/sessions';
import { agentOfCredential, tokenHash } from '../auth/authenticate';
import { requireOwnOrigin } from '../auth/origin';
import { SESSION_MS, sessionCookie, setSessionCookie } from '../auth/session-cookie';
import type { ApiContext } from '../context';
import { pageRoute, type PageRequest, type PageRoute } from '../route';
import { field } from './form';
import { html, layout } from './layout';

/** Signing in with a token, and out. */
export const signInPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/sign-in',
    action: 'session.open',
    handle: ({ request }) => Promise.resolve({ html: form(ownPath(request.query['next']), null) }),
  }),
  pageRoute({
    method: 'post',
    path: '/sign-in',
    action: 'session.open',
    async handle(page) {
      const { context, request, response } = page;
      requireOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL);
      const next = ownPath(field(request, 'next'));
      const credential = tokenHash(field(request, 'token') ?? '');
      if ((await agentOfCredential(context, credential, true)) === null) {
        return { status: 401, html: form(next, 'This token is not valid, or it was revoked. npm start prints the admin token.') };
      }
      // A new secret each time: what was in the cookie before is worth nothing afterwards.
      await endSession(page);
      const secret = randomBytes(32).toString('base64url');
      const at = context.now();
      await openSession(context.db, { hash: tokenHash(secret), credential, at: new Date(at), expiresAt: new Date(at + SESSION_MS) });
      setSessionCookie(response, secret, isSecure(context));
      return { redirect: next };
    },
  }),
  pageRoute({
    method: 'post',
    path: '/sign-out',
    action: 'session.close',
    async handle(page) {
      await endSession(page);
      setSessionCookie(page.response, null, isSecure(page.context));
      return { redirect: '/sign-in' };
    },
  }),
];

async function endSession({ context, request }: PageRequest): Promise<void> {
  const secret = sessionCookie(request);
  if (secret !== null) await closeSession(context.db, tokenHash(secret));
}

const isSecure = (context: ApiContext) => context.environment.HOLDFAST_PUBLIC_URL.startsWith('https:');

/** Only a path of ours: a link must not lead from our sign-in to somewhere else. */
function ownPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.includes('\\') ? next : '/';
}

function form(next: string, error: string | null): string {
  return layout({
    title: 'Sign in',
    actor: null,
    body: html`<h1>Sign in</h1>
      ${error === null ? null : html`<p class="error" role="alert" id="error">${error}</p>`}
      <form method="post" action="/sign-in" class="narrow">
        <input type="hidden" name="next" value="${next}" />
        <label for="token">Your token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          ${error === null ? null : html`aria-describedby="error"`}
        />
        <p class="quiet">The admin token is printed by npm start; an admin gives every other agent a token of their own.</p>
        <button>Sign in</button>
      </form>`,
  });
}
