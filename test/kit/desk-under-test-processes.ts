import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { payloadConverter } from '../../config/payload-codec';
import { parseKeys } from '../../config/keys';
import { closeDatabase, openDatabase } from '../../db/connection';
import { unusedPort } from '../platform/program';
import { freshDatabase } from '../setup/database';
import { freshNamespace } from '../setup/temporal';
import { testServer } from '../setup/test-servers';
import { DeskUnderTest } from './desk-under-test';
import { ROUTING_KEY, startFakePagerDuty } from './pagerduty';
import { SLACK_CHANNEL, SLACK_TOKEN, startFakeSlack } from './slack';
import { startSmtpSink } from './smtp-sink';

/** How a desk on the run's servers is set up. */
export interface DeskOptions {
  /** The policy file's text. */
  readonly policy: string;
  /** With PagerDuty and Slack, and with encrypted payloads; else the built-in inboxes. */
  readonly providers: boolean;
  /** What its processes are told beyond that. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A desk of a test's own. */
export interface OpenDesk {
  readonly desk: DeskUnderTest;
  /** The environment of its processes. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends a process with SIGKILL and starts it again; resolves when it is ready. */
  crash(command: 'api' | 'worker'): Promise<void>;
  /** Stops the processes in order; fails when one did not end well, logged an error, or the world met anything unexpected. */
  close(): Promise<void>;
}

/** The world around a desk: databases, fakes, and what its processes have to be told; the processes are somebody else's to start. */
export interface DeskWorld {
  readonly desk: DeskUnderTest;
  /** How to read what Temporal keeps. */
  readonly dataConverter: DataConverter;
  /** The environment of the api and of every worker. */
  readonly env: NodeJS.ProcessEnv;
  /** Another text for the policy file; a worker that starts from now on publishes it. */
  setPolicy(text: string): void;
  /** Removes it, after the processes; fails when it met anything unexpected. */
  close(): Promise<void>;
}

/** How a desk's world differs from the usual. */
export interface WorldOptions extends DeskOptions {
  /** A migrated database of the test's own; one on the run's PostgreSQL unless given. */
  readonly databaseUrl?: string;
}

/** Makes the world of a desk on the run's PostgreSQL and Temporal server. */
export async function openWorld({ policy, providers, databaseUrl, env: more }: WorldOptions): Promise<DeskWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-desk-'));
  const policyFile = join(folder, 'policy.yaml');
  writeFileSync(policyFile, policy);
  const given = databaseUrl === undefined ? null : { url: databaseUrl, drop: () => Promise.resolve() };
  const [database, temporal, sink, port, smtpPort] = await Promise.all([
    given ?? freshDatabase(),
    freshNamespace(),
    startSmtpSink(),
    unusedPort(),
    unusedPort(),
  ]);
  const pagerduty = providers ? await startFakePagerDuty() : undefined;
  const slack = providers ? await startFakeSlack() : undefined;
  const payloadKeys = providers ? `p1:${randomBytes(32).toString('base64')}` : undefined;
  const adminToken = randomBytes(24).toString('base64url');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PORT: String(port),
    SMTP_LISTEN: `127.0.0.1:${smtpPort}`,
    SMTP_URL: sink.url,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    HOLDFAST_POLICY: policyFile,
    HOLDFAST_ADMIN_TOKEN: adminToken,
    HOLDFAST_SIGNING_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...(payloadKeys !== undefined && { HOLDFAST_PAYLOAD_KEYS: payloadKeys }),
    ...(pagerduty !== undefined && { PAGERDUTY_ROUTING_KEY: ROUTING_KEY, PAGERDUTY_EVENTS_URL: pagerduty.url }),
    ...(slack !== undefined && { SLACK_BOT_TOKEN: SLACK_TOKEN, SLACK_CHANNEL: SLACK_CHANNEL, SLACK_API_URL: slack.url }),
    ...more,
  };
  // A connection may break while nobody uses it: some tests kill the database.
  const db = openDatabase(database.url, { max: 4, onError: () => undefined });
  const dataConverter = payloadConverter(payloadKeys === undefined ? undefined : (parseKeys(payloadKeys) ?? undefined));
  const parts = {
    url: `http://127.0.0.1:${port}`,
    adminToken,
    smtpPort,
    db,
    temporal: new Client({ connection: temporal.connection, namespace: temporal.namespace, dataConverter }),
    sink,
    ...(pagerduty !== undefined && { pagerduty }),
    ...(slack !== undefined && { slack }),
  };
  return {
    desk: new DeskUnderTest(parts),
    dataConverter,
    env,
    setPolicy: (text) => writeFileSync(policyFile, text),
    async close() {
      await closeDatabase(db);
      await temporal.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
      await Promise.all([sink.close(), pagerduty?.close(), slack?.close()]);
    },
  };
}

/**
 * Starts the real api and worker as processes, on the run's PostgreSQL and Temporal server, with real SMTP in both directions and
 * fakes for what lies outside. What this file starts is told by its policy: `seconds`, not minutes.
 */
export async function openDesk(options: DeskOptions): Promise<OpenDesk> {
  const world = await openWorld(options);
  const processes = [new DeskProcess('api', world.env), new DeskProcess('worker', world.env)];
  await Promise.all(processes.map((each) => each.ready()));
  return {
    desk: world.desk,
    env: world.env,
    async crash(command) {
      const index = command === 'api' ? 0 : 1;
      await processes[index]?.kill();
      const next = new DeskProcess(command, world.env);
      processes[index] = next;
      await next.ready();
    },
    async close() {
      const problems = (await Promise.all(processes.map((each) => each.stop()))).flat();
      await world.close();
      if (problems.length > 0) throw new Error(`The desk did not run well:\n${problems.join('\n')}`);
    },
  };
}

/** One of our processes, started the way `npm start` does. */
export class DeskProcess {
  private readonly child: ChildProcess;
  private output = '';
  private readonly ended: Promise<number | null>;

  constructor(
    private readonly command: 'api' | 'worker',
    env: NodeJS.ProcessEnv,
  ) {
    this.child = spawn(process.execPath, ['--enable-source-maps', join(testServer('buildDir'), 'cli', 'main.js'), command], {
      env: { ...env, HOLDFAST_SUPERVISED: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        if (process.env['HOLDFAST_TEST_LOG'] === 'all') process.stdout.write(chunk);
      });
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** All that it has written so far, to both of its streams. */
  get said(): string {
    return this.output;
  }

  /** Resolves when the process says that it is ready. */
  async ready(): Promise<void> {
    const told = new Promise<string>((resolve) => this.child.once('message', (message: { type: string }) => resolve(message.type)));
    const outcome = await Promise.race([told, this.ended]);
    if (outcome !== 'ready') throw new Error(`holdfast ${this.command} did not start (${String(outcome)}).\n${this.output}`);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to stop and answers what was wrong with it: its exit code, or the errors that it logged. */
  async stop(): Promise<string[]> {
    this.child.kill('SIGTERM');
    const code = await this.ended;
    const errors = this.output.split('\n').filter((line) => /^\{"level":"(error|fatal)"/.test(line) || /^\s*(Error|TypeError)\b/.test(line));
    return [...(code === 0 ? [] : [`${this.command} ended with ${String(code)}.`]), ...errors.map((line) => `${this.command}: ${line}`)];
  }
}
