import fc from 'fast-check';
import { SAID_FOR_AGENTS } from '../../messages/said-for-agents';
import type { ChatMessage, ChatSummary, Expectation } from '../../web/widget/frame/api-types';
import { ownerOf } from '../../web/widget/frame/device';
import { expectationText } from '../../web/widget/frame/expectation-text';
import { pieces } from '../../web/widget/frame/rich-text';
import { currentOf, groups, merge, stillUnsent } from '../../web/widget/frame/thread';
import type { Unsent } from '../../web/widget/frame/unsent';
import { day, deadline, moment, past, span } from '../../web/widget/frame/when';
import { german } from '../../web/widget/words/de';
import { english, type Words } from '../../web/widget/words/en';

/** Friday 27 March 2026, 15:00 in Berlin; on Sunday the clocks go forward. */
const NOW = Date.parse('2026-03-27T14:00:00Z');
const telling = (words: Words, timeZone = 'Europe/Berlin') => ({ words, timeZone, now: NOW });

const message = (change: Partial<ChatMessage>): ChatMessage => ({
  id: 'm1',
  cursor: '1',
  from: 'agent',
  author: { name: 'Mara', avatar: null },
  body: 'Hello',
  emojiOnly: false,
  at: '2026-03-27T14:00:00Z',
  state: 'sent',
  seenAt: null,
  mailedAt: null,
  channel: 'chat',
  attachments: [],
  ...change,
});

const chat = (change: Partial<ChatSummary>): ChatSummary => ({
  number: 1001,
  kind: 'chat',
  status: 'inProgress',
  subject: null,
  answerBy: null,
  promised: null,
  assignee: null,
  unread: 0,
  lastMessageAt: '2026-03-27T14:00:00Z',
  ticket: false,
  closed: false,
  rated: null,
  closingAsked: false,
  beRightBack: false,
  proof: 'signed',
  expectation: null,
  ...change,
});

describe('words', () => {
  test('no sentence is the same in both languages by oversight, and none is empty', () => {
    const same = (Object.keys(english) as (keyof Words)[]).filter((key) => typeof english[key] === 'string' && english[key] === german[key]);
    expect(same).toEqual([]);
    expect(german.emojiNames).toHaveLength(english.emojiNames.length);
    expect(new Set(Object.keys(german.saidForAgents))).toEqual(SAID_FOR_AGENTS);
    expect(Object.keys(german.refusals)).toEqual(Object.keys(english.refusals));
    for (const words of [english, german]) expect(Object.values(words).filter((value) => value === '')).toEqual([]);
  });
});

describe('times', () => {
  test('in the visitor’s zone and language', () => {
    const monday = Date.parse('2026-03-30T06:00:00Z');
    expect(moment(monday, telling(english))).toBe('Mon 08:00');
    expect(moment(monday, telling(german))).toBe('Mo 08:00');
    expect(moment(monday, telling(english, 'America/New_York'))).toBe('Mon 02:00');
    expect(moment(NOW + 3_600_000, telling(german))).toBe('heute 16:00');
    expect(deadline(NOW + 3_600_000, telling(german))).toBe('16:00');
    expect(moment(Date.parse('2026-04-20T06:00:00Z'), telling(english))).toBe('20 Apr 08:00');
    expect(day(NOW, telling(german))).toBe('Heute');
    expect(day(NOW - 86_400_000, telling(english))).toBe('Yesterday');
    expect(past(NOW - 3_600_000, telling(english))).toBe('14:00');
  });

  test('a span is never shorter than what is meant', () => {
    expect([20_000, 60_000, 61_000, 9 * 60_000, 11 * 60_000, 56 * 60_000, 61 * 60_000, 25 * 3_600_000].map((ms) => span(ms, english))).toEqual([
      'a minute',
      'a minute',
      '2 minutes',
      '9 minutes',
      '15 minutes',
      'an hour',
      '2 hours',
      '2 days',
    ]);
  });
});

