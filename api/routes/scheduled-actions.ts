import { listScheduledActions, SCHEDULED_ACTIONS, type ScheduledAction, type ScheduledActionKind } from '../../db/scheduled-actions';
import { HoldfastError } from '../../messages/errors';
import type { Command } from '../../policy/events';
import { SCHEDULED, type Scheduled } from '../../policy/scheduled';
import { PROMISE_KINDS } from '../../policy/words';
import { answerCommand } from '../commands';
import { apiRoute, type Answer, type ApiRoute, type Checked } from '../route';
import { commandAnswers, emptyBody } from '../schemas/command';
import { numberParams } from '../schemas/conversation';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeInstant, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { instant, rfc3339, text, time } from '../schemas/text';

const WHAT: Readonly<Record<ScheduledActionKind, string>> = {
  notice: 'the desk is told that a promise is in danger or broken',
  page: 'on-call is paged for a promise',
  breach: 'a promise is broken',
  ring: 'a page rings again or at the next level',
  sendReply: 'undo-send ends and an answer leaves',
  retryMail: 'a mail that no server has taken is tried again',
  remind: 'the customer, whom we wait for, is reminded',
  solve: 'it is solved after silence',
  close: 'it is closed',
  askRating: 'the customer is asked, once, how it went',
  endSnooze: 'it comes back into the queue',
  nudgeAgent: 'an agent who has fallen silent in a chat is nudged',
  checkSeen: 'unseen chat messages are mailed if the customer has gone',
};

const scheduledAction = z
  .strictObject({
    id: z.string(),
    number: z.number().int(),
    subject: z.string(),
    action: z.enum(SCHEDULED_ACTIONS).openapi({ description: SCHEDULED_ACTIONS.map((action) => `${action}: ${WHAT[action]}`).join('. ') }),
    at: time,
    promise: z.enum(PROMISE_KINDS).nullable(),
    message: z.string().nullable(),
    page: z.string().nullable(),
    attempts: z.number().int().nullable().openapi({ description: 'How often a mail has been tried.' }),
    may: z.array(z.enum(['cancel', 'advance'])).openapi({ description: 'What can be done about it here. What was promised cannot be called off.' }),
  })
  .openapi('ScheduledAction');

const actions = z
  .string()
  .transform((value) => value.split(','))
  .pipe(z.array(z.enum(SCHEDULED_ACTIONS, `must be of ${SCHEDULED_ACTIONS.join(', ')}`)))
  .optional()
  .openapi({ type: 'array', items: { type: 'string', enum: [...SCHEDULED_ACTIONS] } });
const place = z.tuple([placeInstant, placeText]);
const idParams = z.strictObject({ id: text(300) });
const tag = 'Scheduled actions';

/** Everything that the desk will do by itself. */
export const scheduledActionRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/scheduled-actions',
    action: 'scheduled.read',
    tag,
    summary: 'Everything that the desk will do by itself, next first',
    query: listQuery.extend({
      number: numberParams.shape.number.optional().openapi({ type: 'integer', minimum: 1, description: 'Only of this conversation.' }),
      action: actions,
      before: instant.optional().openapi({ description: 'Nothing later than this.' }),
    }),
    answers: { 200: { about: 'A page of what is planned.', schema: listOf(scheduledAction) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await listScheduledActions(db, {
        number: query.number,
        actions: query.action,
        before: query.before === undefined ? undefined : new Date(query.before),
        after: decodeCursor(query.cursor, 'scheduled', place),
        limit: limit + 1,
      });
      return { status: 200, body: pageOf(rows, limit, answer, (last) => encodeCursor('scheduled', [last.at.getTime(), last.id])) };
    },
  }),
  ...(['cancel', 'advance'] as const).map((what) =>
    apiRoute({
      method: 'post',
      path: `/scheduled-actions/{id}/${what}`,
      action: 'conversation.act',
      tag,
      summary: what === 'cancel' ? 'Call something off that is no promise' : 'Have it now instead of later',
      params: idParams,
      body: emptyBody,
      answers: commandAnswers(200),
      problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NOTHING_TO_UNDO', 'E_MERGED', 'E_TOO_LATE', 'E_UNAVAILABLE'],
      idempotency: 'command',
      handle: (request) => carryOut(request, what),
    }),
  ),
];

function answer(row: ScheduledAction) {
  return {
    id: row.id,
    number: row.number,
    subject: row.subject,
    action: row.action,
    at: rfc3339(row.at),
    promise: row.promise,
    message: row.message,
    page: row.page,
    attempts: row.attempts,
    may: (['cancel', 'advance'] as const).filter((what) => commandFor(row.action, row.message, what) !== null),
  };
}

/** Whether it is still planned is the conversation's to know: the list may be a moment old. */
function carryOut({ context, actor, params, idempotency }: Checked<{ id: string }, unknown, unknown>, what: 'cancel' | 'advance'): Promise<Answer> {
  const [, number, action, part] = /^([1-9]\d{0,14})\.([A-Za-z]+)(?:\.(.+))?$/.exec(params.id) ?? [];
  const kind = SCHEDULED_ACTIONS.find((known) => known === action);
  const command = kind === undefined ? null : commandFor(kind, part ?? null, what);
  if (number === undefined || command === null) {
    throw new HoldfastError(
      'E_NOT_FOUND',
      `There is nothing of this name that could be ${what === 'cancel' ? 'called off' : 'had now'}. The list says what can.`,
    );
  }
  // Solved by somebody who has turned away meanwhile would come as a surprise.
  const notLate = command.type === 'scheduled' && command.action === 'solve' && what === 'advance';
  return answerCommand(context, { number: Number(number), actor, idempotency, make: () => Promise.resolve({ command }), notLate });
}

const isSilence = (action: ScheduledActionKind): action is Scheduled => (SCHEDULED as readonly string[]).includes(action);

/** The command that calls something off or has it now; null where that would break a promise or there is none. */
function commandFor(action: ScheduledActionKind, message: string | null, what: 'cancel' | 'advance'): Command | null {
  if (isSilence(action)) return { type: 'scheduled', action, do: what };
  if (action === 'endSnooze' && what === 'advance') return { type: 'snooze', until: null };
  if (action === 'sendReply' && what === 'cancel' && message !== null) return { type: 'undoReply', messageId: message };
  return null;
}
