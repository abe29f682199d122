import { getConversation } from '../../db/conversations';
import { policyOfDemoConversation } from '../../db/demo-addresses';
import { createFollowUp, createTicket, type CreatedTicket } from '../../intake/create-ticket';
import { noSuchConversation, sweepOne } from '../commands';
import type { ApiContext } from '../context';
import { claimForOpening } from '../claim-attachments';
import { apiRoute, type Answer, type ApiRoute } from '../route';
import { followUpBody, ticketBody, ticketCreated } from '../schemas/command';
import { numberParams } from '../schemas/conversation';
import { rfc3339 } from '../schemas/text';
import { conversationUrl } from './row-answers';

/** The ways in which agents and programs open conversations. */
export const ticketRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/tickets',
    action: 'ticket.create',
    tag: 'Tickets',
    summary: 'Open a ticket for a customer, or begin one: what an agent begins is mailed to the requester',
    body: ticketBody,
    answers: { 201: { about: 'The ticket exists, and its promises run.', schema: ticketCreated } },
    problems: ['E_CALENDAR_NEVER_OPENS'],
    async handle({ context, db, actor, body }) {
      const { requester, subject, body: words, priority, website, cluster, initiatedBy, attachments } = body;
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
      await claimForOpening(db, { ids: attachments ?? [], agent: actor.id, number: created.number });
      return createdAnswer(context, created, initiatedBy ?? 'customer');
    },
  }),
  apiRoute({
    method: 'post',
    path: '/conversations/{number}/follow-ups',
    action: 'ticket.create',
    tag: 'Tickets',
    summary: 'Open a conversation that follows this one: same requester, systems and tags; also of a closed one',
    params: numberParams,
    body: followUpBody,
    answers: { 201: { about: 'The ticket exists, linked to this conversation.', schema: ticketCreated } },
    problems: ['E_NOT_FOUND', 'E_CALENDAR_NEVER_OPENS'],
    async handle({ context, db, actor, params, body }) {
      const followed = await getConversation(db, params.number);
      if (followed === null) throw noSuchConversation(params.number);
      const { subject = followed.subject, body: words, initiatedBy = 'agent', priority } = body;
      const { requesterId, requesterEmail, organizationId, cluster, website, tags } = followed;
      const created = await createFollowUp(
        db,
        // What follows a demonstration is one: under the desk's own policy it would ring real people.
        (await policyOfDemoConversation(db, params.number)) ?? context.policy(),
        { number: params.number, contact: { id: requesterId, email: requesterEmail, organizationId }, cluster, website, tags },
        { subject, body: words, initiatedBy, ...(priority === undefined ? {} : { priority }) },
        { now: context.now(), actor: { agent: actor.id } },
      );
      return createdAnswer(context, created, initiatedBy);
    },
  }),
];

function createdAnswer(context: ApiContext, { number, promises, office }: CreatedTicket, initiatedBy: 'customer' | 'agent'): Answer {
  return {
    status: 201,
    body: {
      number,
      url: conversationUrl(context.environment.HOLDFAST_PUBLIC_URL, number),
      promises: promises.map(({ kind, dueAt }) => ({ kind, dueAt: rfc3339(dueAt) })),
      office,
    },
    headers: { Location: `/api/v1/conversations/${number}` },
    // What an agent begins is a command that waits for its conversation to be started.
    ...(initiatedBy === 'agent' && { afterCommit: () => sweepOne(context, number) }),
  };
}
