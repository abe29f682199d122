import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { actByLink, takesPart, writeByLink, type LinkActed } from '../../intake/link-act';
import { verifyLink, type Link } from '../../messages/addresses';
import { HoldfastError } from '../../messages/errors';
import type { Priority, Status } from '../../policy/words';
import type { ApiContext } from '../context';
import { pageRoute, type PageAnswer, type PageRoute } from '../route';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { readForm } from './form';
import { ratingQuestion, scoreOf, takeRating } from './help/rating';
import { html, layout } from './layout';
import type { Html } from './html';
import { moment } from './time';

/** What a customer reads of a status. */
const STATUS_WORDS: Readonly<Record<Status, string>> = {
  new: 'In progress',
  open: 'In progress',
  onHold: 'In progress',
  pending: 'Waiting for you',
  solved: 'Done',
  closed: 'Done',
};

/** How long the page waits for what the button has set off, and how often it looks, in milliseconds of real time. */
const WAIT_MS = 2_000;
const LOOK_AGAIN_MS = 50;

const words = z.strictObject({ words: text(20_000) });

/** Every link in our mails: following it shows a page, and only the page's button acts, so that no mail scanner acts. */
export const customerLinkPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/l/{token}',
    action: 'link.follow',
    async handle({ context, params, request }) {
      const token = params['token'] ?? '';
      const link = linkOf(context, token);
      const score = scoreOf(link);
      if (score !== null) return ratingQuestion(context, request, link, score);
      return page(await question(context, link, token));
    },
  }),
  pageRoute({
    method: 'post',
    path: '/l/{token}',
    action: 'link.follow',
    async handle({ context, params, request }) {
      const link = linkOf(context, params['token'] ?? '');
      switch (link.purpose) {
        case 'productionDown':
          return page(await toldDown(context, await actByLink(context.db, link, 'productionDown', context.now())));
        case 'thatsAll':
          await actByLink(context.db, link, 'thatsAll', context.now());
          return page(
            html`<h1>Thank you. We’ve marked #${link.number} as done.</h1>
              <p>If something is still not right, just answer our mail, and we’ll pick it up again.</p>`,
          );
        case 'somethingElse':
          await writeByLink(context.db, context.policy(), link, readForm(request, words).words, context.now());
          return page(
            html`<h1>Thank you, we’ve got it.</h1>
              <p>Your words are with your request #${link.number} now, and we’ll write back by mail.</p>`,
          );
        case 'ratedGood':
        case 'ratedBad':
          return takeRating(context, request, link);
        case 'status':
          throw new HoldfastError('E_NOT_FOUND', 'This link only shows something.');
        default:
          return link.purpose satisfies never;
      }
    },
  }),
];

function linkOf(context: ApiContext, token: string): Link {
  const link = verifyLink(context.signingKeys, token);
  if (link === null) throw new HoldfastError('E_NOT_FOUND', 'This link is not complete, or it is too old. Just answer our mail instead.');
  return link;
}

interface Asked {
  readonly number: number;
  readonly status: Status;
}

/** The link's conversation; when it has become a part of another, that one's status, and its number for those who take part in it. */
async function askedFor(context: ApiContext, link: Link): Promise<Asked> {
  const find = (number: number) =>
    context.db.selectFrom('conversations').select(['number', 'status', 'merged_into as mergedInto']).where('number', '=', number).executeTakeFirst();
  const own = await find(link.number);
  const target = own === undefined || own.mergedInto === null ? own : await find(own.mergedInto);
  if (target === undefined) throw new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
  const shown = target.number === link.number || (await takesPart(context.db, target.number, link.contact)) ? target.number : link.number;
  return { number: shown, status: target.status };
}

