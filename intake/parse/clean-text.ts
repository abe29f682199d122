/** What Windows means by the bytes 80–9F. Mail that calls itself ISO 8859-1 is full of them, where the standard has control characters. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Text that PostgreSQL and JSON can hold: without NUL and without halves of surrogate pairs; line ends become LF, and quotation marks of Windows what they were meant to be. */
export function cleanText(text: string): string {
  return text
    .replace(/[\u0080-\u009f]/g, (character) => WINDOWS[character.charCodeAt(0) - 0x80] ?? '')
    .replace(/\r\n?/g, '\n')
    .replace(/\0/g, '')
    .replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '');
}

/** Text as one line: every control character and run of white space (a line break smuggled into a Subject) becomes one space. */
export function oneLine(text: string): string {
  return cleanText(text)
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
}
