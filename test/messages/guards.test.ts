import fc from 'fast-check';
import { isCommandEvent, isInboundEvent } from '../../messages/guards';
import type {
  BounceEvent,
  Command,
  CommandEvent,
  CommandType,
  CustomerActEvent,
  HandedDue,
  MergedEvent,
  MessageEvent,
  UnmergedEvent,
} from '../../policy/events';
import type { PageCause } from '../../policy/state';

const MESSAGE: MessageEvent = {
  type: 'message',
  seq: 2,
  at: 1_772_000_000_000,
  messageId: 'm1',
  author: 'customer',
  channel: 'email',
  machine: false,
  slight: false,
  policy: 'hash',
};
const ACT: CustomerActEvent = { type: 'customerAct', seq: 3, at: 1_772_000_000_000, act: 'thatsAll', policy: 'hash' };
const RATED: CustomerActEvent = { ...ACT, act: 'rated', score: 'good' };
const TRANSCRIPT: CustomerActEvent = { ...ACT, act: 'transcript', contact: 'c1' };
const DUE: HandedDue = {
  kind: 'firstResponse',
  since: 1_772_000_000_000,
  dueAt: 1_772_000_900_000,
  clock: 'office',
  lengthMs: 900_000,
  noticeAt: null,
  pageAt: 1_772_000_900_000,
  noticed: false,
  paged: false,
};
const CAUSE: PageCause = { key: 'conversation/7:undelivered:r1', kind: 'undelivered', at: 1_772_000_000_000, urgency: 'high', reason: 'undelivered' };
const MERGED: MergedEvent = {
  type: 'merged',
  seq: 4,
  at: 1_772_000_000_000,
  from: 7,
  participants: ['c2'],
  dues: [DUE],
  urgency: 'high',
  causes: [CAUSE],
  acknowledged: null,
  policy: 'hash',
};
const UNMERGED: UnmergedEvent = { type: 'unmerged', seq: 5, at: 1_772_000_000_000, from: 7, policy: 'hash' };
const BOUNCE: BounceEvent = { type: 'bounce', seq: 6, at: 1_772_000_000_000, messageId: 'r1', hard: true, policy: 'hash' };

/** One of each, so that a command that the rules learn cannot be forgotten here. */
const COMMANDS: { readonly [Type in CommandType]: Extract<Command, { type: Type }> } = {
  reply: { type: 'reply', messageId: 'm1', delivery: 'mail', recipients: ['c1'] },
  undoReply: { type: 'undoReply', messageId: 'm1' },
  note: { type: 'note', messageId: 'm1' },
  call: { type: 'call', messageId: 'm1', outcome: 'reached' },
  beRightBack: { type: 'beRightBack', messageId: 'm1', delivery: 'chat', recipients: [] },
  closingQuestion: { type: 'closingQuestion', messageId: 'm1', delivery: 'chat', recipients: [] },
  assign: { type: 'assign', agent: null, away: false, force: false },
  priority: { type: 'priority', priority: 'high' },
  copied: { type: 'copied', priority: 'high', outOfHours: 'page' },
  status: { type: 'status', status: 'solved' },
  tags: { type: 'tags', tags: [], cluster: ['c042'], website: [] },
  snooze: { type: 'snooze', until: null },
  convert: { type: 'convert', keep: true, recipients: [] },
  spam: { type: 'spam' },
  feedback: { type: 'feedback', messageId: 'm1', word: 'workingOnIt', recipients: ['c1'] },
  escalate: { type: 'escalate' },
  scheduled: { type: 'scheduled', action: 'remind', do: 'cancel' },
  participants: { type: 'participants', contacts: ['c1', 'c2'] },
  requester: { type: 'requester', contact: 'c2' },
  merge: { type: 'merge', into: 7 },
  unmerge: { type: 'unmerge', answeredAt: null },
};
const event = (command: unknown, more: object = {}): unknown => ({ type: 'command', id: 'k1', at: 1, by: 'ada', command, ...more });

function without(value: object, key: string): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

