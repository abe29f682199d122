import { mail, part, parts, type Fixture } from './fixture';

/** A conversation of somebody else, which none of these mails may join: its number and the Message-ID of its first mail. */
export const VICTIM = { number: 1001, mailId: 'victim@rival.test', email: 'victim@rival.test' };

const mallory = { from: 'Mallory <mallory@elsewhere.test>', subject: 'Re: Our contract' };
const opened = { becomes: 'opened', author: 'mallory@elsewhere.test' } as const;

/** Mails that would like to be in the conversation of {@link VICTIM}. */
export const strangers: readonly Fixture[] = [
  { name: 'answers the mail of another', raw: mail({ ...mallory, headers: [`In-Reply-To: <${VICTIM.mailId}>`] }), expected: opened },
  { name: 'refers to the mail of another', raw: mail({ ...mallory, headers: [`References: <x@y.test> <${VICTIM.mailId}>`] }), expected: opened },
  { name: 'names the number of another', raw: mail({ ...mallory, subject: `Re: Our contract [#${VICTIM.number}]` }), expected: opened },
  {
    name: 'comes under the name of another, without proof',
    raw: mail({ ...mallory, from: `Victim <${VICTIM.email}>`, headers: [`In-Reply-To: <${VICTIM.mailId}>`] }),
    expected: { becomes: 'opened', author: VICTIM.email },
  },
  {
    name: 'brings proof of its own making',
    raw: mail({
      ...mallory,
      from: `Victim <${VICTIM.email}>`,
      headers: [`In-Reply-To: <${VICTIM.mailId}>`, 'Authentication-Results: mx.example.test; dkim=pass header.d=rival.test; spf=pass; dmarc=pass'],
    }),
    expected: { becomes: 'opened', author: VICTIM.email },
  },
  { name: 'has the Message-ID of another', raw: mail({ ...mallory, mailId: `<${VICTIM.mailId}>` }), expected: opened },
  {
    name: 'brings the mail of another back as a report',
    raw: mail({
      ...mallory,
      from: 'mailer-daemon@elsewhere.test',
      type: 'multipart/report; report-type=delivery-status; boundary=b',
      body: parts(
        'b',
        part(['Content-Type: text/plain'], 'Failed.'),
        part(['Content-Type: message/rfc822'], `Message-ID: <${VICTIM.mailId}>\r\nSubject: x\r\n\r\nx`),
      ),
    }),
    envelopeFrom: '',
    expected: { becomes: { suspended: 'machine' }, author: 'mailer-daemon@elsewhere.test' },
  },
  {
    name: 'has two From, one of them another’s',
    raw: mail({ ...mallory, headers: [`From: ${VICTIM.email}`, `In-Reply-To: <${VICTIM.mailId}>`] }),
    expected: opened,
  },
  {
    name: 'refers by 10,000 ids, the last of them another’s',
    raw: mail({ ...mallory, headers: [`References: ${Array.from({ length: 10_000 }, (_, index) => `<${index}@y.test>`).join(' ')} <${VICTIM.mailId}>`] }),
    expected: opened,
  },
  { name: 'smuggles a header by its Subject', raw: mail({ ...mallory, subject: `=?utf-8?Q?Hi=0D=0AIn-Reply-To:_<${VICTIM.mailId}>?=` }), expected: opened },
  {
    name: 'comes from one of our own addresses',
    raw: mail({ from: 'support@example.test' }),
    envelopeFrom: 'support@example.test',
    expected: { becomes: { suspended: 'ownAddress' }, author: 'support@example.test' },
  },
];
