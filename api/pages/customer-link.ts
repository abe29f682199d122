import { addCustomerAct } from '../../intake/customer-act';
import { HoldfastError } from '../../messages/errors';
import { verifyLink, type Link, type LinkPurpose } from '../../messages/addresses';
import type { Status } from '../../policy/words';
import type { ApiContext } from '../context';
import { pageRoute, type PageAnswer, type PageRoute } from '../route';
import { html, layout } from './layout';
import type { Html } from './html';

/** What a customer reads of a status. */
const STATUS_WORDS: Readonly<Record<Status, string>> = {
  new: 'In progress',
  open: 'In progress',
  onHold: 'In progress',
  pending: 'Waiting for you',
  solved: 'Done',
  closed: 'Done',
};

/** Every link in our mails: following it shows a page, and only the page's button acts, so that no mail scanner acts. */
export const customerLinkPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/l/{token}',
    action: 'link.follow',
    async handle({ context, params }) {
      const token = params['token'] ?? '';
      const link = linkOf(context, token);
      return page(await question(context, link, token));
    },
  }),
  pageRoute({
    method: 'post',
    path: '/l/{token}',
    action: 'link.follow',
    async handle({ context, params }) {
      const link = linkOf(context, params['token'] ?? '');
      const act = actOf(link.purpose);
      if (act === null) throw new HoldfastError('E_NOT_FOUND', 'This link only shows something.');
      await addCustomerAct(context.db, { number: link.number, act, at: context.now() });
      return page(
        act === 'productionDown'
          ? html`<h1>Thank you. We’re treating #${link.number} as urgent now.</h1>
              <p>Someone is being told this very moment. Anything that may help us, just answer our mail.</p>`
          : html`<h1>Thank you. We’ve marked #${link.number} as done.</h1>
              <p>If something is still not right, just answer our mail, and we’ll pick it up again.</p>`,
      );
    },
  }),
];

function linkOf(context: ApiContext, token: string): Link {
  const link = verifyLink(context.signingKeys, token);
  if (link === null) throw new HoldfastError('E_NOT_FOUND', 'This link is not complete, or it is too old. Just answer our mail instead.');
  return link;
}

function actOf(purpose: LinkPurpose): 'productionDown' | 'thatsAll' | null {
  switch (purpose) {
    case 'productionDown':
    case 'thatsAll':
      return purpose;
    case 'status':
      return null;
    default:
      return purpose satisfies never;
  }
}

async function question(context: ApiContext, link: Link, token: string): Promise<Html> {
  const conversation = await context.db.selectFrom('conversations').select(['status']).where('number', '=', link.number).executeTakeFirst();
  if (!conversation) throw new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
  const status = html`<p class="chips"><span class="chip">#${link.number}</span> <span class="chip">${STATUS_WORDS[conversation.status]}</span></p>`;
  if (conversation.status === 'closed')
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
    case 'status':
      return html`<h1>Your request #${link.number}</h1>
        ${status}
        <p>To write to us about it, just answer our mail.</p>`;
    default:
      return link.purpose satisfies never;
  }
}

function page(body: Html): PageAnswer {
  return { html: layout({ title: 'Your request', actor: null, body }) };
}
