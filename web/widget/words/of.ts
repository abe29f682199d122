import type { Locale } from '../protocol';
import type { Words } from './en';

/** What the chat says in a language; only that one is loaded. */
export async function wordsOf(locale: Locale): Promise<Words> {
  return locale === 'de' ? (await import('./de')).german : (await import('./en')).english;
}
