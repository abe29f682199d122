import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ownConversation, type Viewer } from '../../../db/own-conversations';
import { inTransaction } from '../../../db/in-transaction';
import { mailAddress } from '../../../intake/mail-address';
import { HoldfastError, type ErrorCode } from '../../../messages/errors';
import { NOBODY } from '../../auth/actor';
import { admitVisitor } from '../../auth/admit-visitor';
import { mayEmbed } from '../../auth/known-origin';
import { requireOwnOrigin } from '../../auth/origin';
import { fileRequest, pathOfLink, type FiledRequest } from '../../help-form';
import { countForm } from '../../help-limits';
import { askForCode, redeemCode } from '../../mailed-codes';
import { addressOf } from '../../rate-limits';
import { pageRoute, type PageAnswer, type PageRequest, type PageRoute } from '../../route';
import { field } from '../form';
import { draftOf, problemsOf, requestOf, systemsOf } from './form-draft';
import { emptyForm, formAnswer, newFormKey, provenOf, sentAnswer } from './form-page';
import { helpView, languageOf, type HelpView } from './frame';
import { listAnswer } from './list-page';
import { onceForForm, readPosted } from './posted';
import { endHelpSession, helpCookie, helpVisitorOf, setHelpCookie, type HelpVisitor } from './session';
import { codeAnswer, signInAnswer } from './sign-in-page';
import { threadFile, threadMessageHtml } from './thread-files';
import { threadAnswer } from './thread-page';
import { threadPost, type ThreadPlace } from './thread-post';

/** Errors of a signed identity: then somebody is nobody in particular, and can write all the same. */
const REFUSED_IDENTITY: ReadonlySet<ErrorCode> = new Set(['E_IDENTITY_OFF', 'E_IDENTITY_INVALID', 'E_IDENTITY_EXPIRED']);

const style = readFileSync(path.join(__dirname, 'style.css'), 'utf8');

/** The contact form, and a customer's own pages behind it. */
export const helpPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/help/style.css',
    action: 'public.read',
    handle: () => Promise.resolve({ file: style, type: 'text/css', headers: { 'Cache-Control': 'public, max-age=60' } }),
  }),
  pageRoute({
    method: 'get',
    path: '/help',
    action: 'help.use',
    handle: async (page) => emptyForm(await viewOf(page)),
  }),
  pageRoute({ method: 'post', path: '/help/enter', action: 'help.use', handle: enter }),
  pageRoute({ method: 'post', path: '/help/requests', action: 'help.use', handle: send }),
  pageRoute({
    method: 'get',
    path: '/help/requests',
    action: 'help.use',
    async handle(page) {
      const view = await viewOf(page);
      return view.visitor === null ? { redirect: view.to('/help/sign-in') } : listAnswer(view, viewerOf(view.visitor));
    },
  }),
  pageRoute({
    method: 'get',
    path: '/help/requests/{number}',
    action: 'help.use',
    async handle(page) {
      const view = await viewOf(page);
      const number = numberOf(page.params['number']);
      if (view.visitor === null) return { redirect: view.to(number === null ? '/help/sign-in' : `/help/sign-in?number=${number}`) };
      return threadAnswer(view, await placeFor(page, view.visitor));
    },
  }),
  pageRoute({
    method: 'post',
    path: '/help/requests/{number}',
    action: 'help.use',
    async handle(page) {
      mustBeOurs(page);
      const view = await viewOf(page);
      if (view.visitor === null) return { redirect: view.to('/help/sign-in') };
      return threadPost(view, await placeFor(page, view.visitor));
    },
  }),
  pageRoute({
    method: 'get',
    path: '/help/requests/{number}/files/{file}',
    action: 'help.use',
    handle: async (page) => threadFile(page.context.db, await ownerFor(page), page.params['file'] ?? ''),
  }),
  pageRoute({
    method: 'get',
    path: '/help/requests/{number}/messages/{message}/html',
    action: 'help.use',
    handle: async (page) => threadMessageHtml(page.context.db, await ownerFor(page), page.params['message'] ?? ''),
  }),
  pageRoute({
    method: 'get',
    path: '/help/sign-in',
    action: 'help.use',
    handle: async (page) => signInAnswer(await viewOf(page), { number: numberOf(page.request.query['number']) }),
  }),
  pageRoute({ method: 'post', path: '/help/codes', action: 'help.use', handle: sendCode }),
  pageRoute({ method: 'post', path: '/help/sessions', action: 'help.use', handle: signIn }),
  pageRoute({
    method: 'post',
    path: '/help/sign-out',
    action: 'help.use',
    async handle(page) {
      mustBeOurs(page);
      await endHelpSession(page.context, page.request);
      setHelpCookie(page.context, page.response, null);
      return { redirect: helpView(page.context, page.request, null).to('/help') };
    },
  }),
];

