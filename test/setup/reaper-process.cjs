'use strict';

/**
 * The one place that ends what a test run started. It runs in a session of its own, so no Ctrl-C reaches it, and waits
 * for its input to close: that happens when the run is over, however it ended, even by SIGKILL.
 *
 * Input, a line each: `process <pid> <signal>`, `folder <path>`. Besides the processes that it is told of, it ends every
 * process that carries the run's mark in its environment, and answers with a line for each.
 */

const fs = require('node:fs');
const readline = require('node:readline');

const mark = `HOLDFAST_TEST_RUN=${process.argv[2]}`;
const processes = [];
const folders = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.on(signal, () => undefined);
process.stdout.on('error', () => undefined);

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [kind, ...rest] = line.split(' ');
    if (kind === 'process') processes.push({ pid: Number(rest[0]), signal: rest[1] });
    if (kind === 'folder') folders.push(rest.join(' '));
  })
  .on('close', () => void end());

async function end() {
  for (const { pid, signal } of processes) send(pid, signal);
  // Jest's own workers go by themselves; give them, and what is just ending, a moment before it counts as left behind.
  for (let waitedMs = 0; waitedMs < 1_500 && marked().length > 0; waitedMs += 50) await sleep(50);
  const left = marked();
  for (const { command } of left.filter(({ command }) => !command.includes('jest-worker'))) process.stdout.write(`${command}\n`);
  for (let attempt = 0; attempt < 5 && marked().length > 0; attempt += 1) {
    for (const { pid } of marked()) send(pid, 'SIGKILL');
    await sleep(100);
  }
  for (let waitedMs = 0; waitedMs < 3_000 && processes.some(({ pid }) => isRunning(pid)); waitedMs += 50) await sleep(50);
  for (const { pid } of processes) if (isRunning(pid)) send(pid, 'SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.exit(0);
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function read(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code)) return '';
    throw error;
  }
}

function isRunning(pid) {
  if (process.platform !== 'linux') return false;
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}

/** Living processes that inherited the mark of this run. Only Linux shows the environment of others. */
function marked() {
  if (process.platform !== 'linux') return [];
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => read(`/proc/${name}/environ`).split('\0').includes(mark))
    .filter((name) => isRunning(Number(name)))
    .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).split('\0').join(' ').trim() }));
}
