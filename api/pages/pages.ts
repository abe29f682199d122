import { randomUUID } from 'node:crypto';
import { listMessages } from '../../db/messages';
import { getPage } from '../../db/pages';
import { listPagesShown, type PageShown } from '../../db/page-inbox';
import { HoldfastError } from '../../messages/errors';
import { officeOpen, officeOpensAt } from '../../policy/promises';
import { may } from '../auth/authorize';
import type { Agent } from '../auth/actor';
import type { ApiContext } from '../context';
import { statusOf } from '../problem';
import { requestHash } from '../request-hash';
import { pageRoute, type PageAnswer, type PageRequest, type PageRoute } from '../route';
import { runCommand } from '../commands';
import { waitForRevision } from '../routes/conversations';
import { acknowledge, feedbackRequest, requirePage } from '../routes/pages';
import { tellPromises } from '../routes/answers';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { readForm } from './form';
import { html, layout } from './layout';
import type { Html } from './html';
import { messageList } from './thread';
import { fromNow, moment } from './time';
import { chip, priorityChip, promiseWords, reasonWords } from './words';

const SHOWN = 100;
const LAST_MESSAGES = 5;

const feedbackForm = z.strictObject({ key: text(64), word: z.enum(['workingOnIt', 'whenOpen', 'ownWords']), text: text(10_000).optional() });

/** On-call's pages: what rings, who was tried, and the two big buttons. */
export const pagePages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/pages',
    action: 'page.read',
    async handle({ context, actor }) {
      const rows = await listPagesShown(context.db, { after: null, limit: SHOWN });
      const part = (heading: string, pages: readonly PageShown[], empty: string) =>
        html`<h2>${heading}</h2>
          ${
            pages.length === 0
              ? html`<p class="empty">${empty}</p>`
              : html`<ul class="rows">
                  ${pages.map((page) => pageRow(context, page))}
                </ul>`
          }`;
      return {
        html: layout({
          title: 'Pages',
          actor,
          here: '/pages',
          body: html`<h1>Pages</h1>
            ${part(
              'Open',
              rows.filter(({ state }) => state !== 'over'),
              'Nothing rings. Every promise is being kept.',
            )}
            ${part(
              'Over',
              rows.filter(({ state }) => state === 'over'),
              'None yet.',
            )}`,
        }),
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/pages/{id}',
    action: 'page.read',
    handle: (request) => showPage(request, {}),
  }),
  pageRoute({
    method: 'post',
    path: '/pages/{id}/acknowledgement',
    action: 'page.act',
    async handle({ context, actor, params }) {
      const id = params['id'] ?? '';
      context.background.run('telling the escalation', await acknowledge(context, context.db, actor as Agent, id));
      return { redirect: `/pages/${id}` };
    },
  }),
  pageRoute({
    method: 'post',
    path: '/pages/{id}/feedback',
    action: 'page.act',
    async handle(request) {
      const { context, actor, params } = request;
      const id = params['id'] ?? '';
      const said = readForm(request.request, feedbackForm);
      const { number } = await requirePage(context.db, id);
      if (said.word === 'ownWords' && said.text === undefined) return showPage(request, { error: 'Write what the customer should hear.', status: 400 });
      try {
        const outcome = await runCommand(context, {
          ...feedbackRequest(context, actor as Agent, number, said),
          // The form's own key: tapping twice tells the customer once.
          idempotency: { key: said.key, requestHash: requestHash(id, said) },
        });
        if (outcome.state === 'done') await waitForRevision(context.db, number, outcome.answer.revision);
        return { redirect: `/pages/${id}?said=${outcome.state}` };
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        return showPage(request, { error: error.message, status: statusOf(error.code), ...(said.text === undefined ? {} : { draft: said.text }) });
      }
    },
  }),
];

function pageRow(context: ApiContext, page: PageShown): Html {
  return html`<li class="page ${page.state}">
    <a href="/pages/${page.id}">${page.summary}</a>
    <span class="chips">${stateChip(page)} ${priorityChip(page.priority)} ${page.demo && chip('demo')}</span>
    <span class="quiet">opened ${moment(page.openedAt, context.policy().timezone)}, ${fromNow(page.openedAt, context.now())}</span>
  </li>`;
}

function stateChip(page: PageShown): Html {
  if (page.state === 'over') return chip('over', 'good');
  if (page.state === 'acknowledged') return chip(`acknowledged by ${page.acknowledgedByName ?? page.acknowledgedBy ?? 'someone'}`, 'warn');
  return chip(`ringing, level ${page.level}`, 'bad');
}

