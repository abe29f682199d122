import { setTimeout as sleep } from 'node:timers/promises';
import { conversationRevision, listConversations, listTimeline, queuePlace, SORTS } from '../../db/conversations';
import { listMessages } from '../../db/messages';
import type { Database } from '../../db/connection';
import { PRIORITIES, STATUSES } from '../../policy/words';
import { noSuchConversation } from '../commands';
import { apiRoute, type ApiRoute } from '../route';
import { conversation, conversationRow, kind, message, numberParams, timelineEntry } from '../schemas/conversation';
import { count } from '../schemas/count';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listAnswer, listOf, listQuery, pageOf, placeInstant, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { line, rfc3339 } from '../schemas/text';
import { conversationAnswer, messageAnswer, timelineData } from './answers';
import { conversationRowAnswers, rowFacts } from './row-answers';

/** How long a read waits for a revision to be projected, and how often it looks, in milliseconds. */
const WAIT_FOR_REVISION_MS = 1_000;
const LOOK_AGAIN_MS = 25;

/** Several words of a set, joined by commas or by repeating the parameter. */
function words<const Word extends string>(set: readonly Word[]) {
  const one = z.enum(set, `must be of ${set.join(', ')}`);
  return z
    .union([z.string().transform((value) => value.split(',')), z.array(z.string())])
    .pipe(z.array(one))
    .optional()
    .openapi({ type: 'array', items: { type: 'string', enum: [...set] } });
}

const queueQuery = listQuery.extend({
  kind: kind.optional(),
  status: words(STATUSES).openapi({ description: 'All but closed ones, if left out.' }),
  priority: words(PRIORITIES),
  assignee: line(100).optional().openapi({ description: 'An agent id, `me`, or `none`.' }),
  cluster: line(100).optional(),
  website: line(255).optional(),
  tag: line(100).optional(),
  team: line(100).optional().openapi({ description: 'A team id, or `none`.' }),
  organization: line(100).optional(),
  requester: line(100).optional().openapi({ description: 'A contact id.' }),
  q: line(200).optional().openapi({ description: 'Words of messages, notes, subject, tags and people, each as the start of one; or a number such as #1042.' }),
  snoozed: z.enum(['include', 'hide'], 'must be include or hide').optional().openapi({ description: 'Hidden by default until their time has come.' }),
  merged: z.enum(['include', 'hide'], 'must be include or hide').optional().openapi({ description: 'What has become a part of another; hidden by default.' }),
  sort: z
    .enum(SORTS, `must be one of ${SORTS.join(', ')}`)
    .optional()
    .openapi({ description: 'due: next promise due first (the default).' }),
});

const threadQuery = listQuery;
const messagePlace = z.tuple([placeInstant, placeText]);
const timelinePlace = z.tuple([count, count]);
const place = z.tuple([placeInstant.nullable(), z.number().int()]);

/** Reading conversations: the queue, one, its thread, its story. */
export const conversationRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/conversations',
    action: 'conversation.read',
    tag: 'Conversations',
    summary: 'The queue: next promise due first',
    query: queueQuery,
    answers: { 200: { about: 'A page of the queue.', schema: listOf(conversationRow) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ context, db, actor, query }) {
      const sort = query.sort ?? 'due';
      const limit = query.limit ?? DEFAULT_LIMIT;
      const { assignee } = query;
      const rows = await listConversations(
        db,
        {
          kind: query.kind,
          status: query.status,
          priority: query.priority,
          assignee: assignee === 'none' ? null : assignee === 'me' ? actor.id : assignee,
          cluster: query.cluster?.toLowerCase(),
          website: query.website?.toLowerCase(),
          tag: query.tag,
          team: query.team === 'none' ? null : query.team,
          merged: query.merged === 'include',
          organization: query.organization,
          requester: query.requester,
          q: query.q,
          snoozedAt: query.snoozed === 'include' ? null : new Date(context.now()),
        },
        { sort, after: decodeCursor(query.cursor, sort, place), limit: limit + 1 },
      );
      const { items, ...next } = pageOf(
        rows,
        limit,
        (row) => row,
        (last) => encodeCursor(sort, queuePlace(last, sort)),
      );
      return { status: 200, body: { items: await conversationRowAnswers(db, items, rowFacts(context), actor.id), ...next } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/conversations/{number}',
    action: 'conversation.read',
    tag: 'Conversations',
    summary: 'One conversation with its promises',
    params: numberParams,
    query: z.strictObject({
      minRevision: z
        .string()
        .regex(/^\d{1,9}$/, 'must be a revision')
        .transform(Number)
        .optional()
        .openapi({ type: 'integer', minimum: 0, description: 'Waits up to one second until what a command answered can be read.' }),
    }),
    answers: { 200: { about: 'The conversation.', schema: conversation } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, actor, params, query }) {
      if (query.minRevision !== undefined) await waitForRevision(db, params.number, query.minRevision);
      return {
        status: 200,
        body: await conversationAnswer(db, params.number, rowFacts(context), actor.id),
      };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/conversations/{number}/messages',
    action: 'conversation.read',
    tag: 'Conversations',
    summary: 'The thread with notes, oldest first',
    params: numberParams,
    query: threadQuery,
    answers: { 200: { about: 'A page of the thread.', schema: listOf(message) } },
    problems: ['E_NOT_FOUND', 'E_BAD_CURSOR'],
    async handle({ db, params: { number }, query }) {
      await mustExist(db, number);
      return listAnswer(query, {
        order: 'messages',
        place: messagePlace,
        read: (from) => listMessages(db, number, from),
        toItem: (row) => messageAnswer(row, number),
        placeOf: ({ at, id }) => [at.getTime(), id],
      });
    },
  }),
  apiRoute({
    method: 'get',
    path: '/conversations/{number}/timeline',
    action: 'conversation.read',
    tag: 'Conversations',
    summary: 'Everything that happened, and why',
    params: numberParams,
    query: threadQuery,
    answers: { 200: { about: 'A page of the story, oldest first.', schema: listOf(timelineEntry) } },
    problems: ['E_NOT_FOUND', 'E_BAD_CURSOR'],
    async handle({ db, params: { number }, query }) {
      await mustExist(db, number);
      return listAnswer(query, {
        order: 'timeline',
        place: timelinePlace,
        read: (from) => listTimeline(db, number, from),
        toItem: ({ at, type, data }) => ({ at: rfc3339(at), type, data: timelineData(data) }),
        placeOf: ({ revision, position }) => [revision, position],
      });
    },
  }),
];

async function mustExist(db: Database, number: number): Promise<void> {
  if ((await conversationRevision(db, number)) === null) throw noSuchConversation(number);
}

/** Waits until a revision has been projected, at most a second of real time; the caller reads whatever there is then. */
export async function waitForRevision(db: Database, number: number, revision: number): Promise<void> {
  const until = performance.now() + WAIT_FOR_REVISION_MS;
  while (performance.now() < until) {
    const there = await conversationRevision(db, number);
    if (there === null || there >= revision) return;
    await sleep(LOOK_AGAIN_MS);
  }
}
