import type { Request } from 'express';
import { SignJWT } from 'jose';
import { HoldfastError } from '../../messages/errors';
import { authenticate } from '../auth/authenticate';
import { IDENTITY_ALGORITHM, IDENTITY_AUDIENCE } from '../auth/identity';
import type { ApiContext } from '../context';
import { pageRoute, type PageRoute } from '../route';
import { demoDashboard } from './demo-dashboard';
import { socketOrigin } from './embedding';
import { Html, html } from './html';
import { builtTags } from './widget';

/** Whom the demo's dashboard has signed in. Nobody can own the domain (RFC 2606). */
const CUSTOMER = {
  sub: 'demo-ada',
  name: 'Ada Winter',
  email: 'ada.winter@kornblume.example',
  clusters: ['c042'],
  websites: ['www.kornblume.example', 'shop.kornblume.example'],
} as const;

/** As short as a host might choose: the widget asks for a fresh one. In seconds. */
const LASTS_S = 15 * 60;

/** `/demo`: a host's dashboard that embeds the chat and the form the way a host does. Only on one's own machine, or for agents. */
export const demoPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/demo',
    action: 'public.read',
    async handle({ context, request }) {
      await mustBeShown(context, request);
      const signedIn = request.query['as'] !== 'visitor' && context.environment.DASHBOARD_JWT_SECRET !== undefined;
      const locale = request.query['lang'] === 'de' ? ('de' as const) : ('en' as const);
      const settings = { signedIn, locale, cluster: 'c042', website: 'shop.kornblume.example' };
      return {
        headers: { 'Content-Security-Policy': policy(request) },
        html: html`<!doctype html>
          <html lang="en">
            <head>
              <meta charset="utf-8" />
              <meta name="viewport" content="width=device-width, initial-scale=1" />
              <meta name="color-scheme" content="light dark" />
              <title>Cluster c042 · Kornblume Cloud (a demo of Holdfast’s chat)</title>
              <link rel="icon" href="data:," />
              <script type="application/json" id="settings">
                ${settingsText(settings)}
              </script>
              ${await builtTags(context, 'demo/main.ts')}
              <script async data-manual src="/widget.js"></script>
            </head>
            <body>
              ${demoDashboard({ ...settings, customer: CUSTOMER, desk: context.environment.HOLDFAST_PUBLIC_URL, maySign: context.environment.DASHBOARD_JWT_SECRET !== undefined })}
            </body>
          </html>`.markup,
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/demo/identity',
    action: 'public.read',
    async handle({ context, request }) {
      await mustBeShown(context, request);
      const secret = context.environment.DASHBOARD_JWT_SECRET;
      if (secret === undefined) throw new HoldfastError('E_NOT_FOUND', 'No secret is set that would sign an identity. Set DASHBOARD_JWT_SECRET.');
      const nowS = Math.floor(context.now() / 1_000);
      const { sub, ...claims } = CUSTOMER;
      const identity = await new SignJWT(claims)
        .setProtectedHeader({ alg: IDENTITY_ALGORITHM })
        .setAudience(IDENTITY_AUDIENCE)
        .setSubject(sub)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + LASTS_S)
        .sign(Buffer.from(secret, 'utf8'));
      return { file: identity, type: 'text/plain' };
    },
  }),
];

/** Where everybody can come, it would be an identity for everybody. Errors: E_NOT_FOUND for who is no agent, unless this is one's own machine. */
async function mustBeShown(context: ApiContext, request: Request): Promise<void> {
  const { hostname } = new URL(context.environment.HOLDFAST_PUBLIC_URL);
  if (/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return;
  const actor = await authenticate(context, request);
  if (actor.kind !== 'agent') throw new HoldfastError('E_NOT_FOUND', 'There is nothing at this address.');
}

/** As text within a script element: `<` could end it. Only the browser's JSON reads it, so nothing else is escaped. */
function settingsText(settings: object) {
  return new Html(JSON.stringify(settings).replaceAll('<', '\\u003c'));
}

function policy(request: Request): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${socketOrigin(request)}`,
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
