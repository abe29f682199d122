import { nextInstant } from '../../../policy/consequences';
import { begin } from '../../../policy/conversation';
import type { PolicySnapshot } from '../../../policy/snapshot';
import type { Effect } from '../../../policy/effects';
import type { ConversationEvent } from '../../../policy/events';
import type { ConversationState } from '../../../policy/state';
import type { Act } from './random-events';
import { startOf, step, type Opening } from './story';
import { DAY_MS, SECOND_MS } from './times';
import { Watch } from './watch';

/** Longer than any silence after which something still happens by itself. */
export const LONG_MS = 40 * DAY_MS;
/** More than any conversation's state ever needs. */
export const STATE_BYTES = 40_000;

/** A random life, watched at every step. */
export class Life {
  state: ConversationState;
  now: number;
  readonly watch: Watch;
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

  take(event: ConversationEvent): void {
    const before = this.state;
    const taken = step(before, event, this.now);
    this.state = taken.state;
    this.watch.step(before, event, taken, this.now);
    this.hear(taken.effects);
  }

  /** A repeated command or inbound event changes nothing. */
  private twice(event: ConversationEvent): void {
    if (event.type !== 'command' && !('seq' in event)) return;
    const again = step(this.state, event, this.now + SECOND_MS);
    expect(again.state).toBe(this.state);
    expect(again.effects).toEqual([]);
    expect(again.timeline).toEqual([]);
  }

  private hear(effects: readonly Effect[]): void {
    if (effects.some(({ type }) => type === 'claimClose')) this.claimed = true;
    if (effects.some(({ type }) => type === 'checkPresence')) this.looking = true;
    for (const effect of effects) if (effect.type === 'mail' && effect.mail === 'chatUnseen' && effect.messageId) this.mailed.push(effect.messageId);
  }
}
