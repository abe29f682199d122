import { spawn, type ChildProcess } from 'node:child_process';
import { Connection } from '@temporalio/client';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../messages/errors';
import { claimFolder, releaseFolder } from './folder-owner';
import { freePort } from './free-port';
import { readLines } from './output-lines';
import { endProcess, listProcesses } from './processes';

/** How to start a Temporal server of our own. */
export interface TemporalOptions {
  /** The path of the Temporal CLI, see temporal-programs.ts. */
  readonly cli: string;
  /** The file that keeps its state; in memory only by default. */
  readonly dbFile?: string;
  /** The ports to use if they are free; others are taken if not. */
  readonly port?: number;
  readonly uiPort?: number;
  /** A namespace to create at once, besides `default`. */
  readonly namespace?: string;
  /** Gets every line that the server writes: warnings and worse. */
  readonly log: (line: string) => void;
}

/** A Temporal server that answers, on this machine only. */
export interface RunningTemporal {
  /** host:port of its gRPC service. */
  readonly address: string;
  readonly uiUrl: string;
  /** Prometheus metrics, among them the count of Actions. */
  readonly metricsUrl: string;
  readonly pid: number;
  /** Settles when the server has ended, wanted or not. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What a person should know about this start, a sentence each. */
  readonly notes: string[];
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

const IP = '127.0.0.1';
const READY_WITHIN_MS = 30_000;
const ATTEMPTS = 4;

const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 3_000 },
] as const;

/**
 * Starts Temporal's development server. It has no sign-in, so it listens on this machine only. One that a killed
 * Holdfast left on the same file is ended first. Throws E_TEMPORAL or E_ALREADY_RUNNING.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const notes: string[] = [];
  const { dbFile } = options;
  const ownerFile = dbFile === undefined ? undefined : `${dbFile}.owner`;
  if (dbFile !== undefined && ownerFile !== undefined) {
    claimFolder(ownerFile, dbFile);
    if (await endLeftovers(dbFile)) notes.push('A Temporal server that an earlier, killed Holdfast had left was stopped first.');
  }
  try {
    const { ports, child, pid, exited } = await launch(options);
    if (options.port !== undefined && ports.grpc !== options.port) notes.push(`Port ${options.port} is taken, so Temporal listens on ${ports.grpc}.`);
    if (options.uiPort !== undefined && ports.ui !== options.uiPort) notes.push(`Port ${options.uiPort} is taken, so the Temporal UI is on ${ports.ui}.`);
    const stop = async () => {
      stopping.add(child);
      if (child.exitCode === null && child.signalCode === null) await endProcess(pid, STOP_STEPS);
      await exited;
      if (ownerFile !== undefined) releaseFolder(ownerFile);
    };
    return { address: `${IP}:${ports.grpc}`, uiUrl: `http://${IP}:${ports.ui}`, metricsUrl: `http://${IP}:${ports.metrics}/metrics`, pid, exited, notes, stop };
  } catch (error) {
    if (ownerFile !== undefined) releaseFolder(ownerFile);
    throw error;
  }
}

/** Servers that were told to stop. */
const stopping = new WeakSet<ChildProcess>();

interface Ports {
  readonly grpc: number;
  readonly ui: number;
  readonly metrics: number;
}

async function launch(options: TemporalOptions) {
  for (let attempt = 1; ; attempt += 1) {
    // A port may be taken between our look and the server's; then others are tried.
    const ports = { grpc: await freePort(options.port), ui: await freePort(options.uiPort), metrics: await freePort() };
    const { child, exited, lines } = run(options, ports);
    const ended = new AbortController();
    void exited.then(() => ended.abort());
    const outcome = await untilReady(`${IP}:${ports.grpc}`, options.namespace ?? 'default', ended.signal);
    if (outcome === 'ready' && child.pid !== undefined) return { ports, child, pid: child.pid, exited };
    if (outcome === 'silent' && child.pid !== undefined) {
      await endProcess(child.pid, STOP_STEPS);
      await exited;
    }
    if (outcome === 'ended' && /address already in use|can't set .*port/i.test(lines.join('\n')) && attempt < ATTEMPTS) continue;
    const why = outcome === 'silent' ? `it did not answer within ${READY_WITHIN_MS / 1000} s` : 'it ended at once';
    throw new HoldfastError('E_TEMPORAL', `The Temporal server did not start: ${why}. It said: ${lines.slice(-4).join(' | ') || 'nothing'}`, {
      fix:
        options.dbFile === undefined
          ? `Check that ${options.cli} runs, or set TEMPORAL_ADDRESS to a server of yours.`
          : `Check that ${options.dbFile} can be written to (moved away, it is built again from PostgreSQL), or set TEMPORAL_ADDRESS to a server of yours.`,
    });
  }
}

function run({ cli, dbFile, namespace, log }: TemporalOptions, ports: Ports) {
  const onDisk = dbFile === undefined ? [] : ['--db-filename', path.resolve(dbFile), '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'];
  const child: ChildProcess = spawn(
    cli,
    [
      ...['server', 'start-dev', '--ip', IP, '--ui-ip', IP, '--ui-disable-news-fetch', '--log-level', 'warn'],
      ...['--port', String(ports.grpc), '--ui-port', String(ports.ui), '--metrics-port', String(ports.metrics)],
      ...(namespace === undefined ? [] : ['--namespace', namespace]),
      ...onDisk,
    ],
    // In a group of its own: a Ctrl-C at the terminal is for us, who stop it after those that use it.
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environmentOfServer() },
  );
  const lines: string[] = [];
  // Its output is a greeting; the log is on its error stream.
  readLines([child.stdout, child.stderr], (line) => {
    if (lines.push(line) > 30) lines.shift();
  });
  // While it stops, its own parts complain that the others are gone.
  readLines([child.stderr], (line) => {
    if (!stopping.has(child)) log(line);
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', (error) => {
      lines.push(error.message);
      resolve({ code: null, signal: null });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, exited, lines };
}

/** No secret of ours, and none of the variables that configure the CLI as a client. */
function environmentOfServer(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { NO_COLOR: '1' };
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TZ']) if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}

async function untilReady(address: string, namespace: string, ended: AbortSignal): Promise<'ready' | 'ended' | 'silent'> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (ended.aborted) return 'ended';
    const connection = Connection.lazy({ address, connectTimeout: 1_000 });
    try {
      await connection.withDeadline(Date.now() + 1_000, () => connection.workflowService.describeNamespace({ namespace }));
      return 'ready';
    } catch (error) {
      // Refused, not serving yet, namespace not there yet: all mean "a little later"; a server that cannot start ends.
      if (typeof (error as { code?: unknown }).code !== 'number') throw error;
    } finally {
      await connection.close();
    }
    await sleep(50);
  }
  return 'silent';
}

/** Ends a server that still runs on this file although its owner is gone. Answers whether there was one. */
async function endLeftovers(dbFile: string): Promise<boolean> {
  const left = listProcesses().filter(
    ({ zombie, command }) => !zombie && command.includes(' start-dev ') && command.includes(`--db-filename ${path.resolve(dbFile)} `),
  );
  for (const { pid } of left) await endProcess(pid, STOP_STEPS);
  return left.length > 0;
}
