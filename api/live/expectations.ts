import { codeOf } from '../../intake/woken-loop';
import { nextOfficeChange } from '../../policy/expectation';
import type { ApiContext } from '../context';
import { expectationAnswer } from '../expectation';
import type { Hub } from './hub';
import type { Subscription } from './peer';

/** How long changes are gathered before it is looked what follows from them for those who wait, in milliseconds. */
const GATHERED_MS = 3_000;
/** The longest that a timer can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Tells those who wait for the first answer in their chat what they can expect, when that changes: somebody else was answered, or the office opens or closes. */
export class Expectations {
  /** What each was told last. */
  readonly #told = new WeakMap<Subscription, string>();
  #timer: NodeJS.Timeout | null = null;
  #officeTimer: NodeJS.Timeout | null = null;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly context: ApiContext,
    private readonly hub: Hub,
  ) {}

  /** Something has happened at the desk, or somebody has begun to listen. Costs nothing while no customer listens. */
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
    if (this.#officeTimer !== null) clearTimeout(this.#officeTimer);
    await this.#telling;
  }

  #look(): void {
    this.#telling = this.#telling
      .then(() => this.#tell())
      .catch((error: unknown) => this.context.log.warn({ code: codeOf(error) }, 'it could not be told what those who wait can expect'));
  }

  /** What can be expected is the same for all of a plan, and no secret: it is made once, however many wait. */
  async #tell(): Promise<void> {
    const plans = await this.#waitingByPlan();
    const made = new Map<string | null, Awaited<ReturnType<typeof expectationAnswer>>>();
    for (const subscription of this.hub.customers()) {
      const { peer, root, subject } = subscription;
      const own = plans.get(root);
      if (peer.actor?.kind !== 'visitor' || subject === 'queue' || own === undefined) continue;
      // Whose address it is shows in nothing until it is proven.
      const plan = peer.actor.proof === 'claimed' ? null : own;
      const expectation = made.get(plan) ?? (await expectationAnswer(this.context, this.context.db, { plan }));
      made.set(plan, expectation);
      const text = JSON.stringify(expectation);
      if (this.#told.get(subscription) === text) continue;
      this.#told.set(subscription, text);
      peer.send({ type: 'event', number: subject, event: { kind: 'expectation', expectation } });
    }
    const change = plans.size === 0 ? null : nextOfficeChange(this.context.policy(), this.context.now());
    if (change !== null) this.#lookAt(change);
  }

  /** The plans of chats that somebody listens to and nobody has answered yet, by number. */
  async #waitingByPlan(): Promise<Map<number, string>> {
    const customers = this.hub.customers();
    if (customers.length === 0) return new Map();
    const rows = await this.context.db
      .selectFrom('conversations')
      .select(['number', 'plan'])
      .where('number', 'in', [...new Set(customers.map(({ root }) => root))])
      .where('kind', '=', 'chat')
      .where('status', '=', 'new')
      .execute();
    return new Map(rows.map(({ number, plan }) => [number, plan]));
  }

  #lookAt(at: number): void {
    if (this.#officeTimer !== null) clearTimeout(this.#officeTimer);
    if (this.#closed) return;
    this.#officeTimer = setTimeout(() => this.#look(), Math.min(Math.max(0, at - this.context.now()) + 1, LONGEST_MS));
  }
}
