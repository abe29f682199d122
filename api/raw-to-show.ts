import { withLinkTokensBlotted } from '../messages/link-tokens';

/** A line of base64 (RFC 2045, section 6.8). */
const BASE64_LINE = /^[A-Za-z0-9+/]+={0,2}\r?$/;

/**
 * A raw mail as agents may have it: every byte in its place, but for the tokens of our links, which are blotted out in plain and
 * quoted-printable text and within base64.
 */
export function rawToShow(raw: Buffer): Buffer {
  const lines = withLinkTokensBlotted(raw.toString('latin1')).split('\n');
  for (let start = 0; start < lines.length; start += 1) {
    let end = start;
    while (BASE64_LINE.test(lines[end] ?? '')) end += 1;
    if (end > start) blot(lines, start, end);
    start = Math.max(start, end - 1);
  }
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** A file of a message as whoever sees it may have it: a mail that was attached quotes our links as any other does. */
export function fileToShow({ mediaType, content }: { readonly mediaType: string; readonly content: Buffer }): Buffer {
  return /^(text|message)\//i.test(mediaType) ? rawToShow(content) : content;
}

/** Blots tokens in the base64 of the lines from `start` to `end`: the same number of bytes, so the same lines. */
function blot(lines: string[], start: number, end: number): void {
  const block = lines.slice(start, end);
  const encoded = block.map((line) => line.replace(/\r$/, '')).join('');
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  const clean = withLinkTokensBlotted(decoded);
  if (clean === decoded) return;
  const again = Buffer.from(clean, 'latin1').toString('base64');
  let from = 0;
  for (const [index, line] of block.entries()) {
    const length = line.replace(/\r$/, '').length;
    lines[start + index] = again.slice(from, from + length) + line.slice(length);
    from += length;
  }
}
