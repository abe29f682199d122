import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { HoldfastError } from './errors';

/**
 * What we sign, so that nobody reaches a conversation by guessing: reply addresses, Message-IDs and links in mails.
 * Needs node:crypto, so workflow code never imports this file.
 */

/** A named secret. The name travels with the signature, so that keys can be exchanged while older ones still verify. */
export interface SigningKey {
  readonly id: string;
  readonly secret: Buffer;
}

/** All live keys: the first signs, every one of them verifies. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** Signatures keep 120 of HMAC-SHA-256's bits: far more than can be guessed, and 24 characters without a remainder in base32. */
const MAC_BYTES = 15;
const MAC = '[a-z2-7]{24}';
const KEY_ID = '[a-z0-9_-]{1,16}';
const NUMBER = '[1-9]\\d{0,14}';

const KEY_ENTRY = /^([A-Za-z0-9_-]{1,16}):([A-Za-z0-9+/_-]{43,}={0,2})$/;
const REPLY_LOCAL_PART = new RegExp(`^reply\\+(${NUMBER})\\.(${KEY_ID})\\.(${MAC})$`);
const BOUNCE_LOCAL_PART = new RegExp(`^bounce\\+(${NUMBER})\\.(${KEY_ID})\\.(${MAC})$`);
const MAIL_ID = new RegExp(`^hf\\.(${MAC})\\.(${KEY_ID})\\.(${MAC})@([a-z0-9.-]{1,253})$`);
const MAIL_ID_ANYWHERE = new RegExp(`hf\\.${MAC}\\.${KEY_ID}\\.${MAC}@[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63}){1,8}`, 'g');
const LINK = new RegExp(`^([A-Za-z0-9_-]{1,512})\\.(${KEY_ID})\\.(${MAC})$`);

/** Takes keys that were read elsewhere; throws E_ENVIRONMENT when there is none, or when two ids differ in nothing but case. */
export function signingKeys(keys: readonly SigningKey[]): SigningKeys {
  const [first, ...others] = keys;
  const ids = new Set(keys.map((key) => key.id.toLowerCase()));
  if (first === undefined || ids.has('') || ids.size < keys.length) {
    throw new HoldfastError('E_ENVIRONMENT', 'The signing keys are not pairs id:base64, joined by commas, with 32 bytes or more a key.', {
      fix: 'Set HOLDFAST_SIGNING_KEYS to one or more such pairs, each with an id of its own; the first one signs.',
    });
  }
  return [first, ...others];
}

/** Reads `id:base64,id:base64` (at least 32 bytes a key); throws E_ENVIRONMENT, which never shows the text. */
export function parseSigningKeys(text: string): SigningKeys {
  return signingKeys(
    text.split(',').map((entry) => {
      const [, id = '', encoded = ''] = KEY_ENTRY.exec(entry.trim()) ?? [];
      return { id, secret: Buffer.from(encoded, 'base64') };
    }),
  );
}

/** What a reply address says; still to be verified. */
export interface ParsedReplyAddress {
  readonly number: number;
  /** Lower case. */
  readonly keyId: string;
  /** Lower case. */
  readonly mac: string;
}

/**
 * The address to which one recipient answers one conversation: `reply+<n>.<keyId>.<mac>@domain`, all lower case (mail systems may fold
 * case) with a local part of at most 63 characters. `recipient` is a contact id.
 */
export function replyAddress(keys: SigningKeys, to: { number: number; recipient: string }, domain: string): string {
  const [key] = keys;
  return `reply+${to.number}.${key.id.toLowerCase()}.${sign(key, replyParts(to.number, to.recipient))}@${domain.toLowerCase()}`;
}

/** Reads the part before the `@`; null when it is no reply address at all. */
export function parseReplyAddress(localPart: string): ParsedReplyAddress | null {
  const [, number, keyId, mac] = REPLY_LOCAL_PART.exec(localPart.toLowerCase()) ?? [];
  return number === undefined || keyId === undefined || mac === undefined ? null : { number: Number(number), keyId, mac };
}

/** Whether we gave this address to this recipient (a contact id) for this conversation. */
export function verifyReplyAddress(keys: SigningKeys, parsed: ParsedReplyAddress, recipient: string): boolean {
  return verify(keys, parsed.keyId, parsed.mac, replyParts(parsed.number, recipient));
}

/**
 * The envelope sender of one mail: `bounce+<n>.<keyId>.<mac>@domain`, all lower case, so that its bounce says which mail came back.
 * `mailId` is its Message-ID.
 */
export function bounceAddress(keys: SigningKeys, of: { number: number; mailId: string }, domain: string): string {
  const [key] = keys;
  return `bounce+${of.number}.${key.id.toLowerCase()}.${sign(key, bounceParts(of.number, of.mailId))}@${domain.toLowerCase()}`;
}

