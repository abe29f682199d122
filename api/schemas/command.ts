import { PRIORITIES, PROMISE_KINDS, PROMISE_STATES } from '../../policy/words';
import type { DocumentedAnswer } from '../route';
import { attachments } from './attachment';
import { kind, priority, status } from './conversation';
import { count } from './count';
import { z } from './openapi-zod';
import { emailAddress, instant, line, text, time } from './text';

/** What a conversation looks like right after a command. */
const view = z
  .strictObject({
    number: z.number().int(),
    kind,
    status,
    priority,
    plan: z.string(),
    assignee: z.string().nullable(),
    nextDueAt: time.nullable(),
    promises: z.array(
      z.strictObject({
        kind: z.enum(PROMISE_KINDS),
        state: z.enum(PROMISE_STATES),
        dueAt: time,
        metAt: time.optional(),
        breachedAt: time.optional(),
        paused: z.boolean().optional(),
      }),
    ),
  })
  .openapi('View');

/** A command that was carried out. */
export const commandDone = z
  .strictObject({
    id: z.string(),
    message: z.string().optional().openapi({ description: 'Id of the message that came of it.' }),
    revision: z.number().int().openapi({ description: 'Ask for this `minRevision` to read your own write.' }),
    view,
  })
  .openapi('CommandDone');

/** A command whose conversation has not answered yet; it is carried out as soon as it does. */
export const commandQueued = z.strictObject({ state: z.literal('queued'), id: z.string() }).openapi('CommandQueued');

/** How a command stands. */
export const commandState = z
  .strictObject({
    id: z.string(),
    number: z.number().int(),
    type: z.string(),
    at: time,
    state: z.enum(['queued', 'done', 'refused']),
    text: z
      .string()
      .nullable()
      .openapi({ description: 'What its author wrote; kept also when it was refused. Null for a token that may not read, unless it is its owner’s own.' }),
    refusal: z.strictObject({ code: z.string(), message: z.string() }).optional(),
    revision: z.number().int().optional(),
  })
  .openapi('CommandState');

/** The answers of every command. */
export function commandAnswers(done: 200 | 201): Record<number, DocumentedAnswer> {
  return {
    [done]: { about: 'Done; the conversation as it is now.', schema: commandDone },
    202: { about: 'Kept, and carried out as soon as the conversation answers. Location tells how it stands.', schema: commandQueued },
  };
}

const MESSAGE_LENGTH = 100_000;
const label = line(100);

export const ticketBody = z
  .strictObject({
    requester: z
      .strictObject(
        { email: emailAddress.optional(), phone: line(40).optional().openapi({ example: '+4930123456' }), name: line(200).optional() },
        { error: (issue) => (issue.input === undefined ? 'is missing; give requester.email or requester.phone' : undefined) },
      )
      .refine((requester) => requester.email !== undefined || requester.phone !== undefined, 'needs an email or a phone, so that somebody can be answered'),
    subject: line(500),
    body: text(500_000),
    priority: priority.optional(),
    website: label.optional(),
    cluster: label.optional(),
    initiatedBy: z.enum(['customer', 'agent']).optional(),
    attachments,
  })
  .openapi('NewTicket');

export const ticketCreated = z
  .strictObject({
    number: z.number().int(),
    url: z.string(),
    promises: z.array(z.strictObject({ kind: z.enum(PROMISE_KINDS), dueAt: time })),
    office: z.enum(['open', 'closed']),
  })
  .openapi('TicketCreated');

export const replyBody = z
  .strictObject({
    body: text(MESSAGE_LENGTH),
    status: z.enum(['open', 'pending', 'onHold', 'solved']).optional(),
    attachments,
    updateBy: instant.optional().openapi({ description: 'You will hear from us by …: a promise told to the customer.' }),
    recipients: z.array(z.string().max(100)).min(1).max(50).optional().openapi({ description: 'Contacts of the thread; everyone when left out.' }),
    seenUpTo: z
      .union([count, text(100)])
      .optional()
      .openapi({
        description:
          'What you have read: the conversation’s `lastSeq`, or the id of the last message that you saw. If the customer has written since, nothing is sent.',
      }),
    force: z.boolean('must be true or false').optional().openapi({ description: 'Send it even if somebody has written since.' }),
  })
  .openapi('NewReply');

