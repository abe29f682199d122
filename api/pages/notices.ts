import { listNotices } from '../../db/notices';
import { pageRoute, type PageRoute } from '../route';
import { html, layout } from './layout';
import { moment } from './time';
import { chip, reasonWords } from './words';

const SHOWN = 100;

/** The built-in notice inbox. */
export const noticePages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/notices',
    action: 'notice.read',
    async handle({ context, actor }) {
      const notices = await listNotices(context.db, { after: null, limit: SHOWN });
      const zone = context.policy().timezone;
      return {
        html: layout({
          title: 'Notices',
          actor,
          here: '/notices',
          body: html`<h1>Notices</h1>
            <p class="quiet">Nobody has to acknowledge these. Newest first.</p>
            ${
              notices.length === 0
                ? html`<p class="empty">Nothing to tell: no promise has come near its time.</p>`
                : html`<ul class="rows">
                    ${notices.map(
                      (notice) =>
                        html`<li>
                          <p>${chip(reasonWords(notice.kind))} ${notice.text}</p>
                          <span class="quiet"
                            >${moment(notice.at, zone)}${notice.number === null ? null : html` · <a href="/conversations/${notice.number}">#${notice.number}</a>`}</span
                          >
                        </li>`,
                    )}
                  </ul>`
            }`,
        }),
      };
    },
  }),
];
