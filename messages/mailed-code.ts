import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SigningKey, SigningKeys } from './addresses';

/**
 * Six digits that prove who reads an address. They are made of a signing key and the row's id, so they are stored nowhere and mailed alike
 * however often that is tried. Needs node:crypto, so workflow code never imports this file.
 */

/** How long a code is good for, in milliseconds. */
export const CODE_MS = 10 * 60_000;
/** How often one caller may be wrong about one code. */
export const CODE_TRIES = 5;
/** How often all callers together may be: a stranger alone uses nobody's code up, and many of them guess none. */
export const CODE_TRIES_OF_ALL = 20;

/** One code: its row's id, and the address (lower case) that it proves. */
export interface MailedCode {
  readonly id: string;
  readonly email: string;
}

/** What is stored of a code: a keyed hash, which nobody without the key can try all codes against. */
export function hashOfCode(keys: SigningKeys, code: MailedCode): Buffer {
  return hashWith(keys[0], code, digitsWith(keys[0], code));
}

/** The six digits to be mailed; null when none of the keys has made this hash. */
export function digitsOfCode(keys: SigningKeys, code: MailedCode, hash: Buffer): string | null {
  for (const key of keys) {
    const digits = digitsWith(key, code);
    if (isSame(hashWith(key, code, digits), hash)) return digits;
  }
  return null;
}

/** Whether somebody has typed the right digits. */
export function isRightCode(keys: SigningKeys, code: MailedCode, hash: Buffer, typed: string): boolean {
  return keys.map((key) => isSame(hashWith(key, code, typed), hash)).includes(true);
}

function digitsWith(key: SigningKey, { id, email }: MailedCode): string {
  const number = mac(key, ['holdfast/1', 'code', id, email]).readUIntBE(0, 6);
  return String(number % 1_000_000).padStart(6, '0');
}

function hashWith(key: SigningKey, { id, email }: MailedCode, digits: string): Buffer {
  return mac(key, ['holdfast/1', 'codeHash', id, email, digits]);
}

function mac(key: SigningKey, parts: readonly string[]): Buffer {
  return createHmac('sha256', key.secret).update(JSON.stringify(parts)).digest();
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
