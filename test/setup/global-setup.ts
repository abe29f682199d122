/**
 * Runs once before all tests. Unless only unit tests run, it builds the program and its workflow bundle and starts one
 * PostgreSQL (with a migrated template database) and one Temporal development server. Tests find them through
 * database.ts and temporal.ts; the environment variables are written down in test-servers.ts.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startPostgres } from '../../platform/postgres';
import { startTemporal } from '../../platform/temporal';
import { defaultCacheDir, findTemporalCli, findTestServer } from '../../platform/temporal-programs';
import { build, buildWorkflowBundle } from '../../scripts/build.cjs';
import { createTemplate } from './database';
import { Reaper } from './reaper';

/** Random tests are repeatable: the same seed in every run, unless another is asked for. */
const SEED = '20260327';

export default async function globalSetup(): Promise<void> {
  process.env['HOLDFAST_TEST_SEED'] ??= SEED;
  print(`Seed of random tests: HOLDFAST_TEST_SEED=${process.env['HOLDFAST_TEST_SEED']}`);
  forgetSettings();
  if (process.env['HOLDFAST_TEST_ONLY'] === 'unit') return;

  const startedAt = performance.now();
  const runId = randomBytes(8).toString('hex');
  process.env['HOLDFAST_TEST_RUN'] = runId;
  const reaper = new Reaper(runId);
  globalThis.holdfastReaper = reaper;

  // All or nothing, and nothing half-way: what still starts when another part fails must be known to the reaper first.
  const parts = await Promise.allSettled([buildAll(), startDatabase(reaper), startTemporalServer(reaper), provideTestServer()]);
  for (const part of parts) if (part.status === 'rejected') throw part.reason;
  await createTemplate();
  print(`Test servers ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

async function buildAll(): Promise<void> {
  const { dir } = await build({ progress: print, tests: true });
  process.env['HOLDFAST_TEST_BUILD_DIR'] = dir;
  try {
    const bundle = await buildWorkflowBundle(dir, { progress: print });
    if (bundle !== undefined) process.env['HOLDFAST_TEST_WORKFLOW_BUNDLE'] = bundle;
  } catch (error) {
    // Only the tests that need it fail: they do not find the variable.
    print(`The workflows could not be bundled: ${(error as Error).message}`);
  }
}

async function startDatabase(reaper: Reaper): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-test-'));
  reaper.removeFolder(folder);
  // As root, PostgreSQL runs as an account that must be able to pass through.
  chmodSync(folder, 0o711);
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    log: printProblems('postgres'),
    // Nothing of this must outlive a crash of the machine.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  reaper.endProcess(postgres.pid, 'SIGQUIT');
  process.env['HOLDFAST_TEST_POSTGRES_URL'] = postgres.url;
}

async function startTemporalServer(reaper: Reaper): Promise<void> {
  const { path: cli } = await findTemporalCli(searchOptions());
  const temporal = await startTemporal({ cli, log: printProblems('temporal') });
  reaper.endProcess(temporal.pid, 'SIGKILL');
  process.env['HOLDFAST_TEST_TEMPORAL_CLI'] = cli;
  process.env['HOLDFAST_TEST_TEMPORAL_ADDRESS'] = temporal.address;
  process.env['HOLDFAST_TEST_TEMPORAL_METRICS'] = temporal.metricsUrl;
}

async function provideTestServer(): Promise<void> {
  const { path: file } = await findTestServer(searchOptions());
  process.env['HOLDFAST_TEST_SKIPPING_SERVER'] = file;
}

function searchOptions() {
  return { env: process.env, cacheDir: defaultCacheDir(process.env), progress: print };
}

/** A developer's own settings must not change what tests see; those of the tests and the places of programs stay. */
function forgetSettings(): void {
  const ours = /^(DATABASE_URL|TEMPORAL_|HOLDFAST_|SMTP_|IMAP_|MAIL_|PAGERDUTY_|SLACK_|TWILIO_|INTERCOM_|ZENDESK_|DASHBOARD_|OIDC_|WATCHDOG_)/;
  const kept = /^(HOLDFAST_TEST_|TEMPORAL_CLI$|TEMPORAL_TEST_SERVER$)/;
  for (const name of Object.keys(process.env)) if (ours.test(name) && !kept.test(name)) delete process.env[name];
}

/** Errors of the servers belong into the output of a run, their everyday lines do not. */
function printProblems(name: string): (line: string) => void {
  return (line) => {
    if (process.env['HOLDFAST_TEST_LOG'] === 'all' || /PANIC|level=(ERROR|FATAL)|panic:/.test(line)) print(`${name}: ${line}`);
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
