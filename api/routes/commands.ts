import { getAgent } from '../../db/agents';
import { getCommand } from '../../db/commands';
import { getConversation } from '../../db/conversations';
import { HoldfastError } from '../../messages/errors';
import { BE_RIGHT_BACK_WORDS, CLOSING_WORDS } from '../../messages/said-for-agents';
import { noSuchConversation } from '../commands';
import { InvalidRequest } from '../problem';
import { may } from '../auth/authorize';
import { mustNotHaveMoved, outgoing } from '../replies';
import { apiRoute, type ApiRoute } from '../route';
import * as schema from '../schemas/command';
import { numberParams } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { rfc3339, text } from '../schemas/text';
import { spamCommand } from '../spam';
import { commandRoute, internal, only, run } from './run-command';

const messageParams = numberParams.extend({ message: text(100) });

/** What agents say when they add no words of their own. */
const CALL_WORDS = {
  reached: 'Called the customer and reached them.',
  voicemail: 'Called the customer and left a voicemail.',
  noAnswer: 'Called the customer; nobody answered.',
} as const;

/** What agents do to a conversation: each is an Update of its workflow. */
export const commandRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/replies',
    summary: 'Answer the customer; the first answer takes the conversation',
    body: schema.replyBody,
    answers: schema.commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NO_PUBLIC_CHANNEL', 'E_THREAD_MOVED'],
    handle: (request) =>
      run(
        request,
        async (db) => {
          const { body, attachments, status, updateBy, recipients, seenUpTo, force } = request.body;
          if (seenUpTo !== undefined && force !== true) await mustNotHaveMoved(db, request.actor, request.params.number, seenUpTo);
          const { message, delivery, recipients: to, gone } = await outgoing(request.context, db, request.params.number, body, recipients);
          return {
            message: { ...message, ...(attachments === undefined ? {} : { attachments }) },
            command: {
              type: 'reply',
              messageId: message.id,
              delivery,
              recipients: to,
              ...(gone === undefined ? {} : { gone }),
              ...(status === undefined ? {} : { status }),
              ...(updateBy === undefined ? {} : { updateBy }),
            },
          };
        },
        { status: 201 },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'delete',
    path: '/conversations/{number}/replies/{message}',
    summary: 'Take an answer back before it leaves (undo-send)',
    params: messageParams,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_NOTHING_TO_UNDO'],
    handle: (request) =>
      run(request, async (db) => {
        const { number, message } = request.params;
        const row = await db
          .selectFrom('messages')
          .select('id')
          .where('id', '=', message)
          .where('number', '=', number)
          .where('direction', '=', 'out')
          .executeTakeFirst();
        if (!row) throw new HoldfastError('E_NOT_FOUND', `There is no such answer in conversation #${number}.`);
        return { command: { type: 'undoReply', messageId: message } };
      }),
  }),
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/notes',
    summary: 'Write an internal note, which never leaves the desk',
    body: schema.noteBody,
    answers: schema.commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) =>
      run(
        request,
        () => {
          const { body, attachments } = request.body;
          const message = internal(body, 'api');
          return Promise.resolve({
            message: { ...message, ...(attachments === undefined ? {} : { attachments }) },
            command: { type: 'note', messageId: message.id },
          });
        },
        { status: 201 },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/calls',
    summary: 'Log a call with the customer; reached or a voicemail counts as an answer',
    body: schema.callBody,
    answers: schema.commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) =>
      run(
        request,
        () => {
          const { outcome, body } = request.body;
          const message = internal(body ?? CALL_WORDS[outcome], 'call');
          return Promise.resolve({ message, command: { type: 'call', messageId: message.id, outcome } });
        },
        { status: 201 },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/be-right-back',
    summary: 'Tell the customer that you will be right back, and promise it',
    body: schema.beRightBackBody,
    answers: schema.commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NEW_TIME_WANTED', 'E_NO_PUBLIC_CHANNEL', 'E_BAD_COMMAND'],
    handle: (request) =>
      run(
        request,
        async (db) => {
          const { backAt, body } = request.body;
          const { message, ...way } = await outgoing(request.context, db, request.params.number, body ?? BE_RIGHT_BACK_WORDS);
          return { message, command: { type: 'beRightBack', messageId: message.id, ...way, ...(backAt === undefined ? {} : { backAt }) } };
        },
        { status: 201 },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/closing-question',
    summary: 'Ask whether there is anything else; silence then solves it',
    body: schema.closingQuestionBody,
    answers: schema.commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NOT_OPEN', 'E_NO_PUBLIC_CHANNEL'],
    handle: (request) =>
      run(
        request,
        async (db) => {
          const { message, ...way } = await outgoing(request.context, db, request.params.number, request.body.body ?? CLOSING_WORDS);
          return { message, command: { type: 'closingQuestion', messageId: message.id, ...way } };
        },
        { status: 201 },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/spam',
    summary: 'End it as spam: promises are cancelled, its page is over, its mail is suspended; with "block", so is what its senders write later',
    body: schema.spamBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) => run(request, spamCommand(request.context, request.actor, request.params.number, request.body.block === true)),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/assignment',
    summary: 'Give it to an agent, or take it from everyone',
    body: schema.assignmentBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_AGENT_AWAY', 'E_TOO_LATE', 'E_UNAVAILABLE'],
    handle: (request) =>
      run(
        request,
        async (db) => {
          const { agent, force } = request.body;
          if (agent === null) return { command: { type: 'assign', agent: null, away: false, force: force ?? false } };
          const found = await getAgent(db, agent === 'me' ? request.actor.id : agent);
          if (found === null || found.disabledAt !== null) throw new InvalidRequest([{ path: 'body.agent', message: 'is not an agent who can be given work' }]);
          return { command: { type: 'assign', agent: found.id, away: found.away, force: force ?? false } };
        },
        { notLate: true },
      ),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/priority',
    summary: 'Change the priority, and with it what is promised',
    body: schema.priorityBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) => {
      const { priority, since } = request.body;
      return run(request, only({ type: 'priority', priority, ...(since === undefined ? {} : { since }) }));
    },
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/status',
    summary: 'Open it, wait for the customer or a third party, or solve it',
    body: schema.statusBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_TOO_LATE', 'E_UNAVAILABLE'],
    handle: (request) => run(request, only({ type: 'status', status: request.body.status }), { notLate: request.body.status === 'solved' }),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/tags',
    summary: 'Set tags, clusters and websites; what is left out stays',
    body: schema.tagsBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) =>
      run(request, async (db) => {
        const { number } = request.params;
        const conversation = await getConversation(db, number);
        if (conversation === null) throw noSuchConversation(number);
        const { tags, cluster, website } = request.body;
        return {
          command: {
            type: 'tags',
            tags: distinct(tags ?? conversation.tags),
            cluster: distinct((cluster ?? conversation.cluster).map((name) => name.toLowerCase())),
            website: distinct((website ?? conversation.website).map((name) => name.toLowerCase())),
          },
        };
      }),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/snooze',
    summary: 'Hide it from the queue until a time; its promises go on',
    body: schema.snoozeBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'],
    handle: (request) =>
      run(request, () => {
        const { until } = request.body;
        const passed = until !== null && until <= request.context.now();
        if (passed) return Promise.reject(new InvalidRequest([{ path: 'body.until', message: 'lies in the past; send a time to come' }]));
        return Promise.resolve({ command: { type: 'snooze', until } });
      }),
  }),
  apiRoute({
    method: 'get',
    path: '/commands/{id}',
    action: 'command.read',
    tag: 'Commands',
    summary: 'How a command stands that was answered with 202',
    params: z.strictObject({ id: text(400) }),
    answers: { 200: { about: 'The command.', schema: schema.commandState } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params }) {
      const row = await getCommand(db, params.id);
      if (row === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such command, or it is not yours to see.');
      const mayRead = row.actor === actor.id || may(actor, 'conversation.read');
      const words =
        row.bodyRef === null || !mayRead ? undefined : await db.selectFrom('messages').select('body').where('id', '=', row.bodyRef).executeTakeFirst();
      const { result } = row;
      return {
        status: 200,
        body: {
          id: row.id,
          number: row.number,
          type: row.command.type,
          at: rfc3339(row.at),
          state: row.state,
          text: words?.body ?? null,
          ...(result !== null && 'refusal' in result ? { refusal: result.refusal } : {}),
          ...(result !== null && 'answer' in result ? { revision: result.answer.revision } : {}),
        },
      };
    },
  }),
];

const distinct = (names: readonly string[]) => [...new Set(names)];
