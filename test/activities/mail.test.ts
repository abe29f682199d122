import fc from 'fast-check';
import { oneLine } from '../../activities/mail/one-line';
import { HeaderRefused, serialise, type MailParts } from '../../activities/mail/raw-mail';
import { tellTime } from '../../activities/mail/told-time';
import { isOurMailId, parseBounceAddress, parseReplyAddress, verifyBounceAddress, verifyLink, verifyReplyAddress } from '../../messages/addresses';
import { MAIL_KINDS } from '../../policy/effects';
import { EXAMPLES_IN_ALL, effectOf, FRIDAY_EVENING, KEYS, MONDAY_OPENING, sourceOf, TUESDAY_TEN, words, written } from './mail-fixtures';

const RECEIPT = { dueAt: TUESDAY_TEN, officeOpen: true, opensAt: null, onCallTold: false, priority: 'normal' };
const CLOSED_RECEIPT = { ...RECEIPT, officeOpen: false, opensAt: MONDAY_OPENING, onCallTold: true };

const header = (mail: { headers: { key: string; value: string }[] }, name: string) =>
  mail.headers.filter(({ key }) => key === name.toLowerCase()).map(({ value }) => value);
/** The header lines of the raw mail, unfolded. */
const headerLines = (raw: string) => (raw.split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ').split('\r\n');

describe('who a mail is from and to', () => {
  test('an answer comes from a person, from the address that the customer wrote to, and is answered to a signed one', async () => {
    const { mail, intent } = await written(effectOf('reply', {}, { messageId: 'm1' }), sourceOf({ messages: [words('Done.')] }));
    expect(mail.from).toEqual({ name: 'Anna Berger at Acme Hosting', address: 'support@example.test' });
    expect(mail.to).toEqual([{ name: 'Jane Doe', address: 'jane@customer.example' }]);
    const [answersTo] = mail.replyTo ?? [];
    const parsed = parseReplyAddress(answersTo?.address?.split('@')[0] ?? '');
    expect(parsed?.number).toBe(1042);
    expect(parsed !== null && verifyReplyAddress(KEYS, parsed, 'c_jane')).toBe(true);
    expect(parsed !== null && verifyReplyAddress(KEYS, parsed, 'c_other')).toBe(false);
    // What comes back says which mail it was; nobody answers that address.
    const returnsTo = parseBounceAddress(intent.envelopeFrom.split('@')[0] ?? '');
    expect(returnsTo !== null && verifyBounceAddress(KEYS, returnsTo, intent.mailId)).toBe(true);
    expect(header(mail, 'auto-submitted')).toEqual([]);
  });

  test('the policy gives each address a name and a signature', async () => {
    const { mail, text } = await written(effectOf('reply', {}, { messageId: 'm1' }), sourceOf({ address: 'backoffice', messages: [words('Done.')] }));
    expect(mail.from).toEqual({ name: 'Anna Berger at Acme Office', address: 'backoffice@example.test' });
    expect(text).toContain('Anna Berger\nAcme Hosting\nacme.example');
  });

  test.each(['a b', 'x>\r\nBcc: y@z.example', 'ä'.repeat(70), ''])('an address that is none, %j, is not used', async (address) => {
    const { mail } = await written(effectOf('solved'), sourceOf({ address }));
    expect(mail.from).toEqual({ name: 'Support', address: 'support@example.test' });
  });

  test.each(MAIL_KINDS)('%s: machines are asked not to answer exactly when a machine wrote it', async (kind) => {
    const { mail, intent } = await written(effectOf(kind), sourceOf({ messages: [words('Hello.')] }));
    const automatic = ['receipt', 'solved', 'reminder', 'converted', 'csat', 'transcript'].includes(kind);
    expect(header(mail, 'auto-submitted')).toEqual(automatic ? [kind === 'receipt' ? 'auto-replied' : 'auto-generated'] : []);
    expect(header(mail, 'x-auto-response-suppress')).toEqual(automatic ? ['All'] : []);
    expect(intent.envelopeFrom === '').toBe(automatic);
  });
});

describe('threading', () => {
  test('a mail names the earlier ones, carries its number and the date of its decision', async () => {
    const { mail, intent } = await written(effectOf('solved'), sourceOf({ threadMailIds: ['first@customer.example', 'second@example.test'] }));
    expect(mail.subject).toBe('Re: Shop is slow since this morning [#1042]');
    expect(mail.inReplyTo).toBe('<second@example.test>');
    expect(mail.references).toBe('<first@customer.example> <second@example.test>');
    expect(mail.messageId).toBe(`<${intent.mailId}>`);
    expect(isOurMailId(KEYS, intent.mailId)).toBe(true);
    expect(Date.parse(mail.date ?? '')).toBe(FRIDAY_EVENING);
  });

  test.each([
    ['Re: AW: Fwd: Re[2]: Shop is slow', 'Re: Shop is slow [#1042]'],
    ['RE: Shop is slow [#1042]', 'Re: Shop is slow [#1042]'],
    ['', 'Your request [#1042]'],
    ['Re:', 'Your request [#1042]'],
    ['Two\r\nlines\0and NUL', 'Re: Two lines and NUL [#1042]'],
  ])('the subject %j becomes %j', async (subject, expected) => {
    const { mail } = await written(effectOf('solved'), sourceOf({ subject }));
    expect(mail.subject).toBe(expected);
  });

  test('Message-IDs that cannot stand in a header are left out', async () => {
    const { mail, raw } = await written(
      effectOf('solved'),
      sourceOf({ threadMailIds: ['good@customer.example', 'bad id@x', 'evil>\r\nBcc: a@b.example', 'ü@x'] }),
    );
    expect(mail.references).toBe('<good@customer.example>');
    expect(headerLines(raw).filter((line) => line.startsWith('Bcc'))).toEqual([]);
  });

  test('the same effect makes the same bytes', async () => {
    const [one, other] = await Promise.all([written(effectOf('receipt', RECEIPT), sourceOf()), written(effectOf('receipt', RECEIPT), sourceOf())]);
    expect(one.intent.raw.equals(other.intent.raw)).toBe(true);
  });
});

describe('what a mail says', () => {
  test('a receipt tells number and time in the zone of the desk, or of the customer', async () => {
    const here = await written(effectOf('receipt', RECEIPT), sourceOf());
    expect(here.text).toContain('#1042');
    expect(here.text).toContain('Tuesday, 31 March, 10:00 (Berlin time, CEST)');
    const there = await written(effectOf('receipt', RECEIPT), sourceOf({ recipient: { zone: 'America/New_York' } }));
    expect(there.text).toContain('Tuesday, 31 March, 04:00 (New York time, ');
    const nowhere = await written(effectOf('receipt', RECEIPT), sourceOf({ recipient: { zone: 'Mars/Olympus' } }));
    expect(nowhere.text).toContain('10:00 (Berlin time, CEST)');
  });

  test('its link lets this customer say that production is down, and nothing else', async () => {
    const { text, html } = await written(effectOf('receipt', RECEIPT), sourceOf());
    const [, token = ''] = /https:\/\/desk\.example\.test\/l\/(\S+)/.exec(text) ?? [];
    expect(verifyLink(KEYS, token)).toEqual({ purpose: 'productionDown', number: 1042, contact: 'c_jane' });
    expect(html).toContain(`href="https://desk.example.test/l/${token}"`);
    const urgent = await written(effectOf('receipt', { ...RECEIPT, priority: 'urgent' }), sourceOf());
    expect(urgent.text).not.toContain('/l/');
  });

  test('out of office hours it says so, and that on-call has been told only when that is true', async () => {
    const told = await written(effectOf('receipt', CLOSED_RECEIPT), sourceOf());
    expect(told.text).toMatch(/closed right now; it opens again on Monday, 30 March, 08:00/);
    expect(told.text).toMatch(/on-call engineer has been told/);
    const untold = await written(effectOf('receipt', { ...CLOSED_RECEIPT, onCallTold: false }), sourceOf());
    expect(untold.text).toMatch(/closed right now/);
    expect(untold.text).not.toMatch(/on-call/);
    const open = await written(effectOf('receipt', RECEIPT), sourceOf());
    expect(open.text).not.toMatch(/closed|on-call/);
  });

  test('an address that may be anyone’s hears none of the sender’s words', async () => {
    const stranger = { name: 'Buy pills at evil.example', email: 'victim@customer.example', known: false };
    const { raw, mail, text, html } = await written(effectOf('receipt', RECEIPT), sourceOf({ subject: 'Visit evil.example now', recipient: stranger }));
    for (const said of [raw, text, html, mail.subject, JSON.stringify(mail.to)]) expect(said).not.toMatch(/evil|pills|visit/i);
    expect(mail.subject).toBe('Your request [#1042]');
  });

  test.each(['http://evil.example', 'Click <a href="x">', '**bold**', 'a'.repeat(200)])('the name %j is not taken for a name', async (name) => {
    const { text, html } = await written(effectOf('solved'), sourceOf({ recipient: { name } }));
    expect(text).toContain('Hello,');
    expect(text).not.toContain(name);
    expect(html).not.toContain(name);
  });

  test('an answer has the agent’s words, exactly, and quotes nothing', async () => {
    const body = 'Hi Jane,\n\n  two < three & "four" {{headline}} **stars**\n<script>alert(1)</script>';
    const { text, html } = await written(effectOf('reply', {}, { messageId: 'm1' }), sourceOf({ messages: [words(body)] }));
    expect(text.startsWith(body)).toBe(true);
    expect(html).not.toContain('<script');
    expect(html).toContain('two &lt; three &amp; &quot;four&quot; {{headline}} **stars**');
    expect(text.slice(body.length).trimEnd()).toBe('\n\nAnna Berger\n\n-- \n#1042 · Just answer this mail, and we’ll have it.');
  });

  test('on-call’s words tell the times that they promise', async () => {
    const facts = { updateBy: FRIDAY_EVENING + 3_600_000, dueAt: TUESDAY_TEN, opensAt: MONDAY_OPENING };
    const said = async (word: string, body = '') =>
      (await written(effectOf('feedback', { ...facts, word }, { messageId: 'm1' }), sourceOf({ messages: [words(body)] }))).text;
    expect(await said('workingOnIt')).toMatch(/working on this right now[^]*Friday, 27 March, 21:30/);
    const whenOpen = await said('whenOpen');
    expect(whenOpen).toMatch(/opens on Monday, 30 March, 08:00[^]*by Tuesday, 31 March, 10:00/);
    expect(whenOpen).not.toContain('21:30');
    const own = await said('ownWords', 'Restarting it now.');
    expect(own).toMatch(/^Restarting it now\.[^]*21:30/);
  });

  test.each([
    ['workingOnIt', /working on this right now[^]*Friday, 27 March, 21:30/],
    ['whenOpen', /opens on Monday, 30 March, 08:00[^]*by Tuesday, 31 March, 10:00/],
  ])('what on-call typed with the tap %s comes first; the thread’s own words for the tap are not said twice', async (word, promised) => {
    const facts = { word, updateBy: FRIDAY_EVENING + 3_600_000, dueAt: TUESDAY_TEN, opensAt: MONDAY_OPENING };
    const said = async (more: { typed?: true }) =>
      (await written(effectOf('feedback', { ...facts, ...more }, { messageId: 'm1' }), sourceOf({ messages: [words('A disk is full.')] }))).text;
    const typed = await said({ typed: true });
    expect(typed).toMatch(/^A disk is full\.\n/);
    expect(typed).toMatch(promised);
    const tapped = await said({});
    expect(tapped).toMatch(/^Hi Jane,\n/);
    expect(tapped).toMatch(promised);
    expect(tapped).not.toContain('A disk is full.');
  });

  test('an answer that promises an update tells until when', async () => {
    const source = sourceOf({ messages: [words('We have asked the data centre.')] });
    const promised = await written(effectOf('reply', { updateBy: FRIDAY_EVENING + 3_600_000 }, { messageId: 'm1' }), source);
    expect(promised.text).toMatch(/^We have asked the data centre\.\n\nYou’ll hear from us by Friday, 27 March, 21:30 \(Berlin time, CET\)\./);
    const plain = await written(effectOf('reply', { updateBy: null }, { messageId: 'm1' }), source);
    expect(plain.text).not.toContain('hear from us');
  });

  test('a solved mail says how to reopen, a reminder and a closing question let the customer end it', async () => {
    expect((await written(effectOf('solved'), sourceOf())).text).toMatch(/just answer this mail/);
    for (const kind of ['reminder', 'closingQuestion'] as const) {
      const { text } = await written(effectOf(kind), sourceOf());
      const [, token = ''] = /\/l\/(\S+)/.exec(text) ?? [];
      expect(verifyLink(KEYS, token)).toEqual({ purpose: 'thatsAll', number: 1042, contact: 'c_jane' });
    }
  });

  test('attachments go along, with names and types that stay data', async () => {
    const message = {
      ...words('See the log.'),
      attachments: [
        { name: 'log "1"\r\nX-Evil: yes.txt', mediaType: 'text/plain', content: Buffer.from('line') },
        { name: 'nested', mediaType: 'multipart/mixed', content: Buffer.from('x') },
      ],
    };
    const { mail, raw } = await written(effectOf('reply', {}, { messageId: 'm1' }), sourceOf({ messages: [message] }));
    expect(mail.attachments.map(({ filename, mimeType }) => [filename, mimeType])).toEqual([
      ['log "1" X-Evil: yes.txt', 'text/plain'],
      ['nested', 'application/octet-stream'],
    ]);
    expect(raw).not.toMatch(/^X-Evil/m);
  });

  test('a demonstration says that it is one', async () => {
    expect((await written(effectOf('solved'), sourceOf({ demo: true }))).text).toContain('demonstration');
    expect((await written(effectOf('solved'), sourceOf())).text).not.toContain('demonstration');
  });

  test.each(EXAMPLES_IN_ALL)('$name has a plain-text twin with the same promise and link', async ({ effect, source, transcript, time, language }) => {
    const { text, html, mail } = await written(effect, source, transcript);
    if (time !== null) for (const twin of [text, html]) expect(twin).toContain(time);
    const links = (twin: string) => [...new Set(twin.match(/https:\/\/desk\.example\.test\/l\/[\w.-]+/g))];
    expect(links(html)).toEqual(links(text));
    expect(html).not.toMatch(/\{\{\w+\}\}|<!-- (part|end): /);
    expect(html).toContain(`<html lang="${language}"`);
    expect(header(mail, 'content-language')).toEqual([language]);
    expect(mail.subject).toContain('#1042');
  });
});

describe('nothing from outside breaks out of its place', () => {
  const names = [
    'from',
    'to',
    'subject',
    'date',
    'message-id',
    'content-type',
    'mime-version',
    'reply-to',
    'in-reply-to',
    'references',
    'auto-submitted',
    'content-language',
    'x-auto-response-suppress',
  ];
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\r',
          '\n',
          '\0',
          '\r\nBcc: x@evil.example',
          '<',
          '>',
          '"',
          ',',
          ';',
          '\u2028',
          '\u202e',
          '=?utf-8?q?=0D=0ABcc:_x?=',
          '{{headline}}',
          '<!-- end: promise -->',
        ),
        fc.string(),
      ),
    )
    .map((parts) => parts.join(''));

  test('whatever subject, names, addresses and Message-IDs contain', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, hostile, fc.constantFrom(...MAIL_KINDS), async (subject, name, body, mailId, kind) => {
        const { raw, mail, html } = await written(
          effectOf(kind, RECEIPT),
          sourceOf({ subject, recipient: { name }, messages: [words(body, { authorName: name })], threadMailIds: [mailId] }),
        );
        for (const line of headerLines(raw)) expect(names).toContain(line.slice(0, line.indexOf(':')).toLowerCase());
        expect(mail.to).toHaveLength(1);
        expect(mail.to?.[0]?.address).toBe('jane@customer.example');
        expect(mail.from?.address).toBe('support@example.test');
        expect(html).not.toMatch(/<script|<img|<iframe/i);
        // One tree of elements: what was opened by our template is closed by it.
        expect(html.match(/<\/body>/g)).toHaveLength(1);
      }),
      { numRuns: 150 },
    );
  });

  const parts: MailParts = {
    from: { name: 'A', address: 'a@example.test' },
    to: { name: 'B', address: 'b@example.test' },
    replyTo: { name: 'A', address: 'r@example.test' },
    subject: 'S',
    mailId: 'm@example.test',
    references: [],
    at: FRIDAY_EVENING,
    headers: {},
    text: 'T',
    html: '<p>T</p>',
    attachments: [],
  };

  test.each(['\r\n', '\n', '\r', '\0'])('the serialiser refuses %j in any header', async (evil) => {
    const bad = `x${evil}Bcc: y@evil.example`;
    const variants: Partial<MailParts>[] = [
      { subject: bad },
      { mailId: bad },
      { references: [bad] },
      { headers: { 'X-One': bad } },
      { headers: { [bad]: 'x' } },
      ...(['from', 'to', 'replyTo'] as const).flatMap((who) => [{ [who]: { name: bad, address: 'a@example.test' } }, { [who]: { name: 'A', address: bad } }]),
    ];
    for (const variant of variants) await expect(serialise({ ...parts, ...variant })).rejects.toBeInstanceOf(HeaderRefused);
    expect((await serialise(parts)).toString()).toContain('Subject: S\r\n');
  });

  test('one line is one line, and keeps its words', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(oneLine(text)).not.toMatch(/[\r\n\0\u2028\u2029\u202e]/);
        expect(oneLine(oneLine(text))).toBe(oneLine(text));
      }),
    );
    expect(oneLine('  Grüße 👩‍💻\tan\r\nalle ')).toBe('Grüße 👩‍💻 an alle');
  });
});

describe('told times', () => {
  test('know summer time, and zones that name no place', () => {
    expect(tellTime(FRIDAY_EVENING, 'Europe/Berlin', 'en').text).toBe('Friday, 27 March, 20:30 (Berlin time, CET)');
    expect(tellTime(MONDAY_OPENING, 'Europe/Berlin', 'en').text).toBe('Monday, 30 March, 08:00 (Berlin time, CEST)');
    expect(tellTime(MONDAY_OPENING, 'UTC', 'en').text).toBe('Monday, 30 March, 06:00 (UTC)');
    expect(tellTime(MONDAY_OPENING, 'Etc/GMT+3', 'en').zone).toBe('GMT-3');
  });
});
