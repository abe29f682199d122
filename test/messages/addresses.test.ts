import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  bounceAddress,
  isOurMailId,
  LINK_PURPOSES,
  ourMailIdsIn,
  parseBounceAddress,
  parseReplyAddress,
  parseSigningKeys,
  replyAddress,
  signedMailId,
  signingKeys,
  type SigningKeys,
  signLink,
  verifyBounceAddress,
  verifyLink,
  verifyReplyAddress,
} from '../../messages/addresses';
import { HoldfastError } from '../../messages/errors';

const KEY_A = `a1:${Buffer.alloc(32, 1).toString('base64')}`;
const KEY_B = `B2:${Buffer.alloc(32, 2).toString('base64')}`;
const keys = parseSigningKeys(KEY_A);
const DOMAIN = 'example.test';
const FORGERIES = 100_000;
const SEED = 20260729;

const localPart = (address: string) => address.slice(0, address.lastIndexOf('@'));

/** Whether these keys accept an address for this recipient. */
function accepts(with_: SigningKeys, address: string, recipient: string): boolean {
  const parsed = parseReplyAddress(localPart(address));
  return parsed !== null && verifyReplyAddress(with_, parsed, recipient);
}

/** A fast generator with a fixed seed, so that a failing run can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Another text of the same length that differs in one character or more. */
function tampered(text: string, next: (below: number) => number, from: number): string {
  const at = from + next(text.length - from);
  const other = ALPHABET.charAt(next(ALPHABET.length));
  const changed = text.slice(0, at) + other + text.slice(at + 1);
  return changed === text ? tampered(text, next, from) : changed;
}