/**
 * The way in for the host's dashboard: its page posts the signed identity here, often into a frame, and gets the form of that customer. The
 * same place signs somebody in whose page in a frame carries their token. Neither ever stands in an address.
 */
async function enter(page: PageRequest): Promise<PageAnswer> {
  const { context, request, response } = page;
  const { origin } = request.headers;
  if (origin === undefined || !mayEmbed(context, origin)) mustBeOurs(page);
  const identity = field(request, 'identity');
  if (identity !== undefined && identity !== '') {
    const { locale, chosen } = languageOf(request);
    const admitted = await inTransaction(context.db, (trx) => admitVisitor(trx, context, NOBODY, { identity, ...(chosen && { locale }) })).catch(
      (error: unknown) => {
        if (error instanceof HoldfastError && REFUSED_IDENTITY.has(error.code)) return null;
        throw error;
      },
    );
    if (admitted === null) return emptyForm(helpView(context, request, null), true);
    // In a frame on another site the browser leaves the cookie out; the form carries the token itself.
    setHelpCookie(context, response, admitted.token);
    return emptyForm(helpView(context, request, await helpVisitorOf(context, admitted.token), admitted.token));
  }
  // Only our own pages carry one.
  mustBeOurs(page);
  const token = field(request, 'visitor') ?? '';
  const visitor = await helpVisitorOf(context, token);
  const { to } = helpView(context, request, visitor);
  if (visitor === null) return { redirect: to('/help/sign-in') };
  if (helpCookie(request) !== token) await endHelpSession(context, request);
  setHelpCookie(context, response, token);
  return { redirect: to('/help/requests') };
}

async function send(page: PageRequest): Promise<PageAnswer> {
  const { context, request } = page;
  mustBeOurs(page);
  await countForm(context, context.db, addressOf(request));
  const posted = await readPosted(request);
  const { fields, files } = posted;
  const carried = fields.get('visitor') ?? null;
  const carrier = await helpVisitorOf(context, carried);
  // A form that began signed in is not sent as whoever has signed in to this browser since.
  const signedIn = carried === null ? await helpVisitorOf(context, helpCookie(request)) : carrier;
  const began = fields.get('signedIn') ?? null;
  const visitor = signedIn !== null && (began === null || began === signedIn.email) ? signedIn : null;
  const view = helpView(context, request, visitor, visitor === null ? null : carried);
  const systems = await systemsOf(view);
  const draft = draftOf(fields, visitor);
  const problems = problemsOf(view, draft, systems, posted);
  if (began !== null && visitor === null) problems.set('email', view.words.errors.identityOver);
  if ((fields.get('fax') ?? '') !== '') problems.set('body', view.words.errors.robot);
  const again = (): Promise<PageAnswer> => {
    const filesLost = files.length > 0 || posted.leftOut !== null;
    return formAnswer(view, { draft, systems, problems, filesLost, key: newFormKey() });
  };
  if (problems.size > 0) return again();
  const wanted = requestOf(draft, files);
  try {
    const filed = await onceForForm<FiledRequest>(context.db, { who: wanted.email, posted, at: context.now() }, (db) =>
      fileRequest(context, db, wanted, provenOf(view)),
    );
    return sentAnswer(view, {
      number: filed.number,
      answerBy: filed.answerBy,
      priority: wanted.priority,
      email: wanted.email,
      onCallTold: filed.promises.some(({ kind }) => kind === 'feedback'),
      officeOpen: filed.office === 'open',
      statusPath: view.to(pathOfLink(context, filed.link)),
    });
  } catch (error) {
    if (!(error instanceof HoldfastError) || (error.code !== 'E_INVALID' && error.code !== 'E_FORBIDDEN')) throw error;
    problems.set('email', error.fix === undefined ? error.message : `${error.message} ${error.fix}`);
    return again();
  }
}

