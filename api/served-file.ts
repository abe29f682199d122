/** Types that a browser may show by itself: pictures that cannot run anything. */
export const SHOWN_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;
/** One of {@link SHOWN_TYPES}. */
export type ShownType = (typeof SHOWN_TYPES)[number];

/** What everything else is served as: nothing that a browser would open. */
export const OPAQUE_TYPE = 'application/octet-stream';

/** The type of a picture by its first bytes, whatever it was called; null for everything else. */
export function shownTypeOf(content: Buffer): ShownType | null {
  const starts = (...bytes: readonly number[]): boolean => bytes.every((byte, index) => content[index] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg';
  const word = (from: number, to: number): string => content.toString('latin1', from, to);
  if (word(0, 6) === 'GIF87a' || word(0, 6) === 'GIF89a') return 'image/gif';
  if (word(0, 4) === 'RIFF' && word(8, 12) === 'WEBP') return 'image/webp';
  return null;
}

/**
 * Headers with which a file of anybody's is safe to serve: the browser believes our type, runs nothing, and saves what is no picture.
 * The name is data: as ASCII and, where it has more, in the form of RFC 8187 (RFC 6266, section 5).
 */
export function fileHeaders(name: string, shown: boolean): Record<string, string> {
  return {
    'Content-Disposition': `${shown ? 'inline' : 'attachment'}; ${fileNameParameters(name)}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

function fileNameParameters(name: string): string {
  const clean = name.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]+/gu, '_');
  const ascii = clean.replace(/[^\x20-\x7e]|["%]/g, '_');
  const extended = encodeURIComponent(clean).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `filename="${ascii}"${ascii === clean ? '' : `; filename*=UTF-8''${extended}`}`;
}
