import { chatMessages } from '../../db/chat-messages';
import { contactById } from '../../db/contacts';
import { inTransaction } from '../../db/in-transaction';
import { visitorById } from '../../db/visitors';
import { actInChat } from '../../intake/chat-act';
import { joinChat } from '../../intake/chat-message';
import { openChat } from '../../intake/open-chat';
import { rate } from '../../intake/rate';
import { HoldfastError } from '../../messages/errors';
import { siteOf } from '../auth/known-origin';
import { chatMessageAnswer, messagePlace } from '../chat-answers';
import { countMessage } from '../chat-limits';
import { claimAttachments } from '../claim-attachments';
import { authorOf, mustOwn, mustSay, ownChat, readerOf, summariesFor, visitorOf } from '../own-chat';
import { apiRoute, type ApiRoute } from '../route';
import * as schema from '../schemas/chat';
import { numberParams } from '../schemas/conversation';
import { DEFAULT_LIMIT, listQuery } from '../schemas/list';
import { z } from '../schemas/openapi-zod';

const shared = { tag: 'Chat', params: numberParams, target: ownChat } as const;

const threadQuery = z.strictObject({
  limit: listQuery.shape.limit,
  after: z.string().max(200).optional().openapi({ description: 'The `cursor` of a message: what came after it.' }),
  before: z.string().max(200).optional().openapi({ description: 'The `cursor` of a message, or `earlierCursor`: what came before it.' }),
});

/** A customer's own conversations: what the widget and the help pages show, and what can be done there. */
export const ownChatRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...shared,
    method: 'get',
    path: '/chats/{number}',
    action: 'chat.read',
    summary: 'One of the visitor’s own conversations; an agent sees it as its requester does',
    answers: { 200: { about: 'How it stands.', schema: schema.chatSummary } },
    problems: ['E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE'],
    async handle({ context, db, params, caller }) {
      const reader = await readerOf(db, caller, params.number);
      const { number } = await mustOwn(db, reader, params.number);
      const [summary] = await summariesFor(context, db, reader, { limit: 1, number });
      if (summary === undefined) throw notThere();
      return { status: 200, body: summary };
    },
  }),
  apiRoute({
    ...shared,
    method: 'get',
    path: '/chats/{number}/messages',
    action: 'chat.read',
    summary: 'What was said in it, oldest first; the newest page, or what came after or before a message',
    query: threadQuery,
    answers: { 200: { about: 'A page of the thread, without notes.', schema: schema.thread } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, params, query, caller }) {
      const reader = await readerOf(db, caller, params.number);
      const { parts } = await mustOwn(db, reader, params.number);
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = messagePlace(query.after);
      const found = await chatMessages(db, reader.contactId, parts, { limit: limit + 1, after, before: messagePlace(query.before) });
      const more = found.length > limit;
      // One more than asked for tells whether more follow, in the direction that was asked for.
      const items = (after === null ? found.slice(more ? 1 : 0) : found.slice(0, limit)).map((message) => chatMessageAnswer(message, reader.contactId));
      const [first] = items;
      const last = items.at(-1);
      return {
        status: 200,
        body: {
          items,
          ...(more && after !== null && last !== undefined && { nextCursor: last.cursor }),
          ...(more && after === null && first !== undefined && { earlierCursor: first.cursor }),
        },
      };
    },
  }),
  apiRoute({
    ...shared,
    method: 'post',
    path: '/chats/{number}/messages',
    action: 'chat.write',
    summary: 'Write in it; what is closed is gone on from in a new conversation, linked to it',
    body: schema.chatMessageBody,
    answers: {
      201: { about: 'The words are in the conversation of this number.', schema: z.strictObject({ number: z.number().int(), message: schema.chatMessage }) },
    },
    problems: ['E_CALENDAR_NEVER_OPENS', 'E_OUT_OF_RANGE'],
    async handle({ context, db, params, body, caller }) {
      mustSay(body);
      const visitor = visitorOf(caller);
      const now = context.now();
      return inTransaction(db, async (trx) => {
        await countMessage(context, trx, visitor.id);
        const { number } = await mustOwn(trx, visitor, params.number);
        const [contact, record] = [await contactById(trx, visitor.contactId), await visitorById(trx, visitor.id, new Date(now))];
        if (contact === null || record === null) throw notThere();
        const said =
          (await joinChat(trx, context.policy(), { contact, proof: visitor.proof }, number, body, now)) ??
          (await openChat(
            trx,
            context.policy(),
            authorOf({ visitor: record, contact }),
            { body: body.body, openedFrom: siteOf(context, caller.origin, undefined), follows: number },
            now,
          ));
        await claimAttachments(trx, { ids: body.attachments ?? [], visitor: visitor.id, messageId: said.messageId });
        const [message] = await chatMessages(trx, visitor.contactId, [said.number], { limit: 1, ids: [said.messageId] });
        if (message === undefined) throw notThere();
        return { status: 201, body: { number: said.number, message: chatMessageAnswer(message, visitor.contactId) } };
      });
    },
  }),
  apiRoute({
    ...shared,
    method: 'post',
    path: '/chats/{number}/acts',
    action: 'chat.write',
    summary: 'Say that this was all, that production is down, or that a transcript is wanted by e-mail',
    body: schema.actBody,
    answers: { 204: { about: 'Taken; the desk hears of it.' } },
    problems: ['E_CONVERSATION_CLOSED', 'E_MERGED'],
    async handle({ context, db, params, body, caller }) {
      const visitor = visitorOf(caller);
      const { number } = await mustOwn(db, visitor, params.number);
      await actInChat(db, { number, contact: visitor.contactId, proof: visitor.proof }, body.act, context.now());
      return { status: 204 };
    },
  }),
  apiRoute({
    ...shared,
    method: 'put',
    path: '/chats/{number}/rating',
    action: 'chat.write',
    summary: 'Say what it was like; a later answer replaces the earlier one',
    body: schema.ratingBody,
    answers: { 200: { about: 'Kept. Thank you.', schema: schema.ratingBody } },
    async handle({ context, db, params, body, caller }) {
      const visitor = visitorOf(caller);
      const { number } = await mustOwn(db, visitor, params.number);
      await rate(db, { number, contact: visitor.contactId, score: body.score, words: body.words ?? null, at: context.now() });
      return { status: 200, body };
    },
  }),
];

function notThere(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such thing, or it is not yours to see.');
}
