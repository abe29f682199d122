import { createHash } from 'node:crypto';

const HOUR_MS = 3_600_000;
/** The span that is looked back on. */
export const RECEIPT_WINDOW_MS = 3 * HOUR_MS;
const KNOWN_IN_WINDOW = 10;
const SAME_SUBJECT_IN_WINDOW = 2;

/** An earlier receipt to the same contact. */
export interface EarlierReceipt {
  /** Milliseconds. */
  readonly at: number;
  readonly subjectKey: string;
}

/**
 * Whether one more receipt may go to a contact: a known one gets one per new ticket, at most 10 in 3 h and 2 for the same subject; an
 * unknown address one an hour. So two robots that answer each other soon fall silent.
 */
export function receiptAllowed(now: number, known: boolean, subjectKey: string, earlier: readonly EarlierReceipt[]): boolean {
  const recent = earlier.filter(({ at }) => at > now - RECEIPT_WINDOW_MS);
  if (!known && recent.some(({ at }) => at > now - HOUR_MS)) return false;
  return recent.length < KNOWN_IN_WINDOW && recent.filter((receipt) => receipt.subjectKey === subjectKey).length < SAME_SUBJECT_IN_WINDOW;
}

/** What makes two subjects the same, without the words themselves: replies, digits and case do not count. */
export function subjectKey(subject: string): string {
  const bare = subject
    .toLowerCase()
    .replace(/^(\s*(re|aw|fw|fwd|wg)\s*:)+/, '')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
  return createHash('sha256').update(bare).digest('hex').slice(0, 32);
}