const contactId = text(100).openapi({ description: 'A contact id.' });

/** Somebody, by their record or by their address. */
export const personBody = z
  .union([z.strictObject({ contact: contactId }), z.strictObject({ email: emailAddress, name: line(200).optional() })], 'needs a contact or an email')
  .openapi('PersonNamed');
export const roleBody = z.strictObject({ role: z.enum(['participant', 'thirdParty'], 'must be participant or thirdParty') }).openapi('RoleChange');
const keepPrevious = z
  .boolean('must be true or false')
  .optional()
  .openapi({ description: 'Whether the requester before stays in the thread; if left out, only one of the same organization does.' });
export const requesterBody = z
  .union(
    [z.strictObject({ contact: contactId, keepPrevious }), z.strictObject({ email: emailAddress, name: line(200).optional(), keepPrevious })],
    'needs a contact or an email',
  )
  .openapi('RequesterChange');
export const mergeBody = z
  .strictObject({
    into: z.number().int().min(1).openapi({ description: 'The conversation that it becomes a part of.', example: 1042 }),
    force: z
      .boolean('must be true or false')
      .optional()
      .openapi({ description: 'Also of different customers. The people of this one are then only shown in the other.' }),
  })
  .openapi('Merge');
export const followUpBody = z
  .strictObject({
    subject: line(500).optional().openapi({ description: 'That of the conversation which it follows, if left out.' }),
    body: text(MESSAGE_LENGTH),
    initiatedBy: z.enum(['customer', 'agent']).optional().openapi({ description: 'Who says it; an agent’s words are mailed to the requester (the default).' }),
    priority: priority.optional(),
  })
  .openapi('NewFollowUp');
export const noteBody = z.strictObject({ body: text(MESSAGE_LENGTH), attachments }).openapi('NewNote');
export const callBody = z
  .strictObject({ outcome: z.enum(['reached', 'voicemail', 'noAnswer'], 'must be reached, voicemail or noAnswer'), body: text(MESSAGE_LENGTH).optional() })
  .openapi('NewCall');
export const beRightBackBody = z.strictObject({ backAt: instant.optional(), body: text(MESSAGE_LENGTH).optional() }).openapi('BeRightBack');
export const closingQuestionBody = z.strictObject({ body: text(MESSAGE_LENGTH).optional() }).openapi('ClosingQuestion');
export const emptyBody = z.strictObject({}).openapi('Empty');
export const spamBody = z
  .strictObject({ block: z.boolean('must be true or false').optional().openapi({ description: 'Also block the addresses that wrote it.' }) })
  .openapi('Spam');
export const assignmentBody = z
  .strictObject({
    agent: line(100).nullable().openapi({ description: 'An agent id, `me`, or null to unassign.' }),
    force: z.boolean('must be true or false').optional().openapi({ description: 'Also to someone who is away.' }),
  })
  .openapi('Assignment');
export const priorityBody = z
  .strictObject({
    priority: z.enum(PRIORITIES, `must be one of ${PRIORITIES.join(', ')}`),
    since: z.enum(['received', 'now'], 'must be received or now').optional(),
  })
  .openapi('PriorityChange');
export const statusBody = z
  .strictObject({ status: z.enum(['open', 'pending', 'onHold', 'solved'], 'must be one of open, pending, onHold, solved') })
  .openapi('StatusChange');
export const tagsBody = z
  .strictObject({ tags: z.array(label).max(50).optional(), cluster: z.array(label).max(20).optional(), website: z.array(label).max(20).optional() })
  .refine((body) => Object.keys(body).length > 0, 'needs tags, cluster or website')
  .openapi('TagsChange');
export const snoozeBody = z.strictObject({ until: instant.nullable() }).openapi('Snooze');
export const feedbackBody = z
  .strictObject({
    word: z.enum(['workingOnIt', 'whenOpen', 'ownWords'], 'must be workingOnIt, whenOpen or ownWords'),
    text: text(MESSAGE_LENGTH).optional(),
    updateBy: instant.optional(),
  })
  .refine((body) => body.word !== 'ownWords' || body.text !== undefined, { message: 'is needed with ownWords', path: ['text'] })
  .openapi('Feedback');
