/** Calls that one PagerDuty key is given by one process in a minute. */
const CALLS_A_MINUTE = 120;

/**
 * Spreads calls so that a flood of pages does not use up what the provider allows. Urgent calls are never held back: they take
 * their share first, and the others wait for it.
 */
export class TokenBucket {
  private tokens = CALLS_A_MINUTE;
  private filledAt: number;

  constructor(private readonly now: () => number) {
    this.filledAt = now();
  }

  /** Takes `calls`; answers 0 when they may be made now, else after how many milliseconds to ask again. */
  take(calls: number, urgent: boolean): number {
    const now = this.now();
    const perMs = CALLS_A_MINUTE / 60_000;
    this.tokens = Math.min(CALLS_A_MINUTE, this.tokens + Math.max(0, now - this.filledAt) * perMs);
    this.filledAt = now;
    if (!urgent && this.tokens < calls) return Math.ceil((calls - this.tokens) / perMs);
    this.tokens -= calls;
    return 0;
  }
}
