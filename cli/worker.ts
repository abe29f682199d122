import type { Command } from 'commander';
import { readEnvironment, requireVariables } from '../config/environment';
import { runInForeground } from './foreground';

/** `holdfast worker`: workflows and activities, in the foreground, against servers that run already. */
export function register(program: Command): void {
  program
    .command('worker')
    .summary('run one worker alone, against given servers')
    .description('Runs one worker in the foreground, until Ctrl-C. PostgreSQL and Temporal must run already. Any number may run.')
    .addHelpText(
      'before',
      `Example:
  DATABASE_URL=postgres://… TEMPORAL_ADDRESS=127.0.0.1:7233 SMTP_URL=smtp://… HOLDFAST_SIGNING_KEYS=k1:… npx holdfast worker
`,
    )
    .action(() =>
      runInForeground('worker', async () => {
        const environment = requireVariables(readEnvironment(process.env), ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SMTP_URL', 'HOLDFAST_SIGNING_KEYS']);
        const { runWorker } = await import('../workers/main.js');
        return await runWorker(environment);
      }),
    );
}
