import EmailReplyParser from 'email-reply-parser';

/** A mail's text without what it quotes, and all of it where that is more. */
export interface TrimmedText {
  readonly text: string;
  /** Null when `text` is everything. */
  readonly full: string | null;
}

/** Who looks for answers in a longer text than this reads all of it. */
const LOOKED_AT = 200_000;
/** Longer lines are no headings. */
const HEADING_LENGTH = 300;
/** An attribution is broken over this many lines at most, a block of mail headers has this many. */
const ATTRIBUTION_LINES = 4;
const BLOCK_LINES = 10;

/** Subjects of mails that answer one: English and German, and what the other common programs write. */
const ANSWER = /^\s*(?:\[[^\]]{0,50}\]\s*)?(?:re|aw|antw(?:ort)?|sv|vs|odp|r)\s*(?:\[\d+\])?\s*:/i;
/** Subjects of mails that are about what they quote. */
const FORWARD = /^\s*(?:\[[^\]]{0,50}\]\s*)?(?:fwd?|wg|wtr|tr|weitergeleitet|i)\s*(?:\[\d+\])?\s*:/i;
/** What programs write above a mail that is passed on: English and German. */
const PASSED_ON =
  /^(?:>\s*)*(?:-{2,}\s*(?:forwarded message|weitergeleitete nachricht|weitergeleitete e-?mail)\s*-{2,}|begin forwarded message:|anfang der weitergeleiteten (?:nachricht|e-?mail):)\s*$/i;
/** `-----Original Message-----` of Outlook, Thunderbird, Samsung and T-Online: English and German. */
const ORIGINAL =
  /^-{2,}\s*(?:original message|original appointment|ursprüngliche (?:nachricht|mail|e-?mail)|original-?(?:nachricht|mail|e-?mail)|reply message)\s*-{2,}$/i;
/** Lines of a mail's header as Outlook writes it into the text, also in bold: English and German. */
const BLOCK_FROM = /^\*?(?:from|von)\s?:\*?\s?\S/i;
const BLOCK_DATE = /^\*?(?:sent|date|gesendet(?: am)?|datum|date sent)\s?:\*?\s?\S/i;
const BLOCK_MORE = /^\*?(?:to|cc|subject|an|betreff|kopie)\s?:\*?/i;
/** The rule that Outlook draws above that block. */
const RULE = /^[_-]{10,}$/;
/** `On Mon, 2 Mar 2026 at 10:00, Jane <jane@acme.test> wrote:` of Gmail, Apple Mail and Thunderbird: English and German. */
const ATTRIBUTION = /^(?:on\b.{6,}\bwrote\s?:|am\b.{4,}\bschrieb\b.{0,200}:|.{2,200}\bschrieb am\b.{4,}:|.{2,200}<[^<>\s]+@[^<>\s]+> (?:schrieb|wrote)\s?:)$/i;
const QUOTED = /^\s*>/;
/** No heading goes on below it; a full stop behind a digit may be a day’s ("2. März"). */
const SENTENCE_END = /(?:[!?]|(?:^|\D)\.)$/;

/** Languages beyond English and German are left to email-reply-parser; it takes too long for much, or for many of these words. */
const LIBRARY_LENGTH = 5_000;
const LIBRARY_SLOW = /schreef|pisze|napisał|skrev|写道/g;
const LIBRARY_SLOW_WORDS = 3;

/** What tells that a mail answers one. */
export interface QuotingMail {
  readonly subject: string;
  /** It refers to another mail, or goes to a reply address. */
  readonly answers: boolean;
}

/**
 * Cuts what a mail quotes below what its author wrote; `before` is what stands before a quotation that the mail's HTML marks. Kept whole:
 * mail that answers none (what it quotes is its author's own report), forwarded mail, answers between or below quoted lines, and mail that
 * would have no words left.
 */
export function trimQuote({ full, before }: { readonly full: string; readonly before: string }, { subject, answers }: QuotingMail): TrimmedText {
  const whole = { text: full, full: null };
  if (full.length > LOOKED_AT || FORWARD.test(subject) || !(answers || ANSWER.test(subject))) return whole;
  if (full.split('\n').some((line) => PASSED_ON.test(line.trim()))) return whole;
  const lines = before.split('\n');
  const end = Math.min(earlierMail(lines), quotedEnd(lines), attributedEnd(lines));
  const kept = end < lines.length ? lines.slice(0, end).join('\n').trim() : byLibrary(before);
  return kept === '' || kept === full ? whole : { text: kept, full };
}

