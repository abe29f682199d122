import type { Response } from 'express';
import type { ZodError } from 'zod';
import { isCoded } from '../config/exit-codes';
import { ERROR_TEXT, HoldfastError, type ErrorCode } from '../messages/errors';
import { REFUSAL_CODES, type RefusalCode } from '../policy/state';

/** Media type of every error that the API answers (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** What every error looks like. */
export interface Problem {
  /** A page that explains the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened and what to change. */
  readonly detail: string;
  readonly code: ErrorCode;
  /** What the log calls this request. */
  readonly requestId: string;
  /** Each value that is not of the described form, and what is expected. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** What has come in since the caller looked, with E_THREAD_MOVED. */
  readonly cameIn?: readonly CameIn[];
}

/** A message that its reader has not seen yet; `at` in RFC 3339. Without author and words for who may not read conversations. */
export interface CameIn {
  readonly id: string;
  readonly author?: string | null;
  readonly body?: string;
  readonly at: string;
}

/** The general sentence of each refusal; the workflow's own sentence is the detail. */
const REFUSAL_TITLES: Readonly<Record<RefusalCode, string>> = {
  E_CONVERSATION_CLOSED: 'The conversation is closed.',
  E_ALREADY_A_TICKET: 'The conversation is a ticket already.',
  E_AGENT_AWAY: 'The agent is away.',
  E_TOO_LATE: 'The command came too late.',
  E_NOTHING_TO_UNDO: 'There is nothing left to undo.',
  E_NOT_OPEN: 'The conversation is not open.',
  E_NEW_TIME_WANTED: 'A new time is wanted.',
  E_NO_OPEN_PAGE: 'There is no open page.',
  E_NO_PUBLIC_CHANNEL: 'There is no way to reach the customer in writing.',
  E_OFFICE_OPENS_LATER: 'The promised time comes before the office opens.',
  E_MERGED: 'The conversation has been merged into another.',
  E_NOT_MERGED: 'The conversation has not been merged.',
  E_BAD_COMMAND: 'The command cannot be carried out.',
};

/** HTTP status of each code that the API answers; every refusal is 409, everything else 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  E_INVALID: 400,
  E_NOT_JSON: 400,
  E_BAD_CURSOR: 400,
  E_OUT_OF_RANGE: 400,
  E_CALENDAR_NEVER_OPENS: 409,
  E_UNAUTHENTICATED: 401,
  E_IDENTITY_INVALID: 401,
  E_IDENTITY_EXPIRED: 401,
  E_IDENTITY_OFF: 409,
  E_FORBIDDEN: 403,
  E_WRONG_CODE: 403,
  E_NOT_FOUND: 404,
  E_METHOD_NOT_ALLOWED: 405,
  E_IDEMPOTENCY_REUSED: 409,
  E_CANNOT_MERGE: 409,
  E_OTHER_CUSTOMER: 409,
  E_THREAD_MOVED: 409,
  E_TOO_LARGE: 413,
  E_UNSUPPORTED_MEDIA: 415,
  E_RATE_LIMITED: 429,
  E_UNAVAILABLE: 503,
};

const isRefusal = (code: string): code is RefusalCode => (REFUSAL_CODES as readonly string[]).includes(code);

/** HTTP status of a code. */
export function statusOf(code: ErrorCode): number {
  return isRefusal(code) ? 409 : (STATUS[code] ?? 500);
}

/** The general sentence of a code. */
export function titleOf(code: ErrorCode): string {
  return isRefusal(code) ? REFUSAL_TITLES[code] : (ERROR_TEXT[code] ?? 'Something unexpected happened on our side.');
}

/** Every code that the API can answer, for its reference. */
export const API_ERROR_CODES: readonly ErrorCode[] = [...(Object.keys(STATUS) as ErrorCode[]), 'E_INTERNAL', ...REFUSAL_CODES];

/** Node's and PostgreSQL's codes for "the database does not answer right now". */
const DATABASE_AWAY = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|08...|57P0[123]|53300)$/;

