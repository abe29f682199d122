import { chatMessages, type ChatMessageRecord } from '../../../db/chat-messages';
import { customerConversation, type CustomerConversation } from '../../../db/customer-threads';
import type { OwnConversation, Viewer } from '../../../db/own-conversations';
import { plainStatus } from '../../../policy/plain-status';
import type { Status } from '../../../policy/words';
import type { PageAnswer } from '../../route';
import { html, type Html } from '../html';
import { newFormKey } from './form-page';
import { helpAnswer, problemBox, type HelpView } from './frame';
import { momentTold, momentWords, zoneWords, type Teller } from './told-time';
import type { HelpWords } from './words';

const MESSAGES = 200;

/** One conversation as its customer looks at it. */
export interface ThreadGiven {
  readonly viewer: Viewer;
  readonly own: OwnConversation;
  /** Where this page is; its files and formatted messages are below it, and its forms go to it. */
  readonly base: string;
  /** The page stands behind a mailed link and leads to nothing else. */
  readonly alone: boolean;
  /** What was typed and could not be sent, and why. */
  readonly draft?: string;
  readonly problems?: ReadonlyMap<string, string>;
  readonly filesLost?: boolean;
}

/** A status in the reader's language; its colour only repeats what its words say. */
export function statusChip(words: HelpWords, status: Status): Html {
  const plain = plainStatus(status);
  const tone = plain === 'waitingForYou' ? 'warn' : plain === 'done' ? 'good' : 'plain';
  return html`<span class="chip ${tone}">${words.statuses[plain]}</span>`;
}

/** The page of one conversation: how it stands, what was said, and what its customer can do. */
export async function threadAnswer(view: HelpView, given: ThreadGiven): Promise<PageAnswer> {
  const { words, context, to } = view;
  const { own, viewer, base, problems = new Map<string, string>() } = given;
  const record = await customerConversation(context.db, own);
  const messages = await chatMessages(context.db, viewer.contactId, own.parts, { limit: MESSAGES });
  const say = words.thread;
  return helpAnswer(view, {
    title: say.title(record.number),
    status: problems.size === 0 ? 200 : 400,
    alone: given.alone,
    switches: view.request.method === 'GET',
    body: html`${!given.alone && html`<p><a href="${to('/help/requests')}">← ${say.back}</a></p>`}
      <h1>${record.subject} <span class="number">#${record.number}</span></h1>
      <p class="chips">${statusChip(words, record.status)}</p>
      ${said(view, record)} ${problemBox(words, problems, given.filesLost === true && html`<p>${words.errors.filesAgain}</p>`)} ${standing(view, record)}
      ${tellDown(view, record, base)}
      <section aria-labelledby="messages">
        <h2 id="messages">${say.messages}</h2>
        ${messages.length === MESSAGES && html`<p class="quiet">${say.older}</p>`} ${messageList(view, messages, given)}
      </section>
      ${!record.partOfAnother && html`${writeForm(view, record, given)} ${acts(view, record, base)}`}`,
  });
}

/** What the last button has done, told once. */
function said({ request, words, teller }: HelpView, record: CustomerConversation): Html | null {
  const { said: code, at } = request.query;
  const say = words.thread;
  const told = (text: string): Html => html`<p class="good" role="status">${text}</p>`;
  switch (code) {
    case 'received':
      return told(say.received);
    case 'continued':
      return told(say.continued(record.number));
    case 'done':
      return told(say.thatsAllDone);
    case 'rated':
      return told(say.ratedThanks);
    case 'down':
      return told(say.downDone);
    case 'known':
      return typeof at === 'string' && /^\d{13}$/.test(at) ? told(say.downAlready(momentWords(Number(at), teller))) : null;
    default:
      return null;
  }
}

/** What happens next, and when. */
function standing({ words, teller }: HelpView, record: CustomerConversation): Html {
  const say = words.thread;
  if (record.partOfAnother) return html`<p>${say.merged}</p>`;
  if (record.status === 'closed') return html`<p>${say.closed}</p>`;
  if (record.status === 'solved') return html`<p>${say.done}</p>`;
  const due = record.answerBy;
  const waits = record.status === 'pending' && html`<p>${say.waiting}</p>`;
  if (due === null) return html`${waits}`;
  const told = `${momentWords(due, teller)} (${zoneWords(teller, [due])})`;
  return html`${waits}
    <p class="stands">${due.getTime() > teller.now ? say.answerBy(told) : say.late(told)}</p>`;
}

