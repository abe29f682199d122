import { blockSender } from '../../db/blocked-senders';
import { deleteSuspended, listSuspended, suspendedRaw, type SuspendedMail } from '../../db/suspended';
import { HoldfastError } from '../../messages/errors';
import type { Agent } from '../auth/actor';
import { may } from '../auth/authorize';
import { pageRoute, type PageRequest, type PageRoute } from '../route';
import { sender } from '../schemas/suspended';
import { z } from '../schemas/openapi-zod';
import { rawToShow } from '../raw-to-show';
import { decideSuspended, noSuchSuspended } from '../suspended';
import { readForm } from './form';
import { html, layout } from './layout';
import type { Html } from './html';
import { moment } from './time';
import { chip, reasonWords } from './words';

const SHOWN = 100;

/** Why mail was kept aside, as agents read it. */
const REASONS: Readonly<Record<string, string>> = {
  machine: 'written by a machine',
  bounce: 'one of our mails came back, and its conversation is closed',
  loop: 'a robot answered our automatic mail',
  dmarcReject: 'its sender’s domain asks to refuse it',
  flaggedSpam: 'the mail server calls it spam',
  blocked: 'its sender is blocked',
  spam: 'an agent called it spam',
  noSender: 'nobody is named as its sender',
  ownMail: 'one of our own mails',
  ownAddress: 'it claims to come from our own address',
  unresolvable: 'it could not be turned into a conversation',
};

const actForm = z.strictObject({ act: z.enum(['release', 'retry', 'delete', 'block']), sender: sender.optional() });

/** Mail that was kept aside, with what can be done about it. */
export const suspendedPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/suspended',
    action: 'suspended.read',
    async handle({ context, actor, request }) {
      const mails = await listSuspended(context.db, { after: null, limit: SHOWN });
      const zone = context.policy().timezone;
      const canAct = may(actor, 'suspended.act');
      return {
        html: layout({
          title: 'Suspended mail',
          actor,
          here: '/suspended',
          body: html`<h1>Suspended mail</h1>
            <p class="quiet">Kept aside, without a ticket or a promise, until somebody decides. Newest first.</p>
            ${told(request.query['did'], request.query['number'])}
            ${
              mails.length === 0
                ? html`<p class="empty">Nothing was kept aside.</p>`
                : html`<ul class="rows">
                    ${mails.map((mail) => row(mail, zone, canAct))}
                  </ul>`
            }`,
        }),
      };
    },
  }),
  pageRoute({
    method: 'post',
    path: '/suspended/{id}',
    action: 'suspended.act',
    async handle(request) {
      const { context, actor } = request;
      const id = idOf(request);
      const form = readForm(request.request, actForm);
      const by = { by: (actor as Agent).id, at: new Date(context.now()) };
      switch (form.act) {
        case 'release':
        case 'retry': {
          const standing = await decideSuspended(context, { id, act: form.act, actor: actor as Agent, idempotency: null });
          if (standing === null) return { redirect: '/suspended?did=queued' };
          return { redirect: standing.state === 'resolved' ? `/suspended?did=placed&number=${standing.number ?? ''}` : '/suspended?did=again' };
        }
        case 'delete':
          if (!(await deleteSuspended(context.db, id, by))) throw noSuchSuspended();
          return { redirect: '/suspended?did=deleted' };
        case 'block':
          if (form.sender !== undefined) await blockSender(context.db, { sender: form.sender, ...by });
          return { redirect: '/suspended?did=blocked' };
        default:
          return form.act satisfies never;
      }
    },
  }),
  pageRoute({
    method: 'get',
    path: '/suspended/{id}/raw',
    action: 'suspended.read',
    async handle(request) {
      const id = idOf(request);
      const raw = await suspendedRaw(request.context.db, id);
      if (raw === null) throw noSuchSuspended();
      return { file: rawToShow(raw), type: 'message/rfc822', headers: { 'Content-Disposition': `attachment; filename="suspended-${id}.eml"` } };
    },
  }),
];

function idOf({ params }: PageRequest): number {
  const text = params['id'] ?? '';
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new HoldfastError('E_NOT_FOUND', 'There is no such suspended mail.');
  return Number(text);
}

function told(did: unknown, number: unknown): Html | null {
  switch (did) {
    case 'placed':
      return typeof number === 'string' && /^[1-9]\d{0,14}$/.test(number)
        ? html`<p class="good" role="status">Done: it is in <a href="/conversations/${number}">#${number}</a> now.</p>`
        : html`<p class="good" role="status">Done.</p>`;
    case 'again':
      return html`<p class="error" role="status">It was read and judged once more, and is kept aside again.</p>`;
    case 'queued':
      return html`<p class="good" role="status">Kept: it happens as soon as a worker comes to it.</p>`;
    case 'deleted':
      return html`<p class="good" role="status">Deleted.</p>`;
    case 'blocked':
      return html`<p class="good" role="status">Blocked: further mail from this sender comes here.</p>`;
    default:
      return null;
  }
}

function row(mail: SuspendedMail, zone: string, canAct: boolean): Html {
  return html`<li>
    <p>
      ${chip(REASONS[mail.reason] ?? reasonWords(mail.reason), mail.reason === 'unresolvable' ? 'bad' : 'warn')}
      <strong>${mail.subject === null || mail.subject === '' ? '(no subject)' : mail.subject}</strong>
    </p>
    ${mail.preview !== null && mail.preview !== '' && html`<p>${mail.preview}</p>`}
    <p class="quiet">
      from ${mail.sender ?? 'nobody'} · ${moment(mail.receivedAt, zone)}
      ${mail.number !== null && html` · taken out of <a href="/conversations/${mail.number}">#${mail.number}</a>`} ·
      <a href="/suspended/${mail.id}/raw">the mail as it came</a>
    </p>
    ${
      canAct &&
      html`<div class="acts">
        ${button(mail, 'release', 'Release')} ${button(mail, 'retry', 'Run again')} ${button(mail, 'delete', 'Delete')}
        ${mail.sender !== null && mail.reason !== 'blocked' && button(mail, 'block', `Block ${mail.sender}`)}
      </div>`
    }
  </li>`;
}

function button(mail: SuspendedMail, act: 'release' | 'retry' | 'delete' | 'block', words: string): Html {
  return html`<form method="post" action="/suspended/${mail.id}">
    <input type="hidden" name="act" value="${act}" />${act === 'block' && html`<input type="hidden" name="sender" value="${mail.sender ?? ''}" />`}<button
      class="second"
    >
      ${words}
    </button>
  </form>`;
}
