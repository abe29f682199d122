import { writeMail, type MailIdentity } from '../../activities/mail/write-mail';
import type { MailSource } from '../../db/mail-source';
import type { Transcript } from '../../db/transcript';
import { parseSigningKeys } from '../../messages/addresses';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { MailEffect, MailKind } from '../../policy/effects';
import { readMail } from '../kit/smtp-sink';

/** Signing keys for tests. */
export const KEYS = parseSigningKeys(`t1:${Buffer.alloc(32, 7).toString('base64')}`);

/** Who we are in these tests. */
export const IDENTITY: MailIdentity = { keys: KEYS, mailDomain: 'example.test', publicUrl: 'https://desk.example.test' };

/** Friday, 27 March 2026, 19:30 in Berlin: closed, and the clocks change before the office opens. */
export const FRIDAY_EVENING = Date.parse('2026-03-27T19:30:00Z');
/** Monday, 30 March 2026, 08:00 in Berlin. */
export const MONDAY_OPENING = Date.parse('2026-03-30T06:00:00Z');
/** Tuesday, 31 March 2026, 10:00 in Berlin. */
export const TUESDAY_TEN = Date.parse('2026-03-31T08:00:00Z');

/** As much of a policy as mails read. */
export const POLICY: PolicySnapshot = {
  version: 'test-1',
  hash: 'a'.repeat(32),
  timezone: 'Europe/Berlin',
  years: [2025, 2036],
  zones: {},
  calendars: {},
  plans: {},
  defaultPlan: 'standard',
  triage: [],
  defaultPriority: 'normal',
  tickets: {
    dispatch: { within: { ms: 3_600_000 }, calendar: 'office' },
    firstResponse: { urgent: { ms: 1 }, high: { ms: 1 }, normal: { ms: 1 }, low: { ms: 1 } },
    nextResponse: null,
    closeSolvedAfter: { ms: 1 },
    closingSilence: { ms: 1 },
    remindPendingAfter: null,
    solvePendingAfter: null,
  },
  escalate: {
    urgent: { notice: 0, page: 50 },
    high: { notice: 50, page: 75 },
    normal: { notice: 75, page: 100 },
    low: { notice: 75, page: 100 },
  },
  undoSendMs: 10_000,
  reopenGraceMs: 3_600_000,
  voicemail: { joinWithinMs: 1, missedUnderMs: 1 },
  chats: {
    response: { ms: 1 },
    calendar: 'office',
    customerGoneAfterMs: 1,
    unseenAfterMs: 1,
    mailBatchMs: 1,
    agentSilenceMs: 1,
    closingSilenceMs: 1,
    page: 'low',
  },
  outOfHours: { calendar: 'office', page: true, feedbackWithinMs: 900_000 },
  onCall: { levels: [], repeat: 1, collectMs: 1, fallback: { everyMs: 1 } },
  addresses: { support: { from: 'Acme Hosting' }, backoffice: { from: 'Acme Office', signature: 'Acme Hosting\nacme.example' } },
  receipt: true,
};

/** The effect of a mail of a kind; facts as the conversation states them. */
export function effectOf(mail: MailKind, facts: MailEffect['facts'] = {}, more: Partial<MailEffect> = {}): MailEffect {
  return { lane: 'mail', type: 'mail', key: `conversation/1042:7:${mail}`, mail, recipient: 'c_jane', at: FRIDAY_EVENING, facts, ...more };
}

/** What a mail is written from; `recipient` and the rest can be replaced in part. */
export function sourceOf({ recipient, ...more }: Partial<Omit<MailSource, 'recipient'>> & { recipient?: Partial<MailSource['recipient']> } = {}): MailSource {
  return {
    kind: 'ticket',
    subject: 'Shop is slow since this morning',
    address: 'support',
    demo: false,
    initiatedBy: 'customer',
    policy: POLICY,
    messages: [],
    threadMailIds: [],
    ...more,
    recipient: {
      id: 'c_jane',
      name: 'Jane Doe',
      email: 'jane@customer.example',
      zone: null,
      locale: null,
      ownWords: '',
      pageLocale: null,
      known: true,
      claimed: false,
      ...recipient,
    },
  };
}

/** An agent's message. */
export function words(body: string, more: Partial<MailSource['messages'][number]> = {}): MailSource['messages'][number] {
  return { body, authorName: 'Anna Berger', at: FRIDAY_EVENING, attachments: [], ...more };
}

