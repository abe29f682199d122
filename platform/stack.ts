import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../config/environment';
import type { Logger } from '../config/log';
import { temporalConnection, temporalVariables } from '../config/temporal';
import { closeDatabase, openDatabase } from '../db/connection';
import { migrateToLatest } from '../db/migrate';
import { publishPolicy } from '../db/policies';
import { HoldfastError } from '../messages/errors';
import type { PolicySnapshot } from '../policy/snapshot';
import { freePort } from './free-port';
import { adminTokenOf, dashboardSecretOf, signingKeysOf } from './generated-secrets';
import { LogFile } from './log-file';
import { startNodePart } from './node-part';
import type { Part } from './part';
import { startPostgres } from './postgres';
import { describeProcess } from './running';
import type { DataFolderLock } from './running';
import { supervise } from './supervisor';
import type { Supervised } from './supervisor';
import { startTemporal } from './temporal';
import { defaultCacheDir, findTemporalCli } from './temporal-programs';
import { ensureNamespace, registerSearchAttributes } from './temporal-setup';

const WORKERS = 2;
const READY_WITHIN_MS = 60_000;
const STARTING_MAY_TAKE_MS = 4_000;
const KEPT_LINES = 20;
const SAME_WARNING_EVERY_MS = 60_000;

/** Where `npm start` shows what it does. */
export interface Screen {
  /** Shows one step of the start and how long it took. */
  step<Result>(what: string, run: () => Promise<Result>): Promise<Result>;
  /** A sentence that a person should read, now or later. */
  note(line: string, kind: 'plain' | 'good' | 'bad'): void;
}

/** Where the parts of a running Holdfast are. */
export interface StackFacts {
  readonly adminToken: string;
  /** The address of its UI and the program that runs; null when the Temporal server is not ours. */
  readonly temporalUi: string | null;
  readonly temporalProgram: string | null;
}

/**
 * All that `npm start` boots, in order: PostgreSQL, Temporal, their schema and namespace, then the mail catcher, the api and
 * two workers. Each process is started again when it dies. `stop` ends them in the opposite order, also half-way through.
 */
export class Stack {
  readonly #environment: Environment;
  readonly #policy: PolicySnapshot;
  readonly #dataDir: string;
  readonly #lock: DataFolderLock;
  readonly #screen: Screen;
  readonly #log: Logger;
  /** What runs, in the order in which it is stopped: each group at once, the next when it is gone. */
  readonly #ours: Supervised[] = [];
  readonly #catchers: Supervised[] = [];
  readonly #servers: Supervised[] = [];
  /** The embedded servers' processes by name, for the guard. */
  readonly #serverProcesses = new Map<'temporal' | 'postgres', Part>();
  /** Our own processes by name, for the guard. */
  readonly #ownProcesses = new Map<string, { pid: number; startedAt: string }>();
  readonly #warnedAt = new Map<string, number>();
  #stopping = false;
  #started: Promise<unknown> = Promise.resolve();

  constructor(parts: { environment: Environment; policy: PolicySnapshot; dataDir: string; lock: DataFolderLock; screen: Screen; log: Logger }) {
    this.#environment = parts.environment;
    this.#policy = parts.policy;
    this.#dataDir = parts.dataDir;
    this.#lock = parts.lock;
    this.#screen = parts.screen;
    this.#log = parts.log;
  }

  /** Boots everything; resolves when the api says that it is ready. What had started stays up when it rejects: call `stop`. */
  start(): Promise<StackFacts> {
    const facts = this.#start();
    this.#started = facts.catch(() => undefined);
    return facts;
  }

