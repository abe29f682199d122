import { getPriority, setPriority } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { createMailActivities } from '../activities/mail/send-mail';
import { postDeskNotice } from '../activities/notices/desk-notice';
import { createNoticeActivities } from '../activities/notices/notices';
import { createPagingActivities } from '../activities/paging/paging';
import { createConversationRecords } from '../activities/records/conversations';
import { createPageRecords } from '../activities/records/pages';
import type { EnvironmentWith } from '../config/environment';
import { createLogger, type Logger } from '../config/log';
import { measureProcess } from '../config/metrics';
import { payloadConverter } from '../config/payload-codec';
import type { RunningProcess } from '../config/process';
import { senderChecks } from '../config/sender-checks';
import { temporalConnection } from '../config/temporal';
import { closeDatabase, openDatabase, type Database } from '../db/connection';
import type { NoticeRow } from '../db/notices';
import { currentPolicy, publishPolicy } from '../db/policies';
import { startRelay } from '../intake/relay';
import { startResolver } from '../intake/resolver';
import { signingKeys } from '../messages/addresses';
import { freePort } from '../platform/free-port';
import { loadPolicy } from '../policy/resolve';
import { startCodeMails } from './code-mails';
import { startMetricsListener } from './metrics-listener';
import { prune, PRUNE_EVERY_MS } from './prune';
import { reconcileAlone, restartIfLost } from './reconcile';
import { repeat } from './repeat';
import { installRuntime } from './runtime';
import { noticeLowPages } from './low-page-notices';
import { noticeSuspended } from './suspended-notices';
import { sweepAcknowledgements, sweepCommands, sweepLeftBehind } from './sweeps';
import { createWorkers, type Activities } from './temporal-workers';

/** What a worker cannot do without. */
export type WorkerEnvironment = EnvironmentWith<'DATABASE_URL' | 'SMTP_URL' | 'HOLDFAST_SIGNING_KEYS'>;

/**
 * Niceness. On a machine that does everything, a flood would leave Temporal, PostgreSQL and the api no processor, and each step of an urgent page needs them
 * more than the next mail needs to be resolved.
 */
const NICE = 5;
const SWEEP_EVERY_MS = 2_000;
const NOTICE_EVERY_MS = 10_000;
const GIVE_BACK_EVERY_MS = 10_000;
const RECONCILE_EVERY_MS = 5 * 60_000;
/** How often a worker looks whether a run is due that no other one has begun. */
const RECONCILE_LOOK_MS = 60_000;

/**
 * A worker: workflows, activities, resolve, relay, sweeps and reconcile. Any number may run. It outlives outages of the database and
 * of Temporal; when a part of it fails for good the process ends with 1, for its supervisor to start it again.
 */