/** Where Outlook's block of headers or `-----Original Message-----` begins: below it the earlier mail stands as it was. */
function earlierMail(lines: readonly string[]): number {
  for (let index = 0; index < lines.length; index += 1) {
    const line = headingAt(lines, index);
    if (ORIGINAL.test(line)) return index;
    // GMX and WEB.DE begin with the date, all others with the sender.
    if (!BLOCK_FROM.test(line) && !BLOCK_DATE.test(line)) continue;
    const block = lines.slice(index, index + BLOCK_LINES).map((_, offset) => headingAt(lines, index + offset));
    if (![BLOCK_FROM, BLOCK_DATE, BLOCK_MORE].every((needed) => block.some((other) => needed.test(other)))) continue;
    const above = lastWithText(lines, index);
    return above >= 0 && RULE.test(headingAt(lines, above)) ? above : index;
  }
  return lines.length;
}

/** Where a quotation by `>` begins that goes on to the end, with the line above it that says who wrote; text between quotations is an answer. */
function quotedEnd(lines: readonly string[]): number {
  let end = withoutSignature(lines);
  let first = lines.length;
  for (let index = end - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    if (QUOTED.test(line)) first = index;
    else if (line.trim() !== '') {
      end = index;
      break;
    }
    if (index === 0) end = -1;
  }
  if (first === lines.length || end < 0) return lines.length;
  return attributionAbove(lines, end) ?? first;
}

/** The first line of an attribution that ends at `end`; any language's, if it ends in a colon and names an address or a time. */
function attributionAbove(lines: readonly string[], end: number): number | null {
  for (let count = 1; count <= ATTRIBUTION_LINES && end - count + 1 >= 0; count += 1) {
    const start = end - count + 1;
    const joined = joinedAt(lines, start, count);
    if (ATTRIBUTION.test(joined)) return start;
    if (headingAt(lines, start) === '') break;
  }
  const line = headingAt(lines, end);
  return line.endsWith(':') && /@|\d{1,2}:\d\d/.test(line) ? end : null;
}

/** Where an attribution stands whose quotation has no `>` (phones, HTML made into text); not when marked quotations with answers follow. */
function attributedEnd(lines: readonly string[]): number {
  for (let index = 1; index < lines.length; index += 1) {
    if (!/^(?:on|am)\b|schrieb|wrote/i.test(headingAt(lines, index))) continue;
    for (let count = 1; count <= ATTRIBUTION_LINES; count += 1) {
      const joined = joinedAt(lines, index, count);
      // Without marks below, a sentence such as "Am Montag schrieb der Chef:" looks the same but for the time or address, and two of them but for the address.
      if (!ATTRIBUTION.test(joined) || !(count === 1 ? /@|\d{1,2}:\d\d|\d{4}/ : /@/).test(joined)) continue;
      return lines.slice(index + count).some((line) => QUOTED.test(line)) ? lines.length : index;
    }
  }
  return lines.length;
}

/** What email-reply-parser leaves after quotations and their headings at the end; signatures stay, they may say whom to call. */
function byLibrary(text: string): string {
  if (text.length > LIBRARY_LENGTH || (text.match(LIBRARY_SLOW) ?? []).length > LIBRARY_SLOW_WORDS) return text;
  const fragments = new EmailReplyParser().read(text).getFragments();
  let end = fragments.length;
  while (end > 0) {
    const last = fragments[end - 1];
    if (last === undefined || !(last.isQuoted() || last.isAnswer() || last.isEmpty())) break;
    end -= 1;
  }
  if (!fragments.slice(end).some((fragment) => fragment.isQuoted() || fragment.isAnswer())) return text;
  const kept = fragments
    .slice(0, end)
    .map((fragment) => fragment.getContent())
    .join('\n')
    .trim();
  // It joins lines that it takes for a broken heading; such a text stays as it is.
  return text.startsWith(kept) ? kept : text;
}

/** The end of the text, or where a signature (`-- `) below the quotation begins. */
function withoutSignature(lines: readonly string[]): number {
  const signature = lines.lastIndexOf('-- ');
  const short = signature > 0 && lines.length - signature <= BLOCK_LINES && QUOTED.test(lines[lastWithText(lines, signature)] ?? '');
  return short ? signature : lines.length;
}

function lastWithText(lines: readonly string[], before: number): number {
  for (let index = before - 1; index >= 0; index -= 1) if (lines[index]?.trim() !== '') return index;
  return -1;
}

/** A line as it may be a heading: without white space around it; empty when it is too long for one. */
function headingAt(lines: readonly string[], index: number): string {
  const line = lines[index]?.trim() ?? '';
  return line.length > HEADING_LENGTH ? '' : line;
}

/** Lines as one heading that was broken; empty when it is too long for one, or when a sentence ends within it. */
function joinedAt(lines: readonly string[], start: number, count: number): string {
  let joined = '';
  for (let index = start; index < start + count; index += 1) {
    const line = headingAt(lines, index);
    if (index < start + count - 1 && SENTENCE_END.test(line)) return '';
    joined += ` ${line}`;
  }
  return joined.length > HEADING_LENGTH * 2 ? '' : joined.trim();
}
