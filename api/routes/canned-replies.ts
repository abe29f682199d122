import * as cannedReplies from '../../db/canned-replies';
import type { CannedReply } from '../../db/canned-replies';
import type { Database } from '../../db/connection';
import { HoldfastError } from '../../messages/errors';
import type { Agent } from '../auth/actor';
import { authorize } from '../auth/authorize';
import { noSuchConversation } from '../commands';
import { fillPlaceholders, firstNameOf, PLACEHOLDERS, unknownPlaceholders, type PlaceholderValues } from '../placeholders';
import { apiRoute, type ApiRoute } from '../route';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeText } from '../schemas/list';
import { numberParams } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { line, rfc3339, text, time } from '../schemas/text';

const cannedReply = z
  .strictObject({
    id: z.string(),
    shared: z.boolean().openapi({ description: 'Everybody’s, or else the own of whoever asks.' }),
    title: z.string(),
    body: z.string().openapi({ description: 'With its placeholders.' }),
    text: z.string().nullable().openapi({ description: 'With the values of the conversation that was asked for in place of them.' }),
    createdAt: time,
    changedAt: time,
  })
  .openapi('CannedReply');

const body = text(20_000)
  .superRefine((value, refinement) => {
    for (const name of unknownPlaceholders(value)) {
      refinement.addIssue({ code: 'custom', message: `has {{${name.slice(0, 50)}}}, which stands for nothing; there are ${PLACEHOLDERS.join(', ')}` });
    }
  })
  .openapi({
    description: `May hold placeholders: ${PLACEHOLDERS.map((name) => `{{${name}}}`).join(' ')}, each with an own word for nothing: {{customer.name|there}}.`,
  });
const shared = z.boolean('must be true or false').optional().openapi({ description: 'Everybody’s; needs the role lead. Your own when left out.' });
const newCannedReply = z.strictObject({ title: line(200), body, shared }).openapi('NewCannedReply');
const cannedReplyChange = z.strictObject({ title: line(200).optional(), body: body.optional(), shared }).openapi('CannedReplyChange');
const idParams = z.strictObject({ id: text(100) });
const forConversation = z.strictObject({
  conversation: numberParams.shape.number
    .optional()
    .openapi({ type: 'integer', minimum: 1, description: 'Fills the placeholders with this conversation’s facts.' }),
});
const place = z.tuple([placeText, placeText]);
const tag = 'Canned replies';

/** Texts that agents answer with again and again, their own and everybody's. */
export const cannedReplyRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/canned-replies',
    action: 'cannedReply.read',
    tag,
    summary: 'Your own and everybody’s, by title',
    query: listQuery.extend({ q: line(200).optional(), ...forConversation.shape }),
    answers: { 200: { about: 'A page of canned replies.', schema: listOf(cannedReply) } },
    problems: ['E_BAD_CURSOR', 'E_NOT_FOUND'],
    async handle({ db, actor, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'canned-replies', place);
      const values = await valuesFor(db, actor, query.conversation);
      const rows = await cannedReplies.listCannedReplies(db, actor.id, { q: query.q, after: after && { title: after[0], id: after[1] }, limit: limit + 1 });
      return {
        status: 200,
        body: pageOf(
          rows,
          limit,
          (row) => answer(row, values),
          (last) => encodeCursor('canned-replies', [last.title, last.id]),
        ),
      };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/canned-replies',
    action: 'cannedReply.write',
    tag,
    summary: 'Keep a text to answer with',
    body: newCannedReply,
    answers: { 201: { about: 'The new canned reply.', schema: cannedReply } },
    async handle({ context, db, actor, body: given }) {
      if (given.shared === true) authorize(actor, 'cannedReply.share');
      const owner = given.shared === true ? null : actor.id;
      const added = await cannedReplies.addCannedReply(db, { owner, title: given.title, body: given.body, at: new Date(context.now()) });
      return { status: 201, body: answer(added, null), headers: { Location: `/api/v1/canned-replies/${added.id}` } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/canned-replies/{id}',
    action: 'cannedReply.read',
    tag,
    summary: 'One canned reply',
    params: idParams,
    query: forConversation,
    answers: { 200: { about: 'The canned reply.', schema: cannedReply } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params, query }) {
      const row = await mustSee(db, actor, params.id);
      return { status: 200, body: answer(row, await valuesFor(db, actor, query.conversation)) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/canned-replies/{id}',
    action: 'cannedReply.write',
    tag,
    summary: 'Change one, share it, or make it your own',
    params: idParams,
    body: cannedReplyChange,
    answers: { 200: { about: 'The canned reply as changed.', schema: cannedReply } },
    problems: ['E_NOT_FOUND'],
    idempotency: 'transaction',
    async handle({ context, db, actor, params, body: change }) {
      const before = await mustSee(db, actor, params.id);
      if (before.owner === null || change.shared === true) authorize(actor, 'cannedReply.share');
      const owner = change.shared === undefined ? undefined : change.shared ? null : actor.id;
      const after = await cannedReplies.changeCannedReply(db, before.id, { title: change.title, body: change.body, owner, at: new Date(context.now()) });
      return { status: 200, body: answer(after ?? before, null) };
    },
  }),
  apiRoute({
    method: 'delete',
    path: '/canned-replies/{id}',
    action: 'cannedReply.write',
    tag,
    summary: 'Remove one',
    params: idParams,
    answers: { 204: { about: 'Removed.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params }) {
      const row = await mustSee(db, actor, params.id);
      if (row.owner === null) authorize(actor, 'cannedReply.share');
      await cannedReplies.removeCannedReply(db, row.id);
      return { status: 204 };
    },
  }),
];

function answer({ id, owner, title, body: written, createdAt, changedAt }: CannedReply, values: PlaceholderValues | null) {
  return {
    id,
    shared: owner === null,
    title,
    body: written,
    text: values === null ? null : fillPlaceholders(written, values),
    createdAt: rfc3339(createdAt),
    changedAt: rfc3339(changedAt),
  };
}

/** Somebody else's own is not there. */
async function mustSee(db: Database, actor: Agent, id: string): Promise<CannedReply> {
  const row = await cannedReplies.getCannedReply(db, actor.id, id);
  if (row === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such canned reply, or it is not yours to see.');
  return row;
}

async function valuesFor(db: Database, actor: Agent, number: number | undefined): Promise<PlaceholderValues | null> {
  if (number === undefined) return null;
  const facts = await cannedReplies.conversationForPlaceholders(db, number);
  if (facts === null) throw noSuchConversation(number);
  return {
    'customer.name': facts.customerName,
    'customer.firstName': firstNameOf(facts.customerName),
    'customer.email': facts.customerEmail,
    'organization.name': facts.organizationName,
    'agent.name': actor.name,
    'agent.firstName': firstNameOf(actor.name),
    'conversation.number': `#${facts.number}`,
    'conversation.subject': facts.subject,
  };
}
