import type { Locale } from '../../../db/visitors';
import type { PlainStatus } from '../../../policy/plain-status';
import type { Priority } from '../../../policy/words';
import { ENGLISH } from './english';
import { GERMAN } from './german';

/** Everything that customers' pages say, in one language. Words in `**` are bold nowhere: these are plain texts. */
export interface HelpWords {
  readonly locale: Locale;
  /** What the other language is called in itself, and its code. */
  readonly other: { readonly locale: Locale; readonly name: string };
  readonly brand: string;
  readonly skip: string;
  readonly navigation: {
    readonly write: string;
    readonly requests: string;
    readonly signOut: string;
    readonly as: (email: string) => string;
  };
  readonly statuses: Readonly<Record<PlainStatus, string>>;
  readonly form: {
    readonly title: string;
    readonly open: string;
    closed(opens: string): string;
    readonly closedForGood: string;
    readonly down: string;
    readonly emergency: string;
    readonly who: string;
    readonly email: string;
    readonly emailLocked: string;
    readonly name: string;
    readonly optional: string;
    readonly subject: string;
    readonly body: string;
    readonly bodyHint: string;
    readonly cluster: string;
    readonly website: string;
    readonly none: string;
    readonly priority: string;
    readonly priorities: Readonly<Record<Priority, { readonly name: string; readonly situation: string }>>;
    answerBy(time: string): string;
    readonly answerSoon: string;
    times(zone: string): string;
    readonly ifSentNow: string;
    readonly files: string;
    readonly filesHint: string;
    readonly robots: string;
    readonly send: string;
    readonly privacy: string;
  };
  readonly sent: {
    title(number: number): string;
    readonly answerBy: string;
    readonly unproven: string;
    readonly onCall: string;
    open(opens: string): string;
    readonly office: string;
    readonly next: string;
    mail(email: string): string;
    readonly urgent: string;
    readonly status: string;
    readonly statusLink: string;
    readonly another: string;
  };
  readonly errors: {
    readonly title: string;
    readonly email: string;
    readonly name: string;
    readonly subject: string;
    readonly subjectLong: string;
    readonly body: string;
    readonly bodyLong: string;
    readonly characters: string;
    readonly priority: string;
    readonly cluster: string;
    readonly website: string;
    readonly tooMany: string;
    readonly tooLarge: string;
    readonly filesAgain: string;
    readonly robot: string;
    readonly identityOver: string;
    readonly identityUnknown: string;
    readonly code: string;
    readonly words: string;
  };
  readonly signIn: {
    readonly title: string;
    readonly lead: string;
    readonly email: string;
    readonly send: string;
    readonly codeTitle: string;
    codeLead(email: string): string;
    readonly code: string;
    readonly codeHint: string;
    readonly enter: string;
    readonly again: string;
    readonly newCode: string;
  };
  readonly list: { readonly title: string; readonly empty: string; readonly write: string; readonly older: string; readonly lastMessage: string };
  readonly thread: {
    title(number: number): string;
    readonly back: string;
    answerBy(time: string): string;
    late(time: string): string;
    readonly waiting: string;
    readonly done: string;
    readonly closed: string;
    readonly merged: string;
    readonly messages: string;
    readonly you: string;
    /** What an agent has had said by one key (messages/said-for-agents.ts), in this language. */
    readonly saidForAgents: Readonly<Partial<Record<string, string>>>;
    readonly someone: string;
    readonly desk: string;
    readonly formatted: string;
    readonly formattedTitle: string;
    readonly noMessage: string;
    readonly writeTitle: string;
    readonly writeAgain: string;
    readonly writeNew: string;
    readonly words: string;
    readonly send: string;
    readonly received: string;
    continued(number: number): string;
    readonly thatsAll: string;
    readonly thatsAllLead: string;
    readonly thatsAllDone: string;
    readonly down: string;
    readonly downLead: string;
    readonly downYes: string;
    readonly downDone: string;
    downAlready(time: string): string;
    readonly rateTitle: string;
    readonly good: string;
    readonly bad: string;
    readonly rateWords: string;
    readonly rate: string;
    rated(score: 'good' | 'bad'): string;
    readonly ratedThanks: string;
    readonly older: string;
  };
  /** When something goes wrong, by the status of the answer; without `details` the problem's own words are shown. */
  readonly trouble: { readonly titles: Readonly<Record<number, string>>; readonly details: Readonly<Record<number, string>> | null; readonly write: string };
  readonly filed: { title(number: number): string; readonly lead: string; readonly more: string; readonly code: string };
}

/** The words of each language. */
export const HELP_WORDS: Readonly<Record<Locale, HelpWords>> = { en: ENGLISH, de: GERMAN };
