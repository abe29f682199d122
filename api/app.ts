import { randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { requestAnswered } from '../config/metrics';
import { HoldfastError } from '../messages/errors';
import type { ApiContext } from './context';
import { serveApi } from './mount-api';
import { servePage, sendPageError } from './mount-page';
import { asAnswerable, isUnstorable, problemOf, sendProblem, statusOf } from './problem';
import { limitRates } from './rate-limits';
import { API_BASE, expressPath, fullPath, pathPattern, type Route } from './route';
import { allRoutes } from './routes/all';

const BODY_LIMIT = '1mb';

/** The HTTP surface of Holdfast as an Express app; tests give it their own database, clock and policy. */
export function createApp(context: ApiContext): Express {
  const routes = allRoutes(context.environment.HOLDFAST_PUBLIC_URL);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', context.trustedProxies ?? 'loopback');
  app.use(securityHeaders(context), requestId(context));
  limitRates(app, context);
  // What takes bytes reads them itself, once it knows who sends them.
  const takesBytes = (route: Route) => route.surface === 'api' && route.upload !== undefined;
  for (const route of routes.filter(takesBytes)) mount(app, context, route);
  for (const reads of [express.json({ limit: BODY_LIMIT, type: 'application/json' }), express.urlencoded({ extended: false, limit: BODY_LIMIT })]) {
    // The body of a GET means nothing (RFC 9110, 9.3.1).
    app.use((request, response, next) => (request.method === 'GET' || request.method === 'HEAD' ? next() : reads(request, response, next)));
  }
  for (const route of routes.filter((other) => !takesBytes(other))) mount(app, context, route);
  app.use((request, _response, next) => next(unmatched(routes, request)));
  app.use(answerError(context));
  return app;
}

function mount(app: Express, context: ApiContext, route: Route): void {
  app[route.method](expressPath(route), async (request, response) => {
    response.locals['route'] = `${route.method.toUpperCase()} ${fullPath(route)}`;
    if (route.surface === 'api') await serveApi(context, route, request, response);
    else await servePage(context, route, request, response);
  });
}

/** Nothing comes from elsewhere and nothing runs: pages need no script, and only the documentation brings its own. */
function securityHeaders(context: ApiContext) {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        frameSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // "no-referrer" would send "Origin: null" with our own forms, and the Origin is how we know them.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: context.environment.HOLDFAST_PUBLIC_URL.startsWith('https:'),
  });
}

function requestId(context: ApiContext) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const id = randomUUID();
    const startedAt = performance.now();
    response.locals['requestId'] = id;
    response.setHeader('X-Request-Id', id);
    response.setHeader('Cache-Control', 'no-store');
    // Nothing of ours is kept by anyone, so nothing is "not modified".
    delete request.headers['if-none-match'];
    delete request.headers['if-modified-since'];
    response.once('finish', () => {
      const tookMs = performance.now() - startedAt;
      const route = response.locals['route'] as string | undefined;
      requestAnswered({ method: request.method, route: route?.replace(/^\S+ /, '') ?? 'none', status: response.statusCode, tookMs });
      // Never the path: it may carry a token or what somebody searched for.
      context.log.info(
        {
          requestId: id,
          route,
          method: request.method,
          status: response.statusCode,
          actor: response.locals['actor'] as string | undefined,
          tookMs: Math.round(tookMs),
        },
        'request',
      );
    });
    next();
  };
}

/** 405 for a path that exists with another method, else 404. */
function unmatched(routes: readonly Route[], request: Request): HoldfastError {
  const methods = new Set(routes.filter((route) => pathPattern(route).test(request.path)).map((route) => route.method.toUpperCase()));
  if (methods.size === 0) return new HoldfastError('E_NOT_FOUND', 'There is nothing at this address. GET /api/docs lists what there is.');
  if (methods.has('GET')) methods.add('HEAD');
  return new MethodNotAllowed([...methods].sort());
}

class MethodNotAllowed extends HoldfastError {
  constructor(readonly allowed: readonly string[]) {
    super('E_METHOD_NOT_ALLOWED', `This address does not know the method. Use ${allowed.join(', ')}.`);
  }
}

function answerError(context: ApiContext) {
  return (thrown: unknown, request: Request, response: Response, next: NextFunction): void => {
    const error = asAnswerable(thrown);
    const requestId = String(response.locals['requestId']);
    if (statusOf(error.code) >= 500)
      context.log.error({ requestId, route: response.locals['route'] as string | undefined, code: error.code, ...traceOf(thrown) }, 'a request failed');
    if (isUnstorable(thrown))
      context.log.warn({ requestId, route: response.locals['route'] as string | undefined }, 'PostgreSQL has refused what a schema let through');
    if (response.headersSent) {
      next(thrown);
      return;
    }
    if (error instanceof MethodNotAllowed) response.setHeader('Allow', error.allowed.join(', '));
    const problem = problemOf(error, { publicUrl: context.environment.HOLDFAST_PUBLIC_URL, requestId });
    if (request.path.startsWith(`${API_BASE}/`) || request.accepts(['json', 'html']) !== 'html') sendProblem(response, problem);
    else sendPageError(request, response, problem);
  };
}

/** Where an error came from, without its message: that may quote what a person wrote. */
function traceOf(thrown: unknown): { error?: string; cause?: string; at?: string[] } {
  if (!(thrown instanceof Error)) return {};
  const at = (thrown.stack ?? '')
    .split('\n')
    .filter((stackLine) => /^\s+at /.test(stackLine))
    .slice(0, 8)
    .map((stackLine) => stackLine.trim());
  return { error: thrown.name, ...(thrown.cause instanceof Error ? { cause: thrown.cause.name } : {}), at };
}