/** Writes a mail and reads it back as a mail program does; `source` is the raw text. */
export async function written(effect: MailEffect, source: MailSource, transcript: Transcript | null = null) {
  const intent = await writeMail(IDENTITY, { number: 1042, effect, source, transcript, to: source.recipient.email ?? 'nobody@customer.example' });
  const mail = await readMail(intent);
  return { intent, mail, text: mail.text ?? '', html: mail.html ?? '', raw: intent.raw.toString('latin1') };
}

/** A chat that became a ticket. */
export const TRANSCRIPT: Transcript = {
  leftOut: 2,
  entries: [
    {
      type: 'message',
      at: FRIDAY_EVENING,
      from: 'customer',
      authorId: 'c_jane',
      authorName: 'Jane Doe',
      body: 'Hi! Our shop is slow since this morning. Is it just us?',
      files: [],
    },
    {
      type: 'message',
      at: FRIDAY_EVENING + 60_000,
      from: 'agent',
      authorId: 'a_anna',
      authorName: 'Anna Berger',
      body: 'Hello Jane, let me have a look.\n\nWhich pages are slow: all of them, or only the search at https://shop.customer.example/catalogue/search?with=a-very-long-query-that-does-not-break&and=more ?',
      files: [],
    },
    {
      type: 'message',
      at: FRIDAY_EVENING + 120_000,
      from: 'customer',
      authorId: 'c_jane',
      authorName: 'Jane Doe',
      body: 'Only the search.',
      files: ['Screenshot 2026-03-27 at 20.32.png', 'har.json'],
    },
    { type: 'converted', at: FRIDAY_EVENING + 180_000 },
    { type: 'message', at: FRIDAY_EVENING + 200_000, from: 'customer', authorId: 'c_tom', authorName: null, body: 'I see it too.', files: [] },
    {
      type: 'message',
      at: MONDAY_OPENING,
      from: 'agent',
      authorId: 'a_anna',
      authorName: 'Anna Berger',
      body: 'Good morning! The index was rebuilt over night.',
      files: [],
    },
    { type: 'solved', at: MONDAY_OPENING + 60_000 },
  ],
};

