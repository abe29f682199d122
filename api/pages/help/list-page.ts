import { customerConversations, type CustomerPlace } from '../../../db/customer-threads';
import { plainStatus } from '../../../policy/plain-status';
import type { Viewer } from '../../../db/own-conversations';
import type { PageAnswer } from '../../route';
import { html } from '../html';
import { helpAnswer, type HelpView } from './frame';
import { statusChip } from './thread-page';
import { momentTold, momentWords } from './told-time';

const SHOWN = 50;

/** A customer's own conversations, latest message first. */
export async function listAnswer(view: HelpView, viewer: Viewer): Promise<PageAnswer> {
  const { words, context, request, teller, to } = view;
  const say = words.list;
  const records = await customerConversations(context.db, viewer, { after: placeOf(request.query['after']), limit: SHOWN + 1 });
  const shown = records.slice(0, SHOWN);
  const last = records.length > SHOWN ? shown.at(-1) : undefined;
  return helpAnswer(view, {
    title: say.title,
    switches: true,
    body: html`<h1>${say.title}</h1>
      ${
        shown.length === 0
          ? html`<p class="empty">${say.empty}</p>`
          : html`<ul class="rows">
              ${shown.map(
                (record) =>
                  html`<li>
                    <a href="${to(`/help/requests/${record.number}`)}">${record.subject} <span class="number">#${record.number}</span></a>
                    <p class="chips">${statusChip(words, record.status)}</p>
                    ${
                      record.answerBy !== null &&
                      plainStatus(record.status) !== 'done' &&
                      record.answerBy.getTime() > teller.now &&
                      html`<p>${words.thread.answerBy(momentWords(record.answerBy, teller))}</p>`
                    }
                    <p class="quiet">${say.lastMessage} ${momentTold(record.lastMessageAt, teller)}</p>
                  </li>`,
              )}
            </ul>`
      }
      ${last !== undefined && html`<p><a href="${to(`/help/requests?after=${last.lastMessageAt.getTime()}.${last.number}`)}">${say.older}</a></p>`}
      <p><a class="button" href="${to('/help')}">${say.write}</a></p>`,
  });
}

function placeOf(text: unknown): CustomerPlace | null {
  const [, at, number] = typeof text === 'string' ? (/^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []) : [];
  return at === undefined || number === undefined ? null : [Number(at), Number(number)];
}
