import { liveResumed } from '../../config/metrics';
import { liveChanges, liveRange, mergedInto, type LiveChange } from '../../db/live-events';
import { codeOf } from '../../intake/woken-loop';
import type { ErrorCode } from '../../messages/errors';
import type { ApiContext } from '../context';
import { CLOSE, type Subject } from './frames';
import type { Peer, Subscription } from './peer';
import { Told } from './told';

/** Most changes that one subscription catches up with; who has missed more reads anew. */
const CATCH_UP = 1_000;

/** Who listens to what, on this process, and what they are told. */
export class Hub {
  readonly #byNumber = new Map<number, Set<Subscription>>();
  readonly #queue = new Set<Subscription>();

  constructor(
    private readonly context: ApiContext,
    /** The last change that was handed to {@link Hub.take}. */
    private readonly position: () => number,
    /** Somebody may no longer listen to a conversation that they listened to. */
    private readonly onRefused: (subscription: Subscription) => void,
  ) {}

  /** Who listens to a conversation here, and who to the queue. */
  listeners(number: number): { readonly to: readonly Subscription[]; readonly queue: readonly Subscription[] } {
    return { to: [...(this.#byNumber.get(number) ?? [])], queue: [...this.#queue] };
  }

  /** Customers who listen here. */
  customers(): Subscription[] {
    return [...new Set([...this.#byNumber.values()].flatMap((those) => [...those]))].filter(({ peer }) => peer.actor?.kind === 'visitor');
  }

  /**
   * Subscribes a connection, from now on or from the cursor that it has come to: what happened since is told first, in order, and what
   * happens meanwhile after it.
   */
  async subscribe(peer: Peer, subject: number | 'queue', after: string | undefined): Promise<void> {
    const { actor } = peer;
    if (actor === null) return;
    this.unsubscribe(peer, subject);
    const told = new Told(this.context);
    const hears = subject === 'queue' ? (actor.kind === 'agent' ? await told.hears(actor, 0) : null) : await told.hears(actor, subject);
    const exists = subject === 'queue' || (hears !== null && (await told.state(hears, subject)) !== null);
    if (hears === null || !exists) return this.#refuse(peer, subject, 'E_NOT_FOUND');
    if (peer.over) return;
    const root = subject === 'queue' ? 0 : 'own' in hears ? hears.own.number : await this.#rootOf(subject);
    const numbers = new Set(subject === 'queue' ? [] : [subject, root, ...('own' in hears ? hears.own.parts : [])]);
    const { first } = await liveRange(this.context.db);
    // From here on nothing is awaited until it is registered: what is handed on from now on waits for it.
    const start = this.position();
    const from = after === undefined ? start : Number(after);
    const isTooOld = from + 1 < first || from > start;
    const subscription: Subscription = { peer, subject, numbers, root, position: start, waiting: [] };
    this.#register(subscription);
    if (isTooOld) peer.send({ type: 'reset', ...subjectOf(subject) });
    peer.send({ type: 'subscribed', ...subjectOf(subject), cursor: String(isTooOld ? start : from) });
    if (!isTooOld && from < start) await this.#catchUp(subscription, from, start);
    await this.#release(subscription);
  }

  unsubscribe(peer: Peer, subject: number | 'queue'): void {
    const subscription = peer.subscriptions.get(subject);
    if (subscription === undefined) return;
    peer.subscriptions.delete(subject);
    this.#queue.delete(subscription);
    for (const number of subscription.numbers) this.#forget(number, subscription);
  }

  /** A connection is over. */
  drop(peer: Peer): void {
    for (const subject of [...peer.subscriptions.keys()]) this.unsubscribe(peer, subject);
  }

  /** Tells changes to all who listen, in their order. */
  async take(changes: readonly LiveChange[]): Promise<void> {
    if (this.#queue.size === 0 && this.#byNumber.size === 0) return;
    const targets = await mergedInto(this.context.db, [...new Set(changes.map(({ number }) => number))]);
    const work = new Map<Subscription, LiveChange[]>();
    for (const change of changes) {
      const target = targets.get(change.number);
      const heard = new Set([...(this.#byNumber.get(change.number) ?? []), ...((target !== undefined && this.#byNumber.get(target)) || []), ...this.#queue]);
      for (const subscription of heard) {
        if (subscription.position >= change.id) continue;
        // Whoever listens to it listens to what it has become a part of from now on.
        if (target !== undefined && subscription.subject === change.number) this.#alsoHears(subscription, target);
        work.set(subscription, [...(work.get(subscription) ?? []), change]);
      }
    }
    const told = new Told(this.context);
    await Promise.all([...work].map(([subscription, news]) => this.#offer(subscription, news, told)));
  }

  /** Changes may have been lost: everybody reads anew. */
  reset(): void {
    const start = this.position();
    for (const subscription of new Set([...this.#queue, ...[...this.#byNumber.values()].flatMap((those) => [...those])])) {
      subscription.position = start;
      subscription.peer.send({ type: 'reset', ...subjectOf(subscription.subject) });
      subscription.peer.send({ type: 'subscribed', ...subjectOf(subscription.subject), cursor: String(start) });
    }
  }

  async #catchUp(subscription: Subscription, after: number, upTo: number): Promise<void> {
    const { peer, subject, numbers } = subscription;
    try {
      liveResumed();
      const missed = await liveChanges(this.context.db, { after, upTo, limit: CATCH_UP + 1, ...(subject === 'queue' ? {} : { numbers: [...numbers] }) });
      if (missed.length <= CATCH_UP) return await this.#tell(subscription, missed, new Told(this.context));
      peer.send({ type: 'reset', ...subjectOf(subject) });
      peer.send({ type: 'subscribed', ...subjectOf(subject), cursor: String(upTo) });
    } catch (error) {
      this.#fail(subscription, error);
    }
  }

  /** Tells what has waited, until nothing waits any more. */
  async #release(subscription: Subscription): Promise<void> {
    try {
      while (subscription.waiting !== null && subscription.waiting.length > 0) {
        const waiting = subscription.waiting;
        subscription.waiting = [];
        await this.#tell(subscription, waiting, new Told(this.context));
      }
      subscription.waiting = null;
    } catch (error) {
      this.#fail(subscription, error);
    }
  }

  async #offer(subscription: Subscription, changes: readonly LiveChange[], told: Told): Promise<void> {
    if (subscription.waiting !== null) {
      subscription.waiting.push(...changes);
      return;
    }
    try {
      await this.#tell(subscription, changes, told);
    } catch (error) {
      this.#fail(subscription, error);
    }
  }

  /** Who may hear it hears it; whoever may no longer is told that, and nothing else. */
  async #tell(subscription: Subscription, changes: readonly LiveChange[], told: Told): Promise<void> {
    const { peer, subject } = subscription;
    for (const { change, number } of withoutRepeats(changes, subject)) {
      const { actor } = peer;
      if (actor === null || peer.over || peer.subscriptions.get(subject) !== subscription) return;
      const hears = await told.hears(actor, number);
      if (hears === null) {
        this.onRefused(subscription);
        this.unsubscribe(peer, subject);
        return this.#refuse(peer, subject, 'E_NOT_FOUND');
      }
      if ('own' in hears) subscription.root = hears.own.number;
      const event = await (subject === 'queue' ? told.state(hears, number) : told.event(hears, number, change));
      // Whoever has the queue before them is told there how it stands.
      const isToldByQueue = subject !== 'queue' && event?.kind === 'state' && peer.subscriptions.has('queue');
      if (event !== null && !isToldByQueue) {
        peer.send({ type: 'event', number, cursor: String(change.id), ...(subject === 'queue' ? { queue: true as const } : {}), event });
      }
    }
  }

  /** It comes back and goes on from its cursor: nothing is skipped. */
  #fail({ peer }: Subscription, error: unknown): void {
    this.context.log.warn({ code: codeOf(error) }, 'live events could not be told; the connection is closed and comes back');
    peer.close(CLOSE.tooSlow);
  }

  #refuse(peer: Peer, subject: number | 'queue', code: ErrorCode): void {
    peer.send({ type: 'refused', ...subjectOf(subject), code });
  }

  #register(subscription: Subscription): void {
    const { peer, subject, numbers } = subscription;
    peer.subscriptions.set(subject, subscription);
    if (subject === 'queue') this.#queue.add(subscription);
    for (const number of numbers) this.#listen(number, subscription);
  }

  #alsoHears(subscription: Subscription, number: number): void {
    subscription.numbers.add(number);
    if (subscription.peer.actor?.kind === 'agent') subscription.root = number;
    this.#listen(number, subscription);
  }

  #listen(number: number, subscription: Subscription): void {
    this.#byNumber.set(number, (this.#byNumber.get(number) ?? new Set()).add(subscription));
  }

  #forget(number: number, subscription: Subscription): void {
    const listeners = this.#byNumber.get(number);
    listeners?.delete(subscription);
    if (listeners?.size === 0) this.#byNumber.delete(number);
  }

  async #rootOf(number: number): Promise<number> {
    return (await mergedInto(this.context.db, [number])).get(number) ?? number;
  }
}

/** A subject as frames name it. */
export function subjectOf(subject: number | 'queue'): Subject {
  return subject === 'queue' ? { queue: true } : { number: subject };
}

/** Of several changes of one thing the first: it is told as it is now, which includes the others. */
function withoutRepeats(changes: readonly LiveChange[], subject: number | 'queue'): { change: LiveChange; number: number }[] {
  const seen = new Set<string>();
  return changes.flatMap((change) => {
    const key = subject === 'queue' ? String(change.number) : `${change.number} ${change.kind} ${change.ref}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ change, number: subject === 'queue' ? change.number : subject }];
  });
}
