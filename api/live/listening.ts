import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { beginListening, endListening, LISTENED_FOR_MS } from '../../db/live-listeners';
import { codeOf } from '../../intake/woken-loop';

/** Has changes written down for as long as somebody is connected to this process, and for a while after that. */
export class Listening {
  #on = false;
  #busy: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly facts: { readonly db: Database; readonly api: string; readonly log: Logger; readonly now: () => number },
    /** Whether anybody is connected. */
    private readonly anybody: () => boolean,
    /** Whoever reads now sees every change up to this one, and those after it are written down; what was between is not. */
    private readonly onBegin: (last: number) => void,
  ) {}

  /** Whether changes are written down for us. */
  get on(): boolean {
    return this.#on;
  }

  /** Somebody is here: resolves when nothing can escape them any more, rejects when the database cannot be reached. */
  begin(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#inTurn(async () => {
      if (!this.#on) await this.#begin();
    });
  }

  /** The database was away: somebody may have counted us as gone. */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#on) await this.#begin();
    });
  }

  /** Somebody has gone, perhaps the last one. */
  leave(): void {
    if (!this.#on || this.#timer !== null || this.anybody()) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#inTurn(() => this.#end());
    }, LISTENED_FOR_MS);
    this.#timer.unref();
  }

  /** This process stops. Whoever was connected comes to another one and goes on there, so changes are still written down for a while. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#busy;
  }

  async #begin(): Promise<void> {
    const { db, api, now } = this.facts;
    const { last, was } = await beginListening(db, api, new Date(now()));
    const goesOn = was && this.#on;
    this.#on = true;
    if (!goesOn) this.onBegin(last);
  }

  async #end(): Promise<void> {
    if (this.anybody()) return;
    try {
      await endListening(this.facts.db, this.facts.api);
      this.#on = false;
    } catch (error) {
      this.facts.log.warn({ code: codeOf(error) }, 'changes are still written down although nobody listens; it is ended later');
      this.leave();
    }
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#busy.then(act);
    // Whoever waits for it hears of its failure; the next one begins anew.
    this.#busy = turn.catch(() => undefined);
    return turn;
  }
}
