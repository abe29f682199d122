/** Control characters, line breaks of every kind, and marks that reverse the reading direction. */
const NOT_PRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]+/gu;

/** Text from outside made fit for one header line. */
export function oneLine(text: string): string {
  return text.replace(NOT_PRINTABLE, ' ').replace(/\s+/g, ' ').trim();
}
