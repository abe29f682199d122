import type { Logger } from '../../config/log';
import { tellPassing } from '../../db/live-events';
import type { Database } from '../../db/connection';
import { beat, BEAT_EVERY_MS, enterTab, leaveTab, stopBeating, type HeldTab, type Tab } from '../../db/presence-tabs';
import { codeOf } from '../../intake/woken-loop';
import type { Peer } from './peer';
import type { Passing } from './passing';

/** The tabs that are connected to this process and have a conversation before them; one statement in a while renews them all. */
export class Tabs {
  readonly #held = new Map<string, HeldTab & { readonly peers: Set<Peer> }>();
  /** What is being written of each tab: one after the other. */
  readonly #writing = new Map<string, Promise<void>>();
  readonly #startedAt: Date;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly api: string,
    private readonly facts: { readonly db: Database; readonly log: Logger; readonly now: () => number },
  ) {
    this.#startedAt = new Date(facts.now());
  }

  /** Says for the first time that this process lives, and from then on every 20 s. */
  async start(): Promise<void> {
    await this.beat();
    this.#timer = setInterval(() => void this.beat(), BEAT_EVERY_MS);
  }

  /** Those who are connected go elsewhere: they have not left. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#held.clear();
    await Promise.all(this.#writing.values());
    await this.#try(() => stopBeating(this.facts.db, this.api, new Date(this.facts.now())));
  }

  /** Says that this process lives, and with it all of its tabs; an outage of the database is made up for by the next one. */
  async beat(): Promise<void> {
    // What is being written of a tab comes first.
    await this.settled();
    await this.#try(async () => {
      const { db, now } = this.facts;
      const changed = await beat(db, { id: this.api, startedAt: this.#startedAt }, { tabs: [...this.#held.values()], at: new Date(now()) });
      for (const tab of changed) await this.#tell(tab);
    });
  }

  /** A connection has a conversation before it. */
  enter(peer: Peer, number: number): void {
    const tab = tabOf(peer, number);
    if (tab === null) return;
    peer.present.add(number);
    const key = keyOf(tab);
    const since = new Date(this.facts.now());
    this.#held.set(key, { ...tab, since, peers: (this.#held.get(key)?.peers ?? new Set()).add(peer) });
    this.#write(key, async () => {
      await enterTab(this.facts.db, tab, { api: this.api, at: since });
      await this.#tell(tab);
    });
  }

  /** A connection has it no longer before it; another one of the same tab may. */
  leave(peer: Peer, number: number): void {
    const tab = tabOf(peer, number);
    if (tab === null || !peer.present.delete(number)) return;
    const key = keyOf(tab);
    const held = this.#held.get(key);
    held?.peers.delete(peer);
    if (held !== undefined && held.peers.size > 0) return;
    this.#held.delete(key);
    const at = new Date(this.facts.now());
    this.#write(key, async () => {
      if (await leaveTab(this.facts.db, tab, { api: this.api, at })) await this.#tell(tab);
    });
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  async #tell({ number, reader }: Pick<Tab, 'number' | 'reader'>): Promise<void> {
    const passing: Passing = { about: reader.startsWith('agent:') ? 'viewing' : 'presence', number };
    await tellPassing(this.facts.db, passing);
  }

  #write(key: string, act: () => Promise<void>): void {
    const writing = (this.#writing.get(key) ?? Promise.resolve()).then(() => this.#try(act));
    this.#writing.set(key, writing);
    void writing.then(() => {
      if (this.#writing.get(key) === writing) this.#writing.delete(key);
    });
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.facts.log.warn({ code: codeOf(error) }, 'who is present could not be written down; the next beat does');
    }
  }
}

function tabOf(peer: Peer, number: number): Tab | null {
  return peer.reader === null ? null : { number, reader: peer.reader, tab: peer.tab };
}

function keyOf({ number, reader, tab }: Tab): string {
  return `${number} ${reader} ${tab}`;
}
