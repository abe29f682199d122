import { isHopeless } from '../config/exit-codes';
import type { Logger } from '../config/log';
import { describeExit } from './part';
import type { Exit, Part } from './part';
import { sendSignal } from './processes';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A part that lived this long was sound: the next restart is quick again. */
const STABLE_AFTER_MS = 30_000;
/** How often a part may refuse to start for the same lasting reason before a person has to change something. */
const REFUSALS_BEFORE_GIVING_UP = 3;

/** One part to keep alive. */
export interface Recipe {
  readonly name: string;
  /** Starts it with the ports and data that it had before; resolves when it answers. */
  start(): Promise<Part>;
  /** Called for each process that started, also after a restart. */
  started?(part: Part): void;
  /** Told in plain words when it died, came back or was given up; `fine` when there is nothing to worry about any more. */
  tell(event: { readonly what: string; readonly fine: boolean }): void;
}

/** A part that is started again whenever it ends, until `stop`. */
export interface Supervised {
  readonly name: string;
  stop(): Promise<void>;
  /** Ends the process at once. */
  kill(): void;
}

/**
 * Starts a part and keeps it alive. Rejects when the first start fails: at that moment a person is watching.
 * Later it starts again after 0.2 s, then waits twice as long each time, 10 s at most, until it was up for 30 s.
 * A start that fails for a reason which only a person can change is tried three times, then given up and told.
 */
export async function supervise(recipe: Recipe, log: Logger): Promise<Supervised> {
  const { name } = recipe;
  let stopping = false;
  const wakeUp = new AbortController();
  let current: Part | null = await begin();
  const ended = watch(current);

  async function begin(): Promise<Part> {
    const part = await recipe.start();
    recipe.started?.(part);
    log.info({ child: name, childPid: part.pid }, `${name} runs`);
    return part;
  }

  async function watch(first: Part): Promise<void> {
    let delayMs = FIRST_DELAY_MS;
    let part: Part | null = first;
    while (part !== null) {
      const since = performance.now();
      const exit: Exit = await part.exited;
      current = null;
      if (stopping) return;
      if (performance.now() - since >= STABLE_AFTER_MS) delayMs = FIRST_DELAY_MS;
      log.warn({ child: name, code: exit.code, signal: exit.signal, lastLines: exit.lastLines }, `${name} ${describeExit(exit)}`);
      recipe.tell({ what: `${name} ${describeExit(exit)}; starting it again`, fine: false });
      ({ part, delayMs } = await comeBack(delayMs));
      current = part;
    }
  }

  /** Tries until it runs again; no part when it was stopped meanwhile or given up. */
  async function comeBack(firstDelayMs: number): Promise<{ part: Part | null; delayMs: number }> {
    let delayMs = firstDelayMs;
    let refusals = 0;
    for (;;) {
      await pause(delayMs, wakeUp.signal);
      if (stopping) return { part: null, delayMs };
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      try {
        const part = await begin();
        if (stopping) {
          await part.stop();
          return { part: null, delayMs };
        }
        recipe.tell({ what: `${name} runs again`, fine: true });
        return { part, delayMs };
      } catch (error) {
        log.error({ child: name, err: error }, `${name} did not start`);
        refusals = isHopeless(error) ? refusals + 1 : 0;
        if (refusals < REFUSALS_BEFORE_GIVING_UP) continue;
        const reason = error instanceof Error ? error.message : String(error);
        recipe.tell({ what: `${name} cannot start: ${reason} It is not tried again; start Holdfast anew when this is mended.`, fine: false });
        return { part: null, delayMs };
      }
    }
  }

  return {
    name,
    async stop() {
      stopping = true;
      wakeUp.abort();
      await current?.stop();
      await ended;
    },
    kill() {
      stopping = true;
      wakeUp.abort();
      if (current !== null) sendSignal(current.pid, 'SIGKILL');
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
