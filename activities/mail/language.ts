import type { MailSource } from '../../db/mail-source';
import type { MailLanguage } from './sentences';

/** Words that are frequent in one language and mean nothing in the other. */
const FREQUENT: Readonly<Record<MailLanguage, ReadonlySet<string>>> = {
  de: new Set(
    'aber auch auf bei bitte danke das dass dem den der ein eine einen es für guten habe haben hallo ich ihnen ihre ist kann können mit nicht noch nur oder schon seit sie sind uns unser unsere und viele von warum wenn wie wir wird zu zum zur über'.split(
      ' ',
    ),
  ),
  en: new Set(
    'and are but can could does for from have hello how i if is it me my not of our please since thank thanks that the there they this to us we what when which why will with would you your'.split(
      ' ',
    ),
  ),
};

/** How much of a text is looked at, in characters. */
const LOOKED_AT = 4_000;
/** Fewer such words than this say nothing. */
const ENOUGH = 2;
/** Whoever writes German quotes logs, and these are English; nobody who writes English quotes German. */
const ENGLISH_AMONG_GERMAN = 4;

/** The language that a text is written in; null when it may be either, or another one. */
export function languageOf(text: string): MailLanguage | null {
  const words =
    text
      .slice(0, LOOKED_AT)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [];
  const count = (language: MailLanguage) => words.filter((word) => FREQUENT[language].has(word)).length;
  const [german, english] = [count('de'), count('en')];
  if (german >= ENOUGH && german * ENGLISH_AMONG_GERMAN >= english) return 'de';
  return english >= ENOUGH && english > german * ENGLISH_AMONG_GERMAN ? 'en' : null;
}

/**
 * In which language a recipient is written to: the one that they have chosen, or that the page they chatted on speaks; else the one that
 * they write in themselves; else the one of the page where they were last signed in; else English.
 */
export function languageFor({ recipient }: Pick<MailSource, 'recipient'>): MailLanguage {
  return recipient.locale ?? languageOf(recipient.ownWords) ?? recipient.pageLocale ?? 'en';
}
