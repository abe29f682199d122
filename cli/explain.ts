import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { readEnvironment } from '../config/environment';
import { closeDatabase, openDatabase } from '../db/connection';
import { HoldfastError } from '../messages/errors';
import { findRunning } from '../platform/running';
import { dataFolderOf } from './data-folder';
import { explainOf } from './explanation';
import { sayExplanation } from './explanation-text';
import { sayJson } from './output';

/** `holdfast explain N`: every promise of a conversation with its arithmetic, and why each page went out. */
export function register(program: Command): void {
  program
    .command('explain')
    .argument('<number>', 'the number of a conversation, such as 1042', numberOf)
    .summary('why a conversation’s promises are what they are, and why someone was paged')
    .description('Tells every promise of a conversation with its arithmetic, and each page: its causes, whom it rang when, and how it ended.')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast explain 1042
  npx holdfast explain 1042 --json
  DATABASE_URL=postgres://… npx holdfast explain 1042    on a desk that was not started with npm start
`,
    )
    .action(explain);
}

async function explain(number: number, { json = false }: { json?: boolean }): Promise<void> {
  const environment = readEnvironment(process.env);
  const { dir: dataDir } = dataFolderOf(environment);
  const running = findRunning(dataDir);
  const url = environment.DATABASE_URL ?? running?.databaseUrl;
  if (url === undefined) {
    throw new HoldfastError('E_USAGE', `No Holdfast runs on ${dataDir}, so there is nobody to ask.`, {
      fix: 'Start it with npm start, or set DATABASE_URL to the database of your desk.',
    });
  }
  const db = openDatabase(url, { max: 2 });
  try {
    const explanation = await explainOf(db, number, { publicUrl: running?.url ?? environment.HOLDFAST_PUBLIC_URL, now: Date.now() });
    if (json) sayJson(explanation);
    else sayExplanation(explanation);
  } finally {
    await closeDatabase(db);
  }
}

function numberOf(text: string): number {
  if (!/^#?[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Write a number such as 1042.');
  return Number(text.replace('#', ''));
}
