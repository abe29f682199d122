import { OpenApiGeneratorV31, OpenAPIRegistry, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { ErrorCode } from '../messages/errors';
import { ACTIONS, OF_VISITORS, type Action } from './auth/authorize';
import { PROBLEM_TYPE, statusOf, titleOf } from './problem';
import { API_BASE, type ApiRoute } from './route';
import { z } from './schemas/openapi-zod';

/** The OpenAPI document as plain JSON. */
export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What happened, and what to change.' }),
    code: z.string().openapi({ example: 'E_INVALID' }),
    requestId: z.string(),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    cameIn: z
      .array(z.strictObject({ id: z.string(), author: z.string().nullable().optional(), body: z.string().optional(), at: z.string() }))
      .optional()
      .openapi({ description: 'With E_THREAD_MOVED: what has come in since the caller looked; without author and words for a token that may not read.' }),
  })
  .openapi('Problem');

/** Every problem that a route can answer: its own, and those that follow from its rule and what it takes. */
export function problemsOf(route: ApiRoute): ErrorCode[] {
  const codes = new Set<ErrorCode>(route.problems);
  const changes = route.method !== 'get';
  if (ACTIONS[route.action] !== 'anyone') codes.add('E_UNAUTHENTICATED');
  // Below the least role or beyond the token's scope, and a browser's mutation from another site.
  if (changes || ACTIONS[route.action] !== 'anyone') codes.add('E_FORBIDDEN');
  if (route.target !== undefined) codes.add('E_NOT_FOUND');
  if (route.params !== null || route.query !== null || changes) codes.add('E_INVALID');
  if (route.body !== null) for (const code of ['E_NOT_JSON', 'E_TOO_LARGE', 'E_UNSUPPORTED_MEDIA'] as const) codes.add(code);
  if (changes) codes.add('E_NOT_JSON').add('E_TOO_LARGE').add('E_UNSUPPORTED_MEDIA');
  if (route.idempotency !== 'none') codes.add('E_IDEMPOTENCY_REUSED');
  if (route.idempotency === 'command') codes.add('E_BAD_COMMAND').add('E_MERGED');
  if (route.action !== 'public.read') codes.add('E_UNAVAILABLE');
  codes.add('E_RATE_LIMITED').add('E_INTERNAL');
  return [...codes];
}

/** Builds the OpenAPI 3.1 document from the very schemas that check requests. */
export function openApiDocument(routes: readonly ApiRoute[], publicUrl: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version: '1',
      description:
        'A support desk that keeps its promises. Times are RFC 3339 in UTC. Lists answer `items` and, when more follow, `nextCursor`. ' +
        'Errors are `application/problem+json` with a `code`. Send an `Idempotency-Key` with what must not happen twice; without a token one of at least 16 characters.',
    },
    servers: [{ url: `${publicUrl}${API_BASE}` }],
    security: [{ token: [] }],
  });
}

function pathOf(route: ApiRoute): RouteConfig {
  const headers = route.idempotency === 'none' ? undefined : z.object({ 'Idempotency-Key': z.string().max(200).optional() });
  return {
    method: route.method,
    path: route.path,
    tags: [route.tag],
    summary: route.summary,
    operationId: operationId(route),
    ...(ACTIONS[route.action] === 'anyone' ? { security: [] } : { description: neededFor(route.action) }),
    request: {
      // Only object schemas are declared for parameters.
      ...(route.params === null ? {} : { params: route.params as z.ZodObject }),
      ...(route.query === null ? {} : { query: route.query as z.ZodObject }),
      ...(headers === undefined ? {} : { headers }),
      ...(route.upload === undefined ? {} : { body: { content: { 'application/octet-stream': { schema: BYTES } }, required: true } }),
      ...(route.body === null
        ? {}
        : { body: { content: { 'application/json': { schema: route.body } }, required: route.method !== 'post' || !route.body.safeParse({}).success } }),
    },
    responses: { ...answersOf(route), ...problemAnswersOf(route) },
  };
}

function neededFor(action: Action): string {
  const needed = ACTIONS[action];
  if (needed === 'customer') return 'Needs a visitor token.';
  return OF_VISITORS.has(action) ? `Needs the role ${needed}, or the visitor token of whoever it belongs to.` : `Needs the role ${needed}.`;
}

/** Bytes of whatever type. */
const BYTES = { type: 'string', format: 'binary' } as const;

function answersOf(route: ApiRoute): RouteConfig['responses'] {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { about, schema, files }]) => [
      status,
      {
        description: about,
        ...(files === undefined ? {} : { content: Object.fromEntries(files.map((type) => [type, { schema: BYTES }])) }),
        ...(schema === undefined ? {} : { content: { 'application/json': { schema } } }),
      },
    ]),
  );
}

function problemAnswersOf(route: ApiRoute): RouteConfig['responses'] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of problemsOf(route)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      { description: codes.map((code) => `\`${code}\` ${titleOf(code)}`).join(' '), content: { [PROBLEM_TYPE]: { schema: problem } } },
    ]),
  );
}

function operationId(route: ApiRoute): string {
  const words = route.path.split('/').filter((part) => part !== '');
  return [route.method, ...words.map((word) => word.replace(/[{}]/g, ''))].join('-');
}
