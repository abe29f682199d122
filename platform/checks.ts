import { existsSync, statfsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Connection } from '@temporalio/client';
import nodemailer from 'nodemailer';
import { setInVain, type Environment } from '../config/environment';
import { isCoded } from '../config/exit-codes';
import { senderChecks } from '../config/sender-checks';
import { temporalConnection } from '../config/temporal';
import { closeDatabase, openDatabase } from '../db/connection';
import { pendingMigrations } from '../db/migrate';
import { SEARCH_ATTRIBUTES } from '../messages/searchAttributes';
import { policyHints } from '../policy/hints';
import { loadPolicy } from '../policy/resolve';
import { checkDataDir } from './data-folder';
import { isPortFree } from './free-port';
import { checkListen } from './ports';
import { postgresAccount } from './postgres-account';
import { installedBinaries } from './postgres-binaries';
import type { Running } from './running';
import { defaultCacheDir, TEMPORAL_CLI } from './temporal-programs';
import { RETENTION_DAYS } from './temporal-setup';

/** What one check found: `says` is a sentence for people, `fix` what to change (always there unless all is well). */
export type Finding = { readonly status: 'ok'; readonly says: string } | { readonly status: 'warn' | 'fail'; readonly says: string; readonly fix: string };

/** One thing that `holdfast doctor` looks at. */
export interface Check {
  readonly name: string;
  look(): Promise<Finding> | Finding;
}

/** What the checks look at. `running` is the `npm start` on this data folder, if there is one. */
export interface Patient {
  /** The folder of the program. */
  readonly clone: string;
  readonly environment: Environment;
  readonly dataDir: string;
  readonly running: Running | null;
}

const ok = (says: string): Finding => ({ status: 'ok', says });
const warn = (says: string, fix: string): Finding => ({ status: 'warn', says, fix });
const fail = (says: string, fix: string): Finding => ({ status: 'fail', says, fix });

/** Every check of this machine and its settings, in the order in which `npm start` needs them. */
export function checksFor(patient: Patient): Check[] {
  const { environment, running } = patient;
  return [
    { name: 'Node.js', look: nodeVersion },
    { name: 'libraries', look: () => libraries(patient.clone) },
    { name: 'data folder', look: () => dataFolder(patient) },
    { name: 'settings', look: () => settings(setInVain(process.env)) },
    { name: 'Holdfast', look: () => holdfast(running) },
    { name: 'ports', look: () => ports(patient) },
    { name: 'PostgreSQL', look: () => postgres(environment.DATABASE_URL ?? running?.databaseUrl) },
    { name: 'Temporal', look: () => temporal(patient) },
    { name: 'policy', look: () => policy(environment.HOLDFAST_POLICY) },
    { name: 'signing keys', look: () => signingKeys(patient) },
    { name: 'pages', look: () => pages(environment) },
    { name: 'notices', look: () => notices(environment) },
    { name: 'outgoing mail', look: () => outgoingMail(environment.SMTP_URL ?? running?.mailCatcher) },
    { name: 'sender checks', look: () => senderVerification(environment) },
  ];
}

