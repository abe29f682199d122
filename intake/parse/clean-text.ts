/** Text that PostgreSQL and JSON can hold: without NUL and without halves of surrogate pairs; line ends become LF. */
export function cleanText(text: string): string {
  return text
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
