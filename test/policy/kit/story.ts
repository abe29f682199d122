import { nextInstant } from '../../../policy/consequences';
import { apply, begin } from '../../../policy/conversation';
import { firstPromises } from '../../../policy/promises';
import type { PolicySnapshot } from '../../../policy/snapshot';
import { RULES } from '../../../policy/state';
import type { Effect, Step, TimelineEntry } from '../../../policy/effects';
import type { Command, ConversationEvent, CustomerDeed, MessageEvent } from '../../../policy/events';
import type { PresenceFound } from '../../../policy/presence';
import type { ConversationStart, ConversationState, PromiseRecord, Refusal } from '../../../policy/state';
import { isUnmet } from '../../../policy/turn';
import type { PromiseKind } from '../../../policy/words';
import { deepFreeze } from './freeze';
import { line } from './lines';
import { at, clock, MINUTE_MS, SECOND_MS } from './times';

/** How a story begins; what is left out is an ordinary ticket by mail from the contact `c1`. */
export interface Opening extends Partial<Omit<ConversationStart, 'receivedAt' | 'promises'>> {
  readonly at: string | number;
}

/** How a conversation with these facts starts, with the promises that the way in counts. */
export function startOf(policy: PolicySnapshot, opening: Opening): ConversationStart {
  const { at: received, ...given } = opening;
  const kind = given.kind ?? 'ticket';
  const start: Omit<ConversationStart, 'promises'> = {
    rules: RULES,
    number: 60,
    kind,
    channel: kind === 'chat' ? 'chat' : 'email',
    initiatedBy: 'customer',
    plan: 'standard',
    priority: 'normal',
    assignee: null,
    receivedAt: at(received),
    participants: ['c1'],
    noAutoMail: false,
    receipt: kind === 'ticket',
    outOfHours: 'page',
    messageId: 'm1',
    ...given,
  };
  return { ...start, promises: firstPromises(policy, start) };
}

/** One step with everything that every step must be: the same twice over, and without a trace in what it was given. */
export function step(state: ConversationState, event: ConversationEvent, now: number): Step {
  deepFreeze(state);
  const first = apply(state, event, now);
  expect(JSON.stringify(apply(state, event, now))).toBe(JSON.stringify(first));
  return first;
}

/**
 * A conversation that is told as a story: whoever acts at a time finds that everything due by then has happened, to the second.
 * Every act answers what it led to, as lines; `until` answers what passed by itself, with the time before each line.
 */
export class Story {
  state: ConversationState;
  now: number;
  readonly effects: Effect[] = [];
  readonly timeline: TimelineEntry[] = [];
  refusal: Refusal | undefined;
  /** What the beginning led to. */
  readonly opening: string[];
  private acts = 0;

  constructor(
    readonly policy: PolicySnapshot,
    opening: Opening,
  ) {
    const start = deepFreeze(startOf(policy, opening));
    const first = begin(start, policy);
    expect(begin(start, policy)).toEqual(first);
    this.state = first.state;
    this.now = start.receivedAt;
    this.opening = this.note(first);
  }

  /** Everything by itself, up to and at this time. */
  until(time: string | number): string[] {
    const lines: string[] = [];
    const end = at(time);
    for (let next = nextInstant(this.state); next !== null && next.at <= end; next = nextInstant(this.state)) {
      expect(next.at).toBeGreaterThanOrEqual(this.now);
      this.now = next.at;
      const before = this.state;
      const happened = this.note(step(before, { type: 'due' }, this.now));
      expect(this.state).not.toBe(before);
      lines.push(...happened.map((words) => `${clock(this.now)} ${words}`));
    }
    this.now = Math.max(this.now, end);
    return lines;
  }

  /** An event at a time, after all that was due before it. */
  event(time: string | number, event: ConversationEvent): string[] {
    this.until(at(time) - 1);
    return this.late(time, event);
  }

  /** An event whose turn comes late: nothing that was due meanwhile has happened yet. */
  late(time: string | number, event: ConversationEvent): string[] {
    this.now = at(time);
    return this.note(step(this.state, event, this.now));
  }

  command(time: string | number, command: Command, by = 'a1'): string[] {
    return this.event(time, { type: 'command', id: `command-${++this.acts}`, at: at(time), by, command });
  }

  customer(time: string | number, more: Partial<MessageEvent> = {}): string[] {
    return this.event(time, this.message(time, more));
  }

  message(time: string | number, more: Partial<MessageEvent> = {}): MessageEvent {
    return {
      type: 'message',
      seq: this.state.cursor + 1,
      at: at(time),
      messageId: `m${this.state.cursor + 1}`,
      author: 'customer',
      channel: this.state.kind === 'chat' ? 'chat' : 'email',
      machine: false,
      slight: false,
      policy: this.policy.hash,
      ...more,
    };
  }

