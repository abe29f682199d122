import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

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

/**
 * The one logger: a line of JSON an entry on stdout, `part` naming the process that wrote it.
 * Secrets and personal data are cut out by key; free text must not contain any in the first place.
 */
export function createLogger(part: string, destination?: DestinationStream): Logger {
  const options = {
    base: { part, pid: process.pid },
    level: 'info',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: NEVER_LOGGED.flatMap((key) => [key, `*.${key}`]), censor: '[not logged]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
