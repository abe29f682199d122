import { inlineFiles } from '../../db/attachments';
import type { Database } from '../../db/connection';
import { HoldfastError } from '../../messages/errors';
import { withoutLinkTokens } from '../../messages/link-tokens';
import { pageRoute, type PageAnswer, type PageRoute } from '../route';
import { isMessageId } from '../schemas/message-id';
import { shownTypeOf } from '../served-file';

/** Pictures of the mail itself are sent within the page; more than this together is left to the list of files. */
const PICTURES_BYTES = 8 * 1024 * 1024;

/** Nothing runs and nothing is sent, even when the page is opened by itself; pictures from elsewhere only when somebody asked for them. */
function policyOf(remote: boolean): string {
  return [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    `img-src data:${remote ? ' https: http:' : ''}`,
    "style-src 'unsafe-inline'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/** A message as its author has formatted it, for the frame of the conversation page. */
export const messageHtmlPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/conversations/{number}/messages/{message}/html',
    action: 'conversation.read',
    async handle({ context, params, request }) {
      const remote = request.query['images'] === 'remote';
      const { id, html } = await messageHtml(context.db, params['number'] ?? '', params['message'] ?? '');
      return formattedMessage(context.db, { id, html }, remote);
    },
  }),
];

/** A message's own HTML as a page for a sandboxed frame, with the pictures that came with it; `remote` lets those from elsewhere load. */
export async function formattedMessage(db: Database, { id, html }: { id: string; html: string }, remote: boolean): Promise<PageAnswer> {
  return {
    file: pageOf(withPictures(html, await inlineFiles(db, id, PICTURES_BYTES), remote)),
    type: 'html',
    headers: { 'Content-Security-Policy': policyOf(remote), 'X-Frame-Options': 'SAMEORIGIN', 'Referrer-Policy': 'no-referrer' },
  };
}

async function messageHtml(db: Database, number: string, id: string): Promise<{ id: string; html: string }> {
  const row =
    /^[1-9]\d{0,14}$/.test(number) && isMessageId(id)
      ? await db.selectFrom('messages').select(['id', 'html']).where('id', '=', id).where('number', '=', Number(number)).executeTakeFirst()
      : undefined;
  if (row === undefined || row.html === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such message, or it is text only.');
  return { id: row.id, html: withoutLinkTokens(row.html) };
}

/**
 * Gives pictures their source: those of the mail from its own files, if they really are pictures, and those from elsewhere if `remote`.
 * The HTML is what intake/parse/safe-html.ts has written, so `<` begins a tag and `"` ends a value.
 */
export function withPictures(html: string, files: ReadonlyMap<string, Buffer>, remote: boolean): string {
  return html.replace(/<img\b[^>]*>/g, (tag) =>
    tag
      .replace(/ data-cid="([^"]*)"/, (_attribute, cid: string) => {
        const content = files.get(unescaped(cid));
        const type = content === undefined ? null : shownTypeOf(content);
        return content === undefined || type === null ? '' : ` src="data:${type};base64,${content.toString('base64')}"`;
      })
      .replace(/ data-src="([^"]*)"/, (attribute, url: string) => (remote ? ` src="${url}"` : attribute)),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };

function unescaped(value: string): string {
  return value.replace(/&(?:amp|lt|gt|quot);/g, (entity) => ENTITIES[entity] ?? '');
}

function pageOf(html: string): string {
  return `<!doctype html><html><head><meta charset="utf-8"><title>Message</title><style>body{margin:8px;font:15px/1.5 system-ui,sans-serif;color:#111;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}</style></head><body>${html}</body></html>`;
}
