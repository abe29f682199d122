import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import type { Logger } from '../config/log';
import type { RunningProcess } from '../config/process';
import { closeDatabase, openDatabase } from '../db/connection';
import { HoldfastError } from '../messages/errors';

const LARGEST_MAIL_BYTES = 50 * 1024 * 1024;

/**
 * The mail catcher: an SMTP server for this machine only, which takes every mail and keeps it, raw, in the table
 * `caught_mails` instead of sending it on. A mail is acknowledged when it is stored; while the database is away, it asks
 * the sender to try again later, as a real server would. Throws `E_PORT_BUSY`.
 */
export async function runCatcher({ port, databaseUrl, log }: { port: number; databaseUrl: string; log: Logger }): Promise<RunningProcess> {
  const db = openDatabase(databaseUrl, { max: 4, onError: (error) => log.debug({ err: error }, 'A database connection broke') });
  const server = new SMTPServer({
    banner: 'Holdfast mail catcher: nothing leaves this machine',
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: LARGEST_MAIL_BYTES,
    closeTimeout: 1_000,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk);
      });
      stream.once('end', () => {
        if (stream.sizeExceeded) {
          callback(smtpError(552, `The catcher takes mails up to ${LARGEST_MAIL_BYTES / 1024 / 1024} MB`));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        db.insertInto('caught_mails')
          .values({
            received_at: new Date(),
            envelope_from: mailFrom === false ? '' : mailFrom.address,
            envelope_to: rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks),
          })
          .execute()
          .then(
            () => callback(null, 'Caught'),
            (error: unknown) => {
              log.warn({ err: error }, 'A mail could not be kept; its sender will try again');
              callback(smtpError(451, 'The catcher cannot reach its database; please try again'));
            },
          );
      });
    },
  });
  server.on('error', (error) => log.debug({ err: error }, 'A mail connection broke'));
  server.listen(port, '127.0.0.1');
  try {
    await once(server.server, 'listening');
  } catch (error) {
    await closeDatabase(db);
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HoldfastError('E_PORT_BUSY', `Port ${port} of 127.0.0.1, meant for the mail catcher, is taken by another program.`, {
      fix: 'Start Holdfast again: it then chooses another port.',
    });
  }
  return {
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await closeDatabase(db);
    },
  };
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
