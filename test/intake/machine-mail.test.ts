import { judgeMachine, type MachineTraits } from '../../intake/machine-mail';

const human: MachineTraits = { headers: { 'content-type': 'text/plain; charset=utf-8' }, from: 'jane@acme.test', envelopeFrom: 'jane@acme.test' };

function withHeader(name: string, value: string): MachineTraits {
  return { ...human, headers: { ...human.headers, [name]: value } };
}

describe('who wrote: two verdicts', () => {
  test.each<[string, MachineTraits]>([
    ['a plain mail', human],
    ['Auto-Submitted: no', withHeader('auto-submitted', 'no')],
    ['Auto-Submitted: No (in capitals, with a comment)', withHeader('auto-submitted', 'No (sent by hand)')],
    ['X-Autoreply: no', withHeader('x-autoreply', 'no')],
    ['X-Autorespond: No', withHeader('x-autorespond', 'No')],
    ['Precedence: first-class', withHeader('precedence', 'first-class')],
    ['X-Auto-Response-Suppress: None', withHeader('x-auto-response-suppress', 'None')],
    ['an ordinary multipart', withHeader('content-type', 'multipart/mixed; boundary="report"')],
    ['no sender in From, a human on the envelope', { ...human, from: null }],
    ['a name that contains daemon', { ...human, from: 'mailer-daemon-fan@acme.test' }],
  ])('a human: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: false, machine: false });
  });

  test.each<[string, MachineTraits]>([
    ['List-Id', withHeader('list-id', '<ops.acme.test>')],
    ['Precedence: bulk', withHeader('precedence', 'bulk')],
    ['Precedence: LIST', withHeader('precedence', 'LIST')],
    ['Precedence: junk', withHeader('precedence', 'junk')],
    ['X-Auto-Response-Suppress: All', withHeader('x-auto-response-suppress', 'All')],
    ['X-Auto-Response-Suppress: OOF, AutoReply', withHeader('x-auto-response-suppress', 'OOF, AutoReply')],
    ['Auto-Submitted: auto-generated', withHeader('auto-submitted', 'auto-generated')],
    ['Auto-Submitted: auto-generated with parameters', withHeader('auto-submitted', 'Auto-Generated; owner-email="x@acme.test"')],
  ])('no automatic reply, but perhaps a human: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: true, machine: false });
  });

  test.each<[string, MachineTraits]>([
    ['Auto-Submitted: auto-replied', withHeader('auto-submitted', 'auto-replied')],
    ['Auto-Submitted: auto-replied (vacation)', withHeader('auto-submitted', 'auto-replied (vacation)')],
    ['the null return path', { ...human, envelopeFrom: '' }],
    ['a null Return-Path header', withHeader('return-path', '<>')],
    ['multipart/report', withHeader('content-type', 'multipart/report; report-type=delivery-status')],
    ['MAILER-DAEMON', { ...human, from: 'mailer-daemon@mx.acme.test' }],
    ['postmaster', { ...human, from: 'postmaster@acme.test' }],
    ['Precedence: auto_reply', withHeader('precedence', 'auto_reply')],
    ['X-Autoreply', withHeader('x-autoreply', 'yes')],
    ['X-Failed-Recipients', withHeader('x-failed-recipients', 'jane@acme.test')],
  ])('a machine: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: true, machine: true });
  });
});

/** Vacation replies and their like as programs write them that add no header: subject, words, whether they name an earlier mail. */
const ABSENCES: [string, string, boolean][] = [
  ['Automatic reply: Shop is slow [#1042]', 'I am out of the office until Monday, 9 March. For urgent matters please call +49 30 1234.', false],
  ['Automatic Reply: Re: Help', "I'm currently on annual leave and will be back on 12 March.", false],
  ['Out of Office: Your request [#1042]', 'Thank you for your message. I am away with limited access to email.', false],
  ['Out of office', 'I will be out of the office from 2 to 6 March and will reply on my return.', true],
  ['Out of the office AutoReply: Re: Help', 'This is an automated response. I am out of the office.', false],
  ['AUTO: Jane Doe is out of the office (returning 03/09/2026)', 'I am out of the office until 03/09/2026.', false],
  ['Auto-Reply: Re: Help', 'This is an automatic reply. Jane is on vacation.', false],
  ['Auto response: Help', 'This message was sent automatically. I am on parental leave.', false],
  ['OOO: Re: Help', 'I am travelling this week and will be back on Monday.', false],
  ['Vacation reply', 'I am on vacation until 20 March.', true],
  ['Re: Away from my desk', 'I am away until tomorrow.', true],
  [
    'Automatische Antwort: Ihre Anfrage [#1042]',
    'Ich bin bis einschließlich 9. März nicht im Büro. In dringenden Fällen wenden Sie sich an meine Kollegin.',
    false,
  ],
  ['Automatische Antwort: AW: Hilfe', 'Vielen Dank für Ihre Nachricht. Ich bin derzeit im Urlaub und ab dem 16.03. wieder erreichbar.', false],
  ['Abwesenheitsnotiz', 'Guten Tag, ich bin vom 2. bis 6. März abwesend. Ihre E-Mail wird nicht weitergeleitet.', true],
  ['Abwesenheitsnotiz: Re: Hilfe', 'Ich befinde mich bis zum 12.03. im Urlaub. Ihre Nachricht wird in dieser Zeit nicht gelesen.', false],
  ['Abwesenheit vom 02.03. bis 06.03.', 'Ich bin zurzeit außer Haus.', true],
  ['Abwesend bis 09.03.2026: Ihre Anfrage', 'Ich bin leider nicht erreichbar.', false],
  ['AW: Urlaub', 'Ich bin im Urlaub. Bitte wenden Sie sich an support@acme.test.', true],
  ['Autom. Antwort: Hilfe', 'Dies ist eine automatische Antwort. Ich befinde mich in Elternzeit.', false],
  ['Nicht im Büro: Re: Hilfe', 'Ich bin heute nicht am Arbeitsplatz.', false],
];

