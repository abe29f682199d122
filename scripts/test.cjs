'use strict';

/**
 * `npm test`: type check, lint and format, then all tests in three stages. Its last line is always `N passed, N failed`,
 * where each check counts as one; it ends with 0 only when nothing failed and tests were run.
 * `npm test -- <paths>` runs only the tests under these paths.
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { findChromium } = require('./chromium.cjs');
const { unitFolders } = require('./jest.cjs');

const root = path.resolve(__dirname, '..');
const jest = path.join(root, 'scripts', 'jest.cjs');
const tool = (name) => path.join(root, 'node_modules', name);

/** Folders whose tests start whole programs, browsers or crashes, and so run one after the other. */
const serialFolders = ['test/end-to-end', 'test/browser', 'test/chaos', 'test/platform'];
/** Those that run here: nothing can be looked at without a browser. */
const serialHere = serialFolders.filter((folder) => folder !== 'test/browser' || findChromium() !== null);

/** Jest takes these as patterns on absolute paths; the clone itself may lie in a folder named like one of ours. */
const pattern = (folder) => `^${path.join(root, folder, path.sep).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;

const checks = [
  { title: 'Types', args: [tool('typescript/bin/tsc'), '--noEmit', '--project', root] },
  { title: 'Types of what browsers run', args: [tool('typescript/bin/tsc'), '--noEmit', '--project', path.join(root, 'web')] },
  { title: 'Types of its tests', args: [tool('typescript/bin/tsc'), '--noEmit', '--project', path.join(root, 'test/web')] },
  { title: 'Lint', args: [tool('eslint/bin/eslint.js'), '.'] },
  { title: 'Format', args: [tool('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'] },
];

/** `minutes`: when a stage counts as stuck, on a machine that is half as fast as we would like. */
const stages = [
  { title: 'Unit tests', args: [...unitFolders.map(pattern), '--maxWorkers=2'], env: { HOLDFAST_TEST_ONLY: 'unit' }, minutes: 10 },
  {
    title: 'Tests with PostgreSQL and Temporal',
    args: ['--maxWorkers=2', `--testPathIgnorePatterns=${[...unitFolders, ...serialFolders].map(pattern).join('|')}`],
    minutes: 18,
  },
  { title: 'Whole programs, in series', args: [...serialHere.map(pattern), '--runInBand'], minutes: 28 },
];

const onTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code, text) => (onTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
const print = (line) => process.stdout.write(`${line}\n`);
const seconds = (startedAt) => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
const running = new Set();

function count(title, passed) {
  if (passed) total.passed += 1;
  else {
    total.failed += 1;
    total.failures.push(title);
  }
}

/** Runs Node on these arguments and answers with its exit code, and its output if that was caught. */
function run(args, { env = {}, caught = false, minutes = 5 } = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...(onTerminal ? { FORCE_COLOR: '1' } : {}), ...env },
      stdio: ['ignore', caught ? 'pipe' : 'inherit', caught ? 'pipe' : 'inherit'],
    });
    running.add(child);
    const timer = setTimeout(() => {
      output += `\nStopped after ${minutes} minutes.`;
      print(paint(31, `Stopped after ${minutes} minutes.`));
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
    }, minutes * 60_000);
    if (caught) for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** The checks use one core each, so they run side by side; each prints its verdict when it has one. */
async function runChecks() {
  print(paint(1, 'Types, lint and format …'));
  await Promise.all(
    checks.map(async ({ title, args }) => {
      const startedAt = performance.now();
      const { code, output } = await run(args, { caught: true });
      count(title, code === 0);
      print(`${code === 0 ? paint(32, 'passed') : paint(31, 'FAILED')}  ${title} (${seconds(startedAt)})`);
      if (code !== 0) print(output.trimEnd());
    }),
  );
}

async function runStage({ title, args, env, minutes }) {
  print(`\n${paint(1, title)} …`);
  const startedAt = performance.now();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-results-'));
  const file = path.join(folder, 'results.json');
  try {
    const { code } = await run([jest, '--json', `--outputFile=${file}`, '--passWithNoTests', ...args], { env, minutes });
    addResults(title, code, fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  print(`${title}: ${seconds(startedAt)}`);
}

function addResults(title, code, results) {
  const failedBefore = total.failed;
  if (results !== undefined) {
    total.passed += results.numPassedTests;
    total.skipped += results.numPendingTests + results.numTodoTests;
    for (const { name, message, assertionResults } of results.testResults) {
      const file = path.relative(root, name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      for (const { fullName } of failed) count(`${file}: ${fullName}`, false);
      // A file that could not even be loaded has no tests to its name.
      if (assertionResults.length === 0 && message) count(`${file}: could not run`, false);
    }
  }
  // Jest itself failed: no servers, a process left behind, out of time.
  if (code !== 0 && total.failed === failedBefore) count(`${title}: ended with exit code ${code}`, false);
}

function summary(startedAt) {
  print(`\n${seconds(startedAt)} in all`);
  if (total.skipped > 0) print(`${total.skipped} skipped`);
  if (serialHere.length < serialFolders.length) print('The browser tests were left out: no Chromium was found. Install one, or set CHROMIUM_PATH.');
  if (total.failures.length > 0) print(paint(31, `Failed:\n  ${total.failures.join('\n  ')}`));
  if (total.passed + total.failed === 0) print('No test was run.');
  print(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function main() {
  const startedAt = performance.now();
  const wanted = process.argv.slice(2);
  if (wanted.length > 0) await runStage({ title: 'Chosen tests', args: wanted, minutes: 20 });
  else {
    await runChecks();
    for (const stage of stages) await runStage(stage);
  }
  summary(startedAt);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exitCode = 130;
    print('\nInterrupted.');
    setTimeout(() => process.exit(130), 3_000).unref();
  });
}

main().catch((error) => {
  print(String(error.stack ?? error));
  process.exitCode = 1;
});
