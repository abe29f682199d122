import { setTimeout as sleep } from 'node:timers/promises';
import { CRASH_POINTS, type CrashPoint } from '../../config/crash-points';
import { SECONDS } from '../end-to-end/policies';
import { findLastingViolations } from '../kit/invariants';
import { findUnreplayable } from '../kit/replayable';
import { seeded } from '../kit/seeded';
import { CONVERSATIONS, type ChaosRecord, type SeedOutcome } from './chaos-record';
import { openCrashDesk, type CrashDesk } from './crash-desk';
import { StoriesUnderWay } from './stories-under-way';

/** Stories that are told at a time: some of them are about to begin. */
const STORIES = 14;
/** A desk is used for so many seeds at most, and looked at after them. */
const SEEDS_PER_DESK = 20;
/** The hit of its point at which a process is killed is one of so many. */
const HITS = 5;
/** So far the conversations come at least between two kills, in mails that are taken and stories that are told: nobody gets on in a desk that only ever starts. */
const PROGRESS = 4;
/** The longest pause before a kill is planned, in milliseconds: also what has just been started again is killed. */
const PAUSE_MS = 1_500;
/** A point that is not reached within this time kills nobody, in milliseconds. */
const REACHED_WITHIN_MS = 60_000;
const SETTLED_MS = 30_000;

/** Points that an everyday ticket does not come by; `npm test` tells the stories that do (crash-story.ts). */
const UNUSUAL: ReadonlySet<CrashPoint> = new Set<CrashPoint>([
  'ticket:written',
  'chat:begun',
  'chat:joined',
  'linked:written',
  'linked:committed',
  'reconcile:started',
  'commandSweep:answered',
  'merge:written',
  'unmerge:written',
  'release:taken',
  'acknowledgementSweep:told',
  'events:read',
  'policy:loaded',
  'close:claimed',
  'presence:claimed',
  'notice:written',
  'notice:posted',
  'notice:noted',
  'page:bundleNoted',
  'attempt:stored',
  'page:stored',
  'page:read',
]);
const POINTS = CRASH_POINTS.filter((point) => !UNUSUAL.has(point));

/** How {@link runSeeds} goes about it. */
export interface ChaosRun {
  /** So many desks side by side. */
  readonly lanes: number;
  readonly record: ChaosRecord;
  readonly say: (line: string) => void;
  /** Once aborted, what is under way is brought to its end and nothing else is begun. */
  readonly stopping: AbortSignal;
}

/** Runs the seeds, each with one kill, on several desks side by side, and keeps what became of each. */
export async function runSeeds(seeds: readonly number[], run: ChaosRun): Promise<void> {
  const perDesk = Math.max(1, Math.min(SEEDS_PER_DESK, Math.ceil(seeds.length / run.lanes)));
  const batches = Array.from({ length: Math.ceil(seeds.length / perDesk) }, (_, index) => seeds.slice(index * perDesk, (index + 1) * perDesk));
  const rest = batches.values();
  const lane = async (): Promise<void> => {
    for (const batch of rest) {
      for (let left: readonly number[] = batch; left.length > 0 && !run.stopping.aborted;) left = left.slice(await runDesk(left, run));
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: run.lanes }, lane));
  for (const each of lanes) if (each.status === 'rejected') throw each.reason;
}

/**
 * Opens a desk and runs seeds on it, one kill after the other while conversations go on; answers how many. Then they are told to their end, and
 * everything is looked at, each workflow too and whether it can be replayed. Only then is any outcome kept: what is broken off is run again.
 */
async function runDesk(seeds: readonly number[], { record, say, stopping }: ChaosRun): Promise<number> {
  const crashDesk = await openCrashDesk({ policy: SECONDS, providers: true });
  const [first = 0] = seeds;
  const stories = new StoriesUnderWay(crashDesk.desk, { name: `s${first}`, seed: first, atOnce: STORIES });
  const outcomes: SeedOutcome[] = [];
  try {
    for (const seed of seeds) {
      if (stopping.aborted || stories.brokeOff.length > 0) break;
      const outcome = await killOnce(crashDesk, stories, seed);
      outcomes.push(outcome);
      say(lineOf(outcome));
    }
    await stories.end();
    const last = outcomes.pop();
    if (last === undefined) return 0;
    const violations = [...stories.brokeOff, ...(await lookAtAll(crashDesk, stories.accepted))];
    const [mails, copies] = [crashDesk.desk.parts.sink.mails().length, await copiesOf(crashDesk)];
    outcomes.push({ ...last, mails, copies, violations });
    const seen = `${stories.told} conversations, ${mails} mails, ${copies} copies: ${violations.length === 0 ? 'all well' : violations.join(' | ')}`;
    say(`one desk with the seeds ${outcomes.map(({ seed }) => seed).join(', ')}: ${seen}`);
  } finally {
    await stories.end();
    await crashDesk.close();
  }
  for (const outcome of outcomes) record.add(outcome);
  return outcomes.length;
}

/** What does not hold of a desk that has come to rest. */
async function lookAtAll({ desk, world }: CrashDesk, accepted: readonly string[]): Promise<string[]> {
  const { db, temporal, sink, pagerduty } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  const found = await findLastingViolations({ db, temporal, sink, pagerduty, accepted, settledMs: SETTLED_MS }, 2 * SETTLED_MS);
  return [...found, ...(await findUnreplayable(temporal, world.dataConverter))];
}

/** Waits until enough conversations are under way, then for whoever comes by the point for the n-th time, and until who was killed is back. */
async function killOnce(crashDesk: CrashDesk, stories: StoriesUnderWay, seed: number): Promise<SeedOutcome> {
  const { director } = crashDesk;
  const startedAt = performance.now();
  const random = seeded(seed);
  const point = random.oneOf(POINTS);
  const nth = 1 + Math.floor(random.between(0, HITS));
  const before = director.kills.length;
  const { progress } = stories;
  await sleep(random.between(0, PAUSE_MS));
  await soon(() => stories.underWay >= CONVERSATIONS && stories.progress >= progress + PROGRESS);
  director.plan({ point, how: 'killAt', nth });
  await soon(() => director.kills.length > before);
  const conversations = stories.underWay;
  director.calm();
  const kill = director.kills[before];
  await crashDesk.ready();
  return {
    seed,
    point,
    nth,
    killed: kill?.processes[0] ?? 'nobody',
    conversations,
    mails: 0,
    copies: 0,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    violations: [],
    at: new Date().toISOString(),
  };
}

/** Waits until something is so, but no longer than a point may take to be reached. */
async function soon(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + REACHED_WITHIN_MS; !isSo() && performance.now() < deadline;) await sleep(20);
}

async function copiesOf({ desk }: CrashDesk): Promise<number> {
  const { db, sink } = desk.parts;
  return sink.mails().length - (await db.selectFrom('outgoing_mails').select('key').where('state', '=', 'sent').execute()).length;
}

function lineOf({ seed, point, nth, killed, conversations, seconds }: SeedOutcome): string {
  return `seed ${seed}: ${killed} killed at ${point}:${nth} with ${conversations} conversations under way, ${seconds} s`;
}
