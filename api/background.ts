import type { Logger } from '../config/log';

/** Work that goes on after its request was answered; whoever closes the process waits for it. */
export class Background {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Runs work whose failure changes nothing, because a sweep repeats it; `what` names it in the log. */
  run(what: string, work: () => Promise<unknown>): void {
    const running = work().then(
      () => undefined,
      (error: unknown) => this.#log.warn({ error: error instanceof Error ? error.name : 'unknown' }, `${what}: left to the sweep`),
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves once nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
