import { crlf, mail, part, parts, type Fixture } from './fixture';

const opened = { becomes: 'opened' } as const;
const plain = { ...opened, text: 'Something is wrong.', subject: 'Help', quoted: null } as const;
const text = ['Content-Type: text/plain; charset=utf-8'];

/** A mail as bytes, without anything being made up. */
const raw = (bytes: string): Buffer => Buffer.from(bytes, 'latin1');

function nested(depth: number): Buffer {
  let body = part(text, 'In the middle.');
  for (let level = depth; level > 0; level -= 1) body = part([`Content-Type: multipart/mixed; boundary=b${level}`], parts(`b${level}`, body));
  const [type = '', ...rest] = body.split('\r\n\r\n');
  return mail({ type: type.replace(/^Content-Type: /, ''), body: rest.join('\r\n\r\n') });
}

/** Mails that break the rules of how a mail is built. */
export const broken: readonly Fixture[] = [
  { name: 'no Message-ID', raw: mail({ mailId: null }), expected: plain },
  { name: 'an empty Message-ID', raw: mail({ mailId: '<>' }), expected: plain },
  { name: 'a Message-ID without brackets', raw: mail({ mailId: 'bare@acme.test' }), expected: plain },
  { name: 'a Message-ID of 5,000 characters', raw: mail({ mailId: `<${'x'.repeat(5_000)}@acme.test>` }), expected: plain },
  {
    name: 'no From: the sender on the envelope wrote',
    raw: mail({ from: null }),
    envelopeFrom: 'bob@acme.test',
    expected: { ...plain, author: 'bob@acme.test' },
  },
  { name: 'neither From nor a sender', raw: mail({ from: null }), envelopeFrom: '', expected: { becomes: { suspended: 'machine' }, author: null } },
  { name: 'From is a group', raw: mail({ from: 'Team: Jane <jane@acme.test>, Bob <bob@acme.test>;' }), expected: plain },
  {
    name: 'From is an empty group',
    raw: mail({ from: 'undisclosed-senders:;' }),
    envelopeFrom: 'bob@acme.test',
    expected: { ...plain, author: 'bob@acme.test' },
  },
  { name: 'From names no address', raw: mail({ from: 'Jane Doe' }), envelopeFrom: 'bob@acme.test', expected: { ...plain, author: 'bob@acme.test' } },
  {
    name: 'From names no address, Sender does',
    raw: mail({ from: '"Jane"', headers: ['Sender: Desk <desk@acme.test>'] }),
    expected: { ...plain, author: 'desk@acme.test' },
  },
  { name: 'an address with NUL', raw: mail({ from: 'Jane <ja\0ne@acme.test>' }), envelopeFrom: 'bob@acme.test', expected: { ...opened, subject: 'Help' } },
  {
    name: 'a line break in the name of From, encoded',
    raw: mail({ from: '=?utf-8?B?SmFuZQ0KQmNjOiB4QGV2aWwudGVzdA==?= <jane@acme.test>' }),
    expected: { ...plain, name: 'Jane Bcc: x@evil.test' },
  },
  {
    name: 'a name of From that is an address of somebody else',
    raw: mail({ from: '"ceo@rival.test" <jane@acme.test>' }),
    expected: { ...plain, name: 'ceo@rival.test' },
  },
  { name: 'lines that end in CR only', raw: Buffer.from(mail().toString().replaceAll('\r\n', '\r')), expected: plain },
  { name: 'lines that end in LF only', raw: Buffer.from(mail().toString().replaceAll('\r\n', '\n')), expected: plain },
  {
    name: 'line ends of every kind',
    raw: Buffer.from(mail({ body: 'One.\rTwo.\nThree.' }).toString().replace('\r\nTo:', '\nTo:')),
    expected: { ...opened, text: 'One.\nTwo.\nThree.' },
  },
  { name: 'NUL in Subject and text', raw: mail({ subject: 'He\0lp', body: 'Some\0thing is wrong.' }), expected: plain },
  {
    name: 'a line break in the Subject, encoded',
    raw: mail({ subject: '=?utf-8?Q?Help=0D=0ABcc:_x@evil.test?=' }),
    expected: { ...opened, subject: 'Help Bcc: x@evil.test' },
  },
  {
    name: 'a line break in the Subject, encoded twice over',
    raw: mail({ subject: '=?utf-8?B?SGVscA0K?= =?utf-8?B?WC1Gb286IGJhcg==?=' }),
    expected: { ...opened, subject: 'Help X-Foo: bar' },
  },
  { name: 'NUL in the Subject, encoded', raw: mail({ subject: '=?utf-8?Q?He=00lp?=' }), expected: plain },
  { name: 'no Subject', raw: mail({ subject: null }), expected: { ...opened, subject: '' } },
  { name: 'a Subject of 100,000 characters', raw: mail({ subject: 'help '.repeat(20_000) }), expected: { ...opened, text: 'Something is wrong.' } },
  { name: 'a Subject of emoji that is cut', raw: mail({ subject: `x${'👍'.repeat(400)}` }), expected: { ...opened, subject: `x${'👍'.repeat(249)}` } },
  { name: 'a Subject of encoded words that never ends', raw: mail({ subject: '=?utf-8?Q?help' }), expected: { ...opened, subject: '=?utf-8?Q?help' } },
  {
    name: 'two Subjects and two From',
    raw: mail({ headers: ['Subject: Other', 'From: mallory@evil.test'] }),
    expected: { ...opened, text: 'Something is wrong.' },
  },
  { name: 'no text', raw: mail({ body: '' }), expected: { ...opened, text: '' } },
  { name: 'a header and nothing else', raw: raw('From: Jane <jane@acme.test>\r\nSubject: Help'), expected: { ...opened, subject: 'Help', text: '' } },
  { name: 'no header at all', raw: raw('\r\nSomething is wrong.\r\n'), expected: { ...opened, subject: '' } },
  { name: 'a text where the header should be', raw: raw('Something is wrong.\r\nHelp me!\r\n'), expected: opened },
  { name: 'no byte at all', raw: Buffer.alloc(0), expected: opened },
  { name: 'nothing but NUL', raw: Buffer.alloc(2_000), expected: opened },
  { name: 'a byte order mark before the header', raw: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), mail()]), expected: { ...opened, subject: 'Help' } },
  {
    name: 'a line of a mailbox file before the header',
    raw: Buffer.concat([Buffer.from('From jane@acme.test Mon Mar  2 10:00:00 2026\r\n'), mail()]),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: 'a header of 1 MB',
    raw: mail({ headers: Array.from({ length: 10_000 }, (_, index) => `X-Trace-${index}: ${'x'.repeat(90)}`) }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: 'a header of 5 MB',
    raw: mail({ headers: Array.from({ length: 50_000 }, (_, index) => `X-Trace-${index}: ${'x'.repeat(90)}`) }),
    expected: { ...opened, read: 'header', subject: 'Help', files: ['original.eml'] },
  },
  {
    name: 'a header line of 2 MB',
    raw: mail({ headers: [`References: ${'<a@b.test> '.repeat(180_000)}`] }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: '20,000 recipients',
    raw: mail({ headers: [`Cc: ${Array.from({ length: 20_000 }, (_, index) => `"P ${index}" <p${index}@acme.test>`).join(',\r\n ')}`] }),
    expected: { ...opened, subject: 'Help' },
  },
  { name: 'a Content-Type that is none', raw: mail({ type: ';;;=' }), expected: opened },
  { name: 'no Content-Type', raw: mail({ type: null }), expected: plain },
  { name: 'a multipart without a boundary', raw: mail({ type: 'multipart/mixed', body: parts('b', part(text, 'Inside.')) }), expected: opened },
  { name: 'a boundary that never comes', raw: mail({ type: 'multipart/mixed; boundary=nowhere', body: 'Before any part.' }), expected: opened },
  {
    name: 'a multipart that is cut off',
    raw: mail({ type: 'multipart/mixed; boundary=b', body: `--b\r\n${part(text, 'Something is wrong.')}` }),
    expected: plain,
  },
  {
    name: 'boundaries that begin alike',
    raw: mail({
      type: 'multipart/mixed; boundary=b',
      body: parts('b', part(['Content-Type: multipart/alternative; boundary=bb'], parts('bb', part(text, 'Something is wrong.')))),
    }),
    expected: plain,
  },
  {
    name: 'a multipart within itself',
    raw: mail({
      type: 'multipart/mixed; boundary=b',
      body: parts('b', part(['Content-Type: multipart/mixed; boundary=b'], parts('b', part(text, 'Something is wrong.')))),
    }),
    expected: opened,
  },
  { name: 'multiparts 40 deep', raw: nested(40), expected: { ...opened, text: 'In the middle.' } },
  {
    name: 'multiparts 300 deep: the original is attached',
    raw: nested(300),
    expected: { ...opened, read: 'header', subject: 'Help', files: ['original.eml'] },
  },
  { name: 'an unknown transfer encoding', raw: mail({ headers: ['Content-Transfer-Encoding: x-rot13'] }), expected: plain },
  { name: 'base64 that is none', raw: mail({ headers: ['Content-Transfer-Encoding: base64'], body: '!!!! ==== nothing' }), expected: opened },
  {
    name: 'quoted-printable that is broken',
    raw: mail({ headers: ['Content-Transfer-Encoding: quoted-printable'], body: 'Something=20is=ZZ wrong=\r\n.=' }),
    expected: { ...opened, text: /^Something is/ },
  },
  { name: 'a line of 3 MB', raw: mail({ body: 'x'.repeat(3_000_000) }), expected: { ...opened, files: ['message.txt'] } },
  {
    name: 'a text of 600,000 characters: all of it is a file too',
    raw: mail({ body: 'Zeile\n'.repeat(100_000) }),
    expected: { ...opened, files: ['message.txt'] },
  },
  { name: 'a text that is reversed by control characters', raw: mail({ subject: 'Invoice \u202efdp.exe' }), expected: opened },
  {
    name: 'text in a body that looks like a header',
    raw: mail({ body: 'From: ceo@rival.test\r\nSubject: Other\r\n\r\nSomething.' }),
    expected: { ...opened, subject: 'Help' },
  },
  { name: 'a date that is none', raw: mail({ headers: ['Date: the day after tomorrow'] }), expected: plain },
  { name: 'folded headers of spaces', raw: mail({ headers: [`X-Empty: a\r\n${' \r\n'.repeat(5_000)} b`] }), expected: { ...opened } },
  { name: 'a text of combining marks', raw: mail({ body: `Z${'\u0301'.repeat(50_000)}` }), expected: opened },
  {
    name: 'plain text sent as base64 with CR LF',
    raw: mail({ headers: ['Content-Transfer-Encoding: base64'], body: crlf('Something is wrong.').toString('base64') }),
    expected: plain,
  },
];