/** One good example of every mail, as customers get it. */
export const EXAMPLES: readonly {
  readonly name: string;
  readonly effect: MailEffect;
  readonly source: MailSource;
  readonly transcript?: Transcript;
  readonly time: string | null;
}[] = [
  {
    name: 'receipt-open',
    effect: effectOf('receipt', { dueAt: TUESDAY_TEN, officeOpen: true, opensAt: null, onCallTold: false, priority: 'normal' }),
    source: sourceOf(),
    time: '10:00',
  },
  {
    name: 'receipt-closed',
    effect: effectOf('receipt', { dueAt: TUESDAY_TEN, officeOpen: false, opensAt: MONDAY_OPENING, onCallTold: true, priority: 'normal' }),
    source: sourceOf(),
    time: '10:00',
  },
  {
    name: 'receipt-urgent-closed',
    effect: effectOf('receipt', { dueAt: FRIDAY_EVENING + 1_800_000, officeOpen: false, opensAt: MONDAY_OPENING, onCallTold: true, priority: 'urgent' }),
    source: sourceOf(),
    time: '21:00',
  },
  {
    name: 'receipt-unknown',
    effect: effectOf('receipt', { dueAt: TUESDAY_TEN, officeOpen: true, opensAt: null, onCallTold: false, priority: 'normal' }),
    source: sourceOf({ recipient: { known: false, zone: 'America/New_York' } }),
    time: '04:00',
  },
  {
    name: 'reply',
    effect: effectOf('reply', {}, { messageId: 'm1' }),
    source: sourceOf({
      messages: [
        words(
          'Hi Jane,\n\nI had a look at c042: the cache was full, so every page was built anew. It’s emptied now, and the shop answers in 0.3 s again. 🎉\n\nCould you check that the search works for you too?\nThe log is here: https://status.example.test/incidents/2026/03/27/a-very-long-path-that-does-not-want-to-break-anywhere-at-all\n\nBest,\nAnna',
        ),
      ],
    }),
    time: null,
  },
  {
    name: 'feedback-working',
    effect: effectOf('feedback', { word: 'workingOnIt', updateBy: FRIDAY_EVENING + 3_600_000, dueAt: null, opensAt: null }, { messageId: 'm1' }),
    source: sourceOf({ messages: [words('')] }),
    time: '21:30',
  },
  {
    name: 'feedback-when-open',
    effect: effectOf('feedback', { word: 'whenOpen', updateBy: null, dueAt: TUESDAY_TEN, opensAt: MONDAY_OPENING }, { messageId: 'm1' }),
    source: sourceOf({ messages: [words('')] }),
    time: '10:00',
  },
  {
    name: 'feedback-own-words',
    effect: effectOf('feedback', { word: 'ownWords', updateBy: null, dueAt: null, opensAt: null }, { messageId: 'm1' }),
    source: sourceOf({ address: 'backoffice', messages: [words('I see it too. Let me restart the database, that takes five minutes.')] }),
    time: null,
  },
  { name: 'solved', effect: effectOf('solved'), source: sourceOf(), time: null },
  { name: 'reminder', effect: effectOf('reminder'), source: sourceOf(), time: null },
  {
    name: 'converted',
    effect: effectOf('converted', { updateBy: TUESDAY_TEN, dueAt: null }, { messageId: 'm1' }),
    source: sourceOf({ kind: 'ticket', demo: true, messages: [words('I’ll ask our database people about this; they know it best.')] }),
    time: '10:00',
  },
  {
    name: 'converted-unanswered',
    effect: effectOf('converted', { updateBy: null, dueAt: TUESDAY_TEN }),
    source: sourceOf(),
    time: '10:00',
  },
  {
    name: 'be-right-back',
    effect: effectOf('beRightBack', { updateBy: FRIDAY_EVENING + 600_000 }, { messageId: 'm1' }),
    source: sourceOf({ messages: [words('')] }),
    time: '20:40',
  },
  { name: 'closing-question', effect: effectOf('closingQuestion', {}, { messageId: 'm1' }), source: sourceOf({ messages: [words('')] }), time: null },
  {
    name: 'chat-unseen',
    effect: effectOf('chatUnseen', { messages: 'm1 m2 m3' }, { messageId: 'm3' }),
    source: sourceOf({
      kind: 'chat',
      messages: [
        words('Found it! It was the certificate; I’ve renewed it.', { at: FRIDAY_EVENING - 90_000 }),
        words('🎉', { at: FRIDAY_EVENING - 60_000 }),
        words('Here’s what the log said.\n\nIs it all right now on your side?', {
          attachments: [{ name: 'renewal of the certificate.log', mediaType: 'text/plain', content: Buffer.from('renewed') }],
        }),
      ],
    }),
    time: '20:30',
  },
  {
    name: 'chat-unseen-by-two',
    effect: effectOf('chatUnseen', { messages: 'm1 m2' }, { messageId: 'm2' }),
    source: sourceOf({
      kind: 'chat',
      address: 'backoffice',
      messages: [
        words('I’m off for today; Bob goes on.'),
        words('Hello, I’m Bob. Let me read what you wrote.', { authorName: 'Bob Lindqvist', at: MONDAY_OPENING }),
      ],
    }),
    time: '08:00',
  },
  {
    name: 'chat-unseen-claimed',
    effect: effectOf('chatUnseen', { messages: 'm1' }, { messageId: 'm1' }),
    source: sourceOf({ kind: 'chat', recipient: { known: false, claimed: true }, messages: [words('Found it! It was the certificate; I’ve renewed it.')] }),
    time: '20:30',
  },
  { name: 'csat', effect: effectOf('csat'), source: sourceOf(), time: null },
  { name: 'transcript', effect: effectOf('transcript'), source: sourceOf({ kind: 'chat' }), transcript: TRANSCRIPT, time: '20:31' },
  { name: 'transcript-empty', effect: effectOf('transcript'), source: sourceOf({ kind: 'chat' }), transcript: { entries: [], leftOut: 0 }, time: null },
];

/** The languages that every mail is written in. */
export const LANGUAGES = ['en', 'de'] as const;

/** The examples in every language: the same facts, for a customer who reads it. */
export const EXAMPLES_IN_ALL = LANGUAGES.flatMap((language) =>
  EXAMPLES.map((example) => ({
    ...example,
    language,
    name: `${example.name}-${language}`,
    transcript: example.transcript ?? null,
    source: { ...example.source, recipient: { ...example.source.recipient, locale: language } },
  })),
);
