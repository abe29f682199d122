import type { Request, Response } from 'express';
import type { z } from 'zod';
import { crashPoint } from '../config/crash-points';
import { claimKey, keepAnswer } from '../db/idempotency';
import { inTransaction } from '../db/in-transaction';
import type { Database } from '../db/connection';
import { HoldfastError } from '../messages/errors';
import { NOBODY, type Actor, type Agent } from './auth/actor';
import { authenticate } from './auth/authenticate';
import { authorize } from './auth/authorize';
import { requireKnownOrigin } from './auth/known-origin';
import { requireOwnOrigin } from './auth/origin';
import { FROM_AGENTS, FROM_CUSTOMERS } from './bytes-in-flight';
import type { ApiContext } from './context';
import { invalid } from './problem';
import { addressOf } from './rate-limits';
import { requestHash } from './request-hash';
import type { Answer, ApiRoute, Checked } from './route';
import { readUpload } from './upload';

const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Levels of JSON that are looked into. */
const DEPTH = 32;
const KEY = /^[\x21-\x7e]{1,200}$/;
/** Of those who say not who they are, nobody may come upon another's key. */
const NOBODYS_KEY_LENGTH = 16;

/** Routes that are open to anyone act as nobody in particular. */
const PUBLIC: Agent = { kind: 'agent', id: '', name: '', role: 'viewer', scopes: [], endsAt: null, session: false };

/** Who makes the request, once the route's rule has let them in; errors as {@link authenticate} and {@link authorize}. Whoever it is is known to the log, and to the limits, also when they may not. */
export async function admit(context: ApiContext, request: Request, response: Response, route: Pick<ApiRoute, 'action' | 'target'>): Promise<Actor> {
  const actor = route.action === 'public.read' ? NOBODY : await authenticate(context, request);
  response.locals['actor'] = actor.kind === 'nobody' ? undefined : actor.id;
  authorize(actor, route.action, await route.target?.(request.params as Record<string, string>, actor, context));
  if (actor.kind === 'agent' && actor.session && CHANGES.has(request.method)) requireOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL);
  else if (actor.kind === 'visitor' || route.action === 'chat.open') requireKnownOrigin(context, request);
  return actor;
}

/** Carries out one request to a JSON route: who, may they, is it of the described form, was it done before, then the handler. */
export async function serveApi(context: ApiContext, route: ApiRoute, request: Request, response: Response): Promise<void> {
  const actor = await admit(context, request, response, route);
  const agent = actor.kind === 'agent' ? actor : PUBLIC;
  const upload = route.upload === undefined ? null : await readUpload(request, route.upload.limitBytes, meterOf(actor, request, response));
  const body = upload === null ? bodyOf(route, request) : [upload.hash, upload.mediaType, request.query];
  const checked: Omit<Checked<unknown, unknown, unknown>, 'db'> = {
    context,
    actor: agent,
    caller: { actor, address: addressOf(request), origin: request.headers.origin ?? null },
    params: check(route.params, request.params, 'path'),
    query: check(route.query, request.query, 'query'),
    body: route.body === null ? {} : check(route.body, body, 'body'),
    ...(upload === null ? {} : { upload }),
    idempotency: idempotencyOf(request, body),
  };
  const answer = await perform(context, route, checked, keysOf(actor, route, checked.idempotency));
  if (CHANGES.has(request.method)) await crashPoint('request:carriedOut', checked.idempotency?.key ?? request.path);
  response.set(answer.headers ?? {}).status(answer.status);
  if (answer.stream !== undefined) return answer.stream(request, response);
  if (answer.file !== undefined) response.type(answer.file.mediaType).send(answer.file.content);
  else if (answer.body === undefined) response.end();
  else response.json(answer.body);
  if (answer.afterCommit) context.background.run('telling a workflow', answer.afterCommit);
}

/** Who has proven nothing has their address only; so it counts for every customer. */
function meterOf(actor: Actor, request: Request, response: Response): (bytes: number) => void {
  return actor.kind === 'agent' ? FROM_AGENTS.meter(actor.id, response) : FROM_CUSTOMERS.meter(addressOf(request), response);
}

async function perform(context: ApiContext, route: ApiRoute, checked: Omit<Checked<unknown, unknown, unknown>, 'db'>, actor: string): Promise<Answer> {
  const handle = (db: Database) => route.handle({ ...checked, db } as Checked<never, never, never>);
  if (route.idempotency !== 'transaction') return handle(context.db);
  const { idempotency } = checked;
  return inTransaction(context.db, async (trx) => {
    if (idempotency === null) return handle(trx);
    const claim = await claimKey(trx, { actor, ...idempotency, at: new Date(context.now()) });
    if (claim.state === 'reused') throw keyReused();
    if (claim.state === 'repeated' && claim.answer !== null) {
      return route.again === undefined ? claim.answer : { ...claim.answer, body: await route.again(context, claim.answer.body) };
    }
    const answer = await handle(trx);
    await keepAnswer(trx, { actor, key: idempotency.key }, { status: answer.status, body: answer.kept === undefined ? answer.body : answer.kept });
    return answer;
  });
}

/**
 * Whose keys are meant: each actor has their own. Those who say not who they are share one space, so a key of theirs is one that nobody else comes
 * upon: with another request it is refused like everybody's, and has nothing of the answer. Errors: E_INVALID for a key that two could choose.
 */
function keysOf(actor: Actor, route: ApiRoute, idempotency: Checked<unknown, unknown, unknown>['idempotency']): string {
  if (actor.kind !== 'nobody') return actor.id;
  if (idempotency !== null && route.idempotency !== 'none' && idempotency.key.length < NOBODYS_KEY_LENGTH) {
    throw new HoldfastError('E_INVALID', 'The Idempotency-Key is too short: somebody else could choose it, too. Send a UUID.');
  }
  return '';
}

/** E_IDEMPOTENCY_REUSED with what to change. */
export function keyReused(): HoldfastError {
  return new HoldfastError('E_IDEMPOTENCY_REUSED', 'This Idempotency-Key was used for another request. Use a new key for each new request.');
}

function check(schema: z.ZodType | null, value: unknown, where: string): unknown {
  if (schema === null) return {};
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(result.error, where);
  return result.data;
}

/** The JSON body; an absent one counts as `{}`, so that bodyless POSTs need no content type. */
function bodyOf(route: ApiRoute, request: Request): unknown {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || route.method === 'get') return {};
  if (!request.is('application/json')) {
    throw new HoldfastError('E_UNSUPPORTED_MEDIA', 'Send the body as JSON, with "Content-Type: application/json".');
  }
  if (isDeeperThan(request.body, DEPTH)) throw new HoldfastError('E_INVALID', `The body is nested more than ${DEPTH} levels deep. Nothing here needs that.`);
  return request.body as unknown;
}

/** Whether JSON has more levels than this; without recursion, which it would exhaust. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : []));
  }
  return false;
}

function idempotencyOf(request: Request, body: unknown): { key: string; requestHash: string } | null {
  const key = request.get('idempotency-key');
  if (key === undefined || !CHANGES.has(request.method)) return null;
  if (!KEY.test(key)) {
    throw new HoldfastError('E_INVALID', 'The Idempotency-Key is not usable. Send 1 to 200 visible ASCII characters, such as a UUID.');
  }
  return { key, requestHash: requestHash(request.method, request.path, body) };
}