export async function runWorker(environment: WorkerEnvironment): Promise<RunningProcess> {
  // Whoever was started nicer than that may not become less so.
  setPriority(Math.max(getPriority(), NICE));
  const log = createLogger('worker');
  const { connectionOptions, namespace } = temporalConnection(environment);
  const dataConverter = payloadConverter(environment.HOLDFAST_PAYLOAD_KEYS);
  const { DATABASE_URL: url, MAIL_DOMAIN: domain } = environment;
  const db = openDatabase(url, {
    max: 20,
    onError: (error) => log.warn({ err: error, code: 'E_POSTGRES' }, 'A database connection broke.'),
  });
  const undo: (() => Promise<unknown>)[] = [() => closeDatabase(db)];
  const close = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    await publishPolicy(db, await loadPolicy(environment.HOLDFAST_POLICY), new Date());
    const listen = environment.HOLDFAST_METRICS_LISTEN;
    const temporalPort = listen === undefined ? null : await freePort();
    // Not earlier: a runtime that nothing ever uses would keep the process alive.
    installRuntime(log, temporalPort);
    measureProcess();
    if (listen !== undefined && temporalPort !== null) {
      const listener = await startMetricsListener({ listen, temporalPort, log });
      undo.push(() => listener.close());
    }
    const connection = await NativeConnection.connect(connectionOptions ?? {});
    undo.push(() => connection.close());
    const clientConnection = await Connection.connect(connectionOptions ?? {});
    undo.push(() => clientConnection.close());
    const client = new Client({ connection: clientConnection, namespace, dataConverter });

    const workers = await createWorkers(connection, namespace, dataConverter, activitiesOf(environment, db, log));
    const stopping = { asked: false };
    const running = workers.map((worker) => run(worker, log, stopping));
    undo.push(async () => {
      // Also when the start fails after this: the process has to say why before it ends.
      stopping.asked = true;
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    });
    const resolver = startResolver({
      db,
      url,
      keys: signingKeys(environment.HOLDFAST_SIGNING_KEYS),
      domain,
      log,
      checks: senderChecks(environment),
    });
    const gone = new Set<number>();
    const restarts = repeat('restart', RECONCILE_EVERY_MS, log, () => restartGone(gone, db, client, log));
    const onMissing = (number: number): void => {
      gone.add(number);
      restarts.now();
    };
    const relay = startRelay({ db, url, client, log, onMissing });
    const codeMails = startCodeMails({
      db,
      url,
      smtpUrl: environment.SMTP_URL,
      keys: signingKeys(environment.HOLDFAST_SIGNING_KEYS),
      mailDomain: domain,
      log,
    });
    const sweeps = [
      restarts,
      repeat('reconcile', RECONCILE_LOOK_MS, log, reconciliation(db, client, log)),
      repeat('suspended notices', NOTICE_EVERY_MS, log, async () => noticeSuspended(db, await currentPolicy(db), Date.now(), postOf(environment, db, log))),
      repeat('low page notices', NOTICE_EVERY_MS, log, async () => noticeLowPages(db, await currentPolicy(db), Date.now(), postOf(environment, db, log))),
      repeat('prune', PRUNE_EVERY_MS, log, () => prune(db, Date.now())),
      repeat('commands', SWEEP_EVERY_MS, log, (stop) => sweepCommands(db, client, log, Date.now(), stop)),
      repeat('left behind', GIVE_BACK_EVERY_MS, log, (stop) => sweepLeftBehind(db, client, log, Date.now(), stop)),
      repeat('acknowledgements', SWEEP_EVERY_MS, log, (stop) => sweepAcknowledgements(db, client, log, Date.now(), stop)),
    ];
    undo.push(async () => {
      stopping.asked = true;
      await Promise.all([resolver.close(), relay.close(), codeMails.close(), ...sweeps.map((sweep) => sweep.stop())]);
    });
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** At once, because whatever ended us may have ended workflows too; then when the last run of any worker is nearly five minutes old. */
function reconciliation(db: Database, client: Client, log: Logger): (stopping: AbortSignal) => Promise<void> {
  let first = true;
  return async (stopping) => {
    const now = Date.now();
    const unlessSince = first ? null : now - (RECONCILE_EVERY_MS - RECONCILE_LOOK_MS);
    await reconcileAlone(db, client, log, { now, unlessSince, stopping });
    first = false;
  };
}

/** Relay has found no workflow for these; it asks again every second until there is one. */
async function restartGone(gone: Set<number>, db: Database, client: Client, log: Logger): Promise<void> {
  for (const number of gone) {
    gone.delete(number);
    await restartIfLost(db, client, log, number);
  }
}

/** Takes a notice of no conversation to Slack, when that is configured. */
function postOf(environment: WorkerEnvironment, db: Database, log: Logger): ((notice: NoticeRow) => Promise<void>) | undefined {
  const { SLACK_BOT_TOKEN: token, SLACK_CHANNEL: channel, SLACK_API_URL: apiUrl, HOLDFAST_PUBLIC_URL: publicUrl } = environment;
  if (token === undefined || channel === undefined) return undefined;
  return (notice) => postDeskNotice({ db, slack: { token, channel, apiUrl }, publicUrl, log }, notice);
}

function activitiesOf(environment: WorkerEnvironment, db: Database, log: Logger): Activities {
  const publicUrl = environment.HOLDFAST_PUBLIC_URL;
  const { PAGERDUTY_ROUTING_KEY: routingKey, SLACK_BOT_TOKEN: token, SLACK_CHANNEL: channel } = environment;
  return {
    paging: createPagingActivities({
      db,
      publicUrl,
      log,
      ...(routingKey !== undefined && { pagerduty: { routingKey, eventsUrl: environment.PAGERDUTY_EVENTS_URL } }),
    }),
    mail: createMailActivities({
      db,
      smtpUrl: environment.SMTP_URL,
      keys: signingKeys(environment.HOLDFAST_SIGNING_KEYS),
      mailDomain: environment.MAIL_DOMAIN,
      publicUrl,
      log,
    }),
    notices: createNoticeActivities({
      db,
      publicUrl,
      log,
      ...(token !== undefined && channel !== undefined && { slack: { token, channel, apiUrl: environment.SLACK_API_URL } }),
    }),
    records: { ...createConversationRecords(db), ...createPageRecords(db) },
  };
}

async function run(worker: Worker, log: Logger, stopping: { asked: boolean }): Promise<void> {
  try {
    await worker.run();
  } catch (error) {
    log.error({ err: error, queue: worker.options.taskQueue, code: 'E_TEMPORAL' }, 'A worker stopped working.');
  }
  // A worker that ended without being asked takes its process along: half a worker would look alive.
  if (!stopping.asked) process.exit(1);
}
