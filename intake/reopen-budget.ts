const DAY_MS = 86_400_000;
/** Faster than people answer a mail that a desk wrote by itself, again and again. */
export const AT_ONCE_MS = 60_000;
/** The span that is looked back on. */
export const REOPEN_WINDOW_MS = DAY_MS;
/** Answers at once that a day forgives. */
const FORGIVEN = 2;

/** When (milliseconds) we decided to write to somebody by ourselves, and when a server took it. */
export interface Written {
  readonly decidedAt: number;
  readonly sentAt: number;
}

/** What was written by ourselves to somebody in a conversation, and when (milliseconds) they wrote to it. */
export interface Exchange {
  readonly automatic: readonly Written[];
  readonly answers: readonly number[];
}

/** Whether something that came at `at` comes within a time of one of these mails. An answer may be faster than the note that its mail has left. */
export function comesWithin(at: number, automatic: readonly Written[], withinMs: number): boolean {
  return automatic.some(({ decidedAt, sentAt }) => at >= decidedAt && at - sentAt <= withinMs);
}

/**
 * Whether one more answer is taken for a machine's: it comes within a minute of a mail that we wrote by ourselves, and so did two others in
 * the last 24 hours. It is shown, and neither reopens nor promises anything: a robot behind a mailbox cannot keep a conversation open.
 */
export function isPingPong(at: number, { automatic, answers }: Exchange): boolean {
  if (!comesWithin(at, automatic, AT_ONCE_MS)) return false;
  const earlier = answers.filter((answer) => answer < at && answer > at - REOPEN_WINDOW_MS && comesWithin(answer, automatic, AT_ONCE_MS));
  return earlier.length >= FORGIVEN;
}
