import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { ensureNamespace, registerSearchAttributes } from '../../platform/temporal-setup';
import { testServer } from './test-servers';

/** A namespace of a test's own, with Holdfast's search attributes. */
export interface TestNamespace {
  readonly namespace: string;
  readonly address: string;
  /** For clients. */
  readonly connection: Connection;
  /** For workers: `Worker.create({ connection: nativeConnection, namespace, … })`. */
  readonly nativeConnection: NativeConnection;
  readonly client: Client;
  close(): Promise<void>;
}

/** A namespace on the run's real development server. Call it in `beforeAll`, and `close` in `afterAll`, after the workers. */
export async function freshNamespace(): Promise<TestNamespace> {
  quietRuntime();
  const address = testServer('temporalAddress');
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const [connection, nativeConnection] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  await ensureNamespace(connection, namespace);
  await registerSearchAttributes(connection, namespace);
  const close = async () => {
    await connection.close();
    await nativeConnection.close();
  };
  return { namespace, address, connection, nativeConnection, client: new Client({ connection, namespace }), close };
}

/** A server of a test's own whose clock the test moves. */
export interface TimeSkipping {
  /** For `env.sleep('61m')`, `env.currentTimeMs()` and `env.nativeConnection`. */
  readonly env: TestWorkflowEnvironment;
  readonly namespace: 'default';
  /**
   * Use this client, never `env.client`: that one moves the clock by itself whenever a result is awaited, years at a time.
   * Nothing moves this one's but `env.sleep`.
   */
  readonly client: Client;
  close(): Promise<void>;
}

/**
 * Starts a time-skipping server. It has no list, count or schedules. `env.sleep` hangs after a `terminate()`, and while a
 * workflow task waits for a worker that does not run.
 * One per file: call it in `beforeAll`, and `close` in `afterAll`, after the workers.
 */
export async function timeSkippingEnv(): Promise<TimeSkipping> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: testServer('skippingServer') } } });
  await registerSearchAttributes(env.connection, 'default');
  const client = new Client({ connection: env.connection, namespace: 'default' });
  return { env, namespace: 'default', client, close: () => env.teardown() };
}

let quiet = false;

/**
 * Only errors of the SDK are of interest here; its runtime can be set up once per process. It hears no signals: at the first one it would
 * stop every worker for good, those too that are made later to look at what has been brought to its end.
 */
function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}
