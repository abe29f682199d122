import type { Words } from '../words/en';
import type { Refused } from './api';

/** Why the desk said no, in the visitor's language: its own sentence is English, so in another one only what is known by its code is explained. */
export function refusalText({ code, message }: Pick<Refused, 'code' | 'message'>, words: Words): string {
  return words.refusals[code] ?? (words.intl.startsWith('en') && message !== '' ? message : words.somethingWrong);
}
