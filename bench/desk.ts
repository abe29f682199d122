import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { closeDatabase, openDatabase, type Database } from '../db/connection';
import { migrateToLatest } from '../db/migrate';
import { publishPolicy } from '../db/policies';
import { formatKeys, generateKey } from '../config/keys';
import { freePort } from '../platform/free-port';
import { LogFile } from '../platform/log-file';
import { startNodePart } from '../platform/node-part';
import type { Part } from '../platform/part';
import { startPostgres } from '../platform/postgres';
import { startTemporal, type RunningTemporal } from '../platform/temporal';
import { defaultCacheDir, findTemporalCli } from '../platform/temporal-programs';
import { ensureNamespace, registerSearchAttributes } from '../platform/temporal-setup';
import { readPolicyDocument } from '../policy/document';
import { resolvePolicy } from '../policy/resolve';
import type { PolicySnapshot } from '../policy/snapshot';
import { ROUTING_KEY, startFakePagerDuty, type FakePagerDuty } from '../test/kit/pagerduty';
import { startSmtpSink, type SmtpSink } from '../test/kit/smtp-sink';
import { added, countersBy, total } from './statistics';

const NAMESPACE = 'bench';
const DOMAIN = 'example.test';
const TOKEN = 'the-admin-token-of-the-bench';
const DASHBOARD_SECRET = 'the-secret-of-the-dashboard-of-the-bench';
const WORKERS = 2;
/** The api reads the published policy again every second. */
const POLICY_SEEN_MS = 1_500;
const SETTLED_MS = 1_500;

/** A whole desk of its own for measuring: PostgreSQL and Temporal on disk, api and two workers as processes, as `npm start` runs them; the outside world is stood in for. */
export interface BenchDesk {
  readonly db: Database;
  /** The server of `db`; a part that fills tables by itself makes a database of its own there. */
  readonly postgresUrl: string;
  readonly client: Client;
  readonly temporal: RunningTemporal;
  readonly namespace: string;
  readonly mail: SmtpSink;
  readonly pagerduty: FakePagerDuty;
  /** Of the API, no slash at its end. */
  readonly url: string;
  /** Signs the identity of customers, as their dashboard does. */
  readonly dashboardSecret: string;
  /** Where mail comes in, and the domain of its addresses. */
  readonly smtp: { readonly host: string; readonly port: number; readonly domain: string };
  /** Everything that runs, by name. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** Makes a policy (YAML) the one in force, and waits until everybody knows. */
  publish(policy: string): Promise<PolicySnapshot>;
  /** Calls the API; rejects when it does not answer with 2xx. */
  call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown>;
  /** HTTP requests that the API has answered so far. */
  requests(): Promise<number>;
  /** Actions so far, by type, as the server counts them. */
  actions(): Promise<Record<string, number>>;
  /** Waits until the server counts no more, and answers the Actions so far. */
  settled(): Promise<Record<string, number>>;
  /** Ends everything and removes its folder. */
  stop(): Promise<void>;
}