/** What people write, with the same words in it. */
const PEOPLE: [string, string, boolean][] = [
  ['Help', 'The shop is slow.', false],
  ['Re: Help', 'I am out of the office until Monday; please call my colleague Bob, he knows the password.', true],
  ['Re: Your request [#1042]', 'Ich bin ab morgen im Urlaub, Herr Meier übernimmt.', true],
  ['Out of office does not work', 'Since the update my out of office message is not sent. I am out of the office next week, so please hurry.', false],
  ['Out of office', 'I will be out of the office next week. Please set up a forward for my mailbox.', false],
  ['Automatic reply is broken', 'Customers say that they get an automated response twice.', false],
  ['Question about automatic replies', 'How do I set up an automatic reply in webmail?', false],
  ['Automatic reply: how do I switch it on?', 'I could not find the switch in the settings.', false],
  ['Abwesenheitsnotiz einrichten', 'Wie richte ich eine Abwesenheitsnotiz ein? Ich bin ab Montag im Urlaub.', false],
  ['Abwesenheitsnotiz', 'Bitte richten Sie mir eine Abwesenheitsnotiz ein. Ich bin ab Montag im Urlaub.', false],
  ['Urlaub', 'Ich bin vom 2. bis 6. März im Urlaub. Bitte verschieben Sie das Update.', false],
  ['Fwd: Automatic reply: Re: Help', 'See below: this is an automated response of your system, and it is wrong.', true],
  ['Away page shows an error', 'The page /away on our site is unavailable.', false],
  ['Auto-scaling: please enable', 'We are on holiday traffic levels.', false],
  ['Autoverkauf: Formular kaputt', 'Die Nachricht wird automatisch versendet, kommt aber nicht an.', false],
  ['On leave: please remove Tom from the contacts', 'Tom has left the company.', false],
  ['Vacation rental site down', 'Our booking page is away, error 502.', false],
  ['Delivery failure on checkout', 'The delivery form fails with error 500.', false],
  ['Undelivered mail', 'Mail to our customers is not delivered, they get "550 relaying denied". Can you look?', false],
];

describe('vacation replies without a telling header', () => {
  test.each(ABSENCES)('a machine: %s', (subject, text, answers) => {
    expect(judgeMachine({ ...human, subject, text, answers })).toEqual({ noAutoMail: true, machine: true });
  });

  test.each(PEOPLE)('a human: %s', (subject, text, answers) => {
    expect(judgeMachine({ ...human, subject, text, answers })).toEqual({ noAutoMail: false, machine: false });
  });

  test('“Auto-Submitted: no” is a human, whatever it says', () => {
    const [[subject, text, answers] = ['', '', false]] = ABSENCES;
    expect(judgeMachine({ ...withHeader('auto-submitted', 'no'), subject, text, answers }).machine).toBe(false);
  });

  test('text that was made to keep us busy does not', () => {
    const startedAt = performance.now();
    for (const part of ['ich bin ', 'vom ', 'I am ', 'a', 'abwesend bis ', '\n', 'on a leave ']) {
      judgeMachine({ ...human, subject: `Abwesend bis ${part.repeat(300)}`, text: part.repeat(20_000), answers: true });
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('reports and other machines in the wild', () => {
  test.each<[string, MachineTraits]>([
    ['“Mail Delivery Subsystem” by its name', { ...human, from: 'noreply@mx.acme.test', name: 'Mail Delivery Subsystem' }],
    ['“Mail Delivery System”', { ...human, from: 'root@mx.acme.test', name: 'Mail Delivery System' }],
    ['MAILER-DAEMON with the recipient in it', { ...human, from: 'mailer-daemon=jane=acme.test@mx.acme.test' }],
    ['MDaemon', { ...human, from: 'mdaemon@mx.acme.test' }],
    ['X-Autoresponder', withHeader('x-autoresponder', 'cpanel')],
    ['X-Auto-Reply-From', withHeader('x-auto-reply-from', 'jane@acme.test')],
    ['X-Mail-Autoreply', withHeader('x-mail-autoreply', 'true')],
    ['X-Autogenerated: Reply', withHeader('x-autogenerated', 'Reply')],
    ['Precedence: auto-reply', withHeader('precedence', 'auto-reply')],
    ['FirstClass', withHeader('x-fc-machinegenerated', 'true')],
    ['X-POST-MessageClass', withHeader('x-post-messageclass', '9; Autoresponder')],
    ['a reading receipt', withHeader('content-type', 'multipart/report; report-type=disposition-notification')],
  ])('a machine: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: true, machine: true });
  });

  test('a newsletter asks for no answer', () => {
    expect(judgeMachine(withHeader('list-unsubscribe', '<mailto:leave@news.test>'))).toEqual({ noAutoMail: true, machine: false });
  });

  test('a person who is called like a server is none', () => {
    expect(judgeMachine({ ...human, name: 'Postmaster General' }).machine).toBe(false);
    expect(judgeMachine({ ...human, from: 'postmaster.jane@acme.test' }).machine).toBe(false);
  });
});
