import { PRIORITIES } from '../../policy/words';
import type { Agent } from '../auth/actor';
import { invalid } from '../problem';
import { addressOf } from '../rate-limits';
import { requestHash } from '../request-hash';
import type { Answer, ApiRoute, Checked, Method, PageRequest } from '../route';
import { commandRoutes } from '../routes/commands';
import { conversionRoutes } from '../routes/conversion';
import { mergeRoutes } from '../routes/merge';
import { participantRoutes } from '../routes/participants';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line, text } from '../schemas/text';

const MINUTE_MS = 60_000;
const key = text(64);
const words = text(100_000);
const minutes = z.coerce.number().int().min(1).max(100_000).optional();

/** What the buttons of a conversation's page send. */
export const actForm = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('reply'), key, body: words, seenUpTo: z.coerce.number().int().min(0).optional() }),
  z.strictObject({ act: z.literal('note'), key, body: words }),
  z.strictObject({ act: z.literal('assignToMe'), key }),
  z.strictObject({ act: z.literal('solve'), key }),
  z.strictObject({ act: z.literal('beRightBack'), key, minutes, body: words.optional() }),
  z.strictObject({ act: z.literal('closingQuestion'), key }),
  z.strictObject({
    act: z.literal('convert'),
    key,
    priority: z.enum(PRIORITIES),
    owner: z.enum(['keep', 'handOver'], 'must be keep or handOver'),
    body: words.optional(),
  }),
  z.strictObject({ act: z.literal('priority'), key, priority: z.enum(PRIORITIES) }),
  z.strictObject({ act: z.literal('merge'), key, into: z.coerce.number().int().min(1), force: z.literal('yes').optional() }),
  z.strictObject({ act: z.literal('unmerge'), key }),
  z.strictObject({ act: z.literal('addPerson'), key, email: emailAddress, name: line(200).optional() }),
  z.strictObject({ act: z.literal('admit'), key, person: text(100) }),
  z.strictObject({ act: z.literal('showOnly'), key, person: text(100) }),
  z.strictObject({ act: z.literal('takeOut'), key, person: text(100) }),
  z.strictObject({ act: z.literal('requester'), key, email: emailAddress, name: line(200).optional() }),
]);

/** One of them. */
export type Act = z.output<typeof actForm>;

/** Every command that agents have: the pages do nothing that the API does not. */
const ROUTES: readonly ApiRoute[] = [...commandRoutes, ...conversionRoutes, ...participantRoutes, ...mergeRoutes];

interface Call {
  readonly method: Method;
  /** Below `/conversations/{number}`. */
  readonly path: string;
  readonly body?: object;
  /** `{id}` in the path. */
  readonly person?: string;
}

/**
 * Does what a button says, by the route of the API that does it; the form's own key lets a form that is sent twice act once.
 * Errors: those of the route.
 */
export async function carryOutAct({ context, actor, request }: PageRequest, number: number, act: Act): Promise<Answer> {
  const { method, path, body = {}, person } = callOf(act, context.now());
  const route = ROUTES.find((candidate) => candidate.method === method && candidate.path === `/conversations/{number}${path}`);
  if (route === undefined) throw new Error(`The API has no ${method} …${path}.`);
  const read = route.body?.safeParse(body);
  if (read?.success === false) throw invalid(read.error, 'form');
  const checked: Checked<unknown, unknown, unknown> = {
    context,
    db: context.db,
    actor: actor as Agent,
    caller: { actor, address: addressOf(request), origin: request.headers.origin ?? null },
    params: { number, ...(person !== undefined && { id: person }) },
    query: {},
    body: read?.data ?? {},
    idempotency: { key: act.key, requestHash: requestHash(number, act) },
  };
  const answer = await route.handle(checked as Checked<never, never, never>);
  if (answer.afterCommit) context.background.run('telling a workflow', answer.afterCommit);
  return answer;
}

function callOf(act: Act, now: number): Call {
  switch (act.act) {
    case 'reply':
      return { method: 'post', path: '/replies', body: { body: act.body, ...(act.seenUpTo !== undefined && { seenUpTo: act.seenUpTo }) } };
    case 'note':
      return { method: 'post', path: '/notes', body: { body: act.body } };
    case 'assignToMe':
      return { method: 'put', path: '/assignment', body: { agent: 'me' } };
    case 'solve':
      return { method: 'put', path: '/status', body: { status: 'solved' } };
    case 'beRightBack': {
      const backAt = act.minutes === undefined ? {} : { backAt: new Date(now + act.minutes * MINUTE_MS).toISOString() };
      return { method: 'post', path: '/be-right-back', body: { ...backAt, ...(act.body !== undefined && { body: act.body }) } };
    }
    case 'closingQuestion':
      return { method: 'post', path: '/closing-question' };
    case 'convert': {
      const { priority, owner, body } = act;
      return { method: 'post', path: '/conversion', body: { priority, keep: owner === 'keep', ...(body !== undefined && { words: body }) } };
    }
    case 'priority':
      return { method: 'put', path: '/priority', body: { priority: act.priority } };
    case 'merge':
      return { method: 'post', path: '/merge', body: { into: act.into, ...(act.force !== undefined && { force: true }) } };
    case 'unmerge':
      return { method: 'delete', path: '/merge' };
    case 'addPerson':
      return { method: 'post', path: '/participants', body: personOf(act) };
    case 'admit':
      return { method: 'put', path: '/participants/{id}', person: act.person, body: { role: 'participant' } };
    case 'showOnly':
      return { method: 'put', path: '/participants/{id}', person: act.person, body: { role: 'thirdParty' } };
    case 'takeOut':
      return { method: 'delete', path: '/participants/{id}', person: act.person };
    case 'requester':
      return { method: 'put', path: '/requester', body: personOf(act) };
    default:
      return act satisfies never;
  }
}

function personOf({ email, name }: { readonly email: string; readonly name?: string | undefined }): object {
  return { email, ...(name !== undefined && { name }) };
}
