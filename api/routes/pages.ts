import { crashPoint } from '../../config/crash-points';
import type { Database } from '../../db/connection';
import { getPageShown, listPagesShown, type PageShown } from '../../db/page-inbox';
import { acknowledgePage, getPage, markAcknowledgementRelayed, type PageAttemptRow } from '../../db/pages';
import { HoldfastError } from '../../messages/errors';
import { acknowledgedSignal } from '../../messages/escalation';
import { pageWorkflowId, parsePageId } from '../../messages/ids';
import type { Command } from '../../policy/events';
import type { Agent } from '../auth/actor';
import { answerCommand, type CommandMessage, type CommandRequest } from '../commands';
import type { ApiContext } from '../context';
import { feedbackWords, type OneTap } from '../feedback-words';
import { outgoing } from '../replies';
import { apiRoute, type ApiRoute } from '../route';
import { commandAnswers, emptyBody, feedbackBody } from '../schemas/command';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeInstant, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { rfc3339, rfc3339OrNull, text, time } from '../schemas/text';
import { priority } from '../schemas/conversation';

/** A signal that takes longer is left to the sweep; milliseconds of real time. */
const SIGNAL_WITHIN_MS = 2_000;

const idParams = z.strictObject({ id: text(40) });

const page = z
  .strictObject({
    id: z.string(),
    number: z.number().int(),
    state: z.enum(['paging', 'acknowledged', 'over']),
    urgency: z.enum(['high', 'low']),
    summary: z.string(),
    causes: z.array(
      z.strictObject({
        kind: z.string(),
        reason: z.string(),
        at: time,
        urgency: z.enum(['high', 'low']),
        overAt: time.nullable(),
        overReason: z.string().nullable(),
      }),
    ),
    level: z.number().int(),
    round: z.number().int(),
    openedAt: time,
    nextRingAt: time.nullable(),
    acknowledgedAt: time.nullable(),
    acknowledgedBy: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    overAt: time.nullable(),
    subject: z.string(),
    priority,
    plan: z.string(),
    nextDueAt: time.nullable(),
    demo: z.boolean(),
    url: z.string(),
  })
  .openapi('Page');
const attempt = z.strictObject({
  ring: z.number().int(),
  level: z.number().int(),
  target: z.string(),
  method: z.enum(['pagerduty', 'inbox']),
  dueAt: time,
  decidedAt: time,
  sentAt: time.nullable(),
  outcome: z.enum(['sent', 'failed', 'skipped']).nullable(),
});
const pageWithAttempts = z.strictObject({ ...page.shape, attempts: z.array(attempt) }).openapi('PageWithAttempts');
const place = z.tuple([z.boolean(), placeInstant, placeText]);

const act = { action: 'page.act', tag: 'On-call', params: idParams } as const;

/** What on-call is rung for, and their one tap. */
export const pageRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/pages',
    action: 'page.read',
    tag: 'On-call',
    summary: 'Pages: open ones first, newest first',
    query: listQuery.extend({ state: z.enum(['open', 'over'], 'must be open or over').optional() }),
    answers: { 200: { about: 'A page of pages.', schema: listOf(page) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ context, db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await listPagesShown(db, { state: query.state, after: decodeCursor(query.cursor, 'pages', place), limit: limit + 1 });
      return {
        status: 200,
        body: pageOf(
          rows,
          limit,
          (row) => pageAnswer(context, row),
          (last) => encodeCursor('pages', [last.state === 'over', last.openedAt.getTime(), last.id]),
        ),
      };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/pages/{id}',
    action: 'page.read',
    tag: 'On-call',
    summary: 'One page with who was tried',
    params: idParams,
    answers: { 200: { about: 'The page.', schema: pageWithAttempts } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, params }) {
      return { status: 200, body: await pageWithAttemptsAnswer(context, db, params.id) };
    },
  }),
  apiRoute({
    ...act,
    method: 'post',
    path: '/pages/{id}/acknowledgement',
    summary: 'Silence a page and own it; assigns nothing, meets no promise',
    body: emptyBody,
    answers: { 200: { about: 'The page as acknowledged, by you or by whoever was first.', schema: pageWithAttempts } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, actor, params }) {
      const afterCommit = await acknowledge(context, db, actor, params.id);
      return { status: 200, body: await pageWithAttemptsAnswer(context, db, params.id), afterCommit };
    },
  }),
  apiRoute({
    ...act,
    method: 'post',
    path: '/pages/{id}/feedback',
    summary: 'Tell the customer: working on it now, when the office opens, or your own words',
    body: feedbackBody,
    answers: commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_OFFICE_OPENS_LATER', 'E_NO_PUBLIC_CHANNEL', 'E_BAD_COMMAND'],
    idempotency: 'command',
    async handle({ context, db, actor, params, body, idempotency }) {
      const { number } = await requirePage(db, params.id);
      return answerCommand(context, { ...feedbackRequest(context, actor, number, body), idempotency }, 201);
    },
  }),
  apiRoute({
    ...act,
    method: 'post',
    path: '/pages/{id}/escalation',
    summary: 'Ring the next level now',
    body: emptyBody,
    answers: commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NO_OPEN_PAGE'],
    idempotency: 'command',
    async handle({ context, db, actor, params, idempotency }) {
      const { number } = await requirePage(db, params.id);
      return answerCommand(context, { number, actor, idempotency, make: () => Promise.resolve({ command: { type: 'escalate' } }) });
    },
  }),
];

