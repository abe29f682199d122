import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../config/log';
import { sweepRan } from '../config/metrics';

/** After an error a task need not wait for its next turn, if that is far away: an outage may be over soon. */
const RETRY_MS = 10_000;

/** A task that runs again and again until it is stopped. */
export interface Repeated {
  /** Runs it now, once more than planned. */
  now(): void;
  /** Asks a run in progress to come to an end, waits for it, and runs no more. */
  stop(): Promise<void>;
}

/**
 * Runs a task at once and then every so often, one run at a time. An error is logged with the task's name and the next run comes
 * as planned, or after 10 s if that is sooner: the outside is down now and then, and a sweep is there for that.
 */
export function repeat(name: string, everyMs: number, log: Logger, task: (stopping: AbortSignal) => Promise<void>, retryMs = RETRY_MS): Repeated {
  const stopping = new AbortController();
  let wake = new AbortController();
  let again = false;
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      again = false;
      let restMs = everyMs;
      try {
        await task(stopping.signal);
        sweepRan(name, 'ok');
      } catch (error) {
        sweepRan(name, 'failed');
        log.warn({ task: name, err: error }, 'A sweep failed; it runs again.');
        restMs = Math.min(everyMs, retryMs);
      }
      if (stopping.signal.aborted || again) continue;
      wake = new AbortController();
      await pause(restMs, undefined, { signal: wake.signal, ref: false }).catch((error: unknown) => {
        if (!wake.signal.aborted) throw error;
      });
    }
  };
  const running = loop();
  return {
    now() {
      again = true;
      wake.abort();
    },
    async stop() {
      stopping.abort();
      wake.abort();
      await running;
    },
  };
}
