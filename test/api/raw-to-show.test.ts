import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { rawToShow } from '../../api/raw-to-show';
import { parseSigningKeys, signLink } from '../../messages/addresses';

const KEYS = parseSigningKeys(`t1:${Buffer.alloc(32, 7).toString('base64')}`);
const TOKEN = signLink(KEYS, { purpose: 'thatsAll', number: 1042, contact: 'c_jane' });

test.each(['quoted-printable', 'base64'] as const)('a raw mail in %s keeps every byte but those of our tokens', async (textEncoding) => {
  const text = `Grüße!\n\n> Is that all?\n> https://desk.example.test/l/${TOKEN}\n> Bye`;
  const raw = await new MailComposer({
    from: 'jane@customer.example',
    to: 'support@example.test',
    subject: 'Re: Shop is slow [#1042]',
    text,
    html: `<p>Grüße</p><blockquote><a href="https://desk.example.test/l/${TOKEN}">No, that’s all</a></blockquote>`,
    textEncoding,
    attachments: [{ filename: 'old.txt', content: Buffer.from(`In another file: ${TOKEN}`) }],
  })
    .compile()
    .build();
  const shown = rawToShow(raw);
  expect(shown).toHaveLength(raw.length);
  const mail = await PostalMime.parse(shown);
  expect(mail.subject).toBe('Re: Shop is slow [#1042]');
  expect(mail.text).toContain('Grüße!\n\n> Is that all?\n> https://desk.example.test/l/xxx');
  expect(mail.html).toContain('No, that’s all');
  const [file] = mail.attachments;
  for (const part of [shown.toString('latin1').replace(/=\r\n/g, ''), mail.text, mail.html, Buffer.from(file?.content as ArrayBuffer).toString()]) {
    expect(part).not.toContain(TOKEN);
  }
  // A mail without any is the mail as it came.
  const plain = Buffer.from(raw.toString('latin1').replace(/WyJ/g, 'WxJ'), 'latin1');
  expect(rawToShow(plain)).toHaveLength(plain.length);
});

test('bytes that are no text stay as they are', () => {
  const raw = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 37) % 256));
  expect(rawToShow(raw).equals(raw)).toBe(true);
});
