import pg from 'pg';
import type { Logger } from '../config/log';

const RETRY_FROM_MS = 250;
const RETRY_UP_TO_MS = 5_000;
/** A connection that takes longer to come about counts as failed, so that a return is noticed within seconds. */
const CONNECT_MS = 5_000;

/** What a loop does and what wakes it. */
export interface WokenLoop {
  /** Names the loop in logs. */
  readonly name: string;
  /** Database that LISTENs. */
  readonly url: string;
  readonly channel: string;
  /** How long it sleeps at most: what a lost notification delays. */
  readonly sweepMs: number;
  /** How many calls of `work` run side by side. */
  readonly lanes: number;
  readonly log: Logger;
  /** Does what there is to do, on the lane of this number from 0 on; true when there may be more. Rejects during outages: it is called again, later and later. */
  work(lane: number): Promise<boolean>;
}

/** Runs `work` whenever the channel is notified or `wake` is called, and every `sweepMs`, until closed; survives any outage of the database. */
export function startWokenLoop(loop: WokenLoop): { wake(): void; close(): Promise<void> } {
  const wakers = new Set<() => void>();
  let wakes = 0;
  let closed = false;

  const wake = (): void => {
    wakes += 1;
    for (const waker of wakers) waker();
  };
  const sleep = (ms: number, wakeable: boolean): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        wakers.delete(stop);
        resolve();
      };
      const stop = (): void => {
        if (wakeable || closed) done();
      };
      const timer = setTimeout(done, ms);
      wakers.add(stop);
      if (closed) done();
    });

  const runLane = async (lane: number): Promise<void> => {
    let failures = 0;
    while (!closed) {
      const seen = wakes;
      try {
        const more = await loop.work(lane);
        failures = 0;
        if (!more && seen === wakes) await sleep(loop.sweepMs, true);
      } catch (error) {
        loop.log.warn({ loop: loop.name, code: codeOf(error) }, 'work failed; it is repeated');
        await sleep(backoff(failures), false);
        failures += 1;
      }
    }
  };

  const listen = async (): Promise<void> => {
    let failures = 0;
    while (!closed) {
      const client = new pg.Client({ connectionString: loop.url, connectionTimeoutMillis: CONNECT_MS, keepAlive: true, application_name: 'holdfast' });
      const gone = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      client.on('notification', wake);
      try {
        await client.connect();
        await client.query(`LISTEN ${loop.channel}`);
        failures = 0;
        // What was notified while nobody listened.
        wake();
        await Promise.race([gone, untilClosed()]);
      } catch (error) {
        loop.log.warn({ loop: loop.name, code: codeOf(error) }, 'the database cannot be listened to; it is tried again');
      }
      await client.end().catch((error: unknown) => loop.log.debug({ loop: loop.name, code: codeOf(error) }, 'connection was gone already'));
      if (!closed) await sleep(backoff(failures), false);
      failures += 1;
    }
  };

  let tellClosed = (): void => undefined;
  const closing = new Promise<void>((resolve) => (tellClosed = resolve));
  const untilClosed = (): Promise<void> => closing;
  const all = [listen(), ...Array.from({ length: loop.lanes }, (_, lane) => runLane(lane))];
  return {
    wake,
    async close() {
      closed = true;
      tellClosed();
      wake();
      await Promise.all(all);
    },
  };
}

function backoff(failures: number): number {
  return Math.min(RETRY_FROM_MS * 2 ** failures, RETRY_UP_TO_MS);
}

/** An error's code or name: safe to log, unlike its message, which can quote data. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
