const DAY_MS = 86_400_000;
/** Faster than people answer a mail that a desk wrote by itself, again and again. */
export const AT_ONCE_MS = 60_000;
/** The span that is looked back on. */
export const REOPEN_WINDOW_MS = DAY_MS;
/** Answers at once that a day forgives. */
const FORGIVEN = 2;

/** When (milliseconds) we wrote to somebody by ourselves in a conversation, and when they wrote to it. */
export interface Exchange {
  readonly automatic: readonly number[];
  readonly answers: readonly number[];
}

/** Whether something that came at `at` answers one of these automatic mails within moments. */
export function isAtOnce(at: number, automatic: readonly number[]): boolean {
  return automatic.some((sentAt) => at >= sentAt && at - sentAt <= AT_ONCE_MS);
}

/**
 * Whether one more answer is taken for a machine's: it comes within a minute of a mail that we wrote by ourselves, and so did two others in
 * the last 24 hours. It is shown, and neither reopens nor promises anything: a robot behind a mailbox cannot keep a conversation open.
 */
export function isPingPong(at: number, { automatic, answers }: Exchange): boolean {
  if (!isAtOnce(at, automatic)) return false;
  const earlier = answers.filter((answer) => answer < at && answer > at - REOPEN_WINDOW_MS && isAtOnce(answer, automatic));
  return earlier.length >= FORGIVEN;
}
