import { promiseKey } from './keys';
import type { PolicySnapshot } from './snapshot';
import type { Effect, MailEffect, MailKind, NoticeKind, Step, TimelineEntry } from './effects';
import type { ConversationState, PromiseRecord, PromiseSeed } from './state';
import type { PromiseKind } from './words';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Finished promises that a conversation keeps in mind; older ones are in the database. */
const FINISHED_KEPT = 20;

/** Commands remembered, so that a repeat acts once. */
const COMMANDS_KEPT = 200;

/**
 * One event's turn at the state: the place where the rules write what changes, which effects follow and what the
 * timeline says. The state before it is never touched.
 */
export class Turn {
  readonly state: Mutable<ConversationState>;
  private readonly effects: Effect[] = [];
  private readonly timeline: TimelineEntry[] = [];

  constructor(
    private readonly before: ConversationState,
    /** The workflow's time, milliseconds. */
    readonly now: number,
  ) {
    this.state = { ...before };
  }

  /** The policy for new promises. */
  get policy(): PolicySnapshot {
    const policy = this.state.policies[this.state.policy];
    if (!policy) throw new Error(`The conversation lacks its policy ${this.state.policy}.`);
    return policy;
  }

  /** The policy that a promise was made under. */
  policyOf(promise: PromiseRecord): PolicySnapshot {
    return this.state.policies[promise.policy] ?? this.policy;
  }

  /** A key that no other effect of this conversation has: `conversation/1042:7:receipt`. */
  nextKey(kind: string): string {
    this.state.effects += 1;
    return `conversation/${this.state.number}:${this.state.effects}:${kind}`;
  }

  add(effect: Effect): void {
    this.effects.push(effect);
  }

  tell(at: number, type: string, data: TimelineEntry['data'] = {}): void {
    this.timeline.push({ at, type, data });
  }

  notice(notice: NoticeKind, at: number, more: { promise?: PromiseRecord; to?: string | null } = {}): void {
    this.add({
      lane: 'notices',
      type: 'notice',
      key: this.nextKey(`notice-${notice}`),
      notice,
      at,
      ...(more.promise && { promise: more.promise.kind, dueAt: more.promise.dueAt }),
      ...(typeof more.to === 'string' && { to: more.to }),
    });
  }

  /** Whether staff hear of something in this turn: a notice, or a page. */
  tellsStaff(): boolean {
    return this.state.page !== null || this.effects.some(({ lane }) => lane === 'notices');
  }

  mail(mail: MailKind, recipient: string, at: number, facts: MailEffect['facts'] = {}, carried: Pick<MailEffect, 'messageId' | 'copy'> = {}): void {
    this.add({
      lane: 'mail',
      type: 'mail',
      key: this.nextKey(mail),
      mail,
      recipient,
      at,
      facts,
      ...carried,
    });
  }

  /** The promises of these kinds that still await their fulfilment: running, or breached and not met since. */
  unmet(...kinds: PromiseKind[]): PromiseRecord[] {
    return this.state.promises.filter((promise) => isUnmet(promise) && (kinds.length === 0 || kinds.includes(promise.kind)));
  }

  /** Replaces a promise by its next state, whole. */
  put(next: PromiseRecord): PromiseRecord {
    this.state.promises = this.state.promises.map((other) => (other.key === next.key ? next : other));
    return next;
  }

  /** Replaces a promise by its next state. */
  change(promise: PromiseRecord, changes: Partial<PromiseRecord>): PromiseRecord {
    return this.put({ ...promise, ...changes });
  }

  /** Ends a promise: it waits for nothing any more. */
  finish(promise: PromiseRecord, changes: Partial<PromiseRecord>): void {
    const { paused: _, ...rest } = promise;
    this.put({ ...rest, ...changes });
  }

  /** Starts a promise. */
  start(seed: PromiseSeed, extra: Partial<PromiseRecord> = {}): PromiseRecord {
    const earlier = this.state.promises.filter((promise) => promise.kind === seed.kind);
    const cycle = Math.max(0, ...earlier.map((promise) => promise.cycle)) + 1;
    const promise: PromiseRecord = {
      ...seed,
      cycle,
      key: promiseKey(this.state.number, seed.kind, cycle),
      state: 'running',
      noticed: false,
      paged: false,
      policy: this.state.policy,
      ...extra,
    };
    this.state.promises = [...this.state.promises, promise];
    this.tell(seed.since, 'promise.started', { kind: seed.kind, cycle, dueAt: seed.dueAt, clock: seed.clock });
    return promise;
  }

  /** Remembers a command's outcome by its id. */
  remember(id: string, refusal?: Step['refusal']): void {
    const record = { id, revision: this.before.revision + 1, ...(refusal && { refusal }) };
    this.state.commands = [...this.state.commands, record].slice(-COMMANDS_KEPT);
  }

  /** Ends the turn. */
  step(refusal?: Step['refusal']): Step {
    const changed = (Object.keys(this.state) as (keyof ConversationState)[]).some((key) => this.state[key] !== this.before[key]);
    if (!changed && this.effects.length === 0 && this.timeline.length === 0) {
      return { state: this.before, effects: [], timeline: [], ...(refusal && { refusal }) };
    }
    this.state.promises = withoutOldest(this.state.promises);
    this.state.policies = stillUsed(this.state);
    this.state.revision = this.before.revision + 1;
    return {
      state: this.state,
      effects: this.effects,
      timeline: this.timeline,
      ...(refusal && { refusal }),
    };
  }
}

/** Whether a promise still awaits its fulfilment. */
export function isUnmet(promise: PromiseRecord): boolean {
  return (promise.state === 'running' || promise.state === 'breached') && promise.metAt === undefined && promise.cancelledAt === undefined;
}

/** Keeps what is unmet, the last of each kind (it carries the cycle) and the newest finished ones. */
function withoutOldest(promises: readonly PromiseRecord[]): readonly PromiseRecord[] {
  const finished = promises.filter((promise) => !isUnmet(promise));
  if (finished.length <= FINISHED_KEPT) return promises;
  const lastOfKind = new Map(promises.map((promise) => [promise.kind, promise.key]));
  const dropped = new Set(
    finished
      .slice(0, finished.length - FINISHED_KEPT)
      .filter((promise) => lastOfKind.get(promise.kind) !== promise.key)
      .map((promise) => promise.key),
  );
  return promises.filter((promise) => !dropped.has(promise.key));
}

/** Drops the policies that neither new nor unmet promises need, nor those that an undone merge would bring back. */
function stillUsed(state: ConversationState): ConversationState['policies'] {
  const promises = [...state.promises.filter(isUnmet), ...(state.merged?.promises ?? [])];
  const needed = new Set([state.policy, ...promises.map((promise) => promise.policy)]);
  const entries = Object.entries(state.policies);
  if (entries.every(([hash]) => needed.has(hash))) return state.policies;
  return Object.fromEntries(entries.filter(([hash]) => needed.has(hash)));
}
