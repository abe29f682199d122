import { isCancellation, sleep } from '@temporalio/workflow';

/**
 * The durable timers of a conversation: it is woken at the latest when something is due. A timer that has become too early stays, because
 * each new one costs an Action while waking up for nothing costs none; so there is seldom more than one for the promises and one for undo-send.
 */
export class Alarm {
  /** When armed timers ring, in milliseconds since the epoch; the earliest is the last. */
  private armed: readonly number[] = [];
  /** Counts the timers that have rung. */
  rung = 0;

  /** Whether it rings at that instant or before. */
  ringsBy(at: number): boolean {
    return this.armed.some((armed) => armed <= at);
  }

  /** Sees to it that it rings by then. */
  setFor({ at, what }: { readonly at: number; readonly what: string }): void {
    if (this.ringsBy(at)) return;
    this.armed = [...this.armed, at];
    void sleep(at - Date.now(), { summary: what }).then(
      () => {
        this.armed = this.armed.filter((armed) => armed !== at);
        this.rung += 1;
      },
      (error: unknown) => {
        // A conversation that is cancelled hears of that where it waits.
        if (!isCancellation(error)) throw error;
      },
    );
  }
}