/** Boots it in a folder of its own below the system's temporary folder. */
export async function startBenchDesk(progress: (line: string) => void): Promise<BenchDesk> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  // As root, PostgreSQL runs under an account that must pass through.
  chmodSync(dir, 0o755);
  const undo: (() => Promise<unknown>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    // Whatever one step meets, nothing may be left running.
    for (const step of undo.splice(0).toReversed()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  };
  try {
    const log = (name: string) => new LogFile(join(dir, 'logs', `${name}.log`));
    progress('PostgreSQL');
    const postgresLog = log('postgres');
    const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), log: (line) => postgresLog.write(line) });
    undo.push(() => postgres.stop());
    await migrateToLatest(postgres.url);
    const db = openDatabase(postgres.url, { max: 10 });
    undo.push(() => closeDatabase(db));

    progress('Temporal');
    const temporalLog = log('temporal');
    const { path: cli } = await findTemporalCli({ env: process.env, cacheDir: defaultCacheDir(process.env), progress });
    const temporal = await startTemporal({ cli, dbFile: join(dir, 'temporal.db'), namespace: NAMESPACE, log: (line) => temporalLog.write(line) });
    undo.push(() => temporal.stop());
    const connection = await Connection.connect({ address: temporal.address });
    undo.push(() => connection.close());
    await ensureNamespace(connection, NAMESPACE);
    await registerSearchAttributes(connection, NAMESPACE);
    const client = new Client({ connection, namespace: NAMESPACE });

    progress('api and two workers');
    const mail = await startSmtpSink();
    undo.push(() => mail.close());
    const pagerduty = await startFakePagerDuty();
    undo.push(() => pagerduty.close());
    const [port, smtpPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'] ?? '',
      HOLDFAST_DATA: dir,
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      PORT: String(port),
      SMTP_LISTEN: `127.0.0.1:${smtpPort}`,
      SMTP_URL: mail.url,
      MAIL_DOMAIN: DOMAIN,
      HOLDFAST_PUBLIC_URL: url,
      HOLDFAST_ADMIN_TOKEN: TOKEN,
      DASHBOARD_JWT_SECRET: DASHBOARD_SECRET,
      // One token asks for the whole desk.
      HOLDFAST_RATE_LIMIT: '0',
      HOLDFAST_SIGNING_KEYS: formatKeys([generateKey()]),
      PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
      PAGERDUTY_EVENTS_URL: pagerduty.url,
      NO_COLOR: '1',
    };
    const parts: (Part & { readonly name: string })[] = [];
    undo.push(() => Promise.all(parts.map((part) => part.stop())));
    const warnings = log('warnings');
    const start = async (command: 'api' | 'worker', name: string): Promise<void> => {
      const part = await startNodePart({ command, env, logFile: log(name), onWarning: (line) => warnings.write(`${name}: ${line}`) });
      parts.push({ ...part, name });
    };
    // The workers publish the policy that they are started with, so they come first.
    for (let number = 1; number <= WORKERS; number += 1) await start('worker', `worker-${number}`);
    await start('api', 'api');

    const actions = async (): Promise<Record<string, number>> => {
      const text = await (await fetch(temporal.metricsUrl, { signal: AbortSignal.timeout(5_000) })).text();
      return countersBy(text, 'action', 'action_type', { namespace: NAMESPACE });
    };
    return {
      db,
      postgresUrl: postgres.url,
      client,
      temporal,
      namespace: NAMESPACE,
      mail,
      pagerduty,
      url,
      dashboardSecret: DASHBOARD_SECRET,
      processes: [...parts, { name: 'temporal', pid: temporal.pid }, { name: 'postgres', pid: postgres.pid }],
      smtp: { host: '127.0.0.1', port: smtpPort, domain: DOMAIN },
      async publish(yaml) {
        const file = join(dir, 'policy.yaml');
        writeFileSync(file, yaml);
        const now = Date.now();
        const policy = await resolvePolicy(readPolicyDocument(yaml, file), { now, baseFolder: dir });
        await publishPolicy(db, policy, new Date(now));
        await pause(POLICY_SEEN_MS);
        return policy;
      },
      async call(method, path, body) {
        const response = await fetch(`${url}/api/v1${path}`, {
          method,
          headers: { authorization: `Bearer ${TOKEN}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const answer: unknown = await response.json();
        if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${JSON.stringify(answer)}`);
        return answer;
      },
      async requests() {
        const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` }, signal: AbortSignal.timeout(5_000) })).text();
        return total(countersBy(text, 'holdfast_http_request_duration_seconds_count', 'method'));
      },
      actions,
      async settled() {
        let last = await actions();
        for (let quietSince = performance.now(); performance.now() - quietSince < SETTLED_MS; await pause(150)) {
          const now = await actions();
          if (Object.keys(added(last, now)).length > 0) quietSince = performance.now();
          last = now;
        }
        return last;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits so long. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something is there; rejects when it takes too long. */
export async function until<Found>(what: string, withinMs: number, look: () => Promise<Found | undefined> | Found | undefined): Promise<Found> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await pause(100)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`Not within ${withinMs / 1000} s: ${what}`);
}

/** Does the work for each item, so many at a time, in order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
