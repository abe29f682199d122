import { randomBytes } from 'node:crypto';

/** A named secret key. The name travels with what the key signed or sealed, so that keys can be exchanged while old ones still verify. */
export interface Key {
  readonly id: string;
  readonly secret: Buffer;
}

/** What a list of keys must look like, in words, for error messages. */
export const KEY_LIST_FORMAT = 'id:base64 pairs joined by commas, each id once whatever its case, 32 bytes a key; the first is used for new signatures';

const ENTRY = /^([A-Za-z0-9_-]{1,16}):([A-Za-z0-9+/_-]+={0,2})$/;
const KEY_BYTES = 32;

/** Reads `id:base64,id:base64`; null when any part of it is not as {@link KEY_LIST_FORMAT} says. */
export function parseKeys(text: string): Key[] | null {
  const keys: Key[] = [];
  for (const entry of text.split(',')) {
    const match = ENTRY.exec(entry.trim());
    if (match === null) return null;
    const [, id = '', encoded = ''] = match;
    const secret = Buffer.from(encoded, 'base64');
    if (secret.length !== KEY_BYTES || keys.some((key) => key.id.toLowerCase() === id.toLowerCase())) return null;
    keys.push({ id, secret });
  }
  return keys;
}

/** Writes keys the way {@link parseKeys} reads them. */
export function formatKeys(keys: readonly Key[]): string {
  return keys.map((key) => `${key.id}:${key.secret.toString('base64')}`).join(',');
}

/** A new random key with a random name. */
export function generateKey(): Key {
  return { id: `k${randomBytes(3).toString('hex')}`, secret: randomBytes(KEY_BYTES) };
}
