import { mail, part, parts, type Fixture } from './fixture';

const known = { becomes: 'opened' } as const;
const aside = { becomes: { suspended: 'machine' } } as const;
const stranger = { from: 'Somebody <x@elsewhere.test>' };

function report(
  delivery: string,
  {
    from = 'MAILER-DAEMON <mailer-daemon@elsewhere.test>',
    subject = 'Undelivered Mail Returned to Sender',
    type = 'delivery-status',
    headers = [] as string[],
  } = {},
): Buffer {
  return mail({
    from,
    subject,
    type: `multipart/report; report-type=${type}; boundary=b`,
    headers,
    body: parts(
      'b',
      part(['Content-Type: text/plain; charset=utf-8'], 'The mail could not be delivered.'),
      part([`Content-Type: message/${type}`], delivery),
      part(
        ['Content-Type: message/rfc822'],
        'Message-ID: <not-one-of-ours@example.test>\r\nFrom: support@example.test\r\nTo: gone@elsewhere.test\r\nSubject: Re: Help\r\n\r\nHello',
      ),
    ),
  });
}

const failed =
  'Reporting-MTA: dns; mx.elsewhere.test\r\n\r\nFinal-Recipient: rfc822; gone@elsewhere.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown';

/** Mail that a machine wrote, or that came through one. */
export const machines: readonly Fixture[] = [
  {
    name: 'out of office, Exchange, German',
    raw: mail({
      subject: 'Automatische Antwort: Help',
      headers: ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'],
      body: 'Ich bin nicht im Haus.',
    }),
    expected: { ...known, noAutoMail: true },
  },
  {
    name: 'out of office by RFC 3834',
    raw: mail({ ...stranger, subject: 'Auto: Help', headers: ['Auto-Submitted: auto-replied (vacation)'] }),
    expected: { ...aside, author: 'x@elsewhere.test', machine: true },
  },
  {
    name: 'out of office, old header',
    raw: mail({ ...stranger, headers: ['X-Autoreply: yes', 'Precedence: auto_reply'] }),
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  {
    name: 'out of office of nobody on the envelope',
    raw: mail({ ...stranger, subject: 'Abwesenheitsnotiz: Help' }),
    envelopeFrom: '',
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  {
    name: 'a person whose program says that they are one',
    raw: mail({ headers: ['Auto-Submitted: no'] }),
    expected: { ...known, machine: false, noAutoMail: false },
  },
  {
    name: 'a customer’s group',
    raw: mail({ headers: ['List-Id: Ops <ops.acme.test>', 'Precedence: list', 'List-Unsubscribe: <mailto:x@acme.test>'] }),
    expected: { ...known, machine: false, noAutoMail: true },
  },
  {
    name: 'a customer’s ticket system',
    raw: mail({ subject: '[ACME-12] Shop down', headers: ['Auto-Submitted: auto-generated', 'Precedence: bulk'] }),
    expected: { ...known, machine: false, noAutoMail: true },
  },
  {
    name: 'a list of strangers',
    raw: mail({ ...stranger, headers: ['List-Id: <news.elsewhere.test>', 'Precedence: list'] }),
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  {
    name: 'a newsletter',
    raw: mail({ ...stranger, headers: ['Precedence: bulk', 'List-Unsubscribe: <https://elsewhere.test>'] }),
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  { name: 'a stranger who writes by hand', raw: mail(stranger), expected: { ...known, author: 'x@elsewhere.test', machine: false, noAutoMail: false } },
  {
    name: 'a bounce by RFC 3464 of a mail that is not ours',
    raw: report(failed),
    envelopeFrom: '',
    expected: { ...aside, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'a bounce of Exchange Online, German',
    raw: report(failed, { from: 'postmaster@elsewhere.test', subject: 'Unzustellbar: Re: Help' }),
    envelopeFrom: '',
    expected: { ...aside, author: 'postmaster@elsewhere.test' },
  },
  {
    name: 'a delay notice',
    raw: report(failed.replace('failed', 'delayed').replace('5.1.1', '4.4.1'), { subject: 'Delayed Mail (still being retried)' }),
    envelopeFrom: '',
    expected: { ...aside, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'a bounce without a report, qmail',
    raw: mail({
      from: 'MAILER-DAEMON@elsewhere.test',
      subject: 'failure notice',
      body: 'Hi. This is the qmail-send program at elsewhere.test.\n\n<gone@elsewhere.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <not-ours@example.test>',
    }),
    envelopeFrom: '',
    expected: { ...aside, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'a bounce without a report, Exim',
    raw: mail({
      from: 'Mail Delivery System <Mailer-Daemon@elsewhere.test>',
      subject: 'Mail delivery failed: returning message to sender',
      headers: ['X-Failed-Recipients: gone@elsewhere.test', 'Auto-Submitted: auto-replied'],
      body: 'A message that you sent could not be delivered.',
    }),
    envelopeFrom: '',
    expected: { ...aside, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'a bounce whose report is broken',
    raw: report('\0\0: ;;\r\n\r\n: ', {}),
    envelopeFrom: '',
    expected: { ...aside, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'a read receipt',
    raw: report('Disposition: manual-action/MDN-sent-manually; displayed', {
      from: 'x@elsewhere.test',
      subject: 'Gelesen: Help',
      type: 'disposition-notification',
    }),
    envelopeFrom: '',
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  {
    name: 'a challenge to prove that we are people',
    raw: mail({ from: 'x@elsewhere.test', subject: 'Please confirm your message', headers: ['Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All'] }),
    expected: { ...aside, author: 'x@elsewhere.test' },
  },
  {
    name: 'a complaint by feedback report',
    raw: report('Feedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1', { from: 'fbl@elsewhere.test', subject: 'complaint', type: 'feedback-report' }),
    envelopeFrom: '',
    expected: { ...aside, author: 'fbl@elsewhere.test' },
  },
  {
    name: 'a monitor of a customer',
    raw: mail({ from: 'nagios@acme.test', subject: 'PROBLEM: shop is DOWN', headers: ['Auto-Submitted: auto-generated'] }),
    expected: { ...known, author: 'nagios@acme.test', machine: false, noAutoMail: true },
  },
  {
    name: 'an accepted invitation',
    raw: mail({ subject: 'Accepted: Call', type: 'text/calendar; method=REPLY; charset=utf-8', body: 'BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR' }),
    expected: { ...known, files: ['invitation.ics'] },
  },
];
