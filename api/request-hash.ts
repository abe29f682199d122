import { createHash } from 'node:crypto';

/** What tells a repeated request from another one under the same key; a hash, so that nobody's words are kept with the key. */
export function requestHash(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
