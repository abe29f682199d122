import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { readEnvironment } from '../config/environment';
import { EXIT } from '../config/exit-codes';
import { closeDatabase, openDatabase } from '../db/connection';
import { HoldfastError } from '../messages/errors';
import { findRunning } from '../platform/running';
import type { Running } from '../platform/running';
import { dataFolderOf } from './data-folder';
import { DemoNarrator } from './demo-narrator';
import { DemoStory } from './demo-story';
import type { Begun } from './demo-story';
import { deskOf } from './desk';
import { sayJson } from './output';
import { stopRequest } from './stop-request';

/** `holdfast demo`: a promise kept and a promise broken, on a running `npm start`, in less than a minute. */
export function register(program: Command): void {
  program
    .command('demo')
    .summary('see a promise kept and a promise broken (while npm start runs)')
    .description(
      'Mails two requests to the running desk under a policy in seconds: one is answered in time, nobody takes the other, until on-call is paged. All of it is marked as a demonstration, its pages stay in the built-in inbox, and the desk’s own policy is not touched.',
    )
    .option('--customer <address>', 'whom the mails come from (needed when SMTP_URL names a mail server of yours; a made-up customer otherwise)')
    .option('--json', 'print what happened as JSON, at the end')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast demo
  npx holdfast demo --json
  npx holdfast demo --customer you@example.org    with a mail server of your own
`,
    )
    .action(demo);
}

async function demo({ json = false, customer }: { json?: boolean; customer?: string }): Promise<void> {
  const environment = readEnvironment(process.env);
  const { dir: dataDir } = dataFolderOf(environment);
  const running = whatRuns(findRunning(dataDir), dataDir);
  if (running.mailCatcher === undefined && customer === undefined) {
    throw new HoldfastError('E_USAGE', 'This desk sends its mail through a server of yours, and the made-up customer has no mailbox there.', {
      fix: 'Name an address of yours: npx holdfast demo --customer you@example.org',
    });
  }
  const stopped = stopRequest(() => process.exit(EXIT.failed));
  const desk = deskOf(running, dataDir, environment);
  const begun = await desk.post<Begun>('/demo');
  const narrator = new DemoNarrator({ silent: json, zone: begun.timezone });
  const db = openDatabase(running.databaseUrl, { max: 1 });
  const address = customer ?? `ada.${randomBytes(3).toString('hex')}@${begun.customer.domain}`;
  const story = new DemoStory({ desk, db, running, begun, customer: address, narrator });
  const ended = new AbortController();
  void stopped.then(() => ended.abort());
  try {
    const result = await story.play(ended.signal);
    if (json) sayJson({ ...result, story: narrator.told });
  } finally {
    // Whatever happened: nothing of a demonstration rings on.
    await story.end();
    await closeDatabase(db);
  }
  process.exit(ended.signal.aborted ? EXIT.failed : EXIT.done);
}

function whatRuns(running: Running | null, dataDir: string): Running & { smtp: string; databaseUrl: string } {
  if (running === null) {
    throw new HoldfastError('E_DEMO_NOT_RUNNING', `No Holdfast runs on ${dataDir}.`, {
      fix: 'Start one in another terminal with npm start, then run this again. If it keeps its data elsewhere, set HOLDFAST_DATA to the same folder.',
    });
  }
  const { smtp, databaseUrl } = running;
  if (smtp === undefined || databaseUrl === undefined) {
    throw new HoldfastError('E_DEMO_NOT_RUNNING', `Holdfast is still starting on ${dataDir}.`, {
      fix: 'Wait until npm start says "Holdfast runs." and run this again.',
    });
  }
  return { ...running, smtp, databaseUrl };
}
