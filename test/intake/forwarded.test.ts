import fc from 'fast-check';
import { forwardedFrom } from '../../intake/forwarded';
import { isFreemail } from '../../intake/freemail';

const mail = (text: string, more: Partial<Parameters<typeof forwardedFrom>[0]> = {}) => ({
  subject: 'Fwd: The shop is slow',
  text,
  fullText: null,
  files: [],
  ...more,
});
const ADA = { address: 'ada@acme.example', name: 'Ada Lovelace' };

test.each([
  [
    'Gmail',
    'Look.\n\n---------- Forwarded message ---------\nFrom: Ada Lovelace <ada@acme.example>\nDate: Mon, 23 Mar 2026\nSubject: Slow\nTo: <me@x.test>\n\nHelp',
  ],
  ['Gmail, German', '---------- Forwarded message ---------\nVon: Ada Lovelace <ada@acme.example>\nDate: Mo., 23. März 2026\nSubject: Slow\n\nHilfe'],
  ['Outlook', 'FYI\n\n________________________________\nFrom: Ada Lovelace <Ada@ACME.example>\nSent: Monday\nTo: Me\nSubject: Slow\n\nHelp'],
  [
    'older Outlook, German',
    '-----Ursprüngliche Nachricht-----\nVon: Ada Lovelace [mailto:ada@acme.example]\nGesendet: Montag\nAn: ich\nBetreff: Slow\n\nHilfe',
  ],
  ['Apple Mail', 'Begin forwarded message:\n\n> From: Ada Lovelace <ada@acme.example>\n> Subject: Slow\n> Date: Monday\n>\n> Help'],
  ['Apple Mail, German', 'Anfang der weitergeleiteten Nachricht:\n\nVon: "Ada Lovelace" <ada@acme.example>\nBetreff: Slow\nDatum: heute\n\nHilfe'],
  ['Thunderbird', '-------- Forwarded Message --------\nSubject: Slow\nDate: Mon\nFrom: Ada Lovelace <ada@acme.example>\nTo: me@x.test\n\nHelp'],
  ['bold', '*From:* Ada Lovelace <ada@acme.example>\n*Sent:* Monday\n*To:* me\n\nHelp'],
])('%s: the author of what was forwarded', (_program, text) => {
  expect(forwardedFrom(mail(text))).toEqual(ADA);
});

test('an address alone has no name, and the whole text counts where a part of it was trimmed', () => {
  const whole = 'Hi\n\n________________________________\nFrom: ada@acme.example\nSent: Monday\n\nHelp';
  expect(forwardedFrom(mail('Hi', { fullText: whole }))).toEqual({ address: 'ada@acme.example', name: null });
  expect(forwardedFrom(mail('Hi'))).toBeNull();
});

test('a mail attached as a whole tells its author, folded and encoded', () => {
  const content = Buffer.from(
    'Received: by x\r\nFrom: =?UTF-8?Q?Ada_L=C3=B6velace?=\r\n <ada@acme.example>\r\nSubject: Slow\r\n\r\nFrom: Eve <eve@evil.example>\r\nDate: now\r\n',
  );
  const files = [{ name: 'message.eml', mediaType: 'message/rfc822', content }];
  expect(forwardedFrom(mail('See below', { subject: 'This one', files }))).toEqual({ address: 'ada@acme.example', name: 'Ada Lövelace' });
});

test.each([
  ['an ordinary mail', mail('Hello,\nthe shop is slow.', { subject: 'Slow' })],
  ['an answer that quotes, without a sign of forwarding', mail('Yes.\n\nFrom: Ada <ada@acme.example>\nSent: Monday\n', { subject: 'Re: Slow' })],
  ['words that begin with from', mail('From: what I see it hangs.\nAnd then?')],
  ['a From without another field', mail('From: Ada <ada@acme.example>\n\nHelp')],
  ['no address', mail('---------- Forwarded message ---------\nFrom: Ada\nDate: Monday\n')],
])('nobody is proposed for %s', (_what, given) => {
  expect(forwardedFrom(given)).toBeNull();
});

test('whatever a mail contains, it is read at once and names a real address or nobody', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ maxLength: 50 }), (noise, subject) => {
      const person = forwardedFrom(mail(`Fwd\nFrom: ${noise}\nDate: x\n${noise}`, { subject: `Fwd: ${subject}` }));
      expect(person === null || /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/u.test(person.address)).toBe(true);
    }),
  );
  const startedAt = performance.now();
  forwardedFrom(mail(`From: ${'('.repeat(400_000)}\n${'a'.repeat(400_000)}\nDate: x`));
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('addresses that everybody can have say nothing about a customer', () => {
  expect(isFreemail('gmail.com')).toBe(true);
  expect(isFreemail('acme.example')).toBe(false);
});
