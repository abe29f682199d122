import { CRASH_POINTS } from '../../config/crash-points';
import { findLastingViolations, type Evidence } from '../kit/invariants';
import { findUnreplayable } from '../kit/replayable';
import { readMail, type SmtpSink } from '../kit/smtp-sink';
import { openCrashDesk } from './crash-desk';
import type { Kill } from './crash-director';
import { CRASHES, crashStory } from './crash-story';

jest.setTimeout(300_000);

/** With nothing failing any more, whatever was due must have happened within this time. */
const SETTLED_MS = 30_000;
const FAULTS = 200;
const KILLS = 20;
/** So many conversations at least meet each fault. */
const CONVERSATIONS = 10;

test('200 faults at every step: no message and no page is lost, nobody joins a stranger’s thread, one incident per page', async () => {
  const startedAt = performance.now();
  const say = (line: string): void => void process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  const crashDesk = await openCrashDesk({ policy: CRASHES, providers: true });
  const { desk, director } = crashDesk;
  const { db, temporal, sink, pagerduty } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  let ended = false;
  try {
    const { threads, numbers } = await crashStory(crashDesk, say);
    director.calm();
    say('everything settles');
    const evidence: Evidence = { db, temporal, sink, pagerduty, accepted: [...threads.keys()], threads, settledMs: SETTLED_MS };
    expect(await findLastingViolations(evidence, 2 * SETTLED_MS)).toEqual([]);
    expect(await findUnreplayable(temporal, crashDesk.world.dataConverter)).toEqual([]);

    const conversations = await db.selectFrom('conversations').select('number').orderBy('number').execute();
    expect(conversations.map(({ number }) => number)).toEqual([...numbers].sort((a, b) => a - b));
    expect(pagerduty.open()).toEqual([]);
    expect(crashDesk.ownEnds()).toEqual([]);

    const failed = [...director.failed].map(([point, subjects]) => `${point} ${subjects.size}`);
    const copies = sink.mails().length - (await db.selectFrom('outgoing_mails').select('key').where('state', '=', 'sent').execute()).length;
    say(`${director.count()} faults. Killed: ${director.kills.map(({ point, standing }) => `${point} with ${standing}`).join(', ')}.`);
    say(`Failed: ${failed.join(', ')}.`);
    say(`${sink.mails().length} mails, ${copies} copies of them.`);
    expect(CRASH_POINTS.filter((point) => !director.reached.has(point))).toEqual([]);
    expect(director.count()).toBeGreaterThanOrEqual(FAULTS);
    expect(director.kills.length).toBeLessThanOrEqual(KILLS);
    // A mail comes twice only when we are killed after its server took it, before we could note that.
    expect(copies).toBeGreaterThanOrEqual(CONVERSATIONS);
    expect(await unexplainedCopies(sink, director.kills)).toEqual([]);
    expect(director.kills.filter(({ standing }) => standing > 1 && standing < CONVERSATIONS)).toEqual([]);
    ended = true;
  } finally {
    // What a failure is found by.
    if (!ended) process.stdout.write(`${crashDesk.output()}\n`);
    await crashDesk.close();
  }
});

/** Mails that came twice although nothing was killed in between. */
async function unexplainedCopies(sink: SmtpSink, kills: readonly Kill[]): Promise<string[]> {
  const lastAt = new Map<string, number>();
  const unexplained: string[] = [];
  for (const mail of sink.mails()) {
    const id = (await readMail(mail)).messageId ?? '';
    const before = lastAt.get(id);
    lastAt.set(id, mail.at);
    if (before !== undefined && !kills.some(({ at }) => at >= before && at <= mail.at)) unexplained.push(`${id} at ${new Date(mail.at).toISOString()}`);
  }
  return unexplained;
}
