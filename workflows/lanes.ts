import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

/**
 * Outbox lanes: work in order within a lane, one piece in flight each, and no lane ever waits for another. A piece leaves its
 * lane when it is done; what is cancelled stays, to be issued again under the same key by the next run.
 */
export class Lanes<Work> {
  private waiting: Work[];
  private readonly running = new Set<string>();
  private readonly scope = new CancellationScope();
  private stopping = false;

  constructor(
    private readonly options: {
      /** Lane of a piece of work. */
      readonly laneOf: (work: Work) => string;
      readonly perform: (work: Work) => Promise<void>;
      /** Work left over by an earlier run. */
      readonly left: readonly Work[];
      /** A bug: an error that no rule expects. Called outside any lane. */
      readonly onBug: (error: unknown) => void;
    },
  ) {
    this.waiting = [...options.left];
  }

  /** What is not done yet, in order. */
  get left(): readonly Work[] {
    return this.waiting;
  }

  /** Nothing waits and nothing is in flight. */
  get idle(): boolean {
    return this.waiting.length === 0 && this.running.size === 0;
  }

  add(work: readonly Work[]): void {
    this.waiting.push(...work);
    this.start();
  }

  /** Starts every lane that has work and does not run yet. */
  start(): void {
    if (this.stopping) return;
    for (const lane of new Set(this.waiting.map(this.options.laneOf))) {
      if (this.running.has(lane)) continue;
      this.running.add(lane);
      this.scope.run(() => this.drain(lane)).catch(this.options.onBug);
    }
  }

  /** Takes up nothing new, waits that long for what is in flight, cancels the rest and waits until every lane stands. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const settled = (): boolean => this.running.size === 0;
    if (settled() || (await condition(settled, graceMs))) return;
    this.scope.cancel();
    await condition(settled);
  }

  private async drain(lane: string): Promise<void> {
    try {
      for (let work = this.head(lane); work !== undefined && !this.stopping; work = this.head(lane)) {
        await this.options.perform(work);
        const done = work;
        this.waiting = this.waiting.filter((other) => other !== done);
      }
    } catch (error) {
      if (!(this.stopping && isCancellation(error))) throw error;
    } finally {
      this.running.delete(lane);
    }
  }

  private head(lane: string): Work | undefined {
    return this.waiting.find((work) => this.options.laneOf(work) === lane);
  }
}
