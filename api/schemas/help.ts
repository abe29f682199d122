import { PROMISE_KINDS } from '../../policy/words';
import { IDENTITY_LENGTH } from '../auth/identity';
import { priority } from './conversation';
import { z } from './openapi-zod';
import { emailAddress, line, text, time } from './text';

const locale = z.enum(['de', 'en'], 'must be de or en').optional();
const timeZone = line(64).optional().openapi({ example: 'Europe/Berlin' });
const system = (max: number) => line(max).nullable().optional().openapi({ description: 'null says: none of them.' });

/** A request as the contact form sends it. */
export const helpTicket = z
  .strictObject({
    identity: text(IDENTITY_LENGTH).optional().openapi({ description: 'The JWT that the host’s dashboard has signed; the requester is who it says.' }),
    requester: z
      .strictObject({ email: emailAddress, name: line(200).optional() })
      .optional()
      .openapi({ description: 'An address that is only claimed; needed without `identity` and without a visitor token.' }),
    subject: line(500),
    body: text(100_000),
    priority: priority.optional(),
    cluster: system(100),
    website: system(253),
  })
  .openapi('HelpTicket');

/** What whoever sent a request may know of it. */
export const helpTicketFiled = z
  .strictObject({
    number: z.number().int(),
    statusUrl: z.string().openapi({ description: 'A signed link to how the request stands.' }),
    answerBy: time.nullable().openapi({ description: 'When the first answer comes; for an address that is only claimed, the time that holds for everybody.' }),
    promises: z.array(z.strictObject({ kind: z.enum(PROMISE_KINDS), dueAt: time })),
    office: z.enum(['open', 'closed']),
  })
  .openapi('HelpTicketFiled');

/** The address that a code is asked for. */
export const codeAsked = z.strictObject({ email: emailAddress, locale });

/** A code that is brought back. */
export const codeBrought = z.strictObject({
  email: emailAddress,
  code: text(20).openapi({ description: 'Six digits; blanks do not count.', example: '123456' }),
  locale,
  timeZone,
});

/** Who has brought it back. */
export const codeSession = z
  .strictObject({
    visitorToken: z.string().openapi({ description: 'The bearer of this visitor’s later calls.' }),
    visitor: z.strictObject({ name: z.string().nullable(), email: z.string().nullable(), proof: z.enum(['signed', 'code', 'claimed']) }),
  })
  .openapi('HelpSession');
