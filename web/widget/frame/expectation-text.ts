import type { Expectation, Visitor } from './api-types';
import { deadline, moment, span, type Telling } from './when';

/** What the expectation says, as sentences: the first one matters most. */
export function expectationText(expectation: Expectation, visitor: Visitor | null, telling: Telling): readonly string[] {
  const { words } = telling;
  const { office, opensAt, reply, queue, answerBy } = expectation;
  const sentences: string[] = [];
  if (office === 'closed') {
    sentences.push(opensAt === null ? words.closedNow : words.closedUntil(moment(Date.parse(opensAt), telling)));
    sentences.push(answerBy === null ? words.onCallSees : words.answerBy(deadline(Date.parse(answerBy), telling)));
    if (answerBy !== null) sentences.push(words.onCallSees);
  } else {
    if (reply.ms === null) sentences.push(words.asSoonAsWeCan);
    else sentences.push(reply.kind === 'median' ? words.usuallyWithin(span(reply.ms, words)) : words.aimWithin(span(reply.ms, words)));
    if (queue > 0) sentences.push(words.queue(queue));
  }
  sentences.push(visitor?.email == null ? words.ifYouLeaveAnybody : words.ifYouLeave(visitor.email));
  return sentences;
}
