import type { Seeded } from '../../kit/seeded';

/** Pieces that break things where they do not belong. */
const PIECES = [
  ...['\r\n\r\n', '\r', '\0', '--b\r\n', '--b--\r\n', '=?utf-8?Q?=0D=0A?=', '=\r\n', '"', '<', ';', ':', '\u202e', '\ufffe', '<script>', '> '],
  ...['Content-Type: message/rfc822\r\n', 'Content-Type: multipart/mixed; boundary=b\r\n', 'Content-Transfer-Encoding: base64\r\n', 'charset=utf-16'],
].map((piece) => Buffer.from(piece));
const LONE_SURROGATE = Buffer.from([0xed, 0xa0, 0x80]);
const CHANGES = 4;

/** A mail that was damaged in one to four places, or spliced with another one; the same for the same random numbers. */
export function mutate(random: Seeded, raw: Buffer, other: Buffer): Buffer {
  let mutated = raw;
  const changes = 1 + Math.floor(random.between(0, CHANGES));
  for (let change = 0; change < changes; change += 1) mutated = changed(random, mutated, other);
  return mutated;
}

function changed(random: Seeded, raw: Buffer, other: Buffer): Buffer {
  const place = (bytes: Buffer): number => Math.floor(random.between(0, bytes.length + 1));
  const [from, to] = [place(raw), place(raw)].sort((a, b) => a - b) as [number, number];
  const near = Math.min(to, from + Math.floor(random.between(1, 40)));
  switch (random.oneOf(['byte', 'piece', 'remove', 'repeat', 'cut', 'splice', 'swap', 'surrogate'] as const)) {
    case 'byte':
      return Buffer.concat([raw.subarray(0, from), Buffer.from([Math.floor(random.between(0, 256))]), raw.subarray(from + 1)]);
    case 'piece':
      return Buffer.concat([raw.subarray(0, from), random.oneOf(PIECES), raw.subarray(from)]);
    case 'surrogate':
      return Buffer.concat([raw.subarray(0, from), LONE_SURROGATE, raw.subarray(from)]);
    case 'remove':
      return Buffer.concat([raw.subarray(0, from), raw.subarray(near)]);
    case 'repeat':
      return Buffer.concat([raw.subarray(0, near), raw.subarray(from, near), raw.subarray(near)]);
    case 'cut':
      return raw.subarray(0, from);
    case 'swap':
      return Buffer.concat([raw.subarray(0, from), raw.subarray(near, to), raw.subarray(from, near), raw.subarray(to)]);
    case 'splice':
      return Buffer.concat([raw.subarray(0, from), other.subarray(place(other))]);
  }
}
