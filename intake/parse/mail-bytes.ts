const CR = 13;
const LF = 10;

/** A mail whose lines all end in a lone CR, with LF instead, so that a parser sees lines; any other mail as it is. */
export function withLineFeeds(raw: Uint8Array): Uint8Array {
  if (raw.includes(LF) || !raw.includes(CR)) return raw;
  return raw.map((byte) => (byte === CR ? LF : byte));
}

/**
 * The mail with every byte that is no UTF-8 as the character that it is in ISO 8859-1; null when all of it is UTF-8. For mail that calls
 * itself UTF-8, or says nothing, and is neither.
 */
export function withoutBrokenUtf8(raw: Uint8Array): Uint8Array | null {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (let index = 0; index < raw.length;) {
    const length = sequenceLength(raw, index);
    if (length > 0) {
      index += length;
      continue;
    }
    const byte = raw[index] ?? 0;
    parts.push(raw.subarray(copied, index), Uint8Array.of(0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)));
    index += 1;
    copied = index;
  }
  return copied === 0 ? null : Buffer.concat([...parts, raw.subarray(copied)]);
}

/** How long the UTF-8 character at this place is; 0 when there is none (RFC 3629; overlong forms of three and four bytes count). */
function sequenceLength(raw: Uint8Array, index: number): number {
  const byte = raw[index] ?? 0;
  if (byte < 0x80) return 1;
  const length = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 0;
  for (let offset = 1; offset < length; offset += 1) if (((raw[index + offset] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
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
