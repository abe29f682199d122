import { codeOf } from '../../intake/woken-loop';
import type { ApiContext } from '../context';
import { summariesFor } from '../own-chat';
import type { Hub } from './hub';
import type { Subscription } from './peer';

/** How long changes are gathered before it is looked what follows from them for those who wait, in milliseconds. */
const GATHERED_MS = 3_000;
/** The longest that a timer can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Tells those who wait for the first answer in their chat what they can expect, when that changes: somebody else was answered, or the office opens. */
export class Expectations {
  /** What each was told last. */
  readonly #told = new WeakMap<Subscription, string>();
  #timer: NodeJS.Timeout | null = null;
  #opening: NodeJS.Timeout | null = null;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly context: ApiContext,
    private readonly hub: Hub,
  ) {}

  /** Something has happened at the desk. Costs nothing while no customer listens. */
  mayHaveChanged(): void {
    if (this.#timer !== null || this.#closed || this.hub.customers().length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look();
    }, GATHERED_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#opening !== null) clearTimeout(this.#opening);
    await this.#telling;
  }

  #look(): void {
    this.#telling = this.#telling
      .then(() => this.#tell())
      .catch((error: unknown) => this.context.log.warn({ code: codeOf(error) }, 'it could not be told what those who wait can expect'));
  }

  async #tell(): Promise<void> {
    const waiting = await this.#unanswered();
    for (const subscription of waiting) {
      const { peer, root, subject } = subscription;
      if (peer.actor?.kind !== 'visitor' || subject === 'queue') continue;
      const [summary] = await summariesFor(this.context, this.context.db, peer.actor, { limit: 1, number: root });
      const expectation = summary?.expectation ?? null;
      if (expectation === null) continue;
      const text = JSON.stringify(expectation);
      if (this.#told.get(subscription) === text) continue;
      this.#told.set(subscription, text);
      peer.send({ type: 'event', number: subject, event: { kind: 'expectation', expectation } });
      if (expectation.opensAt !== null) this.#lookAt(Date.parse(expectation.opensAt));
    }
  }

  /** Those who listen to a chat that nobody has answered yet. */
  async #unanswered(): Promise<Subscription[]> {
    const customers = this.hub.customers();
    if (customers.length === 0) return [];
    const rows = await this.context.db
      .selectFrom('conversations')
      .select('number')
      .where('number', 'in', [...new Set(customers.map(({ root }) => root))])
      .where('kind', '=', 'chat')
      .where('status', '=', 'new')
      .execute();
    const numbers = new Set(rows.map(({ number }) => number));
    return customers.filter(({ root }) => numbers.has(root));
  }

  #lookAt(at: number): void {
    if (this.#opening !== null) clearTimeout(this.#opening);
    if (this.#closed) return;
    this.#opening = setTimeout(() => this.#look(), Math.min(Math.max(0, at - this.context.now()) + 1, LONGEST_MS));
  }
}
