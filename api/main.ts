import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createLogger, type Logger } from '../config/log';
import { measureProcess } from '../config/metrics';
import { requireVariables, type Environment } from '../config/environment';
import { payloadConverter } from '../config/payload-codec';
import type { RunningProcess } from '../config/process';
import { temporalConnection } from '../config/temporal';
import { ensureFirstAgent } from '../db/agents';
import { closeDatabase, openDatabase, type Database } from '../db/connection';
import { pendingMigrations } from '../db/migrate';
import { currentPolicy } from '../db/policies';
import { startSmtp } from '../intake/smtp';
import { readSmtpCertificate } from '../intake/smtp-certificate';
import { signingKeys } from '../messages/addresses';
import { HoldfastError } from '../messages/errors';
import type { PolicySnapshot } from '../policy/snapshot';
import { createApp } from './app';
import { Background } from './background';
import type { ApiContext, Readiness } from './context';
import { Live } from './live/live';
import { serveSockets } from './live/sockets';

/** How long a probe waits for one part, in milliseconds. */
const PROBE_MS = 2_000;
/** How often the published policy is read again, in milliseconds. */
const POLICY_REFRESH_MS = 1_000;
/** How long we wait for the first policy of a new desk, and how often we look, in milliseconds. */
const FIRST_POLICY_MS = 30_000;
const POLICY_PAUSE_MS = 200;
/** To the database: mail that pours in has some of them in use, and requests do not wait for those. */
const CONNECTIONS = 20;
/** Open requests get this long to finish when the process is asked to stop, in milliseconds. */
const CLOSE_MS = 6_000;

/**
 * Runs `holdfast api`: HTTP and the mail listener, until closed. Temporal may be away, now and later: requests that need it say so.
 * Errors: E_ENVIRONMENT, E_POSTGRES, E_PORT_BUSY, E_NOT_FOUND when no worker publishes a policy.
 */
export async function runApi(environment: Environment): Promise<RunningProcess> {
  const { DATABASE_URL, HOLDFAST_SIGNING_KEYS, HOLDFAST_HOST, PORT, SMTP_LISTEN, MAIL_DOMAIN } = requireVariables(environment, [
    'DATABASE_URL',
    'HOLDFAST_SIGNING_KEYS',
  ]);
  const log = createLogger('api');
  measureProcess();
  const db = openDatabase(DATABASE_URL, { max: CONNECTIONS, onError: (error) => log.warn({ error: error.name }, 'a database connection broke') });
  const undo: (() => Promise<unknown>)[] = [() => closeDatabase(db)];
  const close = async () => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    const policy = await followPolicy(db, log);
    undo.push(() => policy.stop());
    await ensureFirstAgent(db, new Date());
    const { connectionOptions, namespace } = temporalConnection(environment);
    const connection = Connection.lazy(connectionOptions ?? {});
    const background = new Background(log);
    // A call that is retried on a closed connection would end the process with an error.
    undo.push(
      () => connection.close(),
      () => background.settled(),
    );
    const client = new Client({ connection, namespace, dataConverter: payloadConverter(environment.HOLDFAST_PAYLOAD_KEYS) });

    let listening = false;
    const certificate = await readSmtpCertificate({ cert: environment.SMTP_TLS_CERT, key: environment.SMTP_TLS_KEY });
    const smtp = await startSmtp({ listen: SMTP_LISTEN, db, domain: MAIL_DOMAIN, log, certificate, policy: () => Promise.resolve(policy.current()) });
    listening = true;
    undo.push(async () => {
      listening = false;
      await smtp.close();
    });

    const context: ApiContext = {
      db,
      client,
      policy: policy.current,
      environment,
      signingKeys: signingKeys(HOLDFAST_SIGNING_KEYS),
      log,
      background,
      now: Date.now,
      rateLimits: { credential: environment.HOLDFAST_RATE_LIMIT },
      trustedProxies: environment.HOLDFAST_TRUSTED_PROXIES,
      readiness: readinessOf(DATABASE_URL, db, { connection, background }, () => listening),
    };
    const live = new Live(context, DATABASE_URL);
    const app = createApp({ ...context, live });
    const server = createServer(app);
    const sockets = serveSockets(server, app, context, live);
    await live.start();
    server.listen(PORT, HOLDFAST_HOST);
    try {
      await once(server, 'listening');
    } catch (error) {
      await live.close();
      await sockets.close();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new HoldfastError('E_PORT_BUSY', `Port ${PORT} of ${HOLDFAST_HOST}, meant for the API, is taken by another program.`, {
        fix: 'Stop that program, or set PORT to another one.',
        cause: error,
      });
    }
    undo.push(async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const tooLong = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      await closed;
      clearTimeout(tooLong);
    });
    // Whoever is connected hears first, so that they are elsewhere while the rest ends.
    undo.push(
      () => sockets.close(),
      () => live.close(),
    );
    log.info({ port: PORT, smtpPort: smtp.address.port }, 'the API listens');
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The policy that a worker publishes as it starts, perhaps a moment after us. Errors: E_NOT_FOUND when none does. */
async function firstPolicy(db: Database): Promise<PolicySnapshot> {
  const until = performance.now() + FIRST_POLICY_MS;
  for (;;) {
    try {
      return await currentPolicy(db);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'E_NOT_FOUND' || performance.now() > until) throw error;
      await sleep(POLICY_PAUSE_MS);
    }
  }
}

/** The published policy, read again every second: whoever publishes another need not tell us. */
async function followPolicy(db: Database, log: Logger): Promise<{ current: () => PolicySnapshot; stop: () => Promise<void> }> {
  let snapshot = await firstPolicy(db);
  let reading: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    reading = reading.then(async () => {
      try {
        snapshot = await currentPolicy(db);
      } catch (error) {
        // The policy that we have stays right until another is published.
        log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'the policy could not be read again');
      }
    });
  }, POLICY_REFRESH_MS);
  return {
    current: () => snapshot,
    async stop() {
      clearInterval(timer);
      await reading;
    },
  };
}

function readinessOf(
  databaseUrl: string,
  db: Database,
  { connection, background }: { connection: Connection; background: Background },
  smtp: () => boolean,
): () => Promise<Readiness> {
  let migrated = false;
  const postgres = async () => {
    await db.selectFrom('settings').select('key').limit(1).execute();
    // A schema never becomes older while we run.
    migrated ||= (await pendingMigrations(databaseUrl)).length === 0;
    return migrated;
  };
  const temporal = async () => {
    const asked = connection
      .withDeadline(Date.now() + PROBE_MS, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => true,
        () => false,
      );
    background.run('a probe', () => asked);
    return asked;
  };
  const within = async (probe: () => Promise<boolean>): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), PROBE_MS);
    });
    // Whatever is wrong, the answer is the same: not ready.
    const result = await Promise.race([probe().catch(() => false), tooLong]);
    clearTimeout(timer);
    return result;
  };
  return async () => {
    const [hasPostgres, hasTemporal] = await Promise.all([within(postgres), within(temporal)]);
    return { postgres: hasPostgres, temporal: hasTemporal, smtp: smtp() };
  };
}
