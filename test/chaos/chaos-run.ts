import { CRASH_POINTS, type CrashPoint } from '../../config/crash-points';
import { SECONDS } from '../end-to-end/policies';
import { findLastingViolations, type Evidence } from '../kit/invariants';
import { findUnreplayable } from '../kit/replayable';
import { seeded } from '../kit/seeded';
import { openCrashDesk, type CrashDesk } from './crash-desk';
import type { ChaosRecord, SeedOutcome } from './chaos-record';
import { patientStory } from './patient-story';

/** Conversations under way at each kill. */
const CONVERSATIONS = 10;
/** A desk is used for so many seeds: what they leave behind is looked at again each time. */
const SEEDS_PER_DESK = 10;
const PACE_MS = 1_000;
const SETTLED_MS = 30_000;

/** Points that an everyday ticket does not come by; `npm test` tells the stories that do (crash-story.ts). */
const UNUSUAL: ReadonlySet<CrashPoint> = new Set<CrashPoint>([
  'ticket:written',
  'reconcile:started',
  'commandSweep:answered',
  'acknowledgementSweep:told',
  'events:read',
  'policy:loaded',
  'close:claimed',
  'notice:written',
  'notice:posted',
  'notice:noted',
  'page:bundleNoted',
  'attempt:stored',
  'page:stored',
  'page:read',
]);
const POINTS = CRASH_POINTS.filter((point) => !UNUSUAL.has(point));

/** Runs the seeds one after the other, each with one kill, and keeps what became of each. */
export async function runSeeds(seeds: readonly number[], record: ChaosRecord, say: (line: string) => void): Promise<void> {
  for (let from = 0; from < seeds.length; from += SEEDS_PER_DESK) {
    const crashDesk = await openCrashDesk({ policy: SECONDS, providers: true });
    const accepted: string[] = [];
    try {
      for (const seed of seeds.slice(from, from + SEEDS_PER_DESK)) {
        const outcome = await runSeed(crashDesk, seed, accepted);
        record.add(outcome);
        say(lineOf(outcome));
        // What is wrong now would be found again after every later seed.
        if (outcome.violations.length > 0) break;
      }
    } finally {
      await crashDesk.close();
    }
  }
}

async function runSeed(crashDesk: CrashDesk, seed: number, accepted: string[]): Promise<SeedOutcome> {
  const { desk, director, world } = crashDesk;
  const { db, temporal, sink, pagerduty } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  const startedAt = performance.now();
  const random = seeded(seed);
  const point = random.oneOf(POINTS);
  const nth = 1 + Math.floor(random.between(0, CONVERSATIONS));
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
  const evidence: Evidence = { db, temporal, sink, pagerduty, accepted, settledMs: SETTLED_MS };
  const found = await findLastingViolations(evidence, 2 * SETTLED_MS);
  violations.push(...found, ...(await findUnreplayable(temporal, world.dataConverter)));
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
