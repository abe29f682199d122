import { isOurRecipient, looksUrgent } from '../../intake/accept';
import { systemTags } from '../../intake/cluster-website';
import { contentHash } from '../../intake/content-hash';
import { domainOf, localPartOf, mailAddress } from '../../intake/mail-address';
import { cleanText, oneLine } from '../../intake/parse/clean-text';
import { receiptAllowed, subjectKey } from '../../intake/receipt-budget';
import { policyOf } from '../policy/policies';

const HOUR = 3_600_000;

function mail(header: string, body = 'Hello\r\n'): Buffer {
  return Buffer.from(`${header}\r\n\r\n${body}`);
}

describe('copies of one mail', () => {
  const original = mail('From: a@acme.test\r\nTo: info@example.test\r\nMessage-ID: <1@acme.test>\r\nSubject: Help');

  test('differ in what they collected on their way and in line ends only', () => {
    const copy = mail(
      'Received: from mx by us\r\n\tfor <info@example.test>; today\r\nReturn-Path: <a@acme.test>\r\nDelivered-To: info@example.test\r\nDKIM-Signature: v=1; b=abc\r\n def\r\nARC-Seal: i=1\r\nFrom: a@acme.test\r\nTo: info@example.test\r\nMessage-ID: <1@acme.test>\r\nSubject:\r\n Help',
    );
    expect(contentHash(copy)).toBe(contentHash(original));
    expect(contentHash(Buffer.from(original.toString().replaceAll('\r\n', '\n')))).toBe(contentHash(original));
    expect(contentHash(Buffer.from(original.toString().replaceAll('\r\n', '\r')))).toBe(contentHash(original));
  });

  test.each([
    ['subject', mail('From: a@acme.test\r\nTo: info@example.test\r\nMessage-ID: <1@acme.test>\r\nSubject: Help!')],
    ['sender', mail('From: b@acme.test\r\nTo: info@example.test\r\nMessage-ID: <1@acme.test>\r\nSubject: Help')],
    ['Message-ID', mail('From: a@acme.test\r\nTo: info@example.test\r\nMessage-ID: <2@acme.test>\r\nSubject: Help')],
    ['body', mail('From: a@acme.test\r\nTo: info@example.test\r\nMessage-ID: <1@acme.test>\r\nSubject: Help', 'Hello again\r\n')],
  ])('another %s is another mail', (_what, other) => {
    expect(contentHash(other)).not.toBe(contentHash(original));
  });
});

describe('text at the boundary', () => {
  test('loses NUL and halves of surrogate pairs, and keeps whole ones', () => {
    expect(cleanText('a\0b\ud83dc\ude00d😀\r\ne\rf')).toBe('abcd😀\ne\nf');
    expect(Buffer.from(cleanText('😀')).toString()).toBe('😀');
  });

  test('is one line where a line is wanted', () => {
    expect(oneLine(' Help\r\nBcc: x@evil.test\t\u2028now\0 ')).toBe('Help Bcc: x@evil.test now');
  });

  test.each(['jane@acme.test', 'Jane.Doe+x@Sub.Acme.test', 'jörg@müller.test'])('%s is an address', (text) => {
    expect(mailAddress(` ${text} `)).toBe(text.toLowerCase());
  });

  test.each([
    '',
    'jane',
    'jane@',
    '@acme.test',
    'jane@acme',
    'ja ne@acme.test',
    'jane@acme.test\r\nBcc: x',
    'a\0@acme.test',
    'jane@-acme.test',
    `${'x'.repeat(65)}@acme.test`,
    '<jane@acme.test>',
  ])('%j is none', (text) => {
    expect(mailAddress(text)).toBeNull();
  });

  test('an address has two parts', () => {
    expect([localPartOf('A+B@Acme.test'), domainOf('A+B@Acme.test')]).toEqual(['a+b', 'acme.test']);
  });
});

