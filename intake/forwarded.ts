import { decodeWords } from 'postal-mime';
import { mailAddress } from './mail-address';
import { oneLine } from './parse/clean-text';
import type { MailPerson, ParsedMail } from './parse/parsed-mail';

/** How much of a mail is looked at: the block stands near its top. */
const LINES = 200;
const LINE_LENGTH = 500;
/** How many lines a block of header fields has at most, and how much of a mail within the mail is its header. */
const BLOCK_LINES = 12;
const HEADER_BYTES = 65_536;

const FORWARDED_SUBJECT = /^\s*(?:fwd?|wg|tr|rv|doorst)\s*:/i;
/** Gmail, Thunderbird, Apple Mail and Outlook, in English and German. */
const MARKER =
  /^(?:-{2,}\s*(?:forwarded message|weitergeleitete nachricht|original message|ursprüngliche nachricht|original-nachricht)\s*-{2,}|begin forwarded message:|anfang der weitergeleiteten nachricht:|_{10,})$/i;
const FROM = /^\*?(?:from|von)\s*:\*?\s*(.+)$/i;
const OTHER_FIELD = /^\*?(?:sent|date|gesendet|datum|to|an|cc|subject|betreff|reply-to|antwort an)\s*:/i;

/**
 * The author of the mail that this one forwards: from a mail attached as a whole (message/rfc822), else from the block of header fields that
 * mail programs put above what is forwarded. Null when there is none. Only a proposal: nothing here proves anything.
 */
export function forwardedFrom({ subject, text, fullText, files }: Pick<ParsedMail, 'subject' | 'text' | 'fullText' | 'files'>): MailPerson | null {
  const attached = files.find(({ mediaType }) => mediaType.toLowerCase() === 'message/rfc822');
  const author = attached === undefined ? null : fromOfHeader(Buffer.from(attached.content).subarray(0, HEADER_BYTES).toString('utf8'));
  return author ?? fromOfBlock(fullText ?? text, FORWARDED_SUBJECT.test(subject));
}

/** The From field of a mail's header, which may be folded over several lines (RFC 5322, 2.2.3). */
function fromOfHeader(raw: string): MailPerson | null {
  const [header = ''] = raw.replace(/\r\n?/g, '\n').split('\n\n', 1);
  const [, value] = /^from:(.*)$/im.exec(header.replace(/\n[ \t]+/g, ' ')) ?? [];
  return value === undefined ? null : personIn(decodeWords(value.slice(0, LINE_LENGTH)));
}

/** A From line with another field of a header close by; without a forward's subject, a marker has to stand before it. */
function fromOfBlock(text: string, isForward: boolean): MailPerson | null {
  const lines = text
    .split('\n', LINES)
    // Some programs quote what they forward.
    .map((line) =>
      line
        .slice(0, LINE_LENGTH)
        .replace(/^[>\s]+/, '')
        .trim(),
    );
  let marked = isForward;
  for (const [index, line] of lines.entries()) {
    marked ||= MARKER.test(line);
    const [, value] = FROM.exec(line) ?? [];
    if (value === undefined || !marked || !lines.slice(Math.max(0, index - 3), index + BLOCK_LINES).some((near) => OTHER_FIELD.test(near))) continue;
    const person = personIn(value);
    if (person !== null) return person;
  }
  return null;
}

/** `Ada <ada@example.org>`, `Ada [mailto:ada@example.org]`, `Ada (ada@example.org)` or the address alone. */
function personIn(text: string): MailPerson | null {
  const [whole, found] = BRACKETED.exec(text) ?? BARE.exec(text) ?? [];
  const address = found === undefined ? null : mailAddress(found.replace(/[,;.*]+$/, ''));
  if (whole === undefined || address === null) return null;
  const name = oneLine(text.slice(0, text.indexOf(whole)).replace(/["'*]/g, '')).slice(0, 200);
  return { address, name: name === '' || name.includes('@') ? null : name };
}

const BRACKETED = /[<[(]\s*(?:mailto:)?([^<>[\]()\s]+@[^<>[\]()\s]+)\s*[>\])]/i;
const BARE = /([^\s<>:]+@[^\s<>]+)/;
