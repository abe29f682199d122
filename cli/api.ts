import type { Command } from 'commander';
import { readEnvironment, requireVariables } from '../config/environment';
import { runInForeground } from './foreground';

/** `holdfast api`: HTTP and incoming mail, in the foreground, against servers that run already. */
export function register(program: Command): void {
  program
    .command('api')
    .summary('run the API and the mail listener alone, against given servers')
    .description('Runs the API and the mail listener in the foreground, until Ctrl-C. PostgreSQL and Temporal must run already.')
    .addHelpText(
      'before',
      `Example:
  DATABASE_URL=postgres://… TEMPORAL_ADDRESS=127.0.0.1:7233 HOLDFAST_SIGNING_KEYS=k1:… npx holdfast api
`,
    )
    .action(() =>
      runInForeground('api', async () => {
        const environment = requireVariables(readEnvironment(process.env), ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'HOLDFAST_SIGNING_KEYS']);
        const { runApi } = await import('../api/main.js');
        return await runApi(environment);
      }),
    );
}