function messageList(view: HelpView, messages: readonly ChatMessageRecord[], given: ThreadGiven): Html {
  const { words, teller, to } = view;
  const say = words.thread;
  if (messages.length === 0) return html`<p class="empty">${say.noMessage}</p>`;
  return html`<ol class="thread">
    ${messages.map(
      (message) =>
        html`<li class="message ${message.direction}">
          <p class="who"><strong>${authorOf(message, given.viewer, words)}</strong> <span class="quiet">${momentTold(message.at, teller)}</span></p>
          <div class="words">${(message.authorKind === 'agent' && say.saidForAgents[message.body]) || message.body}</div>
          ${
            message.html !== null &&
            html`<details class="more">
              <summary>${say.formatted}</summary>
              <iframe
                class="mail"
                title="${say.formattedTitle}"
                loading="lazy"
                sandbox="allow-popups allow-popups-to-escape-sandbox"
                src="${given.base}/messages/${message.id}/html"
              ></iframe>
            </details>`
          }
          ${files(message, given.base, teller, to)}
        </li>`,
    )}
  </ol>`;
}

function authorOf({ direction, authorKind, authorId, authorName }: ChatMessageRecord, viewer: Viewer, words: HelpWords): string {
  if (direction === 'in') return authorId === viewer.contactId ? words.thread.you : (authorName ?? words.thread.someone);
  return (authorKind === 'agent' ? authorName : null) ?? words.thread.desk;
}

function files({ attachments }: ChatMessageRecord, base: string, { locale }: Teller, to: HelpView['to']): Html | null {
  if (attachments.length === 0) return null;
  return html`<ul class="files">
    ${attachments.map(
      ({ id, name, bytes }) => html`<li><a href="${to(`${base}/files/${id}`)}" download>${name}</a> <span class="quiet">${size(bytes, locale)}</span></li>`,
    )}
  </ul>`;
}

function size(bytes: number, locale: string): string {
  const [value, unit] = bytes < 1_000 ? [bytes, 'byte'] : bytes < 1_000_000 ? [bytes / 1_000, 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

function writeForm({ words, to }: HelpView, { status }: CustomerConversation, { base, draft, problems }: ThreadGiven): Html {
  const say = words.thread;
  const heading = status === 'closed' ? say.writeNew : status === 'solved' ? say.writeAgain : say.writeTitle;
  const problem = problems?.get('words');
  return html`<section aria-labelledby="write">
    <h2 id="write">${heading}</h2>
    <form method="post" action="${to(base)}" enctype="multipart/form-data" class="request">
      <input type="hidden" name="act" value="answer" /><input type="hidden" name="key" value="${newFormKey()}" />
      <div class="field">
        <label for="words">${say.words}</label>
        <textarea id="words" name="words" rows="6" maxlength="100000" required ${problem !== undefined && html`aria-invalid="true"`}>${draft ?? ''}</textarea>
      </div>
      <div class="field">
        <label for="files">${words.form.files} <span class="quiet">(${words.form.optional})</span></label>
        <input type="file" id="files" name="files" multiple aria-describedby="files-hint" />
        <p class="quiet hint" id="files-hint">${words.form.filesHint}</p>
      </div>
      <button class="send">${say.send}</button>
    </form>
  </section>`;
}

function button(action: string, act: string, label: string, style: string): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="act" value="${act}" /><button class="${style}">${label}</button></form>`;
}

/** "Production down? Tell us now": opened first, so that no slip of a finger rings anybody. */
function tellDown({ words: { thread: say }, to }: HelpView, { status, priority, partOfAnother }: CustomerConversation, base: string): Html | null {
  if (partOfAnother || priority === 'urgent' || status === 'solved' || status === 'closed') return null;
  return html`<details class="down">
    <summary>${say.down}</summary>
    <p>${say.downLead}</p>
    ${button(to(base), 'productionDown', say.downYes, 'big alarm')}
  </details>`;
}

function acts({ words, to }: HelpView, { status, rated }: CustomerConversation, base: string): Html {
  const say = words.thread;
  if (status === 'solved' || status === 'closed') return rating(words, to(base), rated);
  return html`<section class="aside">
    <p>${say.thatsAllLead}</p>
    ${button(to(base), 'thatsAll', say.thatsAll, 'second')}
  </section>`;
}

function rating(words: HelpWords, action: string, rated: 'good' | 'bad' | null): Html {
  const say = words.thread;
  const choice = (score: 'good' | 'bad', label: string): Html =>
    html`<label class="choice"><input type="radio" name="score" value="${score}" required ${rated === score && html`checked`} /> <span>${label}</span></label>`;
  return html`<section class="aside" aria-labelledby="rate">
    <h2 id="rate">${say.rateTitle}</h2>
    ${rated !== null && html`<p>${say.rated(rated)}</p>`}
    <form method="post" action="${action}">
      <input type="hidden" name="act" value="rate" />
      <fieldset class="plainset pair">
        <legend class="unseen">${say.rateTitle}</legend>
        ${choice('good', say.good)} ${choice('bad', say.bad)}
      </fieldset>
      <label for="why">${say.rateWords} <span class="quiet">(${words.form.optional})</span></label>
      <textarea id="why" name="why" rows="3" maxlength="2000"></textarea>
      <button class="second">${say.rate}</button>
    </form>
  </section>`;
}
