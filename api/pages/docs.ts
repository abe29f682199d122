import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { API_ERROR_CODES, statusOf, titleOf } from '../problem';
import { pageRoute, type PageAnswer, type PageRoute } from '../route';
import { html, layout } from './layout';

/** The folder of the documentation viewer, which is served from here: nothing is fetched from elsewhere. */
const VIEWER = path.dirname(require.resolve('swagger-ui-dist/package.json'));

/** Only this page runs scripts: its own viewer. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const BEGIN = `window.addEventListener('load', () => {
  SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#viewer', deepLinking: false, defaultModelsExpandDepth: 0, validatorUrl: null });
});
`;

const fromViewer =
  (file: string, type: string): (() => Promise<PageAnswer>) =>
  async () => ({
    file: await readFile(path.join(VIEWER, file)),
    type,
    headers: { 'Cache-Control': 'public, max-age=3600' },
  });

/** `/api/docs`: every call, and every error code under its own name. */
export const docsPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/api/docs',
    action: 'public.read',
    handle: () =>
      Promise.resolve({
        headers: { 'Content-Security-Policy': POLICY },
        html: layout({
          title: 'API',
          actor: null,
          body: html`<h1>Holdfast’s API</h1>
            <p>
              The same as a file: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>. Every error is <code>application/problem+json</code> with one of
              <a href="#errors">these codes</a>.
            </p>
            <link rel="stylesheet" href="/api/docs/viewer.css" />
            <div id="viewer" class="viewer"></div>
            <h2 id="errors">Errors</h2>
            <dl>
              ${[...API_ERROR_CODES].sort().map(
                (code) =>
                  html`<dt id="${code}"><code>${code}</code> <span class="quiet">${statusOf(code)}</span></dt>
                    <dd>${titleOf(code)}</dd>`,
              )}
            </dl>
            <script src="/api/docs/viewer.js"></script>
            <script src="/api/docs/begin.js"></script>`,
        }),
      }),
  }),
  pageRoute({ method: 'get', path: '/api/docs/viewer.js', action: 'public.read', handle: fromViewer('swagger-ui-bundle.js', 'text/javascript') }),
  pageRoute({ method: 'get', path: '/api/docs/viewer.css', action: 'public.read', handle: fromViewer('swagger-ui.css', 'text/css') }),
  pageRoute({ method: 'get', path: '/api/docs/begin.js', action: 'public.read', handle: () => Promise.resolve({ file: BEGIN, type: 'text/javascript' }) }),
];
