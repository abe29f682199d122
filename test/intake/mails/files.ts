import { mail, part, parts, twins, type Fixture } from './fixture';

const opened = { becomes: 'opened' } as const;
const text = part(['Content-Type: text/plain; charset=utf-8'], 'See the file.');
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function withFiles(...files: readonly string[]): Buffer {
  return mail({ type: 'multipart/mixed; boundary=b', body: parts('b', text, ...files) });
}

function file(type: string, disposition = 'Content-Disposition: attachment', content = 'AAAA'): string {
  return part([`Content-Type: ${type}`, disposition, 'Content-Transfer-Encoding: base64'], content);
}

const chain = (depth: number, encoding = ''): string => {
  let inner = 'Subject: in the middle\r\n\r\nThe end.';
  for (let level = 0; level < depth; level += 1) inner = `Content-Type: message/rfc822\r\n${encoding}\r\n${inner}`;
  return inner;
};

const bomb = `${'<div>'.repeat(30_000)}Still here.${'</div>'.repeat(30_000)}`;

/** Files of every kind, HTML that would do harm, and mails that are large inside. */
export const files: readonly Fixture[] = [
  { name: 'a file', raw: withFiles(file('application/pdf; name="Rechnung.pdf"')), expected: { ...opened, text: 'See the file.', files: ['Rechnung.pdf'] } },
  {
    name: 'a name in RFC 2231',
    raw: withFiles(file('application/pdf', "Content-Disposition: attachment; filename*0*=UTF-8''M%C3%A4rz; filename*1*=%20neu.pdf")),
    expected: { ...opened, files: ['März neu.pdf'] },
  },
  { name: 'a name in RFC 2047', raw: withFiles(file('application/pdf; name="=?iso-8859-1?Q?M=E4rz.pdf?="')), expected: { ...opened, files: ['März.pdf'] } },
  {
    name: 'a name with a line break and a path',
    raw: withFiles(file('image/png; name="=?utf-8?Q?..=2F=0D=0Aa=2Epng?="')),
    expected: { ...opened, files: ['../ a.png'] },
  },
  {
    name: 'a name of 10,000 characters',
    raw: withFiles(file(`image/png; name="${'n'.repeat(10_000)}.png"`)),
    expected: { ...opened, files: ['n'.repeat(200)] },
  },
  {
    name: 'files without names',
    raw: withFiles(file('image/png'), file('application/x-thing'), file('text/calendar')),
    expected: { ...opened, files: ['picture.png', 'file-2', 'invitation.ics'] },
  },
  { name: 'a type that is none', raw: withFiles(file('nonsense')), expected: { ...opened, text: 'See the file.' } },
  { name: 'a text file is not the text', raw: withFiles(file('text/plain; name=log.txt')), expected: { ...opened, text: 'See the file.', files: ['log.txt'] } },
  {
    name: 'an empty file',
    raw: withFiles(file('text/csv; name=empty.csv', 'Content-Disposition: attachment', '')),
    expected: { ...opened, text: 'See the file.' },
  },
  {
    name: 'winmail.dat',
    raw: withFiles(file('application/ms-tnef; name="winmail.dat"', 'Content-Disposition: attachment; filename="winmail.dat"', 'eJ8+IgAA')),
    expected: { ...opened, text: 'See the file.', files: ['winmail.dat'] },
  },
  {
    name: 'an invitation beside text and HTML',
    raw: mail({
      type: 'multipart/alternative; boundary=b',
      body: parts(
        'b',
        part(['Content-Type: text/plain; charset=utf-8'], 'We meet.'),
        part(['Content-Type: text/html; charset=utf-8'], '<p>We meet.</p>'),
        part(['Content-Type: text/calendar; charset=utf-8; method=REQUEST'], 'BEGIN:VCALENDAR\r\nEND:VCALENDAR'),
      ),
    }),
    expected: { ...opened, text: 'We meet.', html: /We meet/, files: ['invitation.ics'] },
  },
  {
    name: 'an invitation and nothing else',
    raw: mail({ type: 'text/calendar; method=REQUEST', body: 'BEGIN:VCALENDAR\r\nSUMMARY:We meet\r\nEND:VCALENDAR' }),
    expected: { ...opened, text: '', files: ['invitation.ics'] },
  },
  {
    name: 'a file and nothing else',
    raw: mail({ type: 'application/pdf; name=scan.pdf', headers: ['Content-Transfer-Encoding: base64'], body: 'JVBERi0=' }),
    expected: { ...opened, text: '', files: ['scan.pdf'] },
  },
  {
    name: 'a signed mail (S/MIME)',
    raw: mail({
      type: 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b',
      body: parts('b', text, file('application/pkcs7-signature; name=smime.p7s')),
    }),
    expected: { ...opened, text: 'See the file.', files: ['smime.p7s'] },
  },
  {
    name: 'an encrypted mail (PGP)',
    raw: mail({
      type: 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b',
      body: parts(
        'b',
        part(['Content-Type: application/pgp-encrypted'], 'Version: 1'),
        part(['Content-Type: application/octet-stream; name="encrypted.asc"'], '-----BEGIN PGP MESSAGE-----'),
      ),
    }),
    expected: { ...opened, text: '' },
  },
  {
    name: 'a mail within the mail',
    raw: withFiles(part(['Content-Type: message/rfc822'], 'From: ceo@rival.test\r\nSubject: Inner\r\nMessage-ID: <victim@rival.test>\r\n\r\nInner text.')),
    expected: { ...opened, subject: 'Help', text: 'See the file.', files: ['message.eml'] },
  },
  { name: '3,000 mails within mails', raw: mail({ type: 'message/rfc822', body: chain(3_000) }), expected: { ...opened, subject: 'Help' } },
  {
    name: '20,000 mails within mails in 0.6 MB',
    raw: mail({ type: 'message/rfc822', body: chain(20_000) }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: 'mails within mails in base64',
    raw: mail({ type: 'message/rfc822', headers: ['Content-Transfer-Encoding: base64'], body: Buffer.from(chain(500)).toString('base64') }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: '20,000 files: a hundred are kept, and it is said',
    raw: mail({
      type: 'multipart/mixed; boundary=b',
      body: parts('b', ...Array.from({ length: 20_000 }, () => part(['Content-Type: text/csv', 'Content-Disposition: attachment'], '1'))),
    }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: '20,000 parts of text',
    raw: mail({
      type: 'multipart/mixed; boundary=b',
      body: parts('b', ...Array.from({ length: 20_000 }, (_, index) => part(['Content-Type: text/plain'], `Line ${index}`))),
    }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: '20,000 parts that are empty',
    raw: mail({ type: 'multipart/mixed; boundary=b', body: '--b\r\n'.repeat(20_000) }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: '5,000 parts of HTML',
    raw: mail({ type: 'multipart/mixed; boundary=b', body: parts('b', ...Array.from({ length: 5_000 }, () => part(['Content-Type: text/html'], '<p>x</p>'))) }),
    expected: { ...opened, subject: 'Help' },
  },
  { name: '30,000 elements within each other', raw: twins({ html: bomb }), expected: { ...opened, subject: 'Help' } },
  {
    name: 'a table of 20,000 cells',
    raw: twins({ html: `<table>${'<tr><td>1</td><td>2</td></tr>'.repeat(10_000)}</table>` }),
    expected: { ...opened, subject: 'Help' },
  },
  {
    name: 'HTML of 3 MB: it is a file, its text is read',
    raw: twins({ html: `<p>Begin.</p>${'<p>More of it.</p>'.repeat(180_000)}` }),
    expected: { ...opened, subject: 'Help', text: /^Begin\./, files: ['message.html'], html: null },
  },
  {
    name: '20,000 attributes',
    raw: twins({ html: `<p ${Array.from({ length: 20_000 }, (_, index) => `a${index}="x"`).join(' ')}>Hello</p>` }),
    expected: { ...opened, text: 'Hello' },
  },
  { name: 'a style of 200,000 brackets', raw: twins({ html: `<p style="${'color:rgb('.repeat(20_000)}">Hello</p>` }), expected: { ...opened, text: 'Hello' } },
  {
    name: 'HTML that would run',
    raw: twins({
      html: '<p onclick="evil()">Hello</p><script>evil()</script><img src=x onerror=evil()><svg onload=evil()><a href="javascript:evil()">link</a></svg><iframe src="//evil.test"></iframe><style>@import "//evil.test"</style><form action="//evil.test"><input></form><meta http-equiv=refresh content="0;//evil.test"><base href="//evil.test">',
    }),
    expected: { ...opened, text: /^Hello/, html: /^(?!.*(evil|script|iframe|form|meta|base|svg|onclick|onerror))<p>Hello<\/p>/is },
  },
  {
    name: 'HTML that would call home',
    raw: twins({
      html: '<p style="background:url(https://evil.test/a);color:#f00">Hello</p><img src="https://evil.test/pixel.gif" width="1"><img srcset="https://evil.test/b"><table background="https://evil.test/c"><tr><td>x</td></tr></table><link rel=stylesheet href="//evil.test/d">',
    }),
    expected: {
      ...opened,
      html: /^<p style="color:#f00">Hello<\/p><img width="1" data-src="https:\/\/evil\.test\/pixel\.gif" \/><img \/><table><tr><td>x<\/td><\/tr><\/table>$/,
    },
  },
  {
    name: 'pictures of the mail itself',
    raw: mail({
      type: 'multipart/related; boundary=b',
      body: parts(
        'b',
        part(['Content-Type: text/html; charset=utf-8'], '<p>Look: <img src="cid:lo%00go%40acme" data-src="javascript:evil()"></p>'),
        part(['Content-Type: image/png; name=logo.png', 'Content-ID: <logo@acme>', 'Content-Disposition: inline', 'Content-Transfer-Encoding: base64'], PNG),
      ),
    }),
    expected: { ...opened, text: 'Look:', html: /<img data-cid="logo@acme" \/>/, files: ['logo.png'] },
  },
  {
    name: 'HTML without words',
    raw: twins({ html: '<html><head><title>x</title></head><body><img src="https://x.test/a.png"></body></html>' }),
    expected: { ...opened, text: '', html: /data-src/ },
  },
  {
    name: 'headings are no quotation',
    raw: twins({ html: '<h1>First</h1><p>One.</p><h2>Second</h2><p>Two.</p>' }),
    expected: { ...opened, text: /^First\s+One\.\s+Second\s+Two\.$/, quoted: null },
  },
  { name: 'HTML that is text', raw: twins({ html: 'Just words & <3' }), expected: { ...opened, text: /^Just words/ } },
  { name: 'a text part that is empty beside HTML', raw: twins({ text: ' \r\n', html: '<p>Only here.</p>' }), expected: { ...opened, text: 'Only here.' } },
];