/** Reads the part before the `@` of an envelope sender of ours; null when it is none at all. */
export function parseBounceAddress(localPart: string): ParsedReplyAddress | null {
  const [, number, keyId, mac] = BOUNCE_LOCAL_PART.exec(localPart.toLowerCase()) ?? [];
  return number === undefined || keyId === undefined || mac === undefined ? null : { number: Number(number), keyId, mac };
}

/** Whether a mail of ours with this Message-ID left with this envelope sender. */
export function verifyBounceAddress(keys: SigningKeys, parsed: ParsedReplyAddress, mailId: string): boolean {
  return verify(keys, parsed.keyId, parsed.mac, bounceParts(parsed.number, mailId));
}

/** The Message-ID (without angle brackets) of the mail that an effect sends: the same for the same key, domain and signing key. */
export function signedMailId(keys: SigningKeys, effectKey: string, domain: string): string {
  const [key] = keys;
  const name = base32(createHash('sha256').update(effectKey).digest().subarray(0, MAC_BYTES));
  const host = domain.toLowerCase();
  return `hf.${name}.${key.id.toLowerCase()}.${sign(key, mailIdParts(name, host))}@${host}`;
}

/** Whether a Message-ID (without angle brackets) is one of ours. */
export function isOurMailId(keys: SigningKeys, mailId: string): boolean {
  const [, name, keyId, mac, host] = MAIL_ID.exec(mailId.toLowerCase()) ?? [];
  if (name === undefined || keyId === undefined || mac === undefined || host === undefined) return false;
  return verify(keys, keyId, mac, mailIdParts(name, host));
}

/** Message-IDs of ours that stand anywhere in a text, at most `limit`, such as in a bounce that quotes our mail's header. */
export function ourMailIdsIn(keys: SigningKeys, text: string, limit: number): string[] {
  const found = new Set<string>();
  for (const [candidate] of text.toLowerCase().matchAll(MAIL_ID_ANYWHERE)) {
    if (isOurMailId(keys, candidate)) found.add(candidate);
    if (found.size >= limit) break;
  }
  return [...found];
}

/** What a mailed link lets its contact do; following it shows a page, and only the page's button acts. */
export const LINK_PURPOSES = ['productionDown', 'thatsAll', 'somethingElse', 'status', 'filed', 'ratedGood', 'ratedBad'] as const;
/** One of {@link LINK_PURPOSES}. */
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

/** For whom (a contact id) and for what a link is. */
export interface Link {
  readonly purpose: LinkPurpose;
  readonly number: number;
  readonly contact: string;
}

/** The token of a link, to stand behind `/l/`; needs no escaping in a URL. */
export function signLink(keys: SigningKeys, link: Link): string {
  const [key] = keys;
  const payload = Buffer.from(JSON.stringify([link.purpose, link.number, link.contact])).toString('base64url');
  return `${payload}.${key.id.toLowerCase()}.${sign(key, linkParts(payload))}`;
}

/** What a token that we signed allows; null for every other text. */
export function verifyLink(keys: SigningKeys, token: string): Link | null {
  const [, payload, keyId, mac] = LINK.exec(token) ?? [];
  if (payload === undefined || keyId === undefined || mac === undefined) return null;
  if (!verify(keys, keyId, mac, linkParts(payload))) return null;
  // Only what we signed comes this far, so it is what signLink wrote.
  const [purpose, number, contact] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [LinkPurpose, number, string];
  return { purpose, number, contact };
}

/** What is signed: a version, what the signature is for, and its parts. A new meaning takes a new version or purpose, never an old one. */
type SignedParts = readonly ['holdfast/1', 'reply' | 'bounce' | 'mailId' | 'link', ...(string | number)[]];

const replyParts = (number: number, recipient: string): SignedParts => ['holdfast/1', 'reply', number, recipient];
const bounceParts = (number: number, mailId: string): SignedParts => ['holdfast/1', 'bounce', number, mailId.toLowerCase()];
const mailIdParts = (name: string, host: string): SignedParts => ['holdfast/1', 'mailId', name, host];
const linkParts = (payload: string): SignedParts => ['holdfast/1', 'link', payload];

/** JSON of a list keeps its parts apart, whatever they contain. */
function sign(key: SigningKey, parts: SignedParts): string {
  return base32(createHmac('sha256', key.secret).update(JSON.stringify(parts)).digest().subarray(0, MAC_BYTES));
}

function verify(keys: SigningKeys, keyId: string, mac: string, parts: SignedParts): boolean {
  const key = keys.find((candidate) => candidate.id.toLowerCase() === keyId);
  if (key === undefined) return false;
  const given = Buffer.from(mac);
  const expected = Buffer.from(sign(key, parts));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base32 in lower case, for lengths that are a multiple of five bytes: survives any folding of case. */
function base32(bytes: Buffer): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 5) {
    let bits = bytes.readUIntBE(start, 5);
    let group = '';
    for (let digit = 0; digit < 8; digit += 1) {
      group = BASE32.charAt(bits % 32) + group;
      bits = Math.floor(bits / 32);
    }
    text += group;
  }
  return text;
}
