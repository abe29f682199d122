import { parseMail } from '../../intake/parse/parse-mail';
import { trimQuote } from '../../intake/parse/trim-quote';
import { mailOf, type MailParts } from './mail-desk';

const told = [
  'Hallo,\nam 03.03.2026 um 10:15 ging unser Shop nicht mehr.\nFrau Meier schrieb uns dazu:\nFehler 500 im Checkout, Production down.\nBitte prüfen Sie das dringend.',
  'Hello,\non 3 March at 10:15 our shop went down and stayed down.\nOne of our customers wrote:\nI cannot pay, production down.\nPlease look at once.',
  'Hello,\nOn 3 March at 10:15 our shop went down\nOne of our customers wrote:\nI cannot pay, production down.\nPlease look at once.',
];
const quoted = [
  'Guten Tag,\ndiese Mail kam nicht an:\n\nVon: shop@acme.de\nDatum: 3. März 2026 10:15\nAn: kunde@gmx.de\nBetreff: Ihre Bestellung\n\nKönnen Sie bitte nachsehen, warum? Es betrifft alle Kunden bei GMX.',
  'Hello,\none of our customers wrote:\n\n> I cannot pay.\n> Is your shop down?',
  'Hello,\nthis came on Monday.\n\n-----Original Message-----\nFrom: A <a@x.test>\nSubject: Shop\n\nI cannot pay.',
];

describe('what a customer tells of others', () => {
  test.each([...told, ...quoted])('stays in a mail that answers none: %j', (full) => {
    expect(trimQuote({ full, before: full }, { subject: 'Shop', answers: false })).toEqual({ text: full, full: null });
  });

  test.each(told)('stays in an answer, where it is sentences: %j', (full) => {
    expect(trimQuote({ full, before: full }, { subject: 'Shop', answers: true })).toEqual({ text: full, full: null });
  });

  test('stays in an answer where what follows is quoted: no sentence is a part of the heading', () => {
    const own = 'Hello,\non 3 March at 10:15 our shop went down and stayed down.\nOne of our customers wrote:';
    const full = `${own}\n> I cannot pay.`;
    expect(trimQuote({ full, before: full }, { subject: 'Shop', answers: true })).toEqual({ text: own, full });
  });
});

describe('a mail answers one', () => {
  const body = 'It works.\r\n\r\nOn 2 Mar 2026, at 10:00, Ada <a@x.test> wrote:\r\n\r\nEARLIER words';
  const textOf = async (parts: MailParts) => (await parseMail(mailOf({ body, ...parts }))).text;

  test.each<[string, MailParts]>([
    ['by In-Reply-To', { headers: ['In-Reply-To: <a@x.test>'] }],
    ['by References', { headers: ['References: <a@x.test>'] }],
    ['by a reply address', { to: 'Ada <Reply+1042.k1.aaaaaaaaaaaaaaaaaaaaaaaa@example.test>' }],
    ...['Re: Help', 'RE: Help', 'AW: Hilfe', 'Aw: Hilfe', '[Ext] Re[2]: Help', 'Antwort: Hilfe', 'SV: Hjälp'].map((subject): [string, MailParts] => [
      `by its subject ${subject}`,
      { subject },
    ]),
  ])('%s', async (_how, parts) => {
    expect(await textOf(parts)).toBe('It works.');
  });

  test.each(['Help', 'Area: North', 'Restart: shop', 'Version 2: slow'])('a mail with the subject %s answers none', async (subject) => {
    expect(await textOf({ subject })).toContain('EARLIER words');
  });
});
