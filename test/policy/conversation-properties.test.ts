import fc from 'fast-check';
import { nextInstant } from '../../policy/consequences';
import { begin } from '../../policy/conversation';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { Effect } from '../../policy/effects';
import type { ConversationEvent } from '../../policy/events';
import type { ConversationState } from '../../policy/state';
import { isUnmet } from '../../policy/turn';
import { handbook, handbookBut } from './kit/policies';
import { act, opening, type Act } from './kit/random-events';
import { startOf, step, Story, type Opening } from './kit/story';
import { at, DAY_MS, MINUTE_MS, SECOND_MS } from './kit/times';
import { Watch } from './kit/watch';

/** Longer than any silence after which something still happens by itself. */
const LONG_MS = 40 * DAY_MS;
const STATE_BYTES = 40_000;

let policies: PolicySnapshot[];
beforeAll(async () => {
  policies = [await handbook(), await handbookBut('tickets: { firstResponse: { urgent: 10m, high: 1h, normal: 4h, low: 1bd } }\nchats: { page: off }')];
});

/** A random life, watched at every step. */
class Life {
  state: ConversationState;
  now: number;
  private readonly watch: Watch;
  private readonly mailed: string[] = ['m1'];
  private claimed = false;
  private looking = false;
  private count = 0;

  constructor(
    policy: PolicySnapshot,
    given: Opening,
    private readonly known: readonly PolicySnapshot[],
  ) {
    const start = startOf(policy, given);
    const first = begin(start, policy);
    expect(begin(start, policy)).toEqual(first);
    expect(first.state.promises.map(({ kind, dueAt }) => ({ kind, dueAt }))).toEqual(start.promises.map(({ kind, dueAt }) => ({ kind, dueAt })));
    this.state = first.state;
    this.now = start.receivedAt;
    this.watch = new Watch(first, this.now);
    this.hear(first.effects);
  }

  /** Something happens; what was due before has happened, unless its turn comes late. */
  live(next: Act): void {
    const happensAt = this.now + next.waitMs - next.lateMs;
    this.pass(happensAt);
    this.now += next.lateMs;
    this.count += 1;
    const { state, mailed, claimed, looking } = this;
    const event = next.event({ state, at: happensAt, id: `x${this.count}`, mailed, claimed, looking, policies: this.known });
    if (event) {
      this.take(event);
      this.twice(event);
      if (event.type === 'closed' || event.type === 'notClosed') this.claimed = false;
      if (event.type === 'presence') this.looking = false;
      if (event.type === 'command' && 'delivery' in event.command && event.command.delivery === 'mail') this.mailed.push(event.command.messageId);
      if (event.type === 'command' && event.command.type === 'feedback') this.mailed.push(event.command.messageId);
      if (event.type === 'message' && event.author === 'agent') this.mailed.push(event.messageId);
    }
    this.pass(this.now);
    this.watch.settled(this.state, this.now);
  }

  /** Time passes, and nothing else: every wake-up does something. */
  pass(end: number): void {
    for (let next = nextInstant(this.state); next !== null && next.at <= end; next = nextInstant(this.state)) {
      this.now = next.at;
      const before = this.state;
      this.take({ type: 'due' });
      expect(this.state).not.toBe(before);
      expect(this.state.revision).toBe(before.revision + 1);
    }
    this.now = Math.max(this.now, end);
  }

  /** A long silence, in which everything that is owed has its consequence. */
  beLeftAlone(): void {
    this.pass(this.now + LONG_MS);
    this.watch.settled(this.state, this.now);
    expect(JSON.stringify(this.state).length).toBeLessThan(STATE_BYTES);
  }

  private take(event: ConversationEvent): void {
    const before = this.state;
    const taken = step(before, event, this.now);
    this.state = taken.state;
    this.watch.step(before, event, taken, this.now);
    this.hear(taken.effects);
  }

  /** A repeated command or inbound event changes nothing. */
  private twice(event: ConversationEvent): void {
    if (event.type !== 'command' && event.type !== 'message' && event.type !== 'customerAct') return;
    const again = step(this.state, event, this.now + SECOND_MS);
    expect(again.state).toBe(this.state);
    expect(again.effects).toEqual([]);
    expect(again.timeline).toEqual([]);
  }

  private hear(effects: readonly Effect[]): void {
    if (effects.some(({ type }) => type === 'claimClose')) this.claimed = true;
    if (effects.some(({ type }) => type === 'checkPresence')) this.looking = true;
  }
}

it('keeps every rule in random lives', () => {
  fc.assert(
    fc.property(opening, fc.array(act, { minLength: 1, maxLength: 40, size: 'max' }), fc.nat({ max: 1 }), (given, acts, which) => {
      const policy = policies[which];
      if (!policy) throw new Error('There are two policies.');
      const life = new Life(policy, given, policies);
      for (const next of acts) life.live(next);
      life.beLeftAlone();
    }),
    { numRuns: 400 },
  );
}, 120_000);

it('pages for every request that nobody answers', () => {
  fc.assert(
    fc.property(opening, (given) => {
      const [policy] = policies;
      if (!policy) throw new Error('There are two policies.');
      const story = new Story(policy, given);
      story.until(story.now + LONG_MS);
      const rung = story.effects.flatMap((effect) => (effect.type === 'openPage' || effect.type === 'addCause' ? [effect.cause.key] : []));
      expect(new Set(rung)).toEqual(new Set(story.state.promises.filter(isUnmet).map(({ key }) => key)));
      expect(story.state.promises.length).toBeGreaterThanOrEqual(2);
    }),
    { numRuns: 200 },
  );
});

it('stays small over 2,000 messages', () => {
  const [policy] = policies;
  if (!policy) throw new Error('There are two policies.');
  const story = new Story(policy, { at: 'Mon 10:00', plan: 'enterprise', priority: 'urgent' });
  let time = at('Mon 10:00');
  for (let message = 0; message < 2_000; message += 1) {
    time += 3 * MINUTE_MS;
    if (message % 2 === 0) story.customer(time);
    else story.answered(time, { updateBy: time + 4 * MINUTE_MS });
    // Now and then a command is refused, and the refusal is remembered.
    if (message % 20 === 0) story.command(time + SECOND_MS, { type: 'convert', keep: true, recipients: [] });
  }
  expect(story.state.cursor).toBe(1_001);
  // A kind's cycle goes on, however long ago its last promise was.
  story.assign(time + 2 * SECOND_MS, null);
  expect(story.record('dispatch')?.cycle).toBe(2);
  expect(story.state.promises.length).toBeLessThan(40);
  expect(story.state.commands.length).toBe(200);
  expect(JSON.stringify(story.state).length).toBeLessThan(STATE_BYTES);
}, 60_000);
