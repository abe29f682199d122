import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../config/log';

/** A task that runs again and again until it is stopped. */
export interface Repeated {
  /** Runs it now, once more than planned. */
  now(): void;
  /** Waits for a run in progress and runs no more. */
  stop(): Promise<void>;
}

/**
 * Runs a task at once and then every so often, one run at a time. An error is logged with the task's name and the next run comes
 * as planned: the outside is down now and then, and a sweep is there for that.
 */
export function repeat(name: string, everyMs: number, log: Logger, task: () => Promise<void>): Repeated {
  let wake = new AbortController();
  let stopped = false;
  let again = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      again = false;
      try {
        await task();
      } catch (error) {
        log.warn({ task: name, err: error }, 'A sweep failed; it runs again.');
      }
      if (stopped || again) continue;
      wake = new AbortController();
      await pause(everyMs, undefined, { signal: wake.signal, ref: false }).catch((error: unknown) => {
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
      stopped = true;
      wake.abort();
      await running;
    },
  };
}
