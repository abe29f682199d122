import { CHANNELS, KINDS, PRIORITIES, PRIORITY_TEXT, PROMISE_KINDS, PROMISE_STATES, STATUSES } from '../../policy/words';
import { attachment } from './attachment';
import { z } from './openapi-zod';
import { verdict } from './suspended';
import { time } from './text';

/** A conversation's number in a path. */
export const numberParams = z.strictObject({
  number: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'must be a conversation number such as 1042')
    .transform(Number)
    .openapi({ type: 'integer', minimum: 1, example: 1042 }),
});

export const priority = z
  .enum(PRIORITIES, `must be one of ${PRIORITIES.join(', ')}`)
  .openapi({ description: PRIORITIES.map((word) => `${word}: ${PRIORITY_TEXT[word]}`).join('. ') });
export const kind = z.enum(KINDS, `must be one of ${KINDS.join(', ')}`);
export const status = z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`);
export const channel = z.enum(CHANNELS);

/** Someone as they are shown beside what they wrote or asked. */
export const person = z
  .strictObject({ id: z.string(), name: z.string().nullable(), email: z.string().nullable(), phone: z.string().nullable() })
  .openapi('Person');

/** A promise as it is answered. */
export const promise = z
  .strictObject({
    kind: z.enum(PROMISE_KINDS),
    state: z.enum(PROMISE_STATES),
    dueAt: time,
    metAt: time.optional(),
    breachedAt: time.optional(),
    cancelledAt: time.optional(),
    reason: z.string().optional().openapi({ description: 'Why it was cancelled.' }),
    paused: z.boolean().optional().openapi({ description: 'Its calendar is closed, or (nextResponse) we wait for the customer.' }),
    since: time,
    clock: z.string().openapi({ description: 'The calendar that it is counted on, or "elapsed".', example: 'office' }),
    lengthMs: z.number().int(),
    arithmetic: z.string().openapi({ description: 'How the due time comes about, in words.' }),
  })
  .openapi('Promise');

/** A conversation in a list. */
export const conversationRow = z
  .strictObject({
    number: z.number().int(),
    kind,
    channel,
    subject: z.string(),
    status,
    priority,
    plan: z.string(),
    assignee: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    requester: person,
    organization: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    cluster: z.array(z.string()),
    website: z.array(z.string()),
    tags: z.array(z.string()),
    flags: z.array(z.string()).openapi({ description: 'What agents should look at, such as "unauthenticated".' }),
    nextDueAt: time.nullable(),
    breached: z.boolean(),
    snoozedUntil: time.nullable(),
    receivedAt: time,
    lastMessageAt: time,
    revision: z.number().int(),
    linkedFrom: z.number().int().nullable().openapi({ description: 'The conversation that this one follows or may belong to.' }),
    mergedInto: z.number().int().nullable().openapi({ description: 'The conversation that this one is a part of now; what comes goes there.' }),
    initiatedBy: z.enum(['customer', 'agent']),
    team: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    lastSeq: z.number().int().openapi({ description: 'How many events have come in; `seenUpTo` of an answer.' }),
    demo: z.boolean(),
    url: z.string(),
    preview: z
      .strictObject({
        by: z.enum(['customer', 'thirdParty', 'agent', 'system']),
        body: z.string(),
        emojiOnly: z.boolean().openapi({ description: 'Nothing but one to five emojis.' }),
        at: time,
      })
      .nullable()
      .openapi({ description: 'How the latest public message begins.' }),
    presence: z.enum(['here', 'away', 'gone']).nullable().openapi({ description: 'Whether a chat’s customer is there; null for those who never were.' }),
    unread: z.number().int().optional().openapi({ description: 'What came in that you have yet to read; not in live events.' }),
  })
  .openapi('ConversationRow');

/** Somebody whom a mail names, and whom nobody writes to until an agent admits them. */
const proposal = z.strictObject({ id: z.string(), email: z.string(), name: z.string().nullable() });

/** One conversation with its promises and people. */
export const conversation = z
  .strictObject({
    // Spread, not extended: OpenAPI would join the two with allOf, and each would refuse the other's fields.
    ...conversationRow.shape,
    promises: z.array(promise),
    participants: z.array(z.strictObject({ ...person.shape, role: z.enum(['requester', 'participant', 'thirdParty']) })),
    proposedParticipants: z.array(proposal).openapi({
      description: 'Named in To or Cc and not of the requester’s organization. Admit one with PUT …/participants/{id}, turn them down with DELETE.',
    }),
    proposedRequester: proposal.nullable().openapi({ description: 'The author of what an agent has forwarded. PUT …/requester with this address accepts it.' }),
    mergedFrom: z.array(z.number().int()).openapi({ description: 'Conversations that are a part of this one.' }),
    followUps: z.array(z.number().int()).openapi({ description: 'Conversations that follow this one.' }),
    page: z.string().nullable().openapi({ description: 'Id of the open page, if on-call is being rung.' }),
    chat: z
      .strictObject({
        proof: z.enum(['signed', 'code', 'claimed', 'mail']).openapi({ description: 'claimed: nobody has proven that the address is the requester’s.' }),
        locale: z.enum(['de', 'en']),
        timeZone: z.string().nullable(),
        openedFrom: z.string().nullable().openapi({ description: 'The site that the chat was begun on.' }),
      })
      .nullable()
      .openapi({ description: 'For what began as a chat.' }),
    rating: z
      .strictObject({ score: z.enum(['good', 'bad']), words: z.string().nullable() })
      .nullable()
      .openapi({ description: 'What the customer thought of it.' }),
  })
  .openapi('Conversation');

/** A message or note of the thread. */
export const message = z
  .strictObject({
    id: z.string(),
    mergedFrom: z.number().int().nullable().openapi({ description: 'The conversation that it was written in, if that has become a part of this one.' }),
    direction: z.enum(['in', 'out', 'note']),
    author: z.strictObject({
      kind: z.enum(['customer', 'thirdParty', 'agent', 'system']),
      id: z.string().nullable(),
      name: z.string().nullable(),
    }),
    channel,
    body: z.string().openapi({ description: 'What its author wrote, without what they quoted.' }),
    fullBody: z.string().nullable().openapi({ description: 'All of the text, where `body` leaves a quotation out.' }),
    htmlUrl: z.string().nullable().openapi({ description: 'Where the message can be seen as it was formatted, for a sandboxed frame.' }),
    at: time,
    state: z.enum(['received', 'waiting', 'sent', 'failed', 'withdrawn', 'shown']),
    deliveredAt: time.nullable(),
    authenticated: z.boolean().openapi({ description: 'Its sender was proven.' }),
    verdict: verdict.nullable().openapi({ description: 'What SPF, DKIM and DMARC say about the sender of a mail; null for anything else.' }),
    machine: z.boolean(),
    hint: z.string().nullable(),
    attachments: z.array(attachment),
    emojiOnly: z.boolean().openapi({ description: 'Nothing but one to five emojis, to be shown enlarged.' }),
    seenAt: time.nullable().openapi({ description: 'When the customer had it in view in the chat.' }),
    mailedAt: time.nullable().openapi({ description: 'When it was sent by e-mail because the customer of the chat had gone.' }),
  })
  .openapi('Message');

/** One line of what happened and why. */
export const timelineEntry = z
  .strictObject({
    at: time,
    type: z.string().openapi({ example: 'promise.breached' }),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])),
  })
  .openapi('TimelineEntry');