  async #start(): Promise<StackFacts> {
    const { HOLDFAST_ADMIN_TOKEN, HOLDFAST_SIGNING_KEYS, DASHBOARD_JWT_SECRET } = this.#environment;
    const adminToken = HOLDFAST_ADMIN_TOKEN ?? adminTokenOf(this.#dataDir);
    const generated: NodeJS.ProcessEnv = {
      HOLDFAST_DATA: this.#dataDir,
      HOLDFAST_ADMIN_TOKEN: adminToken,
      HOLDFAST_PUBLIC_URL: this.#environment.HOLDFAST_PUBLIC_URL,
    };
    if (HOLDFAST_SIGNING_KEYS === undefined) generated['HOLDFAST_SIGNING_KEYS'] = signingKeysOf(this.#dataDir);
    if (DASHBOARD_JWT_SECRET === undefined) generated['DASHBOARD_JWT_SECRET'] = dashboardSecretOf(this.#dataDir);

    const databaseUrl = await this.#startDatabase();
    const temporal = await this.#startTemporal();
    const env: NodeJS.ProcessEnv = {
      ...withoutConnection(process.env, temporal.program !== null),
      ...generated,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
    };
    env['TEMPORAL_NAMESPACE'] = this.#environment.TEMPORAL_NAMESPACE;
    await this.#startOurs(env);
    return { adminToken, temporalUi: temporal.ui, temporalProgram: temporal.program };
  }

  /** Ends everything, last started first; resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // Of a start that is still under way, what is just starting must be known before it can be stopped.
    await Promise.race([this.#started, sleep(STARTING_MAY_TAKE_MS, undefined, { ref: false })]);
    for (const group of [this.#ours, this.#catchers]) await Promise.all(group.map((part) => part.stop()));
    for (const server of this.#servers.toReversed()) await server.stop();
  }

  /** Ends everything at once. */
  kill(): void {
    this.#stopping = true;
    for (const part of [...this.#ours, ...this.#catchers, ...this.#servers]) part.kill();
  }

  async #startDatabase(): Promise<string> {
    const { DATABASE_URL } = this.#environment;
    let url = DATABASE_URL ?? '';
    if (DATABASE_URL === undefined) {
      const logFile = this.#logFile('postgres');
      let port: number | undefined;
      const boot = async (): Promise<Part> => {
        const { lines, take } = lastLines(logFile);
        const server = await startPostgres({ dataDir: join(this.#dataDir, 'postgres'), ...(port === undefined ? {} : { port }), log: take });
        ({ port, url } = server);
        for (const note of server.notes) this.#screen.note(note, 'plain');
        return { pid: server.pid, stop: () => server.stop(), exited: server.exited.then((exit) => ({ ...exit, lastLines: lines })) };
      };
      await this.#step('PostgreSQL', () =>
        this.#supervise(this.#servers, { name: 'postgres', start: boot, started: (part) => this.#remember('postgres', part) }),
      );
    }
    this.#lock.tell({ databaseUrl: url });
    await this.#step('database schema', () => migrate(url));
    // Before the api starts: it serves the policy that is published.
    await publish(url, this.#policy);
    return url;
  }

  async #startTemporal(): Promise<{ address: string; ui: string | null; program: string | null }> {
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: namespace, TEMPORAL_PORT, TEMPORAL_UI_PORT } = this.#environment;
    let address = TEMPORAL_ADDRESS ?? '';
    let ui: string | null = null;
    let program: string | null = null;
    if (TEMPORAL_ADDRESS === undefined) {
      const progress = (line: string) => this.#screen.note(line, 'plain');
      const found = await this.#step('Temporal program', () => findTemporalCli({ env: process.env, cacheDir: defaultCacheDir(process.env), progress }));
      program = found.path;
      const logFile = this.#logFile('temporal');
      const boot = async (): Promise<Part> => {
        const { lines, take } = lastLines(logFile);
        const ports = ui === null ? { port: TEMPORAL_PORT, uiPort: TEMPORAL_UI_PORT } : { port: portOf(`http://${address}`), uiPort: portOf(ui) };
        const server = await startTemporal({ cli: found.path, dbFile: join(this.#dataDir, 'temporal.db'), ...ports, namespace, log: take });
        if (ui !== null && server.address !== address) {
          // Everyone else knows the old address; the port is free again in a moment, or a person must see to it.
          await server.stop();
          throw new HoldfastError('E_TEMPORAL', `Port ${ports.port}, which the Temporal server had, is taken by another program.`, {
            fix: 'Stop that program, or stop Holdfast and start it again.',
          });
        }
        address = server.address;
        ui = server.uiUrl;
        for (const note of server.notes) this.#screen.note(note, 'plain');
        return { pid: server.pid, stop: () => server.stop(), exited: server.exited.then((exit) => ({ ...exit, lastLines: lines })) };
      };
      await this.#step('Temporal', () =>
        this.#supervise(this.#servers, { name: 'temporal', start: boot, started: (part) => this.#remember('temporal', part) }),
      );
    }
    this.#lock.tell({ temporalAddress: address, temporalNamespace: namespace, ...(ui === null ? {} : { temporalUi: ui }) });
    const connection = TEMPORAL_ADDRESS === undefined ? { address } : temporalConnection(this.#environment).connectionOptions;
    await this.#step('Temporal namespace', () => prepareNamespace(connection, namespace));
    return { address, ui, program };
  }

  async #startOurs(env: NodeJS.ProcessEnv): Promise<void> {
    if (this.#environment.SMTP_URL === undefined) {
      const port = await freePort();
      env['SMTP_URL'] = `smtp://127.0.0.1:${port}`;
      await this.#step('mail catcher', () => this.#superviseOurs('catcher', 'catcher', env, ['--port', String(port)]));
      this.#lock.tell({ mailCatcher: env['SMTP_URL'] });
    }
    await this.#step('api and workers', async () => {
      const parts = [this.#superviseOurs('api', 'api', env)];
      const metrics: string[] = [];
      for (let number = 1; number <= WORKERS; number += 1) {
        // The same after each restart, so that whoever reads it finds it again.
        const listen = `127.0.0.1:${await freePort()}`;
        metrics.push(`http://${listen}/metrics`);
        parts.push(this.#superviseOurs('worker', `worker-${number}`, { ...env, HOLDFAST_METRICS_LISTEN: listen }));
      }
      this.#lock.tell({ workerMetrics: metrics });
      // All settle before any failure counts, so that `stop` knows of each process.
      const outcomes = await Promise.allSettled(parts);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      await this.#untilReady();
      const { host, port } = this.#environment.SMTP_LISTEN;
      this.#lock.tell({ smtp: `smtp://${host.includes(':') ? `[${host}]` : host}:${port}` });
    });
  }

  async #superviseOurs(command: 'api' | 'worker' | 'catcher', name: string, env: NodeJS.ProcessEnv, options: readonly string[] = []): Promise<void> {
    const logFile = this.#logFile(name);
    const onWarning = (message: string) => this.#warn(`${name}: ${message}`);
    await this.#supervise(command === 'catcher' ? this.#catchers : this.#ours, {
      name,
      start: () => startNodePart({ command, options, env, logFile, onWarning }),
      started: ({ pid }) => {
        this.#ownProcesses.set(name, describeProcess(pid));
        this.#lock.tell({ parts: [...this.#ownProcesses.values()] });
      },
    });
  }

  async #supervise(group: Supervised[], recipe: { name: string; start: () => Promise<Part>; started?: (part: Part) => void }): Promise<void> {
    const tell = ({ what, fine }: { what: string; fine: boolean }) => this.#screen.note(what, fine ? 'good' : 'bad');
    group.push(await supervise({ ...recipe, tell }, this.#log));
  }

  /** Shows a warning; the same one again only after a while, for an outage makes every part say the same many times. */
  #warn(line: string): void {
    const now = performance.now();
    if (now - (this.#warnedAt.get(line) ?? -Infinity) < SAME_WARNING_EVERY_MS || this.#stopping) return;
    this.#warnedAt.set(line, now);
    this.#screen.note(line, 'bad');
  }

  #remember(name: 'temporal' | 'postgres', part: Part): void {
    this.#serverProcesses.set(name, part);
    const servers = [];
    for (const [each, signal] of [
      ['temporal', 'SIGTERM'],
      ['postgres', 'SIGINT'],
    ] as const) {
      const process = this.#serverProcesses.get(each);
      if (process !== undefined) servers.push({ ...describeProcess(process.pid), signal });
    }
    this.#lock.tell({ servers });
  }

  async #untilReady(): Promise<void> {
    const { HOLDFAST_HOST, PORT } = this.#environment;
    const host = HOLDFAST_HOST === '0.0.0.0' || HOLDFAST_HOST === '::' ? '127.0.0.1' : HOLDFAST_HOST;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/readyz`;
    let last = 'no answer';
    for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline && !this.#stopping; await sleep(100)) {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
        if (response.ok) return;
        last = `${response.status} ${await response.text()}`;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
    }
    throw new HoldfastError('E_CHILD_FAILED', `${url} does not say that the api is ready: ${last}`, {
      fix: `Its log tells more: ${this.#logFile('api').path}`,
    });
  }

  #step<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    if (this.#stopping) throw new StoppedWhileStarting();
    return this.#screen.step(what, run);
  }

  #logFile(name: string): LogFile {
    return new LogFile(join(this.#dataDir, 'logs', `${name}.log`));
  }
}

/** Thrown by a start that was asked to stop before it was done: no failure. */
export class StoppedWhileStarting extends Error {}

async function migrate(url: string): Promise<void> {
  try {
    await migrateToLatest(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause);
    throw new HoldfastError('E_POSTGRES', `The database cannot be reached or brought to the newest schema: ${reason}`, {
      fix: 'Check that DATABASE_URL names a PostgreSQL server that runs, and a role that may create tables there.',
      cause,
    });
  }
}

async function publish(url: string, policy: PolicySnapshot): Promise<void> {
  const db = openDatabase(url, { max: 1 });
  try {
    await publishPolicy(db, policy, new Date());
  } finally {
    await closeDatabase(db);
  }
}

async function prepareNamespace(options: Parameters<typeof Connection.connect>[0], namespace: string): Promise<void> {
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: '10s' });
  } catch (cause) {
    throw new HoldfastError('E_TEMPORAL', `Temporal does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, {
      fix: 'Check TEMPORAL_ADDRESS and the other TEMPORAL_… variables, or leave TEMPORAL_ADDRESS unset: npm start then boots a server.',
      cause,
    });
  }
  try {
    await ensureNamespace(connection, namespace);
    await registerSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}

/** The embedded server has no login: what was set for another server must not be tried on it. */
function withoutConnection(env: NodeJS.ProcessEnv, embedded: boolean): NodeJS.ProcessEnv {
  const rest = { ...env };
  if (embedded) for (const name of Object.keys(temporalVariables(env))) delete rest[name];
  return rest;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function lastLines(logFile: LogFile): { lines: readonly string[]; take: (line: string) => void } {
  const lines: string[] = [];
  return {
    lines,
    take(line) {
      logFile.write(line);
      if (lines.push(line) > KEPT_LINES) lines.shift();
    },
  };
}