describe('the estimate in words', () => {
  const open: Expectation = { office: 'open', opensAt: null, agents: [], reply: { kind: 'median', ms: 150_000 }, queue: 0, answerBy: '2026-03-30T08:00:00Z' };
  const ada = { name: 'Ada', email: 'a***@x.de', proof: 'claimed' as const };

  test('open: as measured, or as promised; the queue; what happens to who leaves', () => {
    expect(expectationText(open, ada, telling(english))).toEqual(['We usually answer within 3 minutes.', 'If you leave, we e-mail a***@x.de.']);
    expect(expectationText({ ...open, reply: { kind: 'promise', ms: 300_000 }, queue: 2 }, null, telling(german))).toEqual([
      'Wir möchten innerhalb von 5 Minuten antworten.',
      '2 Personen warten vor Ihnen.',
      'Wenn Sie gehen, antworten wir per E‑Mail.',
    ]);
  });

  test('closed: when we are back, by when there is an answer, and that somebody on call hears of it', () => {
    const closed: Expectation = {
      ...open,
      office: 'closed',
      opensAt: '2026-03-30T06:00:00Z',
      reply: { kind: 'closed', ms: 1 },
      answerBy: '2026-03-30T18:00:00Z',
    };
    expect(expectationText(closed, null, telling(english))).toEqual([
      'We’re back Mon 08:00.',
      'You have an answer by Mon 20:00.',
      'Write anyway: someone on call is told right away.',
      'If you leave, we answer by e-mail.',
    ]);
    expect(expectationText(closed, null, telling(english), true)[2]).toBe('The engineer on call has been told.');
  });
});

describe('rich text', () => {
  test('links, code, and nothing else', () => {
    expect(pieces('See https://x.example/a?b=1, then `ls -l`.')).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://x.example/a?b=1', href: 'https://x.example/a?b=1' },
      { kind: 'text', text: ', then ' },
      { kind: 'code', text: 'ls -l' },
      { kind: 'text', text: '.' },
    ]);
    expect(pieces('```sh\nnpm start\n```')).toEqual([{ kind: 'block', text: 'npm start' }]);
    expect(pieces('javascript:alert(1) data:text/html,x').map(({ kind }) => kind)).toEqual(['text']);
  });

  test('nothing of a message is lost, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '.', '\n', '<', 'https://', '/x', '"', ')') }), (body) => {
        expect(
          pieces(body)
            .map(({ text }) => text)
            .join(''),
        ).toBe(body);
        for (const piece of pieces(body)) if (piece.kind === 'link') expect(piece.href).toMatch(/^https?:\/\//);
      }),
    );
  });
});

describe('the thread', () => {
  test('a newer version takes the place of an older one, in the desk’s order', () => {
    const thread = merge([message({ id: 'b', cursor: '2' })], [message({ id: 'a', cursor: '1' }), message({ id: 'b', cursor: '2', mailedAt: 'now' })]);
    expect(thread.map(({ id, mailedAt }) => [id, mailedAt])).toEqual([
      ['a', null],
      ['b', 'now'],
    ]);
  });

  test('one author’s messages stand together until time passes, a day begins or somebody else speaks', () => {
    const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
    const made = groups(
      [
        message({ id: '1', at: at(0) }),
        message({ id: '2', at: at(3) }),
        message({ id: '3', at: at(20) }),
        message({ id: '4', at: at(21), from: 'you', author: null }),
      ],
      () => false,
    );
    expect(made.map(({ messages }) => messages.map(({ id }) => id))).toEqual([['1', '2'], ['3'], ['4']]);
    expect(groups([message({ id: '1', at: at(0) }), message({ id: '2', at: at(1) })], () => true)).toHaveLength(2);
  });

  test('what is being sent and has arrived is shown once; the same words again are another message', () => {
    const entry = (key: string, change: Partial<Unsent>): Unsent => ({
      key,
      owner: 'visitor',
      number: 1001,
      body: 'ok',
      files: [],
      priority: null,
      who: null,
      at: NOW,
      state: 'sending',
      after: '5',
      ...change,
    });
    const arrived = [message({ id: 'old', cursor: '4', from: 'you', body: 'ok' }), message({ id: 'new', cursor: '6', from: 'you', body: 'ok' })];
    expect(stillUnsent([entry('a', {}), entry('b', {}), entry('c', { state: 'waiting' })], 1001, arrived).map(({ key }) => key)).toEqual(['b', 'c']);
    expect(stillUnsent([entry('a', { number: 1002 })], 1001, [])).toEqual([]);
  });

  test('the widget goes on with the open chat, else with an open ticket', () => {
    const [ticket, closed, open] = [chat({ number: 3, ticket: true, kind: 'ticket' }), chat({ number: 2, closed: true, status: 'done' }), chat({ number: 1 })];
    expect(currentOf([ticket, closed, open])?.number).toBe(1);
    expect(currentOf([ticket, closed])?.number).toBe(3);
    expect(currentOf([closed])).toBeNull();
  });
});

test('whose things a device keeps is told by the identity’s subject, and by nothing that is none', () => {
  const identity = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  expect(ownerOf(identity({ sub: 'user-1?>' }))).toBe('dashboard:user-1?>');
  expect(ownerOf(identity({ sub: 7 }))).toBe('visitor');
  expect(ownerOf('garbage')).toBe('visitor');
  expect(ownerOf(null)).toBe('visitor');
});