describe('inbound events', () => {
  test('those that relay sends are let in', () => {
    expect(isInboundEvent(MESSAGE)).toBe(true);
    expect(isInboundEvent({ ...MESSAGE, agent: 'ada', triage: 'urgent', joins: 'c2' })).toBe(true);
    expect(isInboundEvent(ACT)).toBe(true);
    expect(isInboundEvent({ ...ACT, act: 'productionDown' })).toBe(true);
    expect(isInboundEvent(MERGED)).toBe(true);
    expect(isInboundEvent({ ...MERGED, acknowledged: { by: 'ada', at: 1_772_000_000_000 } })).toBe(true);
    expect(isInboundEvent({ ...MERGED, participants: [], dues: [], causes: [] })).toBe(true);
    expect(isInboundEvent(UNMERGED)).toBe(true);
    expect(isInboundEvent(BOUNCE)).toBe(true);
    expect(isInboundEvent({ ...BOUNCE, owed: { from: 7, due: DUE } })).toBe(true);
    for (const whole of [RATED, TRANSCRIPT]) expect(isInboundEvent(whole)).toBe(true);
  });

  test('without any one of its fields none is', () => {
    for (const key of Object.keys(MESSAGE)) expect([key, isInboundEvent(without(MESSAGE, key))]).toEqual([key, false]);
    for (const whole of [ACT, RATED, TRANSCRIPT, MERGED, UNMERGED, BOUNCE]) {
      for (const key of Object.keys(whole)) expect([whole.type, key, isInboundEvent(without(whole, key))]).toEqual([whole.type, key, false]);
    }
    for (const key of Object.keys(DUE)) expect([key, isInboundEvent({ ...MERGED, dues: [without(DUE, key)] })]).toEqual([key, false]);
    for (const key of Object.keys(CAUSE)) expect([key, isInboundEvent({ ...MERGED, causes: [without(CAUSE, key)] })]).toEqual([key, false]);
  });

  test.each([
    ['a seq of nothing', { seq: 0 }],
    ['a broken seq', { seq: 1.5 }],
    ['a seq in words', { seq: '2' }],
    ['no time', { at: Number.NaN }],
    ['a time without end', { at: Infinity }],
    ['a time in words', { at: '2026-03-02' }],
    ['an unknown author', { author: 'robot' }],
    ['an unknown channel', { channel: 'pigeon' }],
    ['an unknown type', { type: 'command' }],
  ])('%s is not', (_name, change) => {
    expect(isInboundEvent({ ...MESSAGE, ...change })).toBe(false);
  });

  test.each([
    ['a conversation of no number', { from: 0 }],
    ['a promise of an unknown kind', { dues: [{ ...DUE, kind: 'tea' }] }],
    ['a promise without an end', { dues: [{ ...DUE, dueAt: Infinity }] }],
    ['an unknown loudness', { urgency: 'deafening' }],
    ['an acknowledgement by nobody', { acknowledged: { at: 1 } }],
  ])('a merge of %s is not', (_name, change) => {
    expect(isInboundEvent({ ...MERGED, ...change })).toBe(false);
  });

  test('an act that no rule knows is not', () => {
    expect(isInboundEvent({ ...ACT, act: 'sing' })).toBe(false);
    expect(isInboundEvent({ ...RATED, score: 11 })).toBe(false);
  });

  test('a bounce that owes nothing that can be owed is not', () => {
    for (const owed of [null, { from: 0, due: DUE }, { from: 7 }, { from: 7, due: without(DUE, 'dueAt') }])
      expect(isInboundEvent({ ...BOUNCE, owed })).toBe(false);
  });
});

describe('commands', () => {
  test.each(Object.entries(COMMANDS))('%s is let in as the API sends it, and not without any one of its fields', (_type, command) => {
    const sent: CommandEvent = { type: 'command', id: 'k1', at: 1, by: 'ada', command };
    expect(isCommandEvent(sent)).toBe(true);
    expect(isCommandEvent({ ...sent, notAfter: 5, policy: 'hash' })).toBe(true);
    for (const key of Object.keys(command)) expect([key, isCommandEvent(event(without(command, key)))]).toEqual([key, false]);
    for (const key of Object.keys(command))
      expect([key, isCommandEvent(event({ ...command, [key]: 7.5 }))]).toEqual([key, key === 'until' || key === 'answeredAt']);
  });

  test('without id, time, author or the command itself none is', () => {
    const sent = event(COMMANDS.spam) as object;
    for (const key of Object.keys(sent)) expect([key, isCommandEvent(without(sent, key))]).toEqual([key, false]);
    expect(isCommandEvent({ ...sent, id: '' })).toBe(false);
    expect(isCommandEvent({ ...sent, notAfter: '5' })).toBe(false);
  });

  test.each(['teleport', 'toString', '__proto__', 'constructor', '', 3, null])('the unknown command %p is not', (type) => {
    expect(isCommandEvent(event({ type }))).toBe(false);
  });

  test('a customer has gone, or nothing is said of it', () => {
    for (const type of ['reply', 'beRightBack', 'closingQuestion', 'feedback'] as const) {
      expect(isCommandEvent(event({ ...COMMANDS[type], gone: true }))).toBe(true);
      for (const gone of [false, null, 'yes']) expect(isCommandEvent(event({ ...COMMANDS[type], gone }))).toBe(false);
    }
  });

  test('lists of anything but texts are not', () => {
    for (const recipients of ['c1', [1], [null], [''], { 0: 'c1', length: 1 }, null]) {
      expect(isCommandEvent(event({ ...COMMANDS.reply, recipients }))).toBe(false);
    }
  });
});

test('whatever comes, a guard answers and never throws', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (value) => {
      expect(isInboundEvent(value)).toBe(false);
      expect(isCommandEvent(value)).toBe(false);
      expect(isCommandEvent(event(value))).toBe(false);
    }),
  );
});
