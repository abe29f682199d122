import { inTransaction } from '../../db/in-transaction';
import { revokeVisitor } from '../../db/visitors';
import { openChat } from '../../intake/open-chat';
import { HoldfastError } from '../../messages/errors';
import { admitVisitor, type AdmittedVisitor } from '../auth/admit-visitor';
import { asActor } from '../auth/authenticate';
import { siteOf } from '../auth/known-origin';
import { tokenOfVisitor } from '../auth/visitor-token';
import { maskedEmail } from '../chat-answers';
import { countChat, countMessage } from '../chat-limits';
import { claimAttachments } from '../claim-attachments';
import type { ApiContext } from '../context';
import { authorOf, expectationFor, mustSay, ownToken, summariesFor, visitorOf } from '../own-chat';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import * as schema from '../schemas/chat';

/** Conversations that the widget lists. */
const LISTED = 50;

/** What can be wrong with what somebody says of themselves. */
const WHO = ['E_UNAUTHENTICATED', 'E_IDENTITY_OFF', 'E_IDENTITY_INVALID', 'E_IDENTITY_EXPIRED'] as const;

/** Coming into the chat: who somebody is, their first words, and what they can expect. */
export const chatRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/chat/expectation',
    action: 'chat.open',
    tag: 'Chat',
    summary: 'Who is there, and how soon an answer can be expected',
    answers: { 200: { about: 'What somebody who writes now can expect.', schema: schema.expectation } },
    problems: ['E_UNAUTHENTICATED', 'E_FORBIDDEN', 'E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE'],
    async handle({ context, db, caller: { actor } }) {
      return { status: 200, body: await expectationFor(context, db, actor.kind === 'visitor' ? actor : null) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/chat/sessions',
    action: 'chat.open',
    tag: 'Chat',
    summary: 'Come into the chat, or back to it, without writing',
    body: schema.sessionBody,
    answers: { 200: { about: 'Who the visitor is to us, with their conversations; nobody, if they say nothing of themselves.', schema: schema.session } },
    problems: [...WHO, 'E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE'],
    // A repeated one gives another token to the same visitor; nothing happens twice.
    idempotency: 'none',
    async handle({ context, db, body, caller }) {
      return inTransaction(db, async (trx) => {
        const admitted = await admitVisitor(trx, context, caller.actor, body);
        if (admitted === null) return { status: 200, body: { visitorToken: null, visitor: null, chats: [] } };
        const visitor = asActor(admitted.visitor);
        // Whoever claims an address without a word is counted as if they had begun a chat with it.
        if (visitor.proof === 'claimed' && caller.actor.kind !== 'visitor') {
          await countChat(context, trx, { address: caller.address, email: admitted.contact.email ?? '' });
        }
        return {
          status: 200,
          body: { visitorToken: admitted.token, visitor: visitorAnswer(admitted), chats: await summariesFor(context, trx, visitor, { limit: LISTED }) },
        };
      });
    },
  }),
  apiRoute({
    method: 'delete',
    path: '/chat/sessions',
    action: 'visitor.own',
    target: ownToken,
    tag: 'Chat',
    summary: 'Leave: the visitor token holds no longer',
    answers: { 204: { about: 'Forgotten.' } },
    async handle({ context, db, caller }) {
      await revokeVisitor(db, visitorOf(caller).id, new Date(context.now()));
      return { status: 204 };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/chats',
    action: 'chat.open',
    tag: 'Chat',
    summary: 'Write in the chat; the words join the visitor’s open chat, if there is one',
    body: schema.chatBody,
    answers: {
      200: { about: 'They are in the chat that was open.', schema: schema.chatOpened },
      201: { about: 'The chat exists, and its promises run.', schema: schema.chatOpened },
    },
    problems: [...WHO, 'E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE'],
    async handle({ context, db, body, caller }) {
      mustSay(body);
      return inTransaction(db, async (trx) => {
        const admitted = await admitVisitor(trx, context, caller.actor, body);
        if (admitted === null) {
          throw new InvalidRequest([{ path: 'body.email', message: 'is missing; say who writes, with an address, a signed identity or a visitor token' }]);
        }
        const { visitor, contact, token } = admitted;
        await countMessage(context, trx, visitor.id);
        const { priority, cluster, website, body: words } = body;
        const opened = await openChat(
          trx,
          context.policy(),
          authorOf(admitted),
          { body: words, priority, cluster, website, openedFrom: siteOf(context, caller.origin, body.openedFrom) },
          context.now(),
        );
        if (opened.opened && visitor.proof === 'claimed') await countChat(context, trx, { address: caller.address, email: contact.email ?? '' });
        await claimAttachments(trx, { ids: body.attachments ?? [], visitor: visitor.id, messageId: opened.messageId });
        const told = { number: opened.number, expectation: await expectationFor(context, trx, asActor(visitor)), message: { id: opened.messageId } };
        return {
          status: opened.opened ? 201 : 200,
          body: { ...told, visitorToken: token },
          // The database keeps no token; it is made again for whoever repeats the request.
          kept: { ...told, visitorId: visitor.id },
        };
      });
    },
    again: repeated,
  }),
];

async function repeated(context: ApiContext, kept: unknown): Promise<unknown> {
  const { visitorId, ...told } = kept as { readonly visitorId: string };
  const visitorToken = await tokenOfVisitor(context.db, context.signingKeys, visitorId, context.now());
  if (visitorToken === null) throw new HoldfastError('E_UNAUTHENTICATED', 'Whoever wrote this has left the chat since. Write anew.');
  return { ...told, visitorToken };
}

/** Who a visitor is to us; an address that they only claim is not told to whoever holds the token. */
function visitorAnswer({ visitor, contact }: AdmittedVisitor) {
  const { proof, name } = visitor;
  const email = contact.email === null ? null : proof === 'claimed' ? maskedEmail(contact.email) : contact.email;
  return { name, email, proof };
}
