import { mail, twins, type Fixture } from './fixture';

const opened = { becomes: 'opened' } as const;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const encoded = (type: string, body: Buffer, encoding = 'base64'): Buffer =>
  mail({ type, headers: [`Content-Transfer-Encoding: ${encoding}`], body: encoding === 'base64' ? body.toString('base64') : body });

/** Texts in character sets that are right, wrong, unknown or not named. */
export const charsets: readonly Fixture[] = [
  {
    name: 'ISO 8859-1',
    raw: mail({ type: 'text/plain; charset=iso-8859-1', body: bytes('Gr\xfc\xdfe aus K\xf6ln') }),
    expected: { ...opened, text: 'Grüße aus Köln' },
  },
  {
    name: 'Windows-1252 that calls itself ISO 8859-1',
    raw: mail({ type: 'text/plain; charset=iso-8859-1', body: bytes('\x84Hallo\x93 \x96 5 \x80') }),
    expected: { ...opened, text: '„Hallo“ – 5 €' },
  },
  { name: 'ISO 8859-1 that calls itself UTF-8', raw: mail({ body: bytes('Gr\xfc\xdfe aus K\xf6ln') }), expected: { ...opened, text: 'Grüße aus Köln' } },
  {
    name: 'ISO 8859-1 without a word about it',
    raw: mail({ type: 'text/plain', body: bytes('Gr\xfc\xdfe aus K\xf6ln') }),
    expected: { ...opened, text: 'Grüße aus Köln' },
  },
  { name: 'UTF-8 without a word about it', raw: mail({ type: null, body: 'Grüße aus Köln' }), expected: { ...opened, text: 'Grüße aus Köln' } },
  { name: 'UTF-8 that calls itself US-ASCII', raw: mail({ type: 'text/plain; charset=us-ascii', body: 'Grüße' }), expected: { ...opened, text: /Gr.+e/ } },
  { name: 'an unknown character set', raw: mail({ type: 'text/plain; charset=x-klingon', body: 'nuqneH' }), expected: { ...opened, text: 'nuqneH' } },
  { name: 'a character set with garbage', raw: mail({ type: 'text/plain; charset="utf-8\0\r\n;drop"', body: 'Help' }), expected: opened },
  {
    name: 'UTF-16 with lone surrogates',
    raw: encoded('text/plain; charset=utf-16le', Buffer.from('a\ud800b\udc00c', 'utf16le')),
    expected: { ...opened, text: /^a.?b.?c$/u },
  },
  {
    name: 'surrogates encoded in UTF-8',
    raw: mail({ body: Buffer.concat([Buffer.from('a'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('b')]) }),
    expected: { ...opened, text: /^a.*b$/u },
  },
  { name: 'UTF-7', raw: mail({ type: 'text/plain; charset=utf-7', body: 'Hi +AGEAYg-' }), expected: { ...opened, text: /^Hi/ } },
  {
    name: 'Shift_JIS',
    raw: encoded('text/plain; charset=shift_jis', Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67])),
    expected: { ...opened, text: 'テスト' },
  },
  { name: 'ISO-2022-JP', raw: mail({ type: 'text/plain; charset=iso-2022-jp', body: bytes('\x1b$B%F%9%H\x1b(B') }), expected: { ...opened, text: 'テスト' } },
  { name: 'KOI8-R', raw: encoded('text/plain; charset=koi8-r', Buffer.from([0xf0, 0xf2, 0xe9])), expected: { ...opened, text: 'ПРИ' } },
  {
    name: 'a Subject of raw ISO 8859-1',
    raw: Buffer.concat([bytes('Subject: Gr\xfc\xdfe\r\n'), mail({ subject: null })]),
    expected: { ...opened, subject: 'Grüße' },
  },
  { name: 'a Subject of raw UTF-8', raw: mail({ subject: 'Grüße 👋' }), expected: { ...opened, subject: 'Grüße 👋' } },
  {
    name: 'a Subject whose character is split between two words',
    raw: mail({ subject: '=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=' }),
    expected: { ...opened, subject: 'Grüße' },
  },
  { name: 'a Subject in an unknown character set', raw: mail({ subject: '=?x-klingon?Q?nuqneH?=' }), expected: { ...opened, subject: 'nuqneH' } },
  {
    name: 'HTML that names another character set',
    raw: twins({ html: '<html><head><meta charset="iso-8859-1"></head><body>Grüße</body></html>' }),
    expected: { ...opened, text: 'Grüße' },
  },
  { name: 'emoji and nothing else', raw: mail({ body: '👍' }), expected: { ...opened, text: '👍' } },
];
