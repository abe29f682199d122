import type { Expectation, Visitor } from './api-types';
import { deadline, moment, span, type Telling } from './when';

/** What the expectation says, as sentences: the first one matters most, the last one is for who leaves. `written` once the desk has the first message. */
export function expectationText(expectation: Expectation, visitor: Visitor | null, telling: Telling, written = false): readonly string[] {
  const { words } = telling;
  const { office, opensAt, reply, queue, answerBy } = expectation;
  const sentences: string[] = [];
  if (office === 'closed') {
    sentences.push(opensAt === null ? words.closedNow : words.closedUntil(moment(Date.parse(opensAt), telling)));
    if (answerBy !== null) sentences.push(words.answerBy(deadline(Date.parse(answerBy), telling)));
    sentences.push(written ? words.onCallTold : words.onCallSees);
  } else {
    if (reply.ms === null) sentences.push(words.asSoonAsWeCan);
    else sentences.push(reply.kind === 'median' ? words.usuallyWithin(span(reply.ms, words)) : words.aimWithin(span(reply.ms, words)));
    // Who has written is in the queue themselves.
    if (queue > 0 && !written) sentences.push(words.queue(queue));
  }
  const email = visitor?.email ?? null;
  sentences.push(email === null ? words.ifYouLeaveAnybody : words.ifYouLeave(email));
  return sentences;
}
