import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { HoldfastError } from '../messages/errors';
import { checkDataDir, diskFull, SYSTEM_DATA } from './data-folder';
import { claimFolder, releaseFolder } from './folder-owner';
import { freePort } from './free-port';
import { readLines } from './output-lines';
import { asAccount, postgresAccount, type Account } from './postgres-account';
import { installedBinaries, runnableBinaries } from './postgres-binaries';
import { clusterName, DATABASE_NAME, endLeftovers, ensureCluster, readPassword } from './postgres-cluster';
import { endProcess } from './processes';

/** How to start a PostgreSQL of our own. */
export interface PostgresOptions {
  /** Its data folder; created if need be. The folder above it is Holdfast's data folder. */
  readonly dataDir: string;
  /** The folder with `bin`, `lib` and `share`; by default the one that npm installed. */
  readonly binariesDir?: string;
  /** The port to listen on; any free one by default. */
  readonly port?: number;
  /** Gets every line that PostgreSQL writes. */
  readonly log: (line: string) => void;
  /** Settings of postgresql.conf that differ from ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Accounts that may run it for root, the best first. */
  readonly accounts?: readonly string[];
}

/** A PostgreSQL that accepts connections. */
export interface RunningPostgres {
  /** `postgres://` with user, password and database. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Settles when the server has ended, wanted or not. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What a person should know about this start, a sentence each. */
  readonly notes: string[];
  /** Ends it cleanly and waits until it is gone. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const ATTEMPTS = 20;
const ATTEMPTS_ON_A_PORT = 4;
const ATTEMPT_PAUSE_MS = 250;

/** Every value can be changed through {@link PostgresOptions.settings}. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  // Containers often have little shared memory; our queries are small.
  max_parallel_workers_per_gather: '0',
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  // Whoever prints the lines adds the time.
  log_line_prefix: '',
  // Failed statements are the business of whoever sent them, and may hold personal data.
  log_min_error_statement: 'panic',
};

/**
 * Starts a PostgreSQL on this data folder, for this machine only. One that a killed Holdfast left on the folder is
 * stopped first; there are never two on one folder.
 * Throws E_PORT_BUSY, E_DATA_UNWRITABLE, E_DATA_UNREACHABLE, E_DISK_FULL, E_ALREADY_RUNNING, E_POSTGRES_ACCOUNT or E_POSTGRES.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDir, log } = options;
  const holdfastData = path.dirname(dataDir);
  const notes: string[] = [];
  const account = postgresAccount(options.accounts);
  checkDataDir(holdfastData);
  const binaries = runnableBinaries({
    native: options.binariesDir ?? installedBinaries(),
    copies: account === undefined ? holdfastData : SYSTEM_DATA,
    account,
    notes,
  });

  const ownerFile = `${dataDir}.owner`;
  claimFolder(ownerFile, dataDir);
  try {
    if (await endLeftovers(dataDir)) notes.push('A PostgreSQL that an earlier, killed Holdfast had left was stopped first.');
    ensureCluster({ binaries, dataDir, account });
    const password = readPassword(dataDir);
    const server = await launch({ binaries, dataDir, password, account, log, settings: options.settings ?? {}, port: options.port });
    try {
      await ensureDatabase(urlOf(server.port, password, 'postgres'));
      return { ...server, url: urlOf(server.port, password, DATABASE_NAME), dataDir, notes, stop: () => stop(server, ownerFile) };
    } catch (error) {
      await stop(server, ownerFile);
      throw error;
    }
  } catch (error) {
    releaseFolder(ownerFile);
    throw error;
  }
}

interface Launch {
  readonly binaries: string;
  readonly dataDir: string;
  readonly password: string;
  readonly account: Account | undefined;
  readonly log: (line: string) => void;
  readonly settings: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

type Server = Pick<RunningPostgres, 'port' | 'pid' | 'exited'>;

/** Starts the server; tries again with another port, or when the last one's traces are not gone yet. */
async function launch(options: Launch): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const { child, exited, lines } = run(options, port);
    const ended = new AbortController();
    void exited.then(() => ended.abort());
    const outcome = await untilReady(urlOf(port, options.password, 'postgres'), ended.signal);
    if (outcome === 'ready' && child.pid !== undefined) return { port, pid: child.pid, exited };
    if (outcome !== 'ended' && child.pid !== undefined) {
      await endProcess(child.pid, STOP_STEPS);
      await exited;
    }

