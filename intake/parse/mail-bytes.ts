const CR = 13;
const LF = 10;

/** A mail whose lines all end in a lone CR, with LF instead, so that a parser sees lines; any other mail as it is. */
export function withLineFeeds(raw: Uint8Array): Uint8Array {
  if (raw.includes(LF) || !raw.includes(CR)) return raw;
  return raw.map((byte) => (byte === CR ? LF : byte));
}

/** How many bytes belong to the header: up to and without the first empty line, at most `limit`. */
export function headerLength(raw: Uint8Array, limit: number): number {
  const end = Math.min(raw.length, limit);
  for (let index = 0; index < end; index += 1) {
    if (raw[index] !== LF) continue;
    const next = raw[index + 1] === CR ? index + 2 : index + 1;
    if (raw[next] === LF) return index + 1;
  }
  return end;
}
