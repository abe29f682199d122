import { pause, type BenchDesk } from './desk';

/** How quick the API stays while mail pours in, p99 in milliseconds. */
export const API_WITHIN_MS = 250;

/** How often somebody looks. */
const LOOK_EVERY_MS = 250;

/** Looks at the queue again and again until ended; answers how long each look took, in milliseconds. */
export function watchQueue(desk: BenchDesk): { end(): Promise<number[]> } {
  const took: number[] = [];
  let ended = false;
  const looking = (async () => {
    while (!ended) {
      const startedAt = performance.now();
      await desk.call('GET', '/conversations');
      took.push(performance.now() - startedAt);
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    async end() {
      ended = true;
      await looking;
      return took;
    },
  };
}
