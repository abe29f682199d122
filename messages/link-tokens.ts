/**
 * The token of a mailed link acts as its customer (messages/addresses.ts). Customers quote our mails, links and all, so whoever reads along
 * at the desk would hold them too: where mail is shown, tokens are left out. What is stored stays as it came.
 */

/** How every token begins: base64url of `["`. */
const START = ['W', 'y', 'J'] as const;
const KEY_ID_LENGTH = 16;
const MAC_LENGTH = 24;
/** Mail programs indent what they quote. */
const INDENT_LENGTH = 80;

/** Which characters are of a kind, by their code: megabytes are gone through one by one. */
type Characters = Readonly<Uint8Array>;
const charactersOf = (all: string): Characters => Uint8Array.from({ length: 128 }, (_none, code) => Number(all.includes(String.fromCharCode(code))));
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const PAYLOAD = charactersOf(`${LETTERS}0123456789_-`);
const KEY_ID = PAYLOAD;
const MAC = charactersOf(`${LETTERS}234567`);
const INDENT = charactersOf('> \t');
const [CR, LF, EQUALS, DOT] = [13, 10, 61, 46];

/** A text with an ellipsis in the place of each token; the rest of it, and of the link around it, is left as it was. */
export function withoutLinkTokens(text: string): string {
  return replaceTokens(text, () => '…');
}

/** The same for encoded text whose length must not change: each character of a token becomes an `x`, breaks stay. */
export function withLinkTokensBlotted(text: string): string {
  return replaceTokens(text, (token) => token.replace(/[A-Za-z0-9_-]/g, 'x'));
}

/** Goes through the text once: where a token could begin and none does, the search goes on behind what was read. */
function replaceTokens(text: string, by: (token: string) => string): string {
  let result = '';
  let copied = 0;
  for (let from = text.indexOf(START[0]); from >= 0;) {
    const begun = startsAt(text, from);
    const payload = begun === null ? null : read(text, begun, PAYLOAD, Infinity);
    const keyId = payload === null ? null : readBehindDot(text, payload.end, KEY_ID, KEY_ID_LENGTH);
    const mac = keyId === null || keyId.count === 0 ? null : readBehindDot(text, keyId.end, MAC, MAC_LENGTH);
    let next = payload?.end ?? from + 1;
    if (mac?.count === MAC_LENGTH) {
      result += text.slice(copied, from) + by(text.slice(from, mac.end));
      copied = next = mac.end;
    }
    from = text.indexOf(START[0], next);
  }
  return copied === 0 ? text : result + text.slice(copied);
}

/** Behind the characters that every token begins with, if they stand at `at`. */
function startsAt(text: string, at: number): number | null {
  const second = afterBreak(text, at + 1);
  if (text[second] !== START[1]) return null;
  const third = afterBreak(text, second + 1);
  return text[third] === START[2] ? third + 1 : null;
}

/** Reads at most `limit` characters of a kind from `start`, across breaks; `end` is behind the last of them. */
function read(text: string, start: number, kind: Characters, limit: number): { end: number; count: number } {
  let end = start;
  let count = 0;
  for (let at = afterBreak(text, start); count < limit && kind[text.charCodeAt(at)] === 1; at = afterBreak(text, end)) {
    end = at + 1;
    count += 1;
  }
  return { end, count };
}

function readBehindDot(text: string, at: number, kind: Characters, limit: number): { end: number; count: number } | null {
  const dot = afterBreak(text, at);
  return text.charCodeAt(dot) === DOT ? read(text, dot + 1, kind, limit) : null;
}

/** Behind a soft break of quoted-printable (RFC 2045, section 6.7) or a plain one, and the marks of a quotation; `at` where there is none. */
function afterBreak(text: string, at: number): number {
  let next = text.charCodeAt(at) === EQUALS ? at + 1 : at;
  const code = text.charCodeAt(next);
  if (code !== CR && code !== LF) return at;
  next += code === CR && text.charCodeAt(next + 1) === LF ? 2 : 1;
  for (let indent = 0; indent < INDENT_LENGTH && INDENT[text.charCodeAt(next)] === 1; indent += 1) next += 1;
  return next;
}