async function question(context: ApiContext, link: Link, token: string): Promise<Html> {
  const asked = await askedFor(context, link);
  const status = html`<p class="chips"><span class="chip">#${asked.number}</span> <span class="chip">${STATUS_WORDS[asked.status]}</span></p>`;
  if (asked.status === 'closed')
    return html`<h1>This request is closed</h1>
      ${status}
      <p>Just write to us again, and we’ll be there.</p>`;
  switch (link.purpose) {
    case 'productionDown':
      return html`<h1>Is production down?</h1>
        ${status}
        <p>If your production application is completely down or unusable, tell us here. We’ll treat your request as urgent, day and night.</p>
        <form method="post" action="/l/${token}"><button class="big alarm">Yes, production is down</button></form>
        <p class="quiet">Anything else can wait for our answer, or just answer our mail.</p>`;
    case 'thatsAll':
      return html`<h1>Is that all?</h1>
        ${status}
        <p>Then we’ll mark your request as done. You can always come back to it by answering our mail.</p>
        <form method="post" action="/l/${token}"><button class="big">No, that’s all</button></form>`;
    case 'somethingElse':
      return html`<h1>What else can we do for you?</h1>
        ${status}
        <form method="post" action="/l/${token}">
          <label for="words">Tell us, or just answer our mail</label>
          <textarea id="words" name="words" rows="6" required></textarea>
          <button class="big">Send</button>
        </form>`;
    case 'ratedGood':
    case 'ratedBad':
    case 'status':
      return html`<h1>Your request #${asked.number}</h1>
        ${status}
        <p>To write to us about it, just answer our mail.</p>`;
    default:
      return link.purpose satisfies never;
  }
}

/** What pressing "production is down" has set off so far: nothing here is said before it is so. */
async function toldDown(context: ApiContext, acted: LinkActed): Promise<Html> {
  const { number, saidAt } = acted;
  const now = await whatHappened(context, acted);
  const zone = context.policy().timezone;
  const heading =
    saidAt === null
      ? html`<h1>Thank you for telling us.</h1>`
      : html`<h1>We know already, thank you.</h1>
          <p>You told us ${moment(saidAt, zone)}.</p>`;
  if (now === null)
    return html`${heading}
      <p>Your request #${number} is being made urgent this very moment.</p>
      ${TELL_MORE}`;
  return html`${heading}
    <p>Your request #${number} is ${now.priority === 'urgent' ? 'urgent' : `of ${now.priority} priority`} now. ${onCallWords(now.page)}</p>
    ${now.dueAt !== null && html`<p>You’ll hear from us by <strong>${moment(now.dueAt, zone)}</strong>.</p>`} ${TELL_MORE}`;
}

const TELL_MORE = html`<p>Anything that may help us, just answer our mail.</p>`;

function onCallWords(page: Happened['page']): string {
  switch (page) {
    case 'paging':
      return 'Our on-call engineer is being called.';
    case 'acknowledged':
      return 'Our on-call engineer knows and is on it.';
    case null:
      return 'Our team has been told.';
    default:
      return page satisfies never;
  }
}

interface Happened {
  readonly priority: Priority;
  readonly page: 'paging' | 'acknowledged' | null;
  /** The next time at which the customer hears from us, unless it has passed. */
  readonly dueAt: Date | null;
}

/** What the conversation has made of the act; null when it has not answered within two seconds. */
async function whatHappened(context: ApiContext, { number, seq }: LinkActed): Promise<Happened | null> {
  const { db } = context;
  const read = () => db.selectFrom('conversations').select(['priority', 'applied_seq as applied']).where('number', '=', number).executeTakeFirstOrThrow();
  const until = performance.now() + (context.client === undefined ? 0 : WAIT_MS);
  let row = await read();
  while (row.applied < seq && performance.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    row = await read();
  }
  if (row.applied < seq) return null;
  const { rings } = await db
    .selectFrom('conversations')
    // The page's own row follows a moment later.
    .select(sql<boolean | null>`jsonb_typeof(carried -> 'state' -> 'page') = 'object'`.as('rings'))
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  const page = await db.selectFrom('pages').select('id').where('number', '=', number).where('state', '=', 'acknowledged').executeTakeFirst();
  const promise = await db
    .selectFrom('promises')
    .select('due_at as dueAt')
    .where('number', '=', number)
    .where('kind', 'in', ['firstResponse', 'nextResponse', 'update'])
    .where('state', '=', 'running')
    .where('paused', '=', false)
    .where('due_at', '>', new Date(context.now()))
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return { priority: row.priority, page: page !== undefined ? 'acknowledged' : rings === true ? 'paging' : null, dueAt: promise?.dueAt ?? null };
}

function page(body: Html): PageAnswer {
  return { html: layout({ title: 'Your request', actor: null, body }) };
}
