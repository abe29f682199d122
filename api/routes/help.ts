import type { Transaction } from 'kysely';
import type { Database } from '../../db/connection';
import { contactById } from '../../db/contacts';
import { inTransaction } from '../../db/in-transaction';
import type { Schema } from '../../db/schema';
import { visitorById } from '../../db/visitors';
import type { ProvenContact } from '../../intake/form';
import type { Link } from '../../messages/addresses';
import { admitVisitor } from '../auth/admit-visitor';
import type { ApiContext } from '../context';
import { fileRequest, pathOfLink } from '../help-form';
import { countForm } from '../help-limits';
import { askForCode, redeemCode } from '../mailed-codes';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute, type Caller } from '../route';
import * as schema from '../schemas/help';
import { rfc3339, rfc3339OrNull } from '../schemas/text';

/** What customers do without being signed in: the contact form, and proving an address by a mailed code. */
export const helpRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/help/tickets',
    action: 'chat.open',
    tag: 'Help',
    summary: 'Send a request as the contact form does; its receipt goes to the requester',
    body: schema.helpTicket,
    answers: { 201: { about: 'The request exists, and its promises run.', schema: schema.helpTicketFiled } },
    problems: ['E_UNAUTHENTICATED', 'E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE', 'E_IDENTITY_OFF', 'E_IDENTITY_INVALID', 'E_IDENTITY_EXPIRED'],
    async handle({ context, db, caller, body }) {
      const { identity, requester, subject, body: words, priority, cluster, website } = body;
      return inTransaction(db, async (trx) => {
        await countForm(context, trx, caller.address);
        const proven = await provenBy(context, trx, caller, identity);
        const email = proven === null ? requester?.email : proven.email;
        if (email === undefined) {
          throw new InvalidRequest([{ path: 'body.requester', message: 'is missing; say who asks, with an address, a signed identity or a visitor token' }]);
        }
        const filed = await fileRequest(
          context,
          trx,
          {
            email,
            name: (proven === null ? requester?.name : proven.name) ?? null,
            subject,
            body: words,
            priority: priority ?? context.policy().defaultPriority,
            ...(cluster === undefined ? {} : { cluster }),
            ...(website === undefined ? {} : { website }),
            files: [],
          },
          proven,
        );
        const { number, link, answerBy, promises, office } = filed;
        const told = { number, answerBy: rfc3339OrNull(answerBy), promises: promises.map(({ kind, dueAt }) => ({ kind, dueAt: rfc3339(dueAt) })), office };
        // The link is a secret: it is signed again for whoever repeats the request.
        return { status: 201, body: { ...told, statusUrl: context.environment.HOLDFAST_PUBLIC_URL + pathOfLink(context, link) }, kept: { ...told, link } };
      });
    },
    again(context, kept) {
      const { link, ...told } = kept as { readonly link: Link };
      return Promise.resolve({ ...told, statusUrl: context.environment.HOLDFAST_PUBLIC_URL + pathOfLink(context, link) });
    },
  }),
  apiRoute({
    method: 'post',
    path: '/help/codes',
    action: 'chat.open',
    tag: 'Help',
    summary: 'Have a code mailed to an address, if we know it; the answer is the same either way',
    body: schema.codeAsked,
    answers: { 202: { about: 'If we know the address, six digits are on their way to it, good for 10 minutes.' } },
    problems: ['E_UNAUTHENTICATED'],
    async handle({ context, db, body, caller }) {
      await askForCode(context, db, { email: body.email, locale: body.locale ?? 'en', address: caller.address });
      return { status: 202 };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/help/sessions',
    action: 'chat.open',
    tag: 'Help',
    summary: 'Bring a mailed code back; a claimed visitor token that is sent along hands its chats on',
    body: schema.codeBrought,
    answers: { 201: { about: 'The visitor has proven their address.', schema: schema.codeSession } },
    problems: ['E_UNAUTHENTICATED', 'E_WRONG_CODE'],
    // A code works once: a repeat is another try.
    idempotency: 'none',
    async handle({ context, body, caller }) {
      const { visitor, contact, token } = await redeemCode(context, caller.actor, { ...body, address: caller.address });
      return { status: 201, body: { visitorToken: token, visitor: { name: visitor.name, email: contact.email, proof: visitor.proof } } };
    },
  }),
];

/** Whom a signed identity, or the visitor token that came with the request, proves; null when nothing does. Errors: as verifyIdentity. */
async function provenBy(
  context: ApiContext,
  trx: Transaction<Schema>,
  { actor }: Caller,
  identity: string | undefined,
): Promise<(ProvenContact & { readonly email: string; readonly name: string | null }) | null> {
  if (identity !== undefined) {
    const admitted = await admitVisitor(trx, context, actor, { identity });
    return admitted === null ? null : provenAs(trx, admitted.visitor);
  }
  if (actor.kind !== 'visitor' || actor.proof === 'claimed') return null;
  const visitor = await visitorById(trx, actor.id, new Date(context.now()));
  return visitor === null ? null : provenAs(trx, visitor);
}

async function provenAs(
  db: Database,
  { contactId, organizationId, name }: { readonly contactId: string; readonly organizationId: string | null; readonly name: string | null },
): Promise<(ProvenContact & { readonly email: string; readonly name: string | null }) | null> {
  const contact = await contactById(db, contactId);
  return contact === null || contact.email === null ? null : { contactId, organizationId, name, email: contact.email };
}
