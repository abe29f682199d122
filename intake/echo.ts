import PostalMime from 'postal-mime';
import type { ParsedMail } from './parse/parsed-mail';
import { comesWithin, type Written } from './reopen-budget';

/** So fast that nobody has read what they answer. */
export const UNREAD_MS = 10_000;
/** Robots may take their time, as long as they say what we said. */
export const ECHO_WITHIN_MS = 3_600_000;
/** How much of our words must come back, and how far into the mail they may begin. */
const WORDS = 80;
const BEGINS_WITHIN = 200;

/**
 * Whether a mail is a robot's answer to one that we wrote by ourselves: it came within seconds, or it says within the hour what ours said,
 * in its own place and not as a quotation below somebody's words. `at` in milliseconds.
 */
export async function isRobotAnswer(at: number, mail: ParsedMail, automatic: readonly (Written & { readonly raw: Uint8Array })[]): Promise<boolean> {
  if (comesWithin(at, automatic, UNREAD_MS)) return true;
  const said = bare(mail.text);
  const all = said === '' ? bare(mail.fullText ?? '') : said.slice(0, BEGINS_WITHIN + WORDS);
  if (all === '') return false;
  for (const ours of automatic) {
    if (!comesWithin(at, [ours], ECHO_WITHIN_MS)) continue;
    const { text } = await PostalMime.parse(ours.raw);
    const words = bare(text ?? '').slice(0, WORDS);
    if (words.length === WORDS && all.includes(words)) return true;
  }
  return false;
}

/** Letters and digits only: what mail programs do to a text on its way does not matter. */
function bare(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
