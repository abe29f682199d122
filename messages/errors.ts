import { POLICY_ERRORS } from '../policy/errors';
import { REFUSAL_CODES, type RefusalCode } from '../policy/state';

/** Every other code, with the sentence that stands in the reference. */
const PROGRAM_ERRORS = {
  E_NODE_VERSION: 'This version of Node.js is too old.',
  E_INSTALL: 'The libraries could not be installed.',
  E_ENVIRONMENT: 'An environment variable has a value that cannot be used.',
  E_PORT_BUSY: 'Another program listens on the port.',
  E_DATA_UNWRITABLE: 'The data folder cannot be written to.',
  E_DATA_UNREACHABLE: 'The account that runs PostgreSQL cannot reach the data folder.',
  E_DISK_FULL: 'The disk has no room left.',
  E_ALREADY_RUNNING: 'Holdfast already runs on this data folder.',
  E_POSTGRES: 'PostgreSQL did not start or cannot be reached.',
  E_POSTGRES_ACCOUNT: 'There is no unprivileged account that could run PostgreSQL.',
  E_TEMPORAL: 'Temporal did not start or cannot be reached.',
  E_TEMPORAL_CLI: 'No Temporal server was found and none could be fetched.',
  E_CHILD_FAILED: 'A part of Holdfast cannot start.',
  E_USAGE: 'The command line is not complete.',
  E_NOT_FOUND: 'There is no such thing, or it is not yours to see.',
  E_UNAUTHENTICATED: 'No valid bearer token came with the request.',
  E_FORBIDDEN: 'Your role, or what your token may be used for, does not allow this.',
  E_INVALID: 'The request is not of the described form.',
  E_NOT_JSON: 'The body is not JSON.',
  E_TOO_LARGE: 'The body is too large.',
  E_UNSUPPORTED_MEDIA: 'The content type is not supported.',
  E_METHOD_NOT_ALLOWED: 'The route does not know this method.',
  E_IDEMPOTENCY_REUSED: 'The idempotency key was used for another request.',
  E_BAD_CURSOR: 'The cursor is not one of ours.',
  E_RATE_LIMITED: 'Too many requests came in a short time.',
  E_UNAVAILABLE: 'A part that is needed does not answer; nothing was changed.',
  E_INTERNAL: 'Something unexpected happened on our side.',
  E_PAYLOAD: 'A message to a workflow is not of the agreed form.',
  E_MAIL_REFUSED: 'The mail server refused the mail for good.',
  E_PROVIDER_REFUSED: 'A provider refused the call for good.',
  E_PROVIDER_UNAVAILABLE: 'A provider does not answer for now.',
  E_CANNOT_MERGE: 'These two conversations cannot become one.',
  E_OTHER_CUSTOMER: 'The two conversations belong to different customers.',
  E_THREAD_MOVED: 'Somebody has written since you last looked.',
  E_IDENTITY_OFF: 'This desk takes no signed identities.',
  E_IDENTITY_INVALID: 'The signed identity is not one that this desk can trust.',
  E_IDENTITY_EXPIRED: 'The signed identity has expired.',
  E_WRONG_CODE: 'The mailed code is wrong, used, or too old.',
  E_DEMO_NOT_RUNNING: 'This command needs a running Holdfast.',
} as const;

/** Every error code that leaves the program. Source of the API's problem types and of what `/api/docs` says of them. */
export const ERROR_CODES: readonly string[] = [...Object.keys(PROGRAM_ERRORS), ...Object.keys(POLICY_ERRORS), ...REFUSAL_CODES];

/** One of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof PROGRAM_ERRORS | keyof typeof POLICY_ERRORS | RefusalCode;

/** The general sentence of each code that is not a refusal. */
export const ERROR_TEXT: Readonly<Record<string, string>> = { ...PROGRAM_ERRORS, ...POLICY_ERRORS };

/** An error that a person can act on: its code, what happened and what to change. */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, in one or two sentences. */
  readonly fix: string | undefined;
  constructor(code: ErrorCode, message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HoldfastError';
    this.code = code;
    this.fix = options.fix;
  }
}
