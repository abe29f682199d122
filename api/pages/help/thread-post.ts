import type { VisitorProof } from '../../../db/visitors';
import { answerByForm } from '../../../intake/form';
import { actByLink } from '../../../intake/link-act';
import { rate } from '../../../intake/rate';
import { HoldfastError } from '../../../messages/errors';
import type { PageAnswer } from '../../route';
import { withoutUnstorable } from '../../unstorable';
import type { HelpView } from './frame';
import { onceForForm, readPosted } from './posted';
import { threadAnswer, type ThreadGiven } from './thread-page';

const WORDS_LENGTH = 100_000;
const REASON_LENGTH = 2_000;

/** Where an answer's conversation is shown afterwards: it is another one, when the old one was closed. */
export interface ThreadPlace extends ThreadGiven {
  /** How the author has proven who they are; null for whoever only holds a link. */
  readonly proof: VisitorProof | null;
  placeOf(number: number): string;
}

/**
 * What a customer does on the page of their conversation; afterwards the page itself is shown, so that looking at it again does nothing again.
 * Errors: E_NOT_FOUND for what is not theirs (any more), E_CONVERSATION_CLOSED, E_MERGED.
 */
export async function threadPost(view: HelpView, place: ThreadPlace): Promise<PageAnswer> {
  const { context, words, request, to } = view;
  const { own, viewer, base } = place;
  const posted = await readPosted(request);
  const now = context.now();
  const said = (code: string, at = base): PageAnswer => ({ redirect: to(`${at}?said=${code}`) });
  const link = { number: own.number, contact: viewer.contactId };
  switch (posted.fields.get('act')) {
    case 'answer': {
      const typed = (posted.fields.get('words') ?? '').replace(/\r\n?/g, '\n');
      const problem = typed.trim() === '' ? words.errors.words : typed.length > WORDS_LENGTH ? words.errors.bodyLong : null;
      const tooMuch = posted.leftOut === null ? null : words.errors[posted.leftOut];
      if (problem !== null || tooMuch !== null) {
        const problems = new Map([...(problem === null ? [] : [['words', problem] as const]), ...(tooMuch === null ? [] : [['files', tooMuch] as const])]);
        return threadAnswer(view, { ...place, draft: withoutUnstorable(typed), problems, filesLost: posted.files.length > 0 || tooMuch !== null });
      }
      const { number } = await onceForForm(context.db, { who: viewer.contactId, posted, at: now }, (db) =>
        answerByForm(
          db,
          context.policy(),
          { number: own.number, contactId: viewer.contactId, words: withoutUnstorable(typed), files: posted.files, proven: place.proof !== null },
          now,
        ),
      );
      return number === own.number ? said('received') : said('continued', place.placeOf(number));
    }
    case 'thatsAll':
      await actByLink(context.db, link, 'thatsAll', now);
      return said('done');
    case 'productionDown': {
      const { saidAt } = await actByLink(context.db, link, 'productionDown', now);
      return saidAt === null ? said('down') : said(`known&at=${saidAt}`);
    }
    case 'rate': {
      const score = posted.fields.get('score');
      if (score !== 'good' && score !== 'bad') throw new HoldfastError('E_INVALID', 'The rating is missing. Go back and choose one.');
      const why = withoutUnstorable(posted.fields.get('why') ?? '')
        .trim()
        .slice(0, REASON_LENGTH);
      await rate(context.db, { number: own.number, contact: viewer.contactId, score, words: why === '' ? null : why, at: now });
      return said('rated');
    }
    default:
      throw new HoldfastError('E_INVALID', 'The form did not arrive in one piece. Go back and send it once more.');
  }
}
