import { createMailParser, type MailParser } from '../../intake/parse/mail-parser';
import { mailOf, slowMail } from './mail-desk';

describe('the parsing thread', () => {
  let parser: MailParser;
  beforeEach(() => {
    parser = createMailParser();
  });
  afterEach(() => parser.close());

  test('reads a mail whole', async () => {
    const { mail, read } = await parser.read(
      mailOf({
        from: '"Doe, Jane" <Jane@Acme.test>',
        headers: ['Cc: Bob <bob@acme.test>, undisclosed:;', 'In-Reply-To: <b@x.test>', 'References: <a@x.test> <b@x.test>', 'List-Id: <l.x.test>'],
      }),
    );
    expect(read).toBe('whole');
    expect(mail).toMatchObject({
      from: { address: 'jane@acme.test', name: 'Doe, Jane' },
      to: [
        { address: 'info@example.test', name: null },
        { address: 'bob@acme.test', name: 'Bob' },
      ],
      subject: 'Help',
      inReplyTo: 'b@x.test',
      referenced: ['b@x.test', 'b@x.test', 'a@x.test'],
      headers: { 'list-id': '<l.x.test>' },
      html: null,
      files: [],
      filesLeftOut: false,
    });
    expect(mail.text.trim()).toBe('Something is wrong.');
  });

  test('reads lines that end in CR only', async () => {
    const { mail } = await parser.read(Buffer.from(mailOf().toString().replaceAll('\r\n', '\r')));
    expect(mail).toMatchObject({ from: { address: 'jane@acme.test' }, subject: 'Help' });
    expect(mail.text.trim()).toBe('Something is wrong.');
  });

  test('keeps a hundred files and says that there were more', async () => {
    const part = '--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n1\r\n';
    const { mail } = await parser.read(mailOf({ headers: ['Content-Type: multipart/mixed; boundary=b'], body: `${part.repeat(101)}--b--` }));
    expect([mail.files.length, mail.filesLeftOut]).toEqual([100, true]);
  });

  test('gives up on a mail that takes too long, keeps its header, and reads the next one', async () => {
    const hasty = createMailParser({ timeMs: 2_000 });
    try {
      // Warm: a thread's start does not count against a mail of everyday size.
      await hasty.read(mailOf());
      const { mail, read } = await hasty.read(slowMail());
      expect([read, mail.subject]).toEqual(['header', 'Help']);
      const next = await hasty.read(mailOf());
      expect(next.read).toBe('whole');
    } finally {
      await hasty.close();
    }
  });

  test('reads quickly what can be read quickly, and leaves the rest to somebody with time', async () => {
    const quick = createMailParser({ quickMs: 2_000, timeMs: 600_000 });
    try {
      expect((await quick.readQuickly(mailOf()))?.read).toBe('whole');
      const [bomb, next] = await Promise.all([quick.readQuickly(slowMail()), quick.readQuickly(mailOf())]);
      // One that was given all its time would have been read whole, or would still be read.
      expect([bomb, next?.read]).toEqual([null, 'whole']);
    } finally {
      await quick.close();
    }
  });

  test('survives a mail that needs more memory than there is', async () => {
    const small = createMailParser({ memoryMb: 16 });
    try {
      const people = Array.from({ length: 60_000 }, (_, index) => `"Person ${index}" <p${index}@acme.test>`).join(',\r\n ');
      const { read } = await small.read(mailOf({ to: people }));
      expect(['header', 'nothing']).toContain(read);
      expect((await small.read(mailOf())).read).toBe('whole');
    } finally {
      await small.close();
    }
  });
});
