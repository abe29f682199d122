import { createHash } from 'node:crypto';
import type { Express, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit, type Options, type RateLimitRequestHandler } from 'express-rate-limit';
import { HoldfastError } from '../messages/errors';
import { sessionCookie } from './auth/session-cookie';
import type { ApiContext } from './context';
import { SharedCounts } from './rate-limit-store';

/** How much is answered; 0 stands for no limit. */
export interface RateLimits {
  /** Requests of one token or session, a minute. */
  readonly credential: number;
  /** Requests of one address without either, a minute, and as many again with tokens or sessions that let nobody in. */
  readonly anonymous: number;
  /** Requests of one address that were refused for a wrong token, a minute. */
  readonly wrongToken: number;
  /** Sign-ins of one address that failed, in a quarter of an hour. */
  readonly signIn: number;
  /** Requests of one visitor's token, a minute. */
  readonly visitor: number;
  /** Chats begun from one address by visitors who have proven nothing, an hour. */
  readonly chats: number;
  /** Chats begun with one e-mail address that was only claimed, an hour. */
  readonly chatsOfAddress: number;
  /** Messages of one visitor, a minute. */
  readonly chatMessages: number;
  /** Kilobytes that one visitor uploads, an hour; those from one address together while they have proven nothing. */
  readonly chatUploads: number;
  /** Requests sent by the contact form from one address, an hour. */
  readonly forms: number;
  /** Codes asked for from one address, in a quarter of an hour; how many one mailbox gets is in db/codes.ts. */
  readonly codes: number;
  /** Codes typed in from one address, in a quarter of an hour. */
  readonly codeTries: number;
  /** Looks at pages behind mailed links, from one address and with one link, a minute. */
  readonly links: number;
}

/** What holds unless the environment says otherwise: no agent and no program of theirs ever comes near it. */
const RATE_LIMITS: RateLimits = {
  credential: 6_000,
  anonymous: 240,
  wrongToken: 120,
  signIn: 10,
  visitor: 600,
  chats: 60,
  chatsOfAddress: 5,
  chatMessages: 60,
  chatUploads: 500_000,
  forms: 40,
  codes: 10,
  codeTries: 30,
  links: 60,
};

/** What holds in this process. */
export function limitsOf(context: ApiContext): RateLimits {
  return { ...RATE_LIMITS, ...context.rateLimits };
}

const MINUTE_MS = 60_000;
const SIGN_IN_WINDOW_MS = 15 * MINUTE_MS;

/** Whoever watches over this process asks as often as they like. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Puts the limits before everything that reads a body or asks the database. Beyond one: 429 E_RATE_LIMITED with Retry-After. */
export function limitRates(app: Express, context: ApiContext): void {
  const { credential, anonymous, wrongToken, signIn, visitor } = limitsOf(context);
  if (wrongToken > 0) app.use(refuseGuesses(context, wrongToken));
  if (anonymous > 0) app.use(refuseMadeUp(context, anonymous));
  const limitOf = (request: Request): number => (hashOf(request) === null ? anonymous : isVisitors(request) ? visitor : credential);
  app.use(
    limiter(context, 'requests', {
      windowMs: MINUTE_MS,
      limit: (request) => limitOf(request),
      keyGenerator: (request) => hashOf(request) ?? addressOf(request),
      skip: (request) => PROBES.has(request.path) || limitOf(request) === 0,
      standardHeaders: 'draft-8',
      identifier: 'requests',
    }),
  );
  if (signIn > 0) {
    app.post(
      '/sign-in',
      limiter(
        context,
        'sign-in',
        {
          windowMs: SIGN_IN_WINDOW_MS,
          limit: signIn,
          keyGenerator: addressOf,
          skipSuccessfulRequests: true,
          requestWasSuccessful: (_request, response) => response.statusCode !== 401,
          standardHeaders: 'draft-8',
          identifier: 'sign-in',
        },
        true,
      ),
    );
  }
}

function limiter(context: ApiContext, name: string, options: Partial<Options> & { windowMs: number }, exact = false): RateLimitRequestHandler {
  const { db, background, log } = context;
  const { windowMs } = options;
  return rateLimit({
    legacyHeaders: false,
    store: new SharedCounts({ db, background, prefix: `${name}:`, windowMs, exact }),
    // Whatever goes wrong with counting, requests are answered.
    passOnStoreError: true,
    // Its warnings are for programs that count by an address without knowing their proxies.
    validate: false,
    logger: { error: () => log.error({ limit: name }, 'a rate limit cannot count'), warn: () => log.warn({ limit: name }, 'a rate limit is not sure') },
    handler: (request, response, next) => next(tooMany(response, (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit?.resetTime)),
    ...options,
  });
}

/** Only answers count here, and no request while it runs: many right ones at once are no guesses. */
function refuseGuesses({ db, background }: ApiContext, limit: number): RequestHandler {
  const guesses = new SharedCounts({ db, background, prefix: 'wrong-token:', windowMs: MINUTE_MS });
  return (request, response, next) => {
    if (request.headers.authorization === undefined) return next();
    const address = addressOf(request);
    const { totalHits, resetTime } = guesses.get(address);
    if (totalHits >= limit) return next(tooMany(response, resetTime));
    response.once('finish', () => {
      if (response.statusCode === 401) void guesses.increment(address);
    });
    next();
  };
}

/** How many credentials are remembered; beyond it those that came first are forgotten, and must let somebody in again. */
const CREDENTIALS = 50_000;

/**
 * A token or session that anybody has made up has a count of its own: a new one for every request would escape every limit, wherever nobody asks
 * whose it is. So those that have let nobody in yet count by their address as well; as with guesses, once they are answered.
 */
function refuseMadeUp({ db, background }: ApiContext, limit: number): RequestHandler {
  const known = new Set<string>();
  const madeUp = new SharedCounts({ db, background, prefix: 'made-up:', windowMs: MINUTE_MS });
  const remember = (credential: string): void => {
    known.add(credential);
    const [oldest] = known;
    if (known.size > CREDENTIALS && oldest !== undefined) known.delete(oldest);
  };
  return (request, response, next) => {
    const credential = hashOf(request);
    if (credential === null || known.has(credential) || PROBES.has(request.path)) return next();
    const address = addressOf(request);
    const { totalHits, resetTime } = madeUp.get(address);
    if (totalHits >= limit) return next(tooMany(response, resetTime));
    // Also of whoever has not waited for the answer.
    response.once('close', () => {
      if (response.locals['actor'] === undefined) void madeUp.increment(address);
      else remember(credential);
    });
    next();
  };
}

function tooMany(response: Response, resetTime: Date | undefined): HoldfastError {
  const seconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + MINUTE_MS) - Date.now()) / 1_000));
  response.setHeader('Retry-After', String(seconds));
  return new HoldfastError('E_RATE_LIMITED', `Too many requests came from you in a short time. Try again in ${seconds} s.`);
}

function isVisitors({ headers }: Request): boolean {
  return /^Bearer vt_/i.test(headers.authorization ?? '');
}

/** The token or session as far as it is there, right or wrong, in a form that tells nothing; null without either. */
function hashOf(request: Request): string | null {
  const credential = request.headers.authorization ?? sessionCookie(request);
  return credential === null ? null : `c:${createHash('sha256').update(credential).digest('base64url').slice(0, 22)}`;
}

/** One IPv4 address, or the network of an IPv6 one: whoever has one address there has all of them. */
export function addressOf(request: Request): string {
  return `a:${ipKeyGenerator(request.ip ?? 'unknown')}`;
}
