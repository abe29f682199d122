import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { sql } from 'kysely';
import { EXIT } from '../config/exit-codes';
import { defaultCacheDir, findTemporalCli } from '../platform/temporal-programs';
import { measureCost } from './cost';
import { startBenchDesk } from './desk';
import { measureCrowd } from './crowd';
import { measureFlood } from './flood';
import { measureHostile } from './hostile';
import { measureLateness, type Lateness } from './lateness';
import { measureLive } from './live';
import { allWithin, machineFacts, reportText, type Report } from './report';
import { measureSearch } from './search';
import { measureThroughput } from './throughput';

/** What can be measured: cost, page lateness, throughput, a flood of mail, many open conversations, search, damaged mail, chats. */
const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
type PartName = (typeof PARTS)[number];

/** The clone that this program was built from: it runs in `.build/<hash>/bench` there. */
const CLONE = resolve(__dirname, '..', '..', '..');
const DEFAULT_FILE = join(CLONE, '.build', 'bench', 'latest.json');

interface Options {
  readonly only?: PartName;
  readonly quick?: boolean;
  readonly json: string;
}

async function main(): Promise<void> {
  const program = new Command('bench')
    .description(
      'Measures a whole desk of its own: what conversations cost, how late pages are, how fast conversations are armed. Ends with 1 when something is over its budget.',
    )
    .addOption(
      new Option(
        '--only <part>',
        'a: cost · b: page lateness · c: throughput · d: a flood of mail · e: many open conversations · f: search · g: damaged mail · h: chats',
      ).choices(PARTS),
    )
    .option('--quick', 'smaller numbers: a look, not a measurement')
    .option('--json <file>', 'where the figures go as JSON', DEFAULT_FILE)
    .addHelpText('before', 'Examples:\n  npm run bench\n  npm run bench -- --only a\n  npm run bench -- --quick --json figures.json\n')
    .exitOverride()
    .action(run);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.mustChange;
    else throw error;
  }
}

async function run({ only, quick = false, json }: Options): Promise<void> {
  const since = performance.now();
  const progress = (line: string): void => void process.stderr.write(`${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  const wanted = (part: PartName): boolean => only === undefined || only === part;
  const { path: cli } = await findTemporalCli({ env: process.env, cacheDir: defaultCacheDir(process.env), progress });
  const desk = await startBenchDesk(progress);
  // Ctrl-C in the middle leaves no process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void desk.stop().finally(() => process.exit(EXIT.failed)));
  let report: Report | null = null;
  try {
    const { rows } = await sql<{ version: string }>`SELECT current_setting('server_version') AS version`.execute(desk.db);
    report = { machine: machineFacts(cli, rows[0]?.version ?? 'unknown') };
    if (wanted('a')) report = { ...report, cost: await measureCost(desk, { quick, progress }) };
    if (wanted('c')) report = { ...report, throughput: await measureThroughput(desk, { conversations: quick ? 100 : 500, progress }) };
    if (wanted('b')) {
      const runs = quick ? [{ tickets: 30, spreadOverMs: 10_000 }] : [120, 1_000].map((tickets) => ({ tickets, spreadOverMs: 60_000 }));
      const lateness: Lateness[] = [];
      for (const [index, each] of runs.entries()) {
        lateness.push(...(await measureLateness(desk, { ...each, another: index < runs.length - 1, progress })));
        report = { ...report, lateness: [...lateness] };
      }
    }
    if (wanted('d')) report = { ...report, flood: await measureFlood(desk, { mails: quick ? 200 : 5_000, urgent: quick ? 5 : 20, progress }) };
    if (wanted('e')) report = { ...report, crowd: await measureCrowd(desk, { conversations: quick ? 200 : 5_000, progress }) };
    if (wanted('f')) report = { ...report, search: await measureSearch({ url: desk.postgresUrl, messages: quick ? 5_000 : 100_000, progress }) };
    if (wanted('g')) report = { ...report, hostile: await measureHostile(desk, { mails: quick ? 300 : 5_000, progress }) };
    if (wanted('h')) {
      const size = quick ? { chats: 20, seconds: 10, idleSeconds: 20 } : { chats: 200, seconds: 40, idleSeconds: 30 };
      report = { ...report, live: await measureLive(desk, { ...size, perSecond: 5, progress }) };
    }
    process.exitCode = allWithin(report) ? EXIT.done : EXIT.failed;
  } finally {
    // Also when a later part fails: what was measured counts.
    if (report !== null) publish(report, resolve(json));
    // Rejects when the stand-ins were sent what nobody would take.
    await desk.stop();
  }
}

function publish(report: Report, file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\n${reportText(report)}\nAs JSON: ${file}\n`);
  if (!allWithin(report)) process.stdout.write('Something is over its budget: see the lines marked OVER.\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(EXIT.failed);
});
