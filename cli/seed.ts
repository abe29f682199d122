import type { Command } from 'commander';
import { readEnvironment, requireVariables } from '../config/environment';
import type { Environment } from '../config/environment';
import { EXIT } from '../config/exit-codes';
import { temporalConnection } from '../config/temporal';
import { closeDatabase, openDatabase } from '../db/connection';
import { parseSigningKeys, signingKeys } from '../messages/addresses';
import { HoldfastError } from '../messages/errors';
import { signingKeysOf } from '../platform/generated-secrets';
import { findRunning } from '../platform/running';
import { dataFolderOf } from './data-folder';
import { say, sayJson, styled } from './output';
import { SeedRemoval } from './seed-removal';
import { Seeding } from './seeding';
import type { SeedDesk } from './seed-desk';

interface SeedOptions {
  readonly remove?: boolean;
  readonly json?: boolean;
  readonly mailMayLeave?: boolean;
}

/** `holdfast seed`: a desk to look at, with people, companies and conversations in every state; `--remove` takes all of it away again. */
export function register(program: Command): void {
  program
    .command('seed')
    .summary('fill a running desk with believable people and conversations, or remove them again')
    .description(
      'Adds agents, teams, customers and some dozens of conversations in every state to the running desk. Their mails come in as real ones do, ' +
        'so real workflows keep, break and page for their promises. All of it is marked, its pages stay in the built-in inbox, and the desk’s own ' +
        'policy and everybody else’s conversations are not touched. A second run adds only what is missing.',
    )
    .option('--remove', 'remove everything that was seeded: workflows are ended first, rows after them')
    .option('--mail-may-leave', 'seed also a desk whose mail goes out through a server of yours (to addresses at .example, which reach nobody)')
    .option('--json', 'print what was done as JSON, at the end')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast seed
  npx holdfast seed --remove
  npx holdfast seed --json
  DATABASE_URL=postgres://… TEMPORAL_ADDRESS=127.0.0.1:7233 HOLDFAST_PUBLIC_URL=https://… HOLDFAST_SIGNING_KEYS=k1:… \\
    npx holdfast seed --mail-may-leave       on a desk that was not started with npm start
`,
    )
    .action(seed);
}

async function seed({ remove = false, json = false, mailMayLeave = false }: SeedOptions): Promise<void> {
  const environment = readEnvironment(process.env);
  const desk = deskToSeed(environment);
  if (!remove && !desk.catchesMail && !mailMayLeave) {
    throw new HoldfastError('E_USAGE', 'This desk sends its mail through a server of yours, and seeded customers have no mailboxes.', {
      fix: 'Their addresses end with .example, which reaches nobody; your server will be told so. If that is all right: npx holdfast seed --mail-may-leave',
    });
  }
  const db = openDatabase(desk.databaseUrl, { max: 8 });
  const tell = (line: string): void => (json ? undefined : say(`  ${styled('green', '✓')} ${line}`));
  try {
    if (remove) {
      if (!json) say(styled('bold', 'Removing what was seeded'));
      const removed = await new SeedRemoval({ db, desk, tell }).remove();
      if (json) sayJson({ removed });
    } else {
      if (!json) say(styled('bold', `Seeding ${desk.url}`));
      const seeded = await new Seeding({ db, desk, tell }).seed();
      if (json) sayJson({ seeded });
      else {
        say();
        say(
          `  Look at ${styled('bold', `${desk.url}/conversations`)} and ${styled('bold', `${desk.url}/pages`)}. Take it away again: ${styled('bold', 'npx holdfast seed --remove')}`,
        );
      }
    }
  } finally {
    await closeDatabase(db);
  }
  process.exitCode = EXIT.done;
}

/** The desk of `npm start` on the data folder, or the one that the environment names. */
function deskToSeed(environment: Environment): SeedDesk {
  const { dir: dataDir } = dataFolderOf(environment);
  const running = findRunning(dataDir);
  if (environment.DATABASE_URL !== undefined && running?.databaseUrl !== environment.DATABASE_URL) {
    const { DATABASE_URL, HOLDFAST_SIGNING_KEYS } = requireVariables(environment, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'HOLDFAST_SIGNING_KEYS']);
    return {
      url: environment.HOLDFAST_PUBLIC_URL,
      databaseUrl: DATABASE_URL,
      temporal: temporalConnection(environment),
      keys: signingKeys(HOLDFAST_SIGNING_KEYS),
      mailDomain: environment.MAIL_DOMAIN,
      catchesMail: false,
    };
  }
  if (running === null) {
    throw new HoldfastError('E_DEMO_NOT_RUNNING', `No Holdfast runs on ${dataDir}, so there is no desk to seed.`, {
      fix: 'Start it in another terminal with npm start, or name your servers with DATABASE_URL and TEMPORAL_ADDRESS.',
    });
  }
  const { databaseUrl, temporalAddress, temporalNamespace = environment.TEMPORAL_NAMESPACE, smtp } = running;
  if (databaseUrl === undefined || temporalAddress === undefined || smtp === undefined) {
    throw new HoldfastError('E_DEMO_NOT_RUNNING', `Holdfast is still starting on ${dataDir}.`, {
      fix: 'Wait until npm start says "Holdfast runs." and run this again.',
    });
  }
  const given = environment.TEMPORAL_ADDRESS === undefined ? { connectionOptions: { address: temporalAddress } } : temporalConnection(environment);
  return {
    url: running.url,
    databaseUrl,
    temporal: { ...given, namespace: temporalNamespace },
    keys: environment.HOLDFAST_SIGNING_KEYS === undefined ? parseSigningKeys(signingKeysOf(dataDir)) : signingKeys(environment.HOLDFAST_SIGNING_KEYS),
    mailDomain: environment.MAIL_DOMAIN,
    catchesMail: running.mailCatcher !== undefined,
  };
}
