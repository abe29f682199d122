import { deleteSuspended, listSuspended, type MailStanding, type SuspendedMail } from '../../db/suspended';
import { apiRoute, type Answer, type ApiRoute, type Checked } from '../route';
import { listAnswer, listOf, listQuery, placeInstant } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { suspendedDecided, suspendedMail, suspendedParams, suspendedQueued } from '../schemas/suspended';
import { rfc3339 } from '../schemas/text';
import { decideSuspended, noSuchSuspended, type SuspendedDecision } from '../suspended';

const place = z.tuple([placeInstant, z.number().int()]);
const TAG = 'Suspended mail';

const decisionAnswers = {
  200: { about: 'Where the mail has gone.', schema: suspendedDecided },
  202: { about: 'Kept, and carried out as soon as a worker comes to it.', schema: suspendedQueued },
} as const;

/** Mail that was kept aside with a reason, and what people decide about it. */
export const suspendedRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/suspended',
    action: 'suspended.read',
    tag: TAG,
    summary: 'Mail that was kept aside, newest first: no ticket, no promise, until somebody decides',
    query: listQuery,
    answers: { 200: { about: 'A page of suspended mail.', schema: listOf(suspendedMail) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      return listAnswer(query, {
        order: 'suspended',
        place,
        read: (from) => listSuspended(db, from),
        toItem: suspendedAnswer,
        placeOf: ({ receivedAt, id }) => [receivedAt.getTime(), id],
      });
    },
  }),
  apiRoute({
    method: 'post',
    path: '/suspended/{id}/release',
    action: 'suspended.act',
    tag: TAG,
    summary: 'Make it a request after all: a conversation, or a message of its thread; its promises count from now',
    params: suspendedParams,
    body: z.strictObject({}).openapi('Release'),
    answers: decisionAnswers,
    problems: ['E_NOT_FOUND'],
    idempotency: 'command',
    handle: (request) => decide(request, 'release'),
  }),
  apiRoute({
    method: 'post',
    path: '/suspended/{id}/retry',
    action: 'suspended.act',
    tag: TAG,
    summary: 'Read and judge it once more, as if it came now',
    params: suspendedParams,
    body: z.strictObject({}).openapi('Retry'),
    answers: decisionAnswers,
    problems: ['E_NOT_FOUND'],
    idempotency: 'command',
    handle: (request) => decide(request, 'retry'),
  }),
  apiRoute({
    method: 'delete',
    path: '/suspended/{id}',
    action: 'suspended.act',
    tag: TAG,
    summary: 'Delete it, with the mail as it came; who did so and when is kept',
    params: suspendedParams,
    answers: { 204: { about: 'It is gone.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, actor, params }) {
      if (!(await deleteSuspended(db, params.id, { by: actor.id, at: new Date(context.now()) }))) throw noSuchSuspended();
      return { status: 204 };
    },
  }),
];

async function decide(request: Checked<{ id: number }, unknown, unknown>, act: SuspendedDecision['act']): Promise<Answer> {
  const { context, actor, params, idempotency } = request;
  const standing = await decideSuspended(context, { id: params.id, act, actor, idempotency });
  if (standing === null) return { status: 202, body: { state: 'queued' } };
  return { status: 200, body: standingAnswer(standing, context.environment.HOLDFAST_PUBLIC_URL) };
}

function standingAnswer({ state, number, reason }: MailStanding, publicUrl: string): z.output<typeof suspendedDecided> {
  const settled = state === 'suspended' || state === 'failed' ? state : 'resolved';
  return {
    state: settled,
    number: settled === 'resolved' ? number : null,
    url: settled === 'resolved' && number !== null ? `${publicUrl}/conversations/${number}` : null,
    reason: settled === 'resolved' ? null : reason,
  };
}

function suspendedAnswer(mail: SuspendedMail): z.output<typeof suspendedMail> {
  return {
    id: mail.id,
    reason: mail.reason,
    from: mail.sender,
    subject: mail.subject,
    preview: mail.preview,
    receivedAt: rfc3339(mail.receivedAt),
    verdict: mail.verdict,
    number: mail.number,
  };
}
