/** Lets so many in at a time; the others wait in order, but not for ever. */
export class Gate {
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  /** Does the work when there is a place; null when none came free within `waitMs`. */
  async pass<T>(waitMs: number, work: () => Promise<T>): Promise<{ readonly done: T } | null> {
    if (this.inside < this.places) this.inside += 1;
    else if (!(await this.turnWithin(waitMs))) return null;
    try {
      return { done: await work() };
    } finally {
      // Whoever waits longest takes over the place.
      const next = this.waiting.shift();
      if (next === undefined) this.inside -= 1;
      else next();
    }
  }

  private turnWithin(waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        resolve(false);
      }, waitMs);
      this.waiting.push(enter);
    });
  }
}
