import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../messages/errors';
import type { ApiContext } from '../context';
import { pageRoute, type PageAnswer, type PageRoute } from '../route';
import { html, type Html } from './html';
import { embeddingHost, socketOrigin } from './embedding';

/** Names carry a hash of the content: what a name stands for never changes (RFC 8246). */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** An entry of Vite's manifest, as far as it is read here. */
interface BuiltEntry {
  readonly file: string;
  readonly css?: readonly string[];
}

/** Where the build has put what browsers run; see scripts/build-web.cjs. */
function webDirOf({ webDir }: ApiContext): string {
  return webDir ?? path.join(__dirname, '..', '..', 'web');
}

/** The tags that load one of the built programs, such as `widget/frame/main.tsx`, with its styles. */
export async function builtTags(context: ApiContext, entry: string): Promise<Html> {
  const manifest = JSON.parse(await readFile(path.join(webDirOf(context), 'manifest.json'), 'utf8')) as Readonly<Record<string, BuiltEntry>>;
  const built = manifest[entry];
  if (built === undefined) throw new Error(`${entry} was not built`);
  return html`${(built.css ?? []).map((file) => html`<link rel="stylesheet" href="/widget/${file}" />`)}
    <script type="module" src="/widget/${built.file}"></script>`;
}

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };

/** `/widget.js`, which a host page includes, and the frame that it opens: docs/widget.md. */
export const widgetPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/widget.js',
    action: 'public.read',
    handle: async ({ context }) => ({
      file: await readFile(path.join(webDirOf(context), 'widget.js')),
      type: 'text/javascript',
      // Any site may load it; what it opens looks at who embeds it.
      headers: { 'Cache-Control': 'public, max-age=300', 'Cross-Origin-Resource-Policy': 'cross-origin' },
    }),
  }),
  pageRoute({
    method: 'get',
    path: '/widget/frame',
    action: 'public.read',
    async handle({ context, request, response }) {
      const host = embeddingHost(context, request);
      if (host === null) {
        throw new HoldfastError(
          'E_FORBIDDEN',
          'This site may not embed the chat. Whoever runs Holdfast can add its origin to HOLDFAST_EMBED_ORIGINS (see docs/widget.md).',
        );
      }
      // The policy below says the same exactly; this header knows no list.
      response.removeHeader('X-Frame-Options');
      return {
        headers: { 'Content-Security-Policy': framePolicy(host, socketOrigin(request)), 'Cross-Origin-Resource-Policy': 'cross-origin' },
        html: html`<!doctype html>
          <html lang="en">
            <head>
              <meta charset="utf-8" />
              <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content" />
              <meta name="color-scheme" content="light dark" />
              <meta name="holdfast-host" content="${host}" />
              <title>Chat</title>
              <link rel="icon" href="data:," />
              ${await builtTags(context, 'widget/frame/main.tsx')}
            </head>
            <body></body>
          </html>`.markup,
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/widget/assets/{file}',
    action: 'public.read',
    handle: ({ context, params }) => asset(webDirOf(context), params['file'] ?? ''),
  }),
];

/** Only this frame's own script runs, it talks to this desk only, and only this one site may show it. */
function framePolicy(host: string, socket: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    // 'self' covers sockets in newer browsers only.
    `connect-src 'self' ${socket}`,
    "form-action 'none'",
    "base-uri 'none'",
    `frame-ancestors ${host}`,
  ].join('; ');
}

async function asset(dir: string, name: string): Promise<PageAnswer> {
  const type = TYPES[path.extname(name)];
  const known = /^[\w-]+\.(js|css)$/.test(name) && type !== undefined;
  const file = known ? await readFile(path.join(dir, 'assets', name)).catch(whenMissing) : null;
  if (file === null || type === undefined)
    throw new HoldfastError('E_NOT_FOUND', 'There is no such file; a newer version has taken its place. Load the page again.');
  return { file, type, headers: { 'Cache-Control': FOR_EVER, 'Cross-Origin-Resource-Policy': 'cross-origin' } };
}

function whenMissing(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}