    const output = lines.join('\n');
    if (/No space left on device|File too large|Disk quota exceeded/.test(output))
      throw diskFull(options.dataDir, 'PostgreSQL found no space left on the device');
    const portTaken = /Address already in use|could not create any TCP\/IP sockets/.test(output);
    if (portTaken && options.port !== undefined && attempt >= ATTEMPTS_ON_A_PORT) throw portBusy(options.port);
    // The server before this one may be dead but not yet collected, or its memory and port not yet released.
    const mayPass = portTaken || /lock file .* already exists|pre-existing shared memory block/.test(output);
    if (!mayPass || attempt >= ATTEMPTS) throw didNotStart(options.dataDir, outcome, lines);
    await sleep(ATTEMPT_PAUSE_MS);
  }
}

function run({ binaries, dataDir, account, log, settings }: Launch, port: number) {
  const all = { ...SETTINGS, cluster_name: clusterName(dataDir), ...settings, port: String(port) };
  const child: ChildProcess = spawn(
    path.join(binaries, 'bin', 'postgres'),
    ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // In a group of its own: a Ctrl-C at the terminal is for us, who stop it last.
    { ...asAccount(account), env: { LC_ALL: 'C', TZ: 'UTC' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const lines: string[] = [];
  readLines([child.stdout, child.stderr], (line) => {
    if (lines.push(line) > 30) lines.shift();
    log(line);
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', (error) => {
      lines.push(error.message);
      resolve({ code: null, signal: null });
    });
    // `close` comes after the last line of output, `exit` may come before it.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, exited, lines };
}

/** Waits until the server lets us in: the one sign that does not depend on its log. */
async function untilReady(url: string, ended: AbortSignal): Promise<'ready' | 'ended' | 'silent' | 'refused'> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const code = await connectionError(url);
    // Whoever answers on the port of a server that has ended, it is another one.
    if (ended.aborted) return 'ended';
    if (code === undefined) return 'ready';
    // Class 28: it is up, and our password is not its own. Anything else: not there yet.
    if (code.startsWith('28')) return 'refused';
    await sleep(25);
  }
  return 'silent';
}

async function connectionError(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  // A connection that breaks while it is made is reported by connect() as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'unknown';
  } finally {
    await client.end();
  }
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${DATABASE_NAME}:${password}@127.0.0.1:${port}/${database}`;
}

/** Creates the one database in a new data folder. */
async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE_NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
  } finally {
    await client.end();
  }
}

/** Fast shutdown, then the immediate one, then force. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 5_000 },
  { signal: 'SIGQUIT', waitMs: 3_000 },
  { signal: 'SIGKILL', waitMs: 3_000 },
] as const;

async function stop(server: Server, ownerFile: string): Promise<void> {
  await endProcess(server.pid, STOP_STEPS);
  await server.exited;
  releaseFolder(ownerFile);
}

function portBusy(port: number): HoldfastError {
  return new HoldfastError('E_PORT_BUSY', `Port ${port} of 127.0.0.1, asked for PostgreSQL, is taken by another program.`, {
    fix: 'Stop that program or choose another port.',
  });
}

function didNotStart(dataDir: string, outcome: 'ready' | 'ended' | 'silent' | 'refused', lines: readonly string[]): HoldfastError {
  if (outcome === 'refused') {
    return new HoldfastError('E_POSTGRES', `The PostgreSQL of ${dataDir} does not accept the password that is kept in that folder.`, {
      fix: 'Restore the file holdfast.password in it from a backup, or move the folder away to begin with an empty database.',
    });
  }
  const last = lines.slice(-4).join(' | ');
  if (/Permission denied/.test(last)) {
    return new HoldfastError('E_DATA_UNWRITABLE', `PostgreSQL may not use ${dataDir}: ${last}`, {
      fix: 'Give the folder back to the account that runs PostgreSQL, or set HOLDFAST_DATA to another folder.',
    });
  }
  const why = outcome === 'silent' ? `it did not answer within ${READY_WITHIN_MS / 1000} s` : 'it ended at once';
  return new HoldfastError('E_POSTGRES', `PostgreSQL did not start on ${dataDir}: ${why}. It said: ${last || 'nothing'}`, {
    fix: 'Set DATABASE_URL to a PostgreSQL server of yours, or HOLDFAST_DATA to a new folder.',
  });
}
