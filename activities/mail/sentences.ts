import { ENGLISH } from './english';
import { GERMAN } from './german';
import type { ToldTime } from './told-time';

/** A language that our mails speak (BCP 47). */
export type MailLanguage = 'de' | 'en';

/**
 * Everything that our mails say, in one place: another language is another object of this type. The tone is the handbook's
 * "Conversation style": warm and short, neither robots nor corporate lawyers. `**…**` is set in bold.
 */
export interface Sentences {
  readonly language: MailLanguage;
  hello(name: string | null): string;
  /** Sender of automatic mail when the policy names none. */
  readonly desk: string;
  /** Sender of an agent's mail. */
  sender(agent: string, desk: string | null): string;
  /** Subject when the request has none, or when its words must not be repeated. */
  readonly plainSubject: string;
  /** The same of a chat. */
  readonly plainChatSubject: string;
  readonly promiseLabel: string;
  /** Below every automatic mail. */
  footer(number: number): string;
  /** Below what a person wrote. */
  letterFooter(number: number): string;
  readonly demo: string;
  readonly receipt: {
    readonly headline: string;
    open(number: number): string;
    closed(number: number, opens: ToldTime | null): string;
    readonly onCallTold: string;
    readonly urgent: string;
    readonly downLead: string;
    readonly down: string;
  };
  readonly feedback: {
    workingOnIt(update: ToldTime | null): string;
    whenOpen(opens: ToldTime | null): string;
    due(due: ToldTime): string;
  };
  readonly solved: { readonly headline: string; readonly body: string; readonly thanks: string };
  readonly reminder: { readonly headline: string; readonly body: string; readonly orDone: string; readonly done: string };
  readonly converted: {
    readonly headline: string;
    body(number: number): string;
    /** What happens now, and that nothing need be done. */
    readonly next: string;
    readonly look: string;
  };
  readonly beRightBack: string;
  update(update: ToldTime): string;
  readonly closingQuestion: { readonly ask: string; readonly thatsAll: string; readonly somethingElse: string };
  readonly chatUnseen: {
    /** Before what one author, or several, wrote. */
    intro(author: string | null): string;
    readonly answer: string;
    /** The same where no link leads back. */
    readonly answerOnly: string;
    readonly goOn: string;
    /** Files for which the mail had no room. */
    notAttached(names: readonly string[]): string;
    /** Where those are. */
    readonly filesInChat: string;
    /** The same where no link leads to them. */
    readonly filesOnRequest: string;
  };
  readonly csat: {
    readonly headline: string;
    body(number: number): string;
    readonly good: string;
    readonly bad: string;
    readonly thanks: string;
  };
  readonly transcript: {
    readonly headline: string;
    intro(number: number): string;
    /** The recipient's own words. */
    readonly you: string;
    readonly desk: string;
    /** Someone whose name we do not know. */
    readonly someone: string;
    readonly files: (names: readonly string[]) => string;
    /** So many older messages were too many for a mail. */
    leftOut(count: number): string;
    readonly empty: string;
    readonly look: string;
    event(event: TranscriptEventKind, number: number): string;
  };
  /** A message of which nothing but files was sent. */
  readonly filesOnly: string;
}

/** What a transcript tells beside the words. */
export type TranscriptEventKind = 'converted' | 'solved' | 'reopened';

const BY_LANGUAGE: Readonly<Record<MailLanguage, Sentences>> = { de: GERMAN, en: ENGLISH };

/** What our mails say in a language. */
export function sentencesIn(language: MailLanguage): Sentences {
  return BY_LANGUAGE[language];
}
