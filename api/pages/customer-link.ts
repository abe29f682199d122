import type { Request } from 'express';
import { customerConversation, type CustomerConversation } from '../../db/customer-threads';
import { ownConversation, type OwnConversation } from '../../db/own-conversations';
import { actByLink, writeByLink } from '../../intake/link-act';
import { signLink, verifyLink, type Link } from '../../messages/addresses';
import { HoldfastError } from '../../messages/errors';
import { requireOwnOrigin } from '../auth/origin';
import type { ApiContext } from '../context';
import { countLink } from '../help-limits';
import { addressOf } from '../rate-limits';
import { pageRoute, type PageAnswer, type PageRequest, type PageRoute } from '../route';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { readForm } from './form';
import { helpAnswer, helpView, type HelpView } from './help/frame';
import { LINK_WORDS } from './help/link-words';
import { ratingQuestion, scoreOf, takeRating } from './help/rating';
import { statusChip, threadAnswer } from './help/thread-page';
import { threadFile, threadMessageHtml } from './help/thread-files';
import { threadPost, type ThreadPlace } from './help/thread-post';
import { toldDown } from './help/told-down';
import { html, type Html } from './html';

const words = z.strictObject({ words: text(20_000) });

/** Every link in our mails: following it shows a page, and only the page's button acts, so that no mail scanner acts. */
export const customerLinkPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/l/{token}',
    action: 'link.follow',
    async handle(page) {
      const { link, own, view, place } = await followed(page);
      const score = scoreOf(link);
      if (score !== null) return ratingQuestion(page.context, page.request, link, score);
      return link.purpose === 'status' ? threadAnswer(view, place) : question(view, link, own);
    },
  }),
  pageRoute({ method: 'post', path: '/l/{token}', action: 'link.follow', handle: act }),
  pageRoute({
    method: 'get',
    path: '/l/{token}/files/{file}',
    action: 'link.follow',
    async handle(page) {
      const { place } = await followedToThread(page);
      return threadFile(page.context.db, place, page.params['file'] ?? '');
    },
  }),
  pageRoute({
    method: 'get',
    path: '/l/{token}/messages/{message}/html',
    action: 'link.follow',
    async handle(page) {
      const { place } = await followedToThread(page);
      return threadMessageHtml(page.context.db, place, page.params['message'] ?? '');
    },
  }),
];

interface Followed {
  readonly link: Link;
  readonly own: OwnConversation;
  readonly view: HelpView;
  readonly place: ThreadPlace;
}

/** What a link leads to. Errors: E_NOT_FOUND, also for whoever takes no part in its conversation any more; E_RATE_LIMITED. */
async function followed({ context, params, request }: PageRequest): Promise<Followed> {
  const token = params['token'] ?? '';
  await countLink(context, addressOf(request), token);
  const link = verifyLink(context.signingKeys, token);
  if (link === null) throw new HoldfastError('E_NOT_FOUND', 'This link is not complete, or it is too old. Just answer our mail instead.');
  // What was mailed to somebody shows them all that they take part in, of this one conversation.
  const viewer = { contactId: link.contact, proof: 'code', identity: '' } as const;
  const own = await ownConversation(context.db, viewer, link.number);
  if (own === null) throw new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
  const base = `/l/${token}`;
  // A link is for one conversation; that which continues it has a link of its own.
  const placeOf = (number: number): string => `/l/${signLink(context.signingKeys, { purpose: 'status', number, contact: link.contact })}`;
  return { link, own, view: helpView(context, request, null), place: { viewer, own, base, alone: true, proof: null, placeOf } };
}

async function followedToThread(page: PageRequest): Promise<Followed> {
  const found = await followed(page);
  if (found.link.purpose !== 'status') throw new HoldfastError('E_NOT_FOUND', 'There is nothing at this address.');
  return found;
}

async function act(page: PageRequest): Promise<PageAnswer> {
  const { context, request } = page;
  mustNotBeForeign(context, request);
  const { link, view, place } = await followed(page);
  const say = LINK_WORDS[view.words.locale];
  switch (link.purpose) {
    case 'productionDown':
      return answer(view, await toldDown(view, await actByLink(context.db, link, 'productionDown', context.now())));
    case 'thatsAll':
      await actByLink(context.db, link, 'thatsAll', context.now());
      return answer(
        view,
        html`<h1>${say.thatsAll.done(link.number)}</h1>
          <p>${say.thatsAll.after}</p>`,
      );
    case 'somethingElse':
      await writeByLink(context.db, context.policy(), link, readForm(request, words).words, context.now());
      return answer(
        view,
        html`<h1>${say.more.done}</h1>
          <p>${say.more.after(link.number)}</p>`,
      );
    case 'ratedGood':
    case 'ratedBad':
      return takeRating(context, request, link);
    case 'status':
      return threadPost(view, place);
    case 'filed':
      throw new HoldfastError('E_NOT_FOUND', 'This link only shows something.');
    default:
      return link.purpose satisfies never;
  }
}

/** The token is the permission, and pages of ours alone know it; a browser that says it comes from elsewhere does not come from them. */
function mustNotBeForeign(context: ApiContext, request: Request): void {
  if (request.headers.origin !== undefined) requireOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL);
}

async function question(view: HelpView, link: Link, own: OwnConversation): Promise<PageAnswer> {
  const record = await customerConversation(view.context.db, own);
  const say = LINK_WORDS[view.words.locale];
  const status = html`<p class="chips"><span class="chip">#${record.number}</span> ${statusChip(view.words, record.status)}</p>`;
  if (link.purpose === 'filed') return answer(view, filed(view, record, status));
  if (record.status === 'closed')
    return answer(
      view,
      html`<h1>${say.closed}</h1>
        ${status}
        <p>${say.writeAgain}</p>`,
    );
  return answer(view, asked(view, link, status));
}

function asked({ request, words: { locale }, to }: HelpView, { purpose }: Link, status: Html): Html {
  const { down, thatsAll, more } = LINK_WORDS[locale];
  const action = to(request.path);
  switch (purpose) {
    case 'productionDown':
      return html`<h1>${down.title}</h1>
        ${status}
        <p>${down.lead}</p>
        <form method="post" action="${action}"><button class="big alarm">${down.yes}</button></form>
        <p class="quiet">${down.else}</p>`;
    case 'thatsAll':
      return html`<h1>${thatsAll.title}</h1>
        ${status}
        <p>${thatsAll.lead}</p>
        <form method="post" action="${action}"><button class="big">${thatsAll.button}</button></form>`;
    case 'somethingElse':
      return html`<h1>${more.title}</h1>
        ${status}
        <form method="post" action="${action}">
          <label for="words">${more.label}</label>
          <textarea id="words" name="words" rows="6" maxlength="20000" required></textarea>
          <button class="big">${more.send}</button>
        </form>`;
    case 'status':
    case 'filed':
    case 'ratedGood':
    case 'ratedBad':
      throw new Error('This link asks nothing.');
    default:
      return purpose satisfies never;
  }
}

/** What whoever only typed an address sees of the request: how it stands, and none of its words or times. */
function filed({ words: { filed: say }, to }: HelpView, { number }: CustomerConversation, status: Html): Html {
  return html`<h1>${say.title(number)}</h1>
    ${status}
    <p>${say.lead}</p>
    <p>${say.more}</p>
    <p><a class="button" href="${to(`/help/sign-in?number=${number}`)}">${say.code}</a></p>`;
}

function answer(view: HelpView, body: Html): PageAnswer {
  return helpAnswer(view, { title: LINK_WORDS[view.words.locale].title, body, alone: true, switches: view.request.method === 'GET' });
}
