import type { LinkPurpose } from '../../messages/addresses';
import type { MailEffect, MailKind } from '../../policy/effects';
import type { MailSource } from '../../db/mail-source';
import type { Transcript } from '../../db/transcript';
import { chatUnseen, converted, csat, transcript } from './chat-content';
import { actionOf, letter, notice, told, update, words, greeting } from './content-parts';
import type { Sentences } from './sentences';
import type { ToldTime } from './told-time';

/**
 * Our own sentence, in which `**…**` is bold; words that a person wrote, which are shown exactly as they are; or such words with a line
 * above that says whose they are and when they were written, and the names of the files that came along.
 */
export type Paragraph =
  | { readonly said: string }
  | { readonly words: string }
  | { readonly by: string; readonly words: string; readonly files: string | null }
  | { readonly event: string };

/** What a mail says, before it becomes HTML and plain text: both say the same. */
export interface MailContent {
  readonly template: 'notice' | 'letter';
  readonly language: string;
  readonly title: string;
  readonly headline: string;
  readonly paragraphs: readonly Paragraph[];
  /** When the customer hears from us. */
  readonly promise: { readonly label: string; readonly due: ToldTime } | null;
  /** A link that opens a page with a button; nothing happens by following it. */
  readonly action: { readonly lead: readonly Paragraph[]; readonly label: string; readonly url: string } | null;
  /** The other answer to what `action` asks, as a quieter link. */
  readonly other: { readonly label: string; readonly url: string } | null;
  /** Characters to be read off and typed somewhere. */
  readonly code?: string;
  readonly closing: readonly Paragraph[];
  readonly footer: readonly Paragraph[];
}

/** Who speaks in a mail of each kind. */
const MAIL_VOICE: Readonly<Record<MailKind, 'person' | 'desk'>> = {
  receipt: 'desk',
  reply: 'person',
  feedback: 'person',
  solved: 'desk',
  reminder: 'desk',
  converted: 'desk',
  beRightBack: 'person',
  closingQuestion: 'person',
  chatUnseen: 'person',
  csat: 'desk',
  transcript: 'desk',
};

/** Who speaks in a mail: a person to a person, or the desk by itself. What carries an agent's words on a conversion answers the customer. */
export function voiceOf({ mail, messageId }: MailEffect): 'person' | 'desk' {
  return mail === 'converted' && messageId !== undefined ? 'person' : MAIL_VOICE[mail];
}

/**
 * Kinds that an address which somebody only typed into a chat is never mailed: what was said before, and what the desk says by itself.
 * Source: docs/mail-out.md, "Who gets what".
 */
export const PROVEN_ONLY: ReadonlySet<MailKind> = new Set(['solved', 'reminder', 'csat', 'transcript']);

/** The messages whose words a mail carries, oldest first. A receipt only knows the message that it is for. */
export function carriedMessages({ mail, messageId, facts }: MailEffect): readonly string[] {
  if (mail === 'receipt' || messageId === undefined) return [];
  return mail === 'chatUnseen' && typeof facts['messages'] === 'string' ? facts['messages'].split(' ') : [messageId];
}

/** What a mail's text is made from. */
export interface ContentInput {
  readonly number: number;
  readonly effect: MailEffect;
  readonly source: MailSource;
  /** What a transcript tells; null in every other mail. */
  readonly transcript: Transcript | null;
  readonly sentences: Sentences;
  /** The URL of a signed link for this recipient. */
  readonly link: (purpose: LinkPurpose) => string;
}

/** Puts together what a mail of any kind says. */
export function mailContent(input: ContentInput): MailContent {
  const { effect, sentences } = input;
  switch (effect.mail) {
    case 'receipt':
      return receipt(input);
    case 'reply':
      return letter(input, [...words(input, []), ...update(input)]);
    case 'feedback':
      return letter(input, feedback(input));
    case 'beRightBack':
      return letter(input, [...words(input, [{ said: sentences.beRightBack }]), ...update(input)]);
    case 'closingQuestion': {
      const { ask, thatsAll, somethingElse } = sentences.closingQuestion;
      const action = actionOf(input, [], thatsAll, 'thatsAll');
      return {
        ...letter(input, words(input, [{ said: ask }])),
        action,
        other: action === null ? null : { label: somethingElse, url: input.link('somethingElse') },
      };
    }
    case 'chatUnseen':
      return chatUnseen(input);
    case 'solved':
      return notice(input, sentences.solved.headline, [{ said: sentences.solved.body }], {
        closing: [{ said: sentences.solved.thanks }],
      });
    case 'reminder':
      return notice(input, sentences.reminder.headline, [{ said: sentences.reminder.body }], {
        action: actionOf(input, [{ said: sentences.reminder.orDone }], sentences.reminder.done, 'thatsAll'),
      });
    case 'converted':
      return converted(input);
    case 'csat':
      return csat(input);
    case 'transcript':
      return transcript(input);
    default:
      return unknownKind(effect.mail);
  }
}

function unknownKind(kind: never): never {
  throw new Error(`There is no mail of the kind ${JSON.stringify(kind)}.`);
}

function receipt(input: ContentInput): MailContent {
  const { number, sentences } = input;
  const { facts } = input.effect;
  const say = sentences.receipt;
  const due = told(input, 'dueAt');
  const urgent = facts['priority'] === 'urgent';
  const open = facts['officeOpen'] !== false;
  const paragraphs: Paragraph[] = [{ said: open ? say.open(number) : say.closed(number, told(input, 'opensAt')) }];
  if (urgent) paragraphs.push({ said: say.urgent });
  if (facts['onCallTold'] === true) paragraphs.push({ said: say.onCallTold });
  return notice(input, say.headline, paragraphs, {
    promise: due === null ? null : { label: sentences.promiseLabel, due },
    action: urgent ? null : actionOf(input, [{ said: say.downLead }], say.down, 'productionDown'),
  });
}

function feedback(input: ContentInput): Paragraph[] {
  const { facts } = input.effect;
  const say = input.sentences.feedback;
  // What on-call typed with the tap comes first; without it the message's text only repeats the tap for the thread.
  const opening = facts['typed'] === true ? words(input, [greeting(input)]) : [greeting(input)];
  switch (facts['word']) {
    case 'workingOnIt':
      return [...opening, { said: say.workingOnIt(told(input, 'updateBy')) }];
    case 'whenOpen': {
      const due = told(input, 'dueAt');
      return [...opening, { said: say.whenOpen(told(input, 'opensAt')) }, ...(due === null ? [] : [{ said: say.due(due) }])];
    }
    default:
      return [...words(input, []), ...update(input)];
  }
}
