import { CRASH_POINTS } from '../../config/crash-points';
import { inTheEnd } from '../kit/desk-under-test';
import { findViolations, type Evidence } from '../kit/invariants';
import { findUnreplayable } from '../kit/replayable';
import { openCrashDesk } from './crash-desk';
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
    let violations: string[] = ['nothing was looked at yet'];
    await inTheEnd('all is as it must be', async () => (violations = await findViolations(evidence)).length === 0, 2 * SETTLED_MS).catch(() => undefined);
    expect(violations).toEqual([]);
    expect(await findUnreplayable(temporal, crashDesk.world.dataConverter)).toEqual([]);

    const conversations = await db.selectFrom('conversations').select('number').orderBy('number').execute();
    expect(conversations.map(({ number }) => number)).toEqual([...numbers].sort((a, b) => a - b));
    expect(pagerduty.open()).toEqual([]);
    expect(crashDesk.ownEnds()).toEqual([]);

    const failed = [...director.failed].map(([point, subjects]) => `${point} ${subjects.size}`);
    const copies = sink.mails().length - (await db.selectFrom('outgoing_mails').select('key').execute()).length;
    say(`${director.count()} faults. Killed: ${director.kills.map(({ point, standing }) => `${point} with ${standing}`).join(', ')}.`);
    say(`Failed: ${failed.join(', ')}.`);
    say(`${sink.mails().length} mails, ${copies} copies of them.`);
    expect(CRASH_POINTS.filter((point) => !director.reached.has(point))).toEqual([]);
    expect(director.count()).toBeGreaterThanOrEqual(FAULTS);
    expect(director.kills.length).toBeLessThanOrEqual(KILLS);
    // A mail comes twice only when its server has taken it and we could not note that any more.
    const untold = director.kills.filter(({ point }) => point === 'mail:taken').reduce((sum, { standing }) => sum + standing, 0);
    expect(copies).toBeLessThanOrEqual(untold + (director.failed.get('mail:taken')?.size ?? 0));
    expect(director.kills.filter(({ standing }) => standing > 1 && standing < CONVERSATIONS)).toEqual([]);
    ended = true;
  } finally {
    // What a failure is found by.
    if (!ended) process.stdout.write(`${crashDesk.output()}\n`);
    await crashDesk.close();
  }
});
