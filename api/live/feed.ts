import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { liveChanges, liveRange, PASSING_CHANNEL, type LiveChange } from '../../db/live-events';
import { codeOf } from '../../intake/woken-loop';

/** Changes that are read at once. */
const AT_ONCE = 500;
/** What changes within this time after a read is read together, in milliseconds: many changes cost few reads, and a single one waits for nothing. */
const GATHERED_MS = 20;
const RETRY_FROM_MS = 100;
const RETRY_UP_TO_MS = 5_000;
const CONNECT_MS = 5_000;
/** How often a connection on which nothing comes is asked whether it still leads anywhere, in milliseconds. */
const STILL_THERE_EVERY_MS = 20_000;
const ANSWER_MS = 5_000;
const CHANGES_CHANNEL = 'holdfast_live';
const ACCESS_CHANNEL = 'holdfast_live_access';

/** Who hears what changes. */
export interface FeedListener {
  /** Whether anybody would hear of a change. While nobody does, none are read. */
  wanted(): boolean;
  /** Changes in the order of their commits; the next ones come when this is done. */
  changes(changes: readonly LiveChange[]): Promise<void>;
  /** Something that passes and is kept nowhere. */
  passing(passing: unknown): void;
  /** Somebody's access may have ended. */
  access(): void;
  /** The database was away and is back; nothing is read until this is done. */
  back(): Promise<void>;
  /** Changes may have been missed for good: after a crash of the server, or too long away. */
  gap(): void;
}

/**
 * What changes in the database, told by the database: one connection that LISTENs, and one read per wake. It comes back by itself after any
 * outage, and goes on where it was.
 */
export class LiveFeed {
  #read = 0;
  /** Read, and not yet taken by the listener. */
  #untaken: readonly LiveChange[] = [];
  #awake = false;
  #pumping: Promise<void> | null = null;
  readonly #closing = new AbortController();
  #listening: Promise<void> = Promise.resolve();
  #client: pg.Client | null = null;

  constructor(
    private readonly source: { readonly url: string; readonly db: Database; readonly log: Logger },
    private readonly listener: FeedListener,
  ) {}

  /** The last change that was handed on, or is about to be. */
  get position(): number {
    return this.#read;
  }

  /** Goes on after this change, whatever was before it. */
  goTo(id: number): void {
    this.#read = id;
    this.#untaken = [];
    this.#wake();
  }

  /** Starts where the database is now; rejects when it cannot be reached. */
  async start(): Promise<void> {
    this.#read = (await liveRange(this.source.db)).last;
    let first: () => void = () => undefined;
    const listens = new Promise<void>((resolve) => (first = resolve));
    this.#listening = this.#listen(first);
    await listens;
  }

  /** Hands on what is there already, and nothing more after that. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(() => this.source.log.debug('the listening connection was gone already'));
    await this.#listening;
    await this.#pumping;
  }

  async #listen(listens: () => void): Promise<void> {
    const { url, log } = this.source;
    let failures = 0;
    while (!this.#closed) {
      const client = new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: ANSWER_MS,
        keepAlive: true,
        application_name: 'holdfast live',
      });
      const gone = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      client.on('notification', ({ channel, payload }) => this.#heard(channel, payload ?? ''));
      try {
        await client.connect();
        this.#client = client;
        await client.query(`LISTEN ${CHANGES_CHANNEL}; LISTEN ${ACCESS_CHANNEL}; LISTEN ${PASSING_CHANNEL}`);
        if (failures > 0) await this.listener.back();
        // What was told while nobody listened.
        if ((await liveRange(this.source.db)).first > this.#read + 1) await this.#skip();
        if (failures > 0) this.listener.access();
        failures = 0;
        this.#wake();
        listens();
        await this.#untilGone(client, gone);
      } catch (error) {
        log.warn({ code: codeOf(error) }, 'the database cannot be listened to for live events; it is tried again');
      }
      this.#client = null;
      await client.end().catch((error: unknown) => log.debug({ code: codeOf(error) }, 'the listening connection was gone already'));
      listens();
      failures += 1;
      if (!this.#closed) await this.#sleep(Math.min(RETRY_FROM_MS * 2 ** failures, RETRY_UP_TO_MS));
    }
  }

  /** Resolves when the connection has ended; one that leads nowhere does not say so by itself. */
  async #untilGone(client: pg.Client, gone: Promise<void>): Promise<void> {
    const ended = new AbortController();
    void gone.then(() => ended.abort());
    while (!ended.signal.aborted && !this.#closed) {
      await this.#sleep(STILL_THERE_EVERY_MS, ended.signal);
      if (!ended.signal.aborted && !this.#closed) await client.query('SELECT 1');
    }
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #heard(channel: string, payload: string): void {
    if (channel === CHANGES_CHANNEL) this.#wake();
    else if (channel === ACCESS_CHANNEL) this.listener.access();
    else this.listener.passing(JSON.parse(payload));
  }

  #wake(): void {
    this.#awake = true;
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = null));
  }

  /** Reads until there is nothing more; one at a time, however often it is woken. */
  async #pump(): Promise<void> {
    let failures = 0;
    while (this.#awake && !this.#closed && this.listener.wanted()) {
      this.#awake = false;
      try {
        // What came meanwhile is read after these.
        if (this.#untaken.length > 0) this.#awake = true;
        else this.#untaken = await liveChanges(this.source.db, { after: this.#read, limit: AT_ONCE });
        const last = this.#untaken.at(-1);
        if (last === undefined) continue;
        // Before they are handed on: who subscribes meanwhile reads these by themselves.
        this.#read = last.id;
        this.#awake ||= this.#untaken.length === AT_ONCE;
        await this.listener.changes(this.#untaken);
        this.#untaken = [];
        failures = 0;
        if (!this.#awake) await this.#sleep(GATHERED_MS);
      } catch (error) {
        this.source.log.warn({ code: codeOf(error) }, 'live events could not be read; they are read again');
        failures += 1;
        this.#awake = true;
        await this.#sleep(Math.min(RETRY_FROM_MS * 2 ** failures, RETRY_UP_TO_MS));
      }
    }
  }

  async #skip(): Promise<void> {
    this.#read = (await liveRange(this.source.db)).last;
    this.#untaken = [];
    this.listener.gap();
  }

  /** Waits, but not beyond the end of all this. */
  async #sleep(ms: number, until: AbortSignal = this.#closing.signal): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, until]);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