async function sendCode(page: PageRequest): Promise<PageAnswer> {
  const { context, request } = page;
  mustBeOurs(page);
  const view = await viewOf(page);
  const typed = field(request, 'email') ?? '';
  const number = numberOf(field(request, 'number'));
  const email = mailAddress(typed);
  if (email === null) return signInAnswer(view, { email: typed, problem: view.words.errors.email, number });
  await askForCode(context, context.db, { email, locale: view.words.locale, address: addressOf(request) });
  return codeAnswer(view, { email, number });
}

async function signIn(page: PageRequest): Promise<PageAnswer> {
  const { context, request, response } = page;
  mustBeOurs(page);
  const view = await viewOf(page);
  const email = mailAddress(field(request, 'email') ?? '');
  const number = numberOf(field(request, 'number'));
  if (email === null) return signInAnswer(view, { problem: view.words.errors.email, number });
  try {
    const code = field(request, 'code') ?? '';
    const { token } = await redeemCode(context, NOBODY, { email, code, locale: view.words.locale, address: addressOf(request) });
    // A new secret each time: what was in the cookie before is worth nothing afterwards.
    await endHelpSession(context, request);
    setHelpCookie(context, response, token);
    return { redirect: view.to(number === null ? '/help/requests' : `/help/requests/${number}`) };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'E_WRONG_CODE') throw error;
    return codeAnswer(view, { email, number, problem: view.words.errors.code });
  }
}

/** Refuses what another site's page has set off, or a page of ours that another site shows without being allowed to. */
function mustBeOurs({ context, request }: PageRequest): void {
  requireOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL);
}

async function viewOf({ context, request }: PageRequest): Promise<HelpView> {
  return helpView(context, request, await helpVisitorOf(context, helpCookie(request)));
}

function viewerOf({ contactId, proof, identity }: HelpVisitor): Viewer {
  return { contactId, proof, identity };
}

/** A conversation's number, or null. */
function numberOf(text: unknown): string | null {
  return typeof text === 'string' && /^[1-9]\d{0,14}$/.test(text) ? text : null;
}

/** The visitor's own conversation that the path names. Errors: E_NOT_FOUND, the same for what is another's and what is not there. */
async function placeFor({ context, params }: PageRequest, visitor: HelpVisitor): Promise<ThreadPlace> {
  const number = numberOf(params['number']);
  const viewer = viewerOf(visitor);
  const own = number === null ? null : await ownConversation(context.db, viewer, Number(number));
  if (own === null) throw notYours();
  const placeOf = (other: number): string => `/help/requests/${other}`;
  return { viewer, own, base: placeOf(own.number), alone: false, proof: visitor.proof, placeOf };
}

async function ownerFor(page: PageRequest): Promise<ThreadPlace> {
  const visitor = await helpVisitorOf(page.context, helpCookie(page.request));
  if (visitor === null) throw notYours();
  return placeFor(page, visitor);
}

function notYours(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such request, or it is not yours to see.');
}