async function showPage({ context, actor, params, request }: PageRequest, shown: { error?: string; status?: number; draft?: string }): Promise<PageAnswer> {
  const id = params['id'] ?? '';
  const page = await requirePage(context.db, id);
  const now = context.now();
  const policy = context.policy();
  const zone = policy.timezone;
  // A token for pages alone is told no words of others.
  const mayRead = may(actor, 'conversation.read');
  const [attempts, promises, messages] = await Promise.all([
    getPage(context.db, id).then((full) => full?.attempts ?? []),
    tellPromises(context.db, page.number, now),
    mayRead ? listMessages(context.db, page.number, { limit: LAST_MESSAGES, newest: true }) : [],
  ]);
  const owed = promises.filter(({ promise }) => promise.metAt === null && promise.cancelledAt === null && promise.state !== 'met');
  const canAct = may(actor, 'page.act') && page.state !== 'over';
  const said = request.query['said'];
  return {
    status: shown.status ?? 200,
    html: layout({
      title: page.summary,
      actor,
      here: '/pages',
      body: html`<h1>${page.summary}</h1>
        <p class="chips">${stateChip(page)} ${priorityChip(page.priority)} ${chip(page.plan)} ${page.demo && chip('demo')}</p>
        ${shown.error !== undefined && html`<p class="error" role="alert">${shown.error}</p>`}
        ${said === 'done' && html`<p class="good" role="status">The customer has been told.</p>`}
        ${said === 'queued' && html`<p class="good" role="status">Kept: the customer is told as soon as the conversation answers.</p>`}
        ${canAct && page.state === 'paging' && html`<form method="post" action="/pages/${id}/acknowledgement"><button class="big">Acknowledge</button></form>`}
        <p>${page.subject} · ${mayRead ? html`<a href="/conversations/${page.number}">open #${page.number}</a>` : html`#${page.number}`}</p>
        <section aria-labelledby="deadlines">
          <h2 id="deadlines">Deadlines</h2>
          ${
            owed.length === 0
              ? html`<p class="empty">Nothing is owed any more.</p>`
              : html`<ul class="rows">
                  ${owed.map(
                    ({ promise }) =>
                      html`<li>
                        ${promiseWords(promise.kind)}: <strong>${promise.state === 'breached' ? 'broken' : 'due'} ${fromNow(promise.dueAt, now)}</strong>
                        <span class="quiet">${moment(promise.dueAt, zone)}</span>
                      </li>`,
                  )}
                </ul>`
          }
        </section>
        ${canAct && tellForm(id, shown.draft ?? '', whenOpenOffered(context, owed))}
        <section aria-labelledby="why">
          <h2 id="why">Why it rings</h2>
          <ul class="rows">
            ${page.causes.map(
              (cause) =>
                html`<li>
                  ${promiseWords(cause.kind)}: ${reasonWords(cause.reason)}
                  <span class="quiet"
                    >${moment(cause.at, zone)}${cause.overAt !== undefined && html`, over since ${moment(cause.overAt, zone)} (${reasonWords(cause.overReason ?? 'over')})`}</span
                  >
                </li>`,
            )}
          </ul>
        </section>
        ${
          mayRead &&
          html`<section aria-labelledby="last">
            <h2 id="last">Last messages</h2>
            ${messageList(messages, zone, page.number)}
          </section>`
        }
        <section aria-labelledby="tried">
          <h2 id="tried">Who was tried</h2>
          ${
            attempts.length === 0
              ? html`<p class="empty">Nobody yet.</p>`
              : html`<ol class="rows">
                  ${attempts.map(
                    (attempt) =>
                      html`<li>
                        ${attempt.target}
                        <span class="quiet"
                          >level ${attempt.level}, ${attempt.method}, ${attempt.outcome ?? 'under way'},
                          ${moment(attempt.sentAt ?? attempt.decidedAt, zone)}</span
                        >
                      </li>`,
                  )}
                </ol>`
          }
          ${page.state === 'paging' && page.nextRingAt !== null && html`<p class="quiet">Rings again ${moment(page.nextRingAt, zone)}.</p>`}
        </section>`,
    }),
  };
}

/** "When the office opens" is offered only while it is true: closed now, and no answer due before the opening. */
function whenOpenOffered(context: ApiContext, owed: readonly { promise: { kind: string; dueAt: Date } }[]): boolean {
  const now = context.now();
  const policy = context.policy();
  if (officeOpen(policy, now)) return false;
  const first = owed.find(({ promise }) => promise.kind === 'firstResponse');
  return first === undefined || first.promise.dueAt.getTime() >= officeOpensAt(policy, now);
}

function tellForm(id: string, draft: string, whenOpen: boolean): Html {
  const action = `/pages/${id}/feedback`;
  const key = () => html`<input type="hidden" name="key" value="${randomUUID()}" />`;
  return html`<section aria-labelledby="tell">
    <h2 id="tell">Tell the customer</h2>
    <form method="post" action="${action}">
      ${key()}<input type="hidden" name="word" value="workingOnIt" /><button class="big">I’m working on it now</button>
      <p class="quiet">Assigns it to you, and promises an update within the hour.</p>
    </form>
    ${whenOpen && html`<form method="post" action="${action}">${key()}<input type="hidden" name="word" value="whenOpen" /><button class="big second">When the office opens</button></form>`}
    <form method="post" action="${action}">
      ${key()}<input type="hidden" name="word" value="ownWords" />
      <label for="words">Or in your own words</label>
      <textarea id="words" name="text" rows="4" required>${draft}</textarea>
      <button class="second">Send to the customer</button>
    </form>
  </section>`;
}
