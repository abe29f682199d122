import type { Logger } from '../config/log';

/** So many failures in a row are not one item's fault: what all of them need is away. */
const OUTAGE_AFTER = 10;

/** How {@link inLanes} goes about its items. */
export interface LaneOptions<Item> {
  /** How many are worked on side by side. */
  readonly lanes: number;
  readonly log: Logger;
  /** Names an item in the log. */
  readonly nameOf: (item: Item) => Record<string, unknown>;
  /** Once aborted, no further item is begun. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * Works through items in their order, some side by side. One that fails is logged and left for the next run, so that it stands in nobody's
 * way; the error is thrown when so many fail in a row that the rest need not be tried, or when none has gone well.
 */
export async function inLanes<Item>(items: readonly Item[], options: LaneOptions<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const { lanes, log, nameOf, stopping } = options;
  const rest = items.values();
  let failuresInARow = 0;
  let lastError: unknown;
  let oneWentWell = false;
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (stopping?.aborted === true) return;
      try {
        await work(item);
        failuresInARow = 0;
        oneWentWell = true;
      } catch (error) {
        failuresInARow += 1;
        lastError = error;
        if (failuresInARow >= OUTAGE_AFTER) throw error;
        log.warn({ ...nameOf(item), err: error }, 'One piece of a sweep failed; the next run tries it again.');
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, lane));
  if (results.some(({ status }) => status === 'rejected') || (lastError !== undefined && !oneWentWell)) throw lastError;
}