/** Runs one check; an error that it meets is a failure with its own words. */
export async function examine(check: Check): Promise<Finding> {
  try {
    return await check.look();
  } catch (error) {
    const fix = isCoded(error) && 'fix' in error && error.fix !== undefined ? error.fix : 'Look at the message; docs/ has more about this part.';
    return fail(error instanceof Error ? error.message : String(error), fix);
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok(`version ${process.versions.node}`);
  return fail(`version ${process.versions.node} is too old`, 'Install Node.js 20.19 or newer.');
}

/** The install that scripts/ensure-installed.cjs did; it runs before every command and repeats what is out of date. */
function libraries(clone: string): Finding {
  const installed = statSync(join(clone, 'node_modules', '.holdfast-stamp'), { throwIfNoEntry: false });
  if (installed !== undefined) return ok(`installed ${installed.mtime.toISOString().slice(0, 10)}, as package-lock.json says`);
  return warn('were not installed by Holdfast, so their versions may differ from package-lock.json', `Run npm ci in ${clone}.`);
}

function dataFolder({ environment, dataDir }: Patient): Finding {
  checkDataDir(dataDir, environment.DATABASE_URL === undefined);
  const { bavail, bsize } = statfsSync(dataDir);
  const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
  const says = `${dataDir} can be written to, ${freeMb} MB are free`;
  return freeMb < 1024 ? warn(says, 'Free some room: below 150 MB Holdfast does not start, and PostgreSQL stops when the disk is full.') : ok(says);
}

function settings(inVain: readonly string[]): Finding {
  if (inVain.length === 0) return ok('every variable that is set has its meaning');
  return warn(
    `${inVain.join(', ')}: set, but no part of this version reads ${inVain.length === 1 ? 'it' : 'them'}`,
    'Nothing breaks; just expect nothing from it.',
  );
}

async function holdfast(running: Running | null): Promise<Finding> {
  if (running === null) return ok('is not running on this data folder; npm start boots it');
  try {
    const response = await fetch(`${running.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
    if (response.ok) return ok(`runs and is ready (process ${running.pid}, ${running.url})`);
    return fail(
      `runs (process ${running.pid}), but ${running.url}/readyz answers ${response.status}`,
      'The checks below tell which part is missing; it is tried again by itself.',
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      `runs (process ${running.pid}), but ${running.url} does not answer: ${reason}`,
      'If it has just been started, wait a moment; otherwise look into logs/api.log in the data folder.',
    );
  }
}

async function ports({ environment, running }: Patient): Promise<Finding> {
  const { HOLDFAST_HOST, PORT, SMTP_LISTEN, TEMPORAL_ADDRESS, TEMPORAL_PORT, TEMPORAL_UI_PORT } = environment;
  if (running !== null) return ok(`used by Holdfast itself: ${running.url}`);
  await checkListen({ host: HOLDFAST_HOST, port: PORT, variable: 'PORT', what: 'the API and the pages' });
  await checkListen({ ...SMTP_LISTEN, variable: 'SMTP_LISTEN', what: 'incoming mail' });
  const free = `${HOLDFAST_HOST}:${PORT} and ${SMTP_LISTEN.host}:${SMTP_LISTEN.port} are free`;
  if (TEMPORAL_ADDRESS !== undefined) return ok(free);
  const taken = [];
  if (!(await isPortFree(TEMPORAL_PORT))) taken.push(`TEMPORAL_PORT ${TEMPORAL_PORT}`);
  if (!(await isPortFree(TEMPORAL_UI_PORT))) taken.push(`TEMPORAL_UI_PORT ${TEMPORAL_UI_PORT}`);
  if (taken.length === 0) return ok(`${free}, and so are Temporal's`);
  return warn(`${free}, but not ${taken.join(' and ')}`, 'Nothing has to be done: npm start takes another port and prints it.');
}

async function postgres(url: string | undefined): Promise<Finding> {
  if (url === undefined) {
    installedBinaries();
    const account = postgresAccount();
    return ok(`npm start boots its own${account === undefined ? '' : `, as the account ${account.name}`}`);
  }
  const db = openDatabase(url, { max: 1 });
  let pending: string[];
  try {
    pending = await pendingMigrations(url);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return fail(
      `does not answer: ${message === '' ? String(code) : message}`,
      'Check that DATABASE_URL names a server that runs; under npm start, wait a moment: it is started again by itself.',
    );
  } finally {
    await closeDatabase(db);
  }
  if (pending.length === 0) return ok('answers, and its schema is the newest');
  return warn(`answers, but its schema lacks ${pending.join(', ')}`, 'Run npm start with this DATABASE_URL: it brings the schema up to date.');
}

async function temporal({ environment, running }: Patient): Promise<Finding> {
  const address = environment.TEMPORAL_ADDRESS ?? running?.temporalAddress;
  if (address === undefined) return temporalProgram(environment);
  const options = environment.TEMPORAL_ADDRESS === undefined ? { address } : temporalConnection(environment).connectionOptions;
  const namespace = environment.TEMPORAL_NAMESPACE;
  const connection = Connection.lazy({ ...options, connectTimeout: 5_000 });
  try {
    return await connection.withDeadline(Date.now() + 5_000, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => customAttributes?.[name] === undefined);
      if (missing.length > 0) {
        return fail(
          `${address} answers, but the namespace "${namespace}" lacks search attributes: ${missing.map(({ name }) => name).join(', ')}`,
          'Run npm start with this TEMPORAL_ADDRESS: it registers them.',
        );
      }
      const days = Math.floor(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400);
      const says = `${address} answers; namespace "${namespace}" with all search attributes, closed conversations are kept for ${days} days`;
      return days >= RETENTION_DAYS ? ok(says) : warn(says, `Set the retention of the namespace to ${RETENTION_DAYS} days or more.`);
    });
  } catch (error) {
    const { code, details, message } = error as { code?: number; details?: string; message?: string };
    if (code === NOT_FOUND)
      return fail(
        `${address} answers, but has no namespace "${namespace}"`,
        'Run npm start with this TEMPORAL_ADDRESS: it creates the namespace. Or set TEMPORAL_NAMESPACE.',
      );
    return fail(
      `${address} does not answer: ${details ?? message ?? 'no reason given'}`,
      'Check TEMPORAL_ADDRESS; under npm start, wait a moment: the server is started again by itself.',
    );
  } finally {
    await connection.close();
  }
}

/** Where the program is that npm start would boot; it is not fetched for the look. */
function temporalProgram({ TEMPORAL_CLI: given }: Environment): Finding {
  if (given !== undefined) {
    return existsSync(given)
      ? ok(`npm start boots ${given}`)
      : fail(`TEMPORAL_CLI names ${given}, which does not exist`, 'Name the file of the Temporal CLI, or unset TEMPORAL_CLI: npm start then looks for one.');
  }
  const kept = join(defaultCacheDir(process.env), `${TEMPORAL_CLI.command}-${TEMPORAL_CLI.version}`);
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const found = [kept, ...folders.map((folder) => join(folder, TEMPORAL_CLI.command))].find((file) => existsSync(file));
  return ok(found === undefined ? 'is fetched by the first npm start (once, about 150 MB)' : `npm start boots ${found}`);
}

async function policy(file: string | undefined): Promise<Finding> {
  const snapshot = await loadPolicy(file);
  const says = `${file ?? 'the handbook'} is valid (version ${snapshot.version})`;
  const hints = policyHints(snapshot);
  if (hints.length === 0) return ok(says);
  return warn(
    `${says}. ${hints.join(' ')}`,
    'If that is not meant, change the policy file. Special days stand in calendars.office.specialDays: by date, by country, or from an iCalendar file.',
  );
}

/** gRPC's status code. */
const NOT_FOUND = 5;

function signingKeys({ environment, dataDir }: Patient): Finding {
  if (environment.HOLDFAST_SIGNING_KEYS !== undefined) {
    const ids = environment.HOLDFAST_SIGNING_KEYS.map(({ id }) => id);
    return ok(`from HOLDFAST_SIGNING_KEYS: ${ids.join(', ')}; ${ids[0] ?? ''} signs`);
  }
  const file = join(dataDir, 'signing-keys');
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return ok('are made by the first npm start');
  if ((found.mode & 0o077) === 0) return ok(`in ${file}, readable by its owner only`);
  return fail(`${file} can be read by others`, `chmod 600 ${file}, and exchange the keys if others may have read them.`);
}

function pages({ PAGERDUTY_ROUTING_KEY }: Environment): Finding {
  return PAGERDUTY_ROUTING_KEY === undefined
    ? warn('go to the built-in inbox, which rings nobody', 'Fine for a trial. To page people, set PAGERDUTY_ROUTING_KEY.')
    : ok('go to PagerDuty');
}

function notices({ SLACK_BOT_TOKEN, SLACK_CHANNEL }: Environment): Finding {
  return SLACK_BOT_TOKEN === undefined
    ? ok('go to the built-in inbox; SLACK_BOT_TOKEN and SLACK_CHANNEL send them to Slack')
    : ok(`go to Slack, ${SLACK_CHANNEL ?? ''}`);
}

async function outgoingMail(url: string | undefined): Promise<Finding> {
  if (url === undefined) return ok('goes to the built-in catcher of npm start; set SMTP_URL to send it for real');
  const { host } = new URL(url);
  const transport = nodemailer.createTransport({ url, connectionTimeout: 5_000, greetingTimeout: 5_000 });
  try {
    await transport.verify();
    return ok(`${host} takes our mail`);
  } catch (error) {
    return fail(
      `${host} does not take our mail: ${error instanceof Error ? error.message : String(error)}`,
      'Check SMTP_URL: host, port, user and password. Mails wait and are tried again.',
    );
  } finally {
    transport.close();
  }
}

function senderVerification(environment: Environment): Finding {
  const checks = senderChecks(environment);
  switch (checks.by) {
    case 'authserv':
      return ok(`what ${checks.authserv} says in Authentication-Results counts`);
    case 'dns':
      return ok('SPF, DKIM and DMARC of incoming mail are looked up');
    case 'off':
      return warn(
        'no sender verification: the verdict "none" applies to every mail, so answers join as "not authenticated" and cannot act as an agent',
        'Put a mail server that checks SPF, DKIM and DMARC in front, and name it in MAIL_TRUSTED_AUTHSERV; or let Holdfast look them up: MAIL_AUTHENTICATE=on.',
      );
    default:
      return checks satisfies never;
  }
}
