import { headerLength, withLineFeeds } from './mail-bytes';

/** A header of a mail: its name in lower case, its value unfolded (bytes as Latin-1), and all of it as it came. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
  readonly line: string;
}

/**
 * A mail's headers from the top, with where its body begins, or null when they take more than `limit` bytes. A line that is no header is
 * left out of the list.
 */
export function headerLines(raw: Uint8Array, limit: number): { readonly headers: readonly HeaderLine[]; readonly length: number } | null {
  const bytes = withLineFeeds(raw);
  const length = headerLength(bytes, limit);
  if (length >= limit && bytes.length > limit) return null;
  const text = Buffer.from(bytes.subarray(0, length)).toString('latin1');
  const headers: HeaderLine[] = [];
  for (const line of text.match(/[^\n]*\n(?:[ \t][^\n]*(?:\n|$))*|[^\n]+$/g) ?? []) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (!/^[!-9;-~]+$/.test(name)) continue;
    const value = line.slice(colon + 1).replace(/\r?\n[ \t]/g, ' ');
    headers.push({ name, value: value.trim(), line });
  }
  return { headers, length };
}
