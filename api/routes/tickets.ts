import { createTicket } from '../../intake/create-ticket';
import { apiRoute, type ApiRoute } from '../route';
import { ticketBody, ticketCreated } from '../schemas/command';
import { rfc3339 } from '../schemas/text';
import { conversationUrl } from './answers';

/** `POST /tickets`. */
export const ticketRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/tickets',
    action: 'ticket.create',
    tag: 'Tickets',
    summary: 'Open a ticket for a customer; the answer says what was promised',
    body: ticketBody,
    answers: { 201: { about: 'The ticket exists, and its promises run.', schema: ticketCreated } },
    problems: ['E_CALENDAR_NEVER_OPENS'],
    async handle({ context, db, actor, body }) {
      const { requester, subject, body: words, priority, website, cluster, initiatedBy } = body;
      const created = await createTicket(
        db,
        context.policy(),
        {
          requester: {
            ...(requester.email === undefined ? {} : { email: requester.email }),
            ...(requester.phone === undefined ? {} : { phone: requester.phone }),
            ...(requester.name === undefined ? {} : { name: requester.name }),
          },
          subject,
          body: words,
          ...(priority === undefined ? {} : { priority }),
          ...(website === undefined ? {} : { website }),
          ...(cluster === undefined ? {} : { cluster }),
          ...(initiatedBy === undefined ? {} : { initiatedBy }),
        },
        { now: context.now(), actor: { agent: actor.id } },
      );
      const url = conversationUrl(context.environment.HOLDFAST_PUBLIC_URL, created.number);
      return {
        status: 201,
        body: {
          number: created.number,
          url,
          promises: created.promises.map(({ kind, dueAt }) => ({ kind, dueAt: rfc3339(dueAt) })),
          office: created.office,
        },
        headers: { Location: `/api/v1/conversations/${created.number}` },
      };
    },
  }),
];
