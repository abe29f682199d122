import fc from 'fast-check';
import { parseSigningKeys, signLink, verifyLink, type LinkPurpose } from '../../messages/addresses';
import { withLinkTokensBlotted, withoutLinkTokens } from '../../messages/link-tokens';

const KEYS = parseSigningKeys(`t1:${Buffer.alloc(32, 7).toString('base64')}`);
const token = (purpose: LinkPurpose = 'productionDown', contact = 'c_jane') => signLink(KEYS, { purpose, number: 1042, contact });
/** Everything in a text that a link could be followed by, however it is broken. */
const usable = (text: string) =>
  (text.replace(/=?\r?\n[> \t]*/g, '').match(/[\w-]+\.[\w-]+\.[a-z2-7]{24}/g) ?? []).filter(
    (found) => verifyLink(KEYS, found.slice(found.indexOf('WyJ'))) !== null,
  );

describe('tokens of our links are left out of what is shown', () => {
  test.each<[string, string, string]>([
    [
      'a quotation',
      `Thanks!\n> Production down? Tell us now:\n> https://desk.example.test/l/${token()}\n> Bye`,
      'Thanks!\n> Production down? Tell us now:\n> https://desk.example.test/l/…\n> Bye',
    ],
    ['HTML', `<a href="https://desk.example.test/l/${token()}">Tell us</a>`, '<a href="https://desk.example.test/l/…">Tell us</a>'],
    [
      'a link that a mail filter has wrapped',
      `https://safe.example/?url=https%3A%2F%2Fdesk.example.test%2Fl%2F${token()}&data=1`,
      'https://safe.example/?url=https%3A%2F%2Fdesk.example.test%2Fl%2F…&data=1',
    ],
    ['two of them', `${token('thatsAll')} or ${token('somethingElse')}`, '… or …'],
    [
      'a line that was broken and quoted',
      `> https://desk.example.test/l/${token().slice(0, 30)}\n> ${token().slice(30)} .`,
      '> https://desk.example.test/l/… .',
    ],
    ['soft breaks of quoted-printable', `l/${token().slice(0, 10)}=\r\n${token().slice(10, 50)}=\r\n${token().slice(50)}"`, 'l/…"'],
    ['nothing', 'WyJ is no token, and neither is WyJ.a.b', 'WyJ is no token, and neither is WyJ.a.b'],
  ])('%s', (_name, text, shown) => {
    expect(withoutLinkTokens(text)).toBe(shown);
  });

  test('whatever stands around them, no token is left, and what is none stays', () => {
    const words = fc
      .array(fc.oneof(fc.string(), fc.constantFrom('WyJ', '.', 'WyJ.', '\n> ', '=\r\n', 'https://desk.example.test/l/')), { maxLength: 8 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(words, words, fc.nat(60), fc.constantFrom('', '\n', '=\r\n', '\n>> '), (before, after, at, breaking) => {
        const broken = token().slice(0, at) + breaking + token().slice(at);
        const text = `${before} ${broken} ${after}`;
        expect(usable(text)).toHaveLength(1);
        expect(usable(withoutLinkTokens(text))).toEqual([]);
        const blotted = withLinkTokensBlotted(text);
        expect(usable(blotted)).toEqual([]);
        expect(blotted).toHaveLength(text.length);
        expect(withoutLinkTokens(before)).toBe(before);
      }),
    );
  });

  test('a text that begins like tokens without end is read in no time', () => {
    const began = performance.now();
    for (const part of ['WyJ', 'WyJ\n', 'WyJ.a.', 'WyJ=\r\n>>>>>>', 'WyJa.b.cccccc.'])
      expect(withoutLinkTokens(part.repeat(200_000))).toHaveLength(part.length * 200_000);
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