/** One page, or E_NOT_FOUND. */
export async function requirePage(db: Database, id: string): Promise<PageShown> {
  // The database is asked only for what can be one: not every text in a path can be stored there.
  const row = parsePageId(id) === null ? null : await getPageShown(db, id);
  if (row === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such page, or it is not yours to see.');
  return row;
}

/**
 * Writes the acknowledgement's row; what it answers tells the escalation once that is committed. A signal that gets lost is
 * swept. Errors: E_NOT_FOUND.
 */
export async function acknowledge(context: ApiContext, db: Database, actor: Agent, id: string): Promise<() => Promise<void>> {
  await requirePage(db, id);
  await acknowledgePage(db, { id, by: actor.id, at: new Date(context.now()) });
  const { acknowledgedAt, acknowledgedBy, state } = await requirePage(db, id);
  const { client } = context;
  const parsed = parsePageId(id);
  if (state === 'over' || acknowledgedAt === null || client === undefined || parsed === null) return () => Promise.resolve();
  return async () => {
    await crashPoint('acknowledgement:written', id);
    const handle = client.workflow.getHandle(pageWorkflowId(parsed.number, parsed.page));
    await client.withDeadline(Date.now() + SIGNAL_WITHIN_MS, () =>
      handle.signal(acknowledgedSignal, { by: acknowledgedBy ?? actor.id, at: acknowledgedAt.getTime() }),
    );
    await crashPoint('acknowledgement:told', id);
    await markAcknowledgementRelayed(context.db, id, { acknowledgedAt: acknowledgedAt.getTime(), at: context.now() });
  };
}

/** "Tell the customer" as a command of the page's conversation. */
export function feedbackRequest(context: ApiContext, actor: Agent, number: number, said: OneTap & { readonly text?: string | undefined }): CommandRequest {
  return {
    number,
    actor,
    idempotency: null,
    async make(db): Promise<{ command: Command; message: CommandMessage }> {
      const words = said.text ?? (await feedbackWords(context, db, number, said));
      const { message, delivery, recipients, gone } = await outgoing(context, db, number, words);
      return {
        message,
        command: {
          type: 'feedback',
          messageId: message.id,
          word: said.word,
          delivery,
          recipients,
          ...(gone === undefined ? {} : { gone }),
          ...(said.updateBy === undefined ? {} : { updateBy: said.updateBy }),
          ...(said.text === undefined ? {} : { typed: true }),
        },
      };
    },
  };
}

async function pageWithAttemptsAnswer(context: ApiContext, db: Database, id: string) {
  const row = await requirePage(db, id);
  return { ...pageAnswer(context, row), attempts: ((await getPage(db, id))?.attempts ?? []).map(attemptAnswer) };
}

function pageAnswer(context: ApiContext, row: PageShown) {
  return {
    id: row.id,
    number: row.number,
    state: row.state,
    urgency: row.urgency,
    summary: row.summary,
    causes: row.causes.map(({ kind, reason, at, urgency, overAt, overReason }) => ({
      kind,
      reason,
      at: rfc3339(at),
      urgency,
      overAt: rfc3339OrNull(overAt ?? null),
      overReason: overReason ?? null,
    })),
    level: row.level,
    round: row.round,
    openedAt: rfc3339(row.openedAt),
    nextRingAt: rfc3339OrNull(row.nextRingAt),
    acknowledgedAt: rfc3339OrNull(row.acknowledgedAt),
    acknowledgedBy: row.acknowledgedBy === null ? null : { id: row.acknowledgedBy, name: row.acknowledgedByName ?? row.acknowledgedBy },
    overAt: rfc3339OrNull(row.overAt),
    subject: row.subject,
    priority: row.priority,
    plan: row.plan,
    nextDueAt: rfc3339OrNull(row.nextDueAt),
    demo: row.demo,
    url: `${context.environment.HOLDFAST_PUBLIC_URL}/pages/${row.id}`,
  };
}

function attemptAnswer(row: PageAttemptRow) {
  return {
    ring: row.ring,
    level: row.level,
    target: row.target,
    method: row.method,
    dueAt: rfc3339(row.dueAt),
    decidedAt: rfc3339(row.decidedAt),
    sentAt: rfc3339OrNull(row.sentAt),
    outcome: row.outcome,
  };
}