describe('signing keys', () => {
  test('may have been read elsewhere', () => {
    expect(signingKeys([...keys])).toEqual(keys);
    expect(() => signingKeys([])).toThrow(HoldfastError);
  });

  test('are read in order, the first one signs', () => {
    const both = parseSigningKeys(`${KEY_A}, ${KEY_B}`);
    expect(both.map((key) => key.id)).toEqual(['a1', 'B2']);
    expect(replyAddress(both, { number: 1, recipient: 'c1' }, DOMAIN)).toContain('.a1.');
  });

  test.each([
    ['nothing', ''],
    ['no id', Buffer.alloc(32).toString('base64')],
    ['a short key', `a:${Buffer.alloc(16).toString('base64')}`],
    ['an id twice', `${KEY_A},${KEY_A}`],
    ['ids that differ in case only', `${KEY_A},${KEY_A.toUpperCase().slice(0, 2)}${KEY_A.slice(2)}`],
    ['a point in an id', `a.b:${Buffer.alloc(32).toString('base64')}`],
    ['an empty entry', `${KEY_A},`],
  ])('are refused with %s, and the text stays secret', (_what, text) => {
    const error: unknown = (() => {
      try {
        return parseSigningKeys(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(HoldfastError);
    expect((error as HoldfastError).code).toBe('E_ENVIRONMENT');
    if (text.length > 3) expect(`${(error as HoldfastError).message} ${(error as HoldfastError).fix}`).not.toContain(text.slice(3));
  });
});

describe('reply addresses', () => {
  test('have the described form and stay within what mail allows', () => {
    const address = replyAddress(keys, { number: 1042, recipient: 'c_7' }, 'Example.Test');
    expect(address).toMatch(/^reply\+1042\.a1\.[a-z2-7]{24}@example\.test$/);
    const longest = parseSigningKeys(`${'k'.repeat(16)}:${Buffer.alloc(32).toString('base64')}`);
    expect(localPart(replyAddress(longest, { number: 999_999_999_999_999, recipient: 'c' }, DOMAIN)).length).toBeLessThanOrEqual(64);
  });

  test('are good for their conversation and their recipient only', () => {
    const address = replyAddress(keys, { number: 1042, recipient: 'c_7' }, DOMAIN);
    expect(accepts(keys, address, 'c_7')).toBe(true);
    expect(accepts(keys, address, 'c_8')).toBe(false);
    expect(accepts(keys, address.replace('1042', '1043'), 'c_7')).toBe(false);
  });

  test('survive a mail system that folds case', () => {
    const upperKeys = parseSigningKeys(KEY_B);
    const address = replyAddress(upperKeys, { number: 1042, recipient: 'C_7' }, DOMAIN);
    expect(address).toBe(address.toLowerCase());
    expect(accepts(upperKeys, address.toUpperCase(), 'C_7')).toBe(true);
    expect(accepts(upperKeys, address, 'c_7')).toBe(false);
  });

  test('outlive a change of keys until the old key goes', () => {
    const before = parseSigningKeys(KEY_A);
    const during = parseSigningKeys(`${KEY_B},${KEY_A}`);
    const after = parseSigningKeys(KEY_B);
    const old = replyAddress(before, { number: 1042, recipient: 'c_7' }, DOMAIN);
    const fresh = replyAddress(during, { number: 1042, recipient: 'c_7' }, DOMAIN);
    expect(fresh).toContain('.b2.');
    expect([before, during, after].map((live) => accepts(live, old, 'c_7'))).toEqual([true, true, false]);
    expect([before, during, after].map((live) => accepts(live, fresh, 'c_7'))).toEqual([false, true, true]);
  });

  test('keep number and recipient apart', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.string(), fc.nat(999_999), fc.string(), (n, c, m, d) => {
        const address = replyAddress(keys, { number: n + 1, recipient: c }, DOMAIN);
        const parsed = parseReplyAddress(localPart(address));
        expect(parsed?.number).toBe(n + 1);
        expect(accepts(keys, address, c)).toBe(true);
        fc.pre(n !== m || c !== d);
        const foreign = replyAddress(keys, { number: m + 1, recipient: d }, DOMAIN);
        expect(accepts(keys, foreign.replace(`+${m + 1}.`, `+${n + 1}.`), c)).toBe(false);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test.each([
    'reply',
    'reply+',
    'reply+1042',
    'reply+0.a1.' + 'a'.repeat(24),
    'reply+1042.a1.' + 'a'.repeat(23),
    'reply+1042.a1.' + '1'.repeat(24),
    'support',
    '',
  ])('are not read out of %j', (text) => {
    expect(parseReplyAddress(text)).toBeNull();
  });

  test(`cannot be forged: 0 of ${FORGERIES} are accepted (seed ${SEED})`, () => {
    const next = random(SEED);
    const foreignKeys = parseSigningKeys(`a1:${randomBytes(32).toString('base64')}`);
    const genuine = localPart(replyAddress(keys, { number: 1042, recipient: 'c_7' }, DOMAIN));
    let accepted = 0;
    for (let i = 0; i < FORGERIES; i += 1) {
      const number = 1 + next(5_000);
      const forged =
        i % 4 === 0
          ? `reply+${number}.a1.${Array.from({ length: 24 }, () => ALPHABET.charAt(next(32))).join('')}`
          : i % 4 === 1
            ? tampered(genuine, next, genuine.length - 24)
            : i % 4 === 2
              ? localPart(replyAddress(foreignKeys, { number, recipient: 'c_7' }, DOMAIN))
              : localPart(replyAddress(keys, { number: number === 1042 ? 1 : number, recipient: 'c_7' }, DOMAIN)).replace(/\+\d+/, '+1042');
      if (accepts(keys, `${forged}@${DOMAIN}`, 'c_7')) accepted += 1;
    }
    expect(accepted).toBe(0);
    expect(accepts(keys, `${genuine}@${DOMAIN}`, 'c_7')).toBe(true);
  });
});

describe('bounce addresses', () => {
  const mail = { number: 1042, mailId: 'hf.abc@example.test' };
  const holds = (live: SigningKeys, address: string, mailId: string): boolean => {
    const parsed = parseBounceAddress(localPart(address));
    return parsed !== null && verifyBounceAddress(live, parsed, mailId);
  };

  test('are good for their mail only, and no reply addresses', () => {
    const address = bounceAddress(keys, mail, 'Example.Test');
    expect(address).toMatch(/^bounce\+1042\.a1\.[a-z2-7]{24}@example\.test$/);
    expect(holds(keys, address.toUpperCase(), mail.mailId.toUpperCase())).toBe(true);
    expect(holds(keys, address, 'hf.abd@example.test')).toBe(false);
    expect(holds(keys, address.replace('1042', '1043'), mail.mailId)).toBe(false);
    expect(parseReplyAddress(localPart(address))).toBeNull();
    expect(accepts(keys, address.replace('bounce', 'reply'), mail.mailId)).toBe(false);
  });

  test('outlive a change of keys until the old key goes', () => {
    const [before, during, after] = [parseSigningKeys(KEY_A), parseSigningKeys(`${KEY_B},${KEY_A}`), parseSigningKeys(KEY_B)];
    const old = bounceAddress(before, mail, DOMAIN);
    expect([before, during, after].map((live) => holds(live, old, mail.mailId))).toEqual([true, true, false]);
    expect(holds(after, bounceAddress(during, mail, DOMAIN), mail.mailId)).toBe(true);
  });

  test(`cannot be forged: 0 of ${FORGERIES} are accepted (seed ${SEED})`, () => {
    const next = random(SEED + 3);
    const genuine = bounceAddress(keys, mail, DOMAIN);
    const end = genuine.indexOf('@');
    let accepted = 0;
    for (let i = 0; i < FORGERIES; i += 1) {
      if (holds(keys, tampered(genuine.slice(0, end), next, end - 24) + genuine.slice(end), mail.mailId)) accepted += 1;
    }
    expect(accepted).toBe(0);
  });
});

describe('Message-IDs', () => {
  test('are found in a text that quotes them, and only ours', () => {
    const ours = signedMailId(keys, 'conversation/1042:7:reply', DOMAIN);
    const foreign = signedMailId(parseSigningKeys(`a1:${randomBytes(32).toString('base64')}`), 'conversation/1042:7:reply', DOMAIN);
    expect(ourMailIdsIn(keys, `> Message-ID: <${ours.toUpperCase()}>\r\n<${foreign}> ${ours}.`, 5)).toEqual([ours]);
    expect(ourMailIdsIn(keys, `${'hf.'.repeat(50_000)}${'a'.repeat(50_000)}`, 5)).toEqual([]);
  });

  const key = 'conversation/1042:7:receipt';

  test('are the same for the same key, and recognised', () => {
    const id = signedMailId(keys, key, DOMAIN);
    expect(id).toBe(signedMailId(keys, key, DOMAIN));
    expect(id).not.toBe(signedMailId(keys, `${key}2`, DOMAIN));
    expect(id).toMatch(/^[^\s<>@]+@example\.test$/);
    expect(isOurMailId(keys, id)).toBe(true);
    expect(isOurMailId(keys, id.toUpperCase())).toBe(true);
    expect(isOurMailId(parseSigningKeys(`${KEY_B},${KEY_A}`), id)).toBe(true);
    expect(isOurMailId(parseSigningKeys(KEY_B), id)).toBe(false);
  });

  test('of others are not ours', () => {
    const id = signedMailId(keys, key, DOMAIN);
    for (const other of ['', 'x@example.test', `<${id}>`, id.replace(DOMAIN, 'example.org'), `${id}.evil`, ` ${id}`]) {
      expect(isOurMailId(keys, other)).toBe(false);
    }
  });

  test(`cannot be forged: 0 of ${FORGERIES} are accepted (seed ${SEED})`, () => {
    const next = random(SEED + 1);
    const genuine = signedMailId(keys, key, DOMAIN);
    const end = genuine.indexOf('@');
    let accepted = 0;
    for (let i = 0; i < FORGERIES; i += 1) {
      if (isOurMailId(keys, tampered(genuine.slice(0, end), next, 3) + genuine.slice(end))) accepted += 1;
    }
    expect(accepted).toBe(0);
  });
});

describe('links', () => {
  test('say what they are for, to whom, and need no escaping', () => {
    for (const purpose of LINK_PURPOSES) {
      const token = signLink(keys, { purpose, number: 1042, contact: 'c_ü 7' });
      expect(encodeURIComponent(token)).toBe(token);
      expect(verifyLink(keys, token)).toEqual({ purpose, number: 1042, contact: 'c_ü 7' });
    }
  });

  test('are good while their key lives', () => {
    const link = { purpose: 'status', number: 1042, contact: 'c_7' } as const;
    const token = signLink(keys, link);
    expect(verifyLink(parseSigningKeys(`${KEY_B},${KEY_A}`), token)).toEqual(link);
    expect(verifyLink(parseSigningKeys(KEY_B), token)).toBeNull();
  });

  test('cannot be made from a reply address or another purpose', () => {
    const token = signLink(keys, { purpose: 'thatsAll', number: 1042, contact: 'c_7' });
    const [, keyId, mac] = token.split('.');
    const payload = Buffer.from(JSON.stringify(['productionDown', 1042, 'c_7'])).toString('base64url');
    expect(verifyLink(keys, `${payload}.${keyId}.${mac}`)).toBeNull();
    const reply = parseReplyAddress(localPart(replyAddress(keys, { number: 1042, recipient: 'c_7' }, DOMAIN)));
    expect(verifyLink(keys, `${payload}.${reply?.keyId}.${reply?.mac}`)).toBeNull();
  });

  test(`cannot be forged: 0 of ${FORGERIES} are accepted (seed ${SEED})`, () => {
    const next = random(SEED + 2);
    const genuine = signLink(keys, { purpose: 'productionDown', number: 1042, contact: 'c_7' });
    let accepted = 0;
    for (let i = 0; i < FORGERIES; i += 1) {
      const forged = i % 50 === 0 ? randomBytes(next(80)).toString('base64url') : tampered(genuine, next, 0);
      if (verifyLink(keys, forged) !== null) accepted += 1;
    }
    expect(accepted).toBe(0);
  });
});