/** Turns whatever was thrown into an error that may leave the program; what is unexpected becomes E_INTERNAL. */
export function asAnswerable(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (isCoded(error)) return new HoldfastError(error.code, error.message, { cause: error });
  const code = codeOf(error);
  const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : '';
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 0;
  if (type === 'entity.parse.failed') return new HoldfastError('E_NOT_JSON', 'The body is not valid JSON. Send one JSON object, encoded as UTF-8.');
  if (type === 'entity.too.large') return new HoldfastError('E_TOO_LARGE', 'The body is too large. Send at most 1 MB.');
  if (type === 'charset.unsupported' || type === 'encoding.unsupported') {
    return new HoldfastError('E_UNSUPPORTED_MEDIA', 'The body has an encoding that is not supported. Send UTF-8, plain or gzip.');
  }
  if (status >= 400 && status < 500) return new HoldfastError('E_INVALID', 'The request cannot be read. Check its path, headers and body.');
  if (DATABASE_AWAY.test(code) || isPoolTimeout(error)) {
    return new HoldfastError('E_UNAVAILABLE', 'The database does not answer right now; nothing was changed. Try again in a few seconds.', { cause: error });
  }
  // What was free a moment ago belongs to a request that was faster, or what was there is gone.
  if (code === '23505' || code === '23503') {
    return new HoldfastError('E_INVALID', 'Somebody else has changed this at the same moment. Look at it again, then repeat the request.', { cause: error });
  }
  if (code === '40P01' || code === '40001') {
    return new HoldfastError('E_UNAVAILABLE', 'Two requests stood in each other’s way; nothing was changed. Try again in a few seconds.', { cause: error });
  }
  if (isUnstorable(error)) {
    return new HoldfastError('E_INVALID', 'The request names a number, a time or a text that cannot be stored. Correct it and send it again.', {
      cause: error,
    });
  }
  return new HoldfastError('E_INTERNAL', 'Something unexpected happened on our side. Try again; if it stays, give the request id to whoever runs this desk.', {
    cause: error,
  });
}

/** PostgreSQL's codes for a value that it cannot take: out of range, no possible time, or text with a NUL in it. */
const UNSTORABLE = /^(22003|22007|22008|22021|22P05)$/;

/** Whether PostgreSQL was given a value that it cannot take, which a schema should have refused. */
export function isUnstorable(error: unknown): boolean {
  return UNSTORABLE.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** pg-pool gives its own time-outs no code. */
function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && /^(timeout exceeded when trying to connect|Connection terminated)/.test(error.message);
}

/** E_INVALID with each wrong value named, from what zod found; `where` is `body`, `query` or `path`. */
export function invalid(error: ZodError, where: string): InvalidRequest {
  return new InvalidRequest(
    error.issues.flatMap((issue) => {
      const path = [where, ...issue.path.map(String)].join('.');
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: `${path}.${key}`, message: 'is not known here; remove it' }));
      return [{ path, message: issue.message }];
    }),
  );
}

/** A request that is not of the described form. */
export class InvalidRequest extends HoldfastError {
  constructor(readonly errors: readonly { readonly path: string; readonly message: string }[]) {
    super('E_INVALID', errors.map(({ path, message }) => `${path}: ${message}`).join('. ') + '.');
  }
}

/** An answer to a thread that has moved since its author looked at it: they see what came, and decide. */
export class ThreadMoved extends HoldfastError {
  constructor(readonly cameIn: readonly CameIn[]) {
    super('E_THREAD_MOVED', 'Somebody has written since you last looked, so your answer has not been sent.', {
      fix: 'Read what came in, and send it again with a newer "seenUpTo", or with "force": true.',
    });
  }
}

/** The problem that an error becomes. */
export function problemOf(error: HoldfastError, facts: { publicUrl: string; requestId: string }): Problem {
  return {
    type: `${facts.publicUrl}/api/docs#${error.code}`,
    title: titleOf(error.code),
    status: statusOf(error.code),
    detail: error.fix === undefined ? error.message : `${error.message} ${error.fix}`,
    code: error.code,
    requestId: facts.requestId,
    ...(error instanceof InvalidRequest ? { errors: error.errors } : {}),
    ...(error instanceof ThreadMoved ? { cameIn: error.cameIn } : {}),
  };
}

/** When whoever was answered 503 may try again, in seconds. */
export const RETRY_AFTER_S = '5';

/** Sends a problem. */
export function sendProblem(response: Response, problem: Problem): void {
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="holdfast"');
  if (problem.status === 503) response.setHeader('Retry-After', RETRY_AFTER_S);
  response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}
