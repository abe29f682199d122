import { CHANNELS, PROMISE_KINDS } from '../../policy/words';
import { IDENTITY_LENGTH } from '../auth/identity';
import { attachment, attachments } from './attachment';
import { kind, priority } from './conversation';
import { z } from './openapi-zod';
import { emailAddress, line, text, time } from './text';

/** Characters of one message; what is longer is a file. */
const WORDS = 20_000;

const locale = z.enum(['de', 'en'], 'must be de or en');
/** A name such as Europe/Berlin; one that this program does not know is left out. */
const timeZone = line(64).openapi({ example: 'Europe/Berlin' });
const identity = text(IDENTITY_LENGTH).openapi({ description: 'The JWT that the host’s dashboard has signed; see docs/chat.md.' });
/** May be empty beside a file. */
const words = text(WORDS, 0);

/** Beginning or going on in the widget without writing yet. */
export const sessionBody = z.strictObject({
  identity: identity.optional(),
  email: emailAddress.optional().openapi({ description: 'An address that is only claimed, for a token with which files can be sent before the first words.' }),
  name: line(200).optional(),
  locale: locale.optional(),
  timeZone: timeZone.optional(),
});

/** The first words of a chat, and who says them. */
export const chatBody = z.strictObject({
  identity: identity.optional(),
  email: emailAddress.optional().openapi({ description: 'An address that is only claimed; needed without `identity` and without a visitor token.' }),
  name: line(200).optional(),
  body: words,
  priority: priority.optional(),
  cluster: line(100).optional(),
  website: line(255).optional(),
  locale: locale.optional(),
  timeZone: timeZone.optional(),
  openedFrom: text(300).optional().openapi({ description: 'Origin of the page that the widget stands in; kept when it is one that may embed it.' }),
  attachments,
});

/** More words in a chat. */
export const chatMessageBody = z.strictObject({ body: words, attachments });

/** What a customer does to their conversation beside writing. */
export const ACTS = ['thatsAll', 'productionDown', 'transcript'] as const;
export const actBody = z.strictObject({ act: z.enum(ACTS, `must be one of ${ACTS.join(', ')}`) });

export const ratingBody = z.strictObject({
  score: z.enum(['good', 'bad'], 'must be good or bad'),
  words: text(2_000).optional(),
});

/** Somebody of the desk, as customers see them. */
const face = z.strictObject({ name: z.string(), avatar: z.string().nullable().openapi({ description: 'Where their picture is.' }) });

/** What somebody who writes now can expect. */
export const expectation = z
  .strictObject({
    office: z.enum(['open', 'closed']),
    opensAt: time.nullable(),
    agents: z.array(z.strictObject({ ...face.shape, initials: z.string() })).openapi({ description: 'At most three, most recently active first.' }),
    reply: z.strictObject({
      kind: z.enum(['median', 'promise', 'closed']).openapi({
        description: 'median: of first responses in office time of the last seven days; promise: the policy’s; closed: until the office opens.',
      }),
      ms: z.number().int().nullable(),
    }),
    samples: z.number().int(),
    queue: z.number().int().openapi({ description: 'Open chats that nobody has answered yet.' }),
    answerBy: time.nullable().openapi({ description: 'By when the first answer is promised.' }),
  })
  .openapi('ChatExpectation');

/** A conversation as its customer sees it. */
export const chatSummary = z
  .strictObject({
    number: z.number().int(),
    kind,
    status: z.enum(['inProgress', 'waitingForYou', 'done']),
    subject: z.string().nullable().openapi({ description: 'Null for what began in the chat.' }),
    answerBy: time.nullable().openapi({ description: 'The next time that was promised to the customer.' }),
    promised: z.strictObject({ kind: z.enum(PROMISE_KINDS), dueAt: time }).nullable(),
    assignee: face.nullable(),
    unread: z.number().int().openapi({ description: 'Answers in the chat that were neither seen nor mailed.' }),
    lastMessageAt: time,
    ticket: z.boolean(),
    closed: z.boolean(),
    rated: z.enum(['good', 'bad']).nullable(),
    closingAsked: z.boolean().openapi({ description: '"Is there anything else?" was asked, and has not been answered.' }),
    beRightBack: z.boolean().openapi({ description: 'Whoever answers has said that they are right back; `promised` says by when.' }),
    proof: z.enum(['signed', 'code', 'claimed', 'mail']).nullable().openapi({ description: 'How the chat’s requester was proven; null for what is no chat.' }),
    // For a chat that nobody has answered yet.
    expectation: z.union([expectation, z.null()]),
  })
  .openapi('ChatSummary');

/** A public message as its customer sees it. */
export const chatMessage = z
  .strictObject({
    id: z.string(),
    cursor: z.string().openapi({ description: 'Its place in the thread; later ones are greater.' }),
    from: z.enum(['you', 'agent', 'other', 'desk']).openapi({ description: 'other: somebody else on the customer’s side; desk: by itself.' }),
    author: face.nullable(),
    body: z.string(),
    html: z.string().nullable().openapi({ description: 'As an agent has formatted it, allow-listed.' }),
    emojiOnly: z.boolean().openapi({ description: 'Nothing but one to five emojis, to be shown enlarged.' }),
    at: time,
    state: z.enum(['received', 'sent', 'withdrawn']),
    seenAt: time.nullable(),
    mailedAt: time.nullable().openapi({ description: 'When it was sent by e-mail because its reader had gone.' }),
    channel: z.enum(CHANNELS),
    attachments: z.array(attachment),
  })
  .openapi('ChatMessage');

/** Who the visitor is to us. */
export const visitor = z
  .strictObject({
    name: z.string().nullable(),
    email: z.string().nullable().openapi({ description: 'Masked (a***@example.org) unless it is proven.' }),
    proof: z.enum(['signed', 'code', 'claimed']),
  })
  .openapi('Visitor');

export const session = z.strictObject({
  visitorToken: z.string().nullable(),
  visitor: visitor.nullable(),
  chats: z.array(chatSummary),
});

export const chatOpened = z.strictObject({
  number: z.number().int(),
  visitorToken: z.string().openapi({ description: 'The bearer of the visitor’s later calls.' }),
  expectation,
  message: z.strictObject({ id: z.string() }),
});

/** A page of a thread; the newest without `after` and `before`. */
export const thread = z.strictObject({
  items: z.array(chatMessage),
  nextCursor: z.string().optional().openapi({ description: 'For `after`: more follow.' }),
  earlierCursor: z.string().optional().openapi({ description: 'For `before`: there are earlier ones.' }),
});
