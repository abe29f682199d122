import fc from 'fast-check';
import { handOver } from '../../policy/merge';
import type { HandedDue } from '../../policy/events';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { ConversationState, PromiseRecord } from '../../policy/state';
import { isUnmet } from '../../policy/turn';
import { Life } from './kit/life';
import { handbook } from './kit/policies';
import { act, opening, type Act } from './kit/random-events';
import type { Opening } from './kit/story';
import { HOUR_MS } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const MERGING = new Set(['merge', 'unmerge', 'merged', 'unmerged']);
const acts = fc.array(
  act.filter(({ name }) => !MERGING.has(name)),
  { maxLength: 15, size: 'max' },
);
const wait = fc.integer({ min: 0, max: 23 * HOUR_MS });

const unmet = ({ promises }: ConversationState): PromiseRecord[] => promises.filter(isUnmet);
const times = (promises: readonly PromiseRecord[]): string[] => promises.map(({ kind, dueAt, paused }) => `${kind} ${paused ? 'paused' : dueAt}`).sort();

/** Two random lives that have come to the same instant; the first becomes a part of the second. */
class Pair {
  constructor(
    readonly source: Life,
    readonly target: Life,
  ) {
    this.wait(0);
  }

  get now(): number {
    return this.source.now;
  }

  wait(ms: number): void {
    const end = Math.max(this.source.now, this.target.now) + ms;
    this.source.pass(end);
    this.target.pass(end);
  }

  merge(acknowledged: boolean): readonly HandedDue[] {
    const { source, target, now } = this;
    const handed = handOver(source.state, now);
    source.take({ type: 'command', id: 'merge', at: now, by: 'a1', command: { type: 'merge', into: target.state.number } });
    expect(handOver(source.state, now)).toEqual(handed);
    const { cursor, policy: hash } = target.state;
    const by = acknowledged ? { by: 'a2', at: now } : null;
    target.take({ type: 'merged', seq: cursor + 1, at: now, from: source.state.number, ...handed, acknowledged: by, policy: hash });
    return handed.dues;
  }

  undo(answeredAt: number | null): void {
    const { source, target, now } = this;
    const { cursor, policy: hash } = target.state;
    target.take({ type: 'unmerged', seq: cursor + 1, at: now, from: source.state.number, policy: hash });
    source.take({ type: 'command', id: 'unmerge', at: now, by: 'a1', command: { type: 'unmerge', answeredAt } });
  }

  settled(): void {
    for (const life of [this.source, this.target]) life.watch.settled(life.state, life.now);
  }
}

/** Whether a promise of the source's has to be kept by this target. */
function isOwedBy({ kind, assignee }: ConversationState, due: HandedDue): boolean {
  if (due.kind === 'dispatch') return kind === 'ticket' && assignee === null;
  return due.kind !== 'chatResponse' || kind === 'chat';
}

interface Past {
  readonly given: Opening;
  readonly lived: readonly Act[];
}

function pairOf(first: Past, second: Past): Pair {
  return new Pair(live(first, 59), live(second, 60));
}

function live({ given, lived }: Past, number: number): Life {
  const life = new Life(policy, { ...given, number }, [policy]);
  for (const next of lived) life.live(next);
  return life;
}

const life = fc.record({ given: opening, lived: acts });

it('a merge loses no promise and no page, whatever both have been through', () => {
  fc.assert(
    fc.property(life, life, fc.boolean(), fc.array(act, { maxLength: 5 }), (first, second, acknowledged, later) => {
      const pair = pairOf(first, second);
      const { source, target } = pair;
      fc.pre(source.state.status !== 'closed' && target.state.status !== 'closed');
      const rang = source.state.page !== null;
      const dues = pair.merge(acknowledged).filter((due) => isOwedBy(target.state, due));
      expect(unmet(source.state)).toEqual([]);
      expect(source.state.page).toBeNull();
      for (const { kind, dueAt } of dues) {
        const here = unmet(target.state).filter((promise) => promise.kind === kind);
        const kept = here.some((promise) => (kind === 'update' ? promise.dueAt === dueAt : promise.state === 'breached' || promise.dueAt <= dueAt));
        expect({ kind, dueAt, here, kept }).toMatchObject({ kept: true });
      }
      if (rang && dues.some(({ paged }) => paged)) expect(target.state.page).not.toBeNull();
      for (const next of later) target.live(next);
      target.beLeftAlone();
      source.beLeftAlone();
    }),
    { numRuns: 80, interruptAfterTimeLimit: 50_000 },
  );
}, 70_000);

it('a merge that is undone leaves both with what they owe, but for what has been answered', () => {
  fc.assert(
    fc.property(life, life, wait, fc.option(fc.double({ min: 0, max: 1, noNaN: true })), (first, second, waitMs, part) => {
      const pair = pairOf(first, second);
      const alone = live(second, 60);
      const { source, target } = pair;
      fc.pre(source.state.status !== 'closed' && target.state.status !== 'closed');
      alone.pass(pair.now);
      const mergedAt = pair.now;
      const wasWaiting = target.state.status === 'new' || target.state.status === 'open';
      pair.merge(false);
      const owed = source.state.merged?.promises ?? [];
      pair.wait(waitMs);
      alone.pass(pair.now);
      const answeredAt = part === null ? null : Math.round(mergedAt + waitMs * part);
      pair.undo(answeredAt);
      for (const { kind, dueAt, since, key } of owed) {
        const again = source.state.promises.find(
          (promise) => promise.kind === kind && promise.key !== key && promise.since === since && promise.cancelledAt === undefined,
        );
        // A time that is told is kept by a later word only.
        const isAnswered = answeredAt !== null && kind !== 'dispatch' && (kind !== 'update' || since < answeredAt);
        expect({ kind, dueAt, since, again }).toMatchObject({ again: { kind } });
        if (!again?.paused) expect(again?.dueAt).toBe(dueAt);
        expect({ kind, met: again?.metAt }).toEqual({ kind, met: isAnswered ? answeredAt : undefined });
        if (dueAt <= pair.now && (isAnswered ? answeredAt : Infinity) > dueAt) expect(again?.breachedAt).toBe(dueAt);
      }
      // The target is as it would have been without it.
      if (wasWaiting) expect(times(unmet(target.state))).toEqual(times(unmet(alone.state)));
      expect(target.state.participants).toEqual(alone.state.participants);
      pair.settled();
      source.beLeftAlone();
      target.beLeftAlone();
    }),
    { numRuns: 80, interruptAfterTimeLimit: 50_000 },
  );
}, 70_000);
