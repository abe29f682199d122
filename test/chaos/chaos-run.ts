import { CRASH_POINTS, type CrashPoint } from '../../config/crash-points';
import { SECONDS } from '../end-to-end/policies';
import type { DeskUnderTest } from '../kit/desk-under-test';
import { findLastingViolations, type Evidence } from '../kit/invariants';
import { findUnreplayable } from '../kit/replayable';
import { seeded } from '../kit/seeded';
import { openCrashDesk, type CrashDesk } from './crash-desk';
import type { ChaosRecord, SeedOutcome } from './chaos-record';
import { patientStory } from './patient-story';

/** Conversations under way at each kill. */
const CONVERSATIONS = 10;
/** A desk is used for so many seeds at most. */
const SEEDS_PER_DESK = 10;
const PACE_MS = 1_000;
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
 * Opens a desk and runs seeds on it, one after the other, until one has found something; answers how many. Each seed looks at everything but
 * the workflows of the seeds before it; those, and whether each can be replayed, are looked at when the desk is closed. Only then is any
 * outcome kept: what is broken off is run again.
 */
async function runDesk(seeds: readonly number[], { record, say, stopping }: ChaosRun): Promise<number> {
  const crashDesk = await openCrashDesk({ policy: SECONDS, providers: true });
  const accepted: string[] = [];
  const outcomes: SeedOutcome[] = [];
  try {
    for (const seed of seeds) {
      const outcome = await runSeed(crashDesk, seed, accepted);
      outcomes.push(outcome);
      say(lineOf(outcome));
      // What is wrong now would be found again after every later seed.
      if (outcome.violations.length > 0 || stopping.aborted) break;
    }
    const last = outcomes.pop();
    if (last === undefined) return 0;
    const found = last.violations.length > 0 ? [] : await lookAtAll(crashDesk, accepted);
    const where = `on one desk with the seeds ${[...outcomes, last].map(({ seed }) => seed).join(', ')}`;
    const violations = [...last.violations, ...found.map((violation) => `${violation} (${where})`)];
    outcomes.push({ ...last, violations });
    for (const violation of found) say(`seed ${last.seed}: ${violation} (${where})`);
  } finally {
    await crashDesk.close();
  }
  for (const outcome of outcomes) record.add(outcome);
  return outcomes.length;
}

/** What does not hold of a desk that has come to rest, with every workflow of it. */
async function lookAtAll({ desk, world }: CrashDesk, accepted: readonly string[]): Promise<string[]> {
  const { temporal } = desk.parts;
  const found = await findLastingViolations(evidenceOf(desk, accepted), 2 * SETTLED_MS);
  return [...found, ...(await findUnreplayable(temporal, world.dataConverter))];
}

function evidenceOf({ parts: { db, temporal, sink, pagerduty } }: DeskUnderTest, accepted: readonly string[]): Evidence {
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  return { db, temporal, sink, pagerduty, accepted, settledMs: SETTLED_MS };
}

async function runSeed(crashDesk: CrashDesk, seed: number, accepted: string[]): Promise<SeedOutcome> {
  const { desk, director } = crashDesk;
  const { db, sink } = desk.parts;
  const startedAt = performance.now();
  const random = seeded(seed);
  const point = random.oneOf(POINTS);
  const nth = 1 + Math.floor(random.between(0, CONVERSATIONS));
  const newest = await db
    .selectFrom('conversations')
    .select((eb) => eb.fn.max('number').as('number'))
    .executeTakeFirst();
  const before = { kills: director.kills.length, mails: sink.mails().length, copies: await copiesOf(crashDesk) };
  director.plan({ point, how: 'killAt', nth });
  const violations: string[] = [];
  const stories = await Promise.allSettled(
    Array.from({ length: CONVERSATIONS }, (_, index) =>
      patientStory(desk, desk.customer(`Customer ${index}`, `s${seed}c${index}@acme.example`), {
        random: seeded(seed * 100 + index),
        accepted: (id) => accepted.push(id),
        paceMs: PACE_MS,
      }),
    ),
  );
  director.calm();
  for (const story of stories) if (story.status === 'rejected') violations.push(`A story broke off: ${String(story.reason)}`);
  const evidence = { ...evidenceOf(desk, accepted), workflowsAfter: newest?.number ?? 0 };
  violations.push(...(await findLastingViolations(evidence, 2 * SETTLED_MS)));
  const [kill] = director.kills.slice(before.kills);
  return {
    seed,
    point,
    nth,
    killed: kill?.processes[0] ?? 'nobody',
    conversations: CONVERSATIONS,
    mails: sink.mails().length - before.mails,
    copies: (await copiesOf(crashDesk)) - before.copies,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    violations,
    at: new Date().toISOString(),
  };
}

async function copiesOf({ desk }: CrashDesk): Promise<number> {
  const { db, sink } = desk.parts;
  return sink.mails().length - (await db.selectFrom('outgoing_mails').select('key').where('state', '=', 'sent').execute()).length;
}

function lineOf({ seed, point, nth, killed, seconds, copies, violations }: SeedOutcome): string {
  const result = violations.length === 0 ? 'well' : violations.join(' | ');
  return `seed ${seed}: ${killed} killed at ${point}:${nth}, ${seconds} s, ${copies} copies: ${result}`;
}
