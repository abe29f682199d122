import { pino } from 'pino';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, wherever they stand in the first two levels of what is logged. */
const NEVER_LOGGED = [
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apiKey',
  'routingKey',
  'url',
  'databaseUrl',
  'email',
  'phone',
  'name',
  'subject',
  'body',
  'text',
  'html',
  'raw',
];

/** A URL up to the password in it; greedy, as a password may hold an `@` of its own. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:@/"\\]*):[^\s/"]+@/gi;
/**
 * A mail address, wherever it stands: servers and databases quote them in their errors. In a line of JSON it never begins within an
 * escape such as `\n`, of which nothing may be taken away.
 */
const MAIL_ADDRESS = /(?<!\\(?:u[0-9a-f]{0,3})?)[^\s<>()[\]"'=:,;\\/]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})*\.\p{L}[\p{L}\p{N}-]{1,62}/giu;
const NOT_LOGGED = '[not logged]';
/** How many causes of an error are told. */
const CAUSES = 4;

/**
 * The one logger: a line of JSON an entry on stdout, `part` naming the process that wrote it.
 * Secrets and personal data are cut out by key, and of errors everything but kind, code, text and stack; passwords in URLs and mail
 * addresses also where they stand in a text, which must not contain any in the first place.
 */
export function createLogger(part: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    base: { part, pid: process.pid },
    level: 'info',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: withSafeErrors },
    // Errors are plain by now; pino's own serializer would add the texts of their causes once more.
    serializers: { err: (value: unknown) => value },
    redact: { paths: NEVER_LOGGED.flatMap((key) => [key, `*.${key}`]), censor: NOT_LOGGED },
    hooks: { streamWrite: cleaned },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Errors of libraries carry whatever they were busy with: rows, requests, connection strings. */
function withSafeErrors(entry: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, value instanceof Error ? safeError(value, CAUSES) : value]));
}

function safeError(error: Error, causes: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: cleaned(error.message),
    ...(error.stack !== undefined && { stack: cleaned(error.stack) }),
    ...(error.cause instanceof Error && causes > 0 && { cause: safeError(error.cause, causes - 1) }),
  };
}

function cleaned(text: string): string {
  return withoutPasswords(text).replace(MAIL_ADDRESS, NOT_LOGGED);
}

function withoutPasswords(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${NOT_LOGGED}@`);
}