  act(time: string | number, act: 'productionDown' | 'thatsAll' | CustomerDeed): string[] {
    const deed = typeof act === 'string' ? { act } : act;
    return this.event(time, { type: 'customerAct', seq: this.state.cursor + 1, at: at(time), ...deed, policy: this.policy.hash });
  }

  /** What a look at a chat's presence finds at a time: by itself, a customer who is there, or one who was never there and has gone. */
  presence(time: string | number, found: PresenceFound['found'], more: { claimed?: string[]; presentAt?: string; lookAt?: string } = {}): string[] {
    const { claimed = [], presentAt, lookAt } = more;
    const there = presentAt === undefined ? (found === 'gone' ? null : at(time)) : at(presentAt);
    return this.event(time, { type: 'presence', at: at(time), found, claimed, presentAt: there, ...(lookAt !== undefined && { lookAt: at(lookAt) }) });
  }

  /** Whom an answer goes to, unless a test says otherwise. */
  private get requester(): string[] {
    return this.state.participants.slice(0, 1);
  }

  /** An answer that waits in undo-send, or is in front of a chat's customer at once. */
  reply(time: string | number, more: Partial<Extract<Command, { type: 'reply' }>> = {}, by = 'a1'): string[] {
    const delivery = this.state.kind === 'chat' ? 'chat' : 'mail';
    return this.command(time, { type: 'reply', messageId: `r${this.acts + 1}`, delivery, recipients: delivery === 'mail' ? this.requester : [], ...more }, by);
  }

  /** An answer by mail that the customer's server has taken when this is over, at `time`. */
  answered(time: string | number, more: Partial<Extract<Command, { type: 'reply' }>> = {}, by = 'a1'): string[] {
    const messageId = `r${this.acts + 1}`;
    const said = this.reply(at(time) - 11 * SECOND_MS, { messageId, delivery: 'mail', recipients: this.requester, ...more }, by);
    const left = this.until(at(time) - 1).map((words) => words.replace(/^\S+ \S+ /, ''));
    return [...said, ...left, ...this.delivered(time, messageId)];
  }

  delivered(time: string | number, messageId: string): string[] {
    return this.event(time, { type: 'delivered', messageId, at: at(time) });
  }

  bounced(time: string | number, messageId: string, hard = true): string[] {
    return this.event(time, { type: 'bounced', messageId, at: at(time), hard });
  }

  assign(time: string | number, agent: string | null = 'a1'): string[] {
    return this.command(time, { type: 'assign', agent, away: false, force: false });
  }

  priority(time: string | number, priority: ConversationState['priority'], since?: 'received' | 'now'): string[] {
    return this.command(time, { type: 'priority', priority, ...(since && { since }) });
  }

  status(time: string | number, status: 'open' | 'pending' | 'onHold' | 'solved'): string[] {
    return this.command(time, { type: 'status', status });
  }

  feedback(time: string | number, word: 'workingOnIt' | 'whenOpen' | 'ownWords', by = 'a1'): string[] {
    return this.command(time, { type: 'feedback', messageId: `f${this.acts + 1}`, word, recipients: this.state.kind === 'chat' ? [] : this.requester }, by);
  }

  beRightBack(time: string | number, backAt?: string): string[] {
    const delivery = this.state.kind === 'chat' ? 'chat' : 'mail';
    const recipients = delivery === 'mail' ? this.requester : [];
    return this.command(time, { type: 'beRightBack', messageId: `r${this.acts + 1}`, delivery, recipients, ...(backAt && { backAt: at(backAt) }) });
  }

  /** The last promise of this kind in words: `running, due Mon 11:00`; `none` when there was none. */
  promise(kind: PromiseKind): string {
    const promise = this.record(kind);
    if (!promise) return 'none';
    const { state, dueAt, metAt, cancelledAt, reason, paused } = promise;
    return [
      paused ? `paused with ${paused.leftMs / MINUTE_MS} m left` : `${state}, due ${clock(dueAt)}`,
      metAt !== undefined && `met ${clock(metAt)}`,
      cancelledAt !== undefined && `cancelled ${clock(cancelledAt)}: ${reason}`,
    ]
      .filter(Boolean)
      .join(', ');
  }

  record(kind: PromiseKind): PromiseRecord | undefined {
    return this.state.promises.filter((promise) => promise.kind === kind).at(-1);
  }

  /** The kinds that are owed, in the order in which they began. */
  owed(): PromiseKind[] {
    return this.state.promises.filter((promise) => isUnmet(promise) && !promise.paused).map((promise) => promise.kind);
  }

  private note(taken: Step): string[] {
    this.state = taken.state;
    this.effects.push(...taken.effects);
    this.timeline.push(...taken.timeline);
    this.refusal = taken.refusal;
    return taken.effects.map(line);
  }
}

/** Those lines that are about pages. */
export function pages(lines: readonly string[]): string[] {
  return lines.filter((words) => /\bpage \d/.test(words));
}
