import type { Command } from 'commander';
import { readEnvironment, requireVariables } from '../config/environment';
import { createLogger } from '../config/log';
import { runCatcher } from '../platform/catcher';
import { runInForeground } from './foreground';

/** `holdfast catcher`: the mail catcher that `npm start` runs. Not listed in the help: it is of no use by itself. */
export function register(program: Command): void {
  program
    .command('catcher', { hidden: true })
    .description('Keeps every mail that it is sent in the table caught_mails; part of `npm start`.')
    .requiredOption('--port <port>', 'the port to listen on', Number)
    .action(({ port }: { port: number }) =>
      runInForeground('catcher', () => {
        const { DATABASE_URL: databaseUrl } = requireVariables(readEnvironment(process.env), ['DATABASE_URL']);
        return runCatcher({ port, databaseUrl, log: createLogger('catcher') });
      }),
    );
}