describe('the first look of accept', () => {
  test('finds what the policy calls urgent by address and by Subject, encoded and folded', async () => {
    const policy = await policyOf(
      'triage: [{ when: { subject: ["production down"] }, priority: urgent }]\naddresses: { info: {}, emergency: { priority: urgent } }',
    );
    const subject = (line: string) =>
      mail(`From: a@acme.test\r\nX-Note: Subject: production down\r\nSubject: ${line}\r\nDate: today`, 'Subject: production down\r\n');
    expect(looksUrgent(policy, subject('Hello'), ['info@example.test'])).toBe(false);
    expect(looksUrgent(policy, subject('Help! Production DOWN'), ['info@example.test'])).toBe(true);
    expect(looksUrgent(policy, subject('=?utf-8?B?UHJvZHVjdGlvbiBkb3du?='), ['info@example.test'])).toBe(true);
    expect(looksUrgent(policy, subject('Production\r\n down'), ['info@example.test'])).toBe(true);
    expect(looksUrgent(policy, subject('Hello'), ['info@example.test', 'EMERGENCY@example.test'])).toBe(true);
    expect(looksUrgent(policy, Buffer.from('Subject: production down\rFrom: a@acme.test\r\rx'), ['info@example.test'])).toBe(true);
    expect(looksUrgent(policy, Buffer.alloc(0), [])).toBe(false);
  });

  test('knows which recipients are ours', async () => {
    const policy = await policyOf('addresses: { info: {} }');
    const ours = (address: string) => isOurRecipient(policy, 'Example.test', address);
    expect(['info@example.test', 'INFO@EXAMPLE.TEST', 'reply+1.k.x@example.test'].map(ours)).toEqual([true, true, true]);
    expect(['sales@example.test', 'info@other.test', 'constructor@example.test', 'info'].map(ours)).toEqual([false, false, false, false]);
  });
});

describe('cluster and website', () => {
  const own = { clusters: ['c042', 'c043'], websites: ['www.acme.test', 'shop.acme.test'] };

  test('are those that the text names', () => {
    expect(systemTags('Our shop (https://SHOP.acme.test/cart) on C042 is slow.', own)).toEqual({ cluster: ['c042'], website: ['shop.acme.test'] });
    expect(systemTags('acme.test is down', own)).toEqual({ cluster: [], website: ['www.acme.test'] });
  });

  test('are never read out of a longer name or an e-mail address', () => {
    expect(systemTags('jane@acme.test, xc042, c0421, c042@x, evil-shop.acme.test.example', own)).toEqual({ cluster: [], website: [] });
  });

  test("are never another organization's", () => {
    expect(systemTags('c999 and www.other.test', own)).toEqual({ cluster: [], website: [] });
  });

  test('are the only ones there are, when nothing is named', () => {
    expect(systemTags('Hello', { clusters: ['c042'], websites: [] })).toEqual({ cluster: ['c042'], website: [] });
    expect(systemTags('Hello', own)).toEqual({ cluster: [], website: [] });
  });
});

describe('how many receipts there are', () => {
  const now = Date.UTC(2026, 2, 2, 10);

  test('an unknown address gets one an hour', () => {
    expect(receiptAllowed(now, false, 'a', [])).toBe(true);
    expect(receiptAllowed(now, false, 'b', [{ at: now - HOUR + 1, subjectKey: 'a' }])).toBe(false);
    expect(receiptAllowed(now, false, 'b', [{ at: now - HOUR, subjectKey: 'a' }])).toBe(true);
  });

  test('a known contact gets two for one subject and ten in three hours', () => {
    const earlier = (count: number, subject: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => ({ at: now - index * 1_000, subjectKey: subject(index) }));
    expect(
      receiptAllowed(
        now,
        true,
        'a',
        earlier(1, () => 'a'),
      ),
    ).toBe(true);
    expect(
      receiptAllowed(
        now,
        true,
        'a',
        earlier(2, () => 'a'),
      ),
    ).toBe(false);
    expect(receiptAllowed(now, true, 'a', earlier(9, String))).toBe(true);
    expect(receiptAllowed(now, true, 'a', earlier(10, String))).toBe(false);
    expect(
      receiptAllowed(now, true, 'a', [
        { at: now - 3 * HOUR, subjectKey: 'a' },
        { at: now - 3 * HOUR, subjectKey: 'a' },
      ]),
    ).toBe(true);
  });

  test('subjects are the same whatever stands before them or is counted in them', () => {
    expect(subjectKey('Re: AW: Disk  full (17)')).toBe(subjectKey('disk full (3)'));
    expect(subjectKey('Disk full')).not.toBe(subjectKey('Disk fuller'));
  });
});
