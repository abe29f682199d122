import PostalMime from 'postal-mime';
import { convert } from 'html-to-text';
import { HoldfastError } from '../../messages/errors';
import type { Database } from '../../db/connection';
import { pageRoute, type PageRoute } from '../route';
import { html, layout } from './layout';
import { moment } from './time';

const SHOWN = 100;
/** Nothing in a mail may run, load or lead anywhere out of its frame. */
const MAIL_POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/** What the built-in catcher kept. */
export const mailPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/mails',
    action: 'mail.read',
    async handle({ context, actor }) {
      const rows = await context.db.selectFrom('caught_mails').select(['id', 'received_at', 'envelope_to', 'raw']).orderBy('id', 'desc').limit(SHOWN).execute();
      const zone = context.policy().timezone;
      const mails = await Promise.all(rows.map(async (row) => ({ ...row, subject: (await PostalMime.parse(row.raw)).subject ?? '' })));
      return {
        html: layout({
          title: 'Mails',
          actor,
          here: '/mails',
          body: html`<h1>Caught mails</h1>
            <p class="quiet">Nothing here left this machine. Newest first.</p>
            ${
              mails.length === 0
                ? html`<p class="empty">No mail yet. A receipt appears here as soon as a ticket comes in.</p>`
                : html`<ul class="rows">
                    ${mails.map(
                      (mail) =>
                        html`<li>
                          <a href="/mails/${mail.id}">${mail.subject === '' ? '(no subject)' : mail.subject}</a>
                          <span class="quiet">to ${mail.envelope_to.join(', ')} · ${moment(mail.received_at, zone)}</span>
                        </li>`,
                    )}
                  </ul>`
            }`,
        }),
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/mails/{id}',
    action: 'mail.read',
    async handle({ context, actor, params }) {
      const mail = await caughtMail(context.db, params['id'] ?? '');
      const parsed = await PostalMime.parse(mail.raw);
      const words = parsed.text ?? convert(parsed.html ?? '');
      return {
        html: layout({
          title: parsed.subject ?? 'Mail',
          actor,
          here: '/mails',
          body: html`<p><a href="/mails">All mails</a></p>
            <h1>${parsed.subject ?? '(no subject)'}</h1>
            <dl class="facts">
              <dt>From</dt>
              <dd>${parsed.from?.name ?? ''} ${parsed.from?.address ?? '(nobody)'}</dd>
              <dt>Bounces to</dt>
              <dd>${mail.envelope_from === '' ? 'nobody: automatic mail' : mail.envelope_from}</dd>
              <dt>To</dt>
              <dd>${mail.envelope_to.join(', ')}</dd>
              <dt>Caught</dt>
              <dd>${moment(mail.received_at, context.policy().timezone)}</dd>
            </dl>
            ${
              parsed.html !== undefined &&
              html`<h2>As it looks</h2>
                <iframe
                  class="mail"
                  title="The mail as it looks"
                  sandbox="allow-popups allow-popups-to-escape-sandbox"
                  src="/mails/${mail.id}/content"
                ></iframe>`
            }
            <h2>Plain text</h2>
            <pre class="words">${words}</pre>
            <details>
              <summary>Headers</summary>
              <pre>${parsed.headerLines.map(({ line }) => line).join('\n')}</pre>
            </details>
            <p><a href="/mails/${mail.id}/raw">The raw mail</a></p>`,
        }),
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/mails/{id}/content',
    action: 'mail.read',
    async handle({ context, params }) {
      const { raw } = await caughtMail(context.db, params['id'] ?? '');
      const parsed = await PostalMime.parse(raw);
      return {
        file: parsed.html ?? '',
        type: 'html',
        headers: { 'Content-Security-Policy': MAIL_POLICY, 'X-Frame-Options': 'SAMEORIGIN', 'Referrer-Policy': 'no-referrer' },
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/mails/{id}/raw',
    action: 'mail.read',
    async handle({ context, params }) {
      const mail = await caughtMail(context.db, params['id'] ?? '');
      return { file: mail.raw, type: 'message/rfc822', headers: { 'Content-Disposition': `attachment; filename="mail-${mail.id}.eml"` } };
    },
  }),
];

async function caughtMail(db: Database, id: string) {
  const row = /^[1-9]\d{0,14}$/.test(id) ? await db.selectFrom('caught_mails').selectAll().where('id', '=', Number(id)).executeTakeFirst() : undefined;
  if (!row) throw new HoldfastError('E_NOT_FOUND', 'There is no such mail.');
  return row;
}
