/**
 * `npm run chaos`: one kill after another, each at another crash point, with at least ten conversations under way, on several desks side by side;
 * after twenty of them a desk comes to rest, and everything must be as it must be. Every seed's outcome is kept in a file of the data folder, so that runs add up; see
 * docs/testing.md.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { EXIT } from '../../config/exit-codes';
import { defaultDataDir } from '../../platform/data-folder';
import { startPostgres } from '../../platform/postgres';
import { startTemporal } from '../../platform/temporal';
import { defaultCacheDir, findTemporalCli } from '../../platform/temporal-programs';
import { createTemplate } from '../setup/database';
import { ChaosRecord, counts, tableOf } from './chaos-record';
import { runSeeds } from './chaos-run';
import { outageStory } from './outage-story';

/** The clone that this program was built from: it runs in `.build/<hash>/test/chaos` there. */
const BUILD = resolve(__dirname, '..', '..');
const CLONE = resolve(BUILD, '..', '..');
const OUTAGE_MS = 60_000;

interface Options {
  readonly from: number;
  readonly count: number;
  readonly lanes: number;
  readonly again?: boolean;
  readonly outage?: boolean;
}

async function main(): Promise<void> {
  const program = new Command('chaos')
    .description('Kills parts of a whole desk of its own at its crash points, one kill for each seed, and looks whether anything was lost.')
    .option('--from <seed>', 'the first seed', wholeNumber, 1)
    .option('--count <seeds>', 'how many seeds; those that went well before are not run again', wholeNumber, 10)
    .option('--lanes <desks>', 'how many desks run side by side; by default two for each core', wholeNumber, 2 * availableParallelism())
    .option('--again', 'also run the seeds again that went well before')
    .option('--outage', 'instead: PostgreSQL is gone for 60 s while mail comes in')
    .addHelpText('before', 'Examples:\n  npm run chaos -- --from 1 --count 1000 --lanes 4\n  npm run chaos -- --outage\n')
    .exitOverride()
    .action(run);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.mustChange;
    else throw error;
  }
}

async function run({ from, count, lanes, again = false, outage = false }: Options): Promise<void> {
  const servers = await startServers();
  try {
    if (outage) {
      const figures = await outageStory(OUTAGE_MS);
      say(JSON.stringify(figures, null, 2));
      process.exitCode = figures.violations.length === 0 ? EXIT.done : EXIT.failed;
      return;
    }
    const record = new ChaosRecord(join(process.env['HOLDFAST_DATA'] ?? defaultDataDir(CLONE).dir, 'chaos.jsonl'));
    const seeds = Array.from({ length: count }, (_, index) => from + index).filter((seed) => again || !record.wentWell(seed));
    if (seeds.length < count) say(`${count - seeds.length} of these seeds went well before.`);
    const startedAt = performance.now();
    await runSeeds(seeds, { lanes, record, say, stopping: servers.stopping });
    const minutes = (performance.now() - startedAt) / 60_000;
    const kills = record.added.filter(counts).length;
    say(`\n${tableOf(record.all())}\n\n${kills} kills in ${minutes.toFixed(1)} min on ${lanes} desks: ${(kills / minutes).toFixed(1)} a minute.`);
    say(`Every seed is in ${record.file}`);
    process.exitCode = record.all().every(({ violations }) => violations.length === 0) ? EXIT.done : EXIT.failed;
  } finally {
    await servers.stop();
  }
}

/** What all desks share. */
interface Servers {
  /** Aborted when somebody has asked us to end. */
  readonly stopping: AbortSignal;
  stop(): Promise<void>;
}

/** A PostgreSQL and a Temporal server of our own, where the tests' kit looks for them. */
async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
  // Under root, PostgreSQL runs as another account, which must be able to pass through.
  chmodSync(folder, 0o755);
  const undo: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) void stop().finally(() => process.exit(EXIT.failed));
      else say('The seeds that are under way are brought to their end; once more ends at once.');
      stopping.abort();
    });
  }
  // Nor does an error that nobody waits for leave the servers behind.
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    void stop().finally(() => process.exit(EXIT.failed));
  });
  try {
    const { path: cli } = await findTemporalCli({ env: process.env, cacheDir: defaultCacheDir(process.env), progress: say });
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      log: () => undefined,
      // Nothing of this must outlive a crash of the machine.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '500' },
    });
    undo.push(() => postgres.stop());
    const temporal = await startTemporal({ cli, log: () => undefined });
    undo.push(() => temporal.stop());
    process.env['HOLDFAST_TEST_POSTGRES_URL'] = postgres.url;
    process.env['HOLDFAST_TEST_TEMPORAL_ADDRESS'] = temporal.address;
    process.env['HOLDFAST_TEST_BUILD_DIR'] = BUILD;
    process.env['HOLDFAST_TEST_WORKFLOW_BUNDLE'] = join(BUILD, 'workflow-bundle.js');
    await createTemplate();
    return { stopping: stopping.signal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(text);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(EXIT.failed);
});
