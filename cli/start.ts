import { join } from 'node:path';
import type { Command } from 'commander';
import { describeVariables, readEnvironment } from '../config/environment';
import type { Environment } from '../config/environment';
import { EXIT } from '../config/exit-codes';
import { createLogger } from '../config/log';
import { checkDataDir, folderError } from '../platform/data-folder';
import { startGuard } from '../platform/guarding';
import { LogFile } from '../platform/log-file';
import { checkListen } from '../platform/ports';
import { lockDataFolder } from '../platform/running';
import { Stack } from '../platform/stack';
import type { StackFacts } from '../platform/stack';
import { loadPolicy } from '../policy/resolve';
import { dataFolderOf } from './data-folder';
import { say, styled } from './output';
import { TerminalScreen } from './start-screen';
import { stopRequest } from './stop-request';

const STOP_WITHIN_MS = 10_000;

/** `holdfast start`, which `npm start` runs: boots everything on this machine and stays until Ctrl-C. */
export function register(program: Command): void {
  program
    .command('start')
    .summary('boot everything on this machine: PostgreSQL, Temporal, api, workers, mail catcher')
    .description('Boots everything on this machine and stays until Ctrl-C. What it keeps lies in the data folder; a second start is quick.')
    .addHelpText(
      'before',
      `Examples:
  npm start
  PORT=8080 SMTP_LISTEN=127.0.0.1:8025 npm start                       other ports
  DATABASE_URL=postgres://… TEMPORAL_ADDRESS=127.0.0.1:7233 npm start   servers of your own
`,
    )
    .addHelpText('after', variablesHelp)
    .action(start);
}

async function start(): Promise<void> {
  process.title = 'holdfast start';
  const environment = readEnvironment(process.env);
  const policy = await loadPolicy(environment.HOLDFAST_POLICY);
  const { dir: dataDir, note } = dataFolderOf(environment);
  const screen = new TerminalScreen();
  say(styled('bold', 'Holdfast is starting.'));
  if (note !== undefined) screen.note(note, 'plain');
  checkDataDir(dataDir, environment.DATABASE_URL === undefined);
  const lock = await lockDataFolder(dataDir, environment.HOLDFAST_PUBLIC_URL);
  // From here on whatever happens must end in `release`: the folder is ours.
  const logFile = new LogFile(join(dataDir, 'logs', 'start.log'));
  const log = createLogger('start', { write: (line) => logFile.write(line.trimEnd()) });
  const guard = startGuard(dataDir);
  const stack = new Stack({ environment, policy, dataDir, lock, screen, log });
  const asked = stopRequest(() => endAtOnce(stack));
  let failure: unknown;
  try {
    await checkPorts(environment);
    const outcome = await Promise.race([stack.start(), asked]);
    if (outcome !== 'asked to stop') {
      screen.booted();
      welcome(environment, dataDir, outcome);
      await asked;
    }
    say(`\nStopping. ${styled('dim', 'Ctrl-C again ends everything at once.')}`);
  } catch (error) {
    failure = error;
    log.error({ err: error }, 'The start failed');
  }
  const tooLong = setTimeout(() => endAtOnce(stack), STOP_WITHIN_MS);
  await stack.stop();
  clearTimeout(tooLong);
  lock.release();
  await guard.stop();
  if (failure !== undefined) throw diskError(failure, dataDir);
  say('Stopped. Everything is kept; npm start goes on where this ended.');
  process.exit(EXIT.done);
}

function endAtOnce(stack: Stack): never {
  stack.kill();
  process.exit(EXIT.failed);
}

async function checkPorts({ HOLDFAST_HOST, PORT, SMTP_LISTEN }: Environment): Promise<void> {
  await checkListen({ host: HOLDFAST_HOST, port: PORT, variable: 'PORT', what: 'the API and the pages' });
  await checkListen({ ...SMTP_LISTEN, variable: 'SMTP_LISTEN', what: 'incoming mail' });
}

function diskError(error: unknown, dataDir: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EFBIG' || code === 'EDQUOT' ? folderError(dataDir, error as NodeJS.ErrnoException) : error;
}

function welcome(environment: Environment, dataDir: string, { adminToken, temporalUi, temporalProgram }: StackFacts): void {
  const { HOLDFAST_PUBLIC_URL: url, SMTP_LISTEN, SMTP_URL, MAIL_DOMAIN, TEMPORAL_NAMESPACE } = environment;
  const rows: [string, string][] = [
    ['Conversations', `${url}/conversations`],
    ['Chat and form', `${url}/demo`],
    ['API docs', `${url}/api/docs`],
    ...(SMTP_URL === undefined ? ([['Caught mails', `${url}/mails`]] as [string, string][]) : []),
    ['Pages', `${url}/pages`],
    ['Notices', `${url}/notices`],
    ['Metrics', `${url}/metrics, with a token`],
    ...(temporalUi === null ? [] : ([['Temporal UI', `${temporalUi}/namespaces/${TEMPORAL_NAMESPACE}`]] as [string, string][])),
    ['Send mail to', `support@${MAIL_DOMAIN} through smtp://${SMTP_LISTEN.host}:${SMTP_LISTEN.port}`],
    ['Admin token', environment.HOLDFAST_ADMIN_TOKEN === undefined ? adminToken : 'the one in HOLDFAST_ADMIN_TOKEN'],
  ];
  say();
  say(styled(['bold', 'green'], 'Holdfast runs.'));
  say();
  for (const [name, value] of rows) say(`  ${styled('dim', name.padEnd(13))} ${value}`);
  say();
  const programs = temporalProgram === null ? '' : `; the Temporal server is ${temporalProgram}`;
  say(`  ${styled('dim', `Data and logs are in ${dataDir}${programs}.`)}`);
  say(`  Next: ${styled('bold', 'npx holdfast demo')} or ${styled('bold', 'npx holdfast seed')}    Stop: Ctrl-C`);
  say();
}

function variablesHelp(): string {
  const rows = describeVariables().map(({ name, about, byDefault }) => `  ${name.padEnd(26)} ${about}${byDefault === null ? '' : ` [${byDefault}]`}`);
  return `\nEnvironment:\n${rows.join('\n')}`;
}
