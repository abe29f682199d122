import { STATUSES, type Kind, type Status } from '../../policy/words';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { Command, CommandType, ConversationEvent, HandedDue } from '../../policy/events';
import type { ConversationState } from '../../policy/state';
import { handbook } from './kit/policies';
import { step, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const NOW = at('Tue 11:00');

/** A conversation in each status, an hour before anything else happens to it. */
function inStatus(kind: Kind, status: Status): Story {
  const story = new Story(policy, { at: 'Tue 10:00', kind, priority: 'low', plan: 'enterprise' });
  if (status === 'new') return story;
  story.reply('Tue 10:01', { delivery: 'mail', recipients: ['c1'] });
  story.delivered('Tue 10:02', 'r1');
  if (status === 'closed') {
    story.command('Tue 10:03', { type: 'spam' });
    story.event('Tue 10:04', { type: 'closed', at: at('Tue 10:04') });
  } else {
    story.status('Tue 10:03', status);
  }
  expect(story.state.status).toBe(status);
  return story;
}

/** What the table above `apply` says of the status afterwards: one for each status, in their order; null where it is refused. */
type Row = readonly (Status | null)[];

const STAYS: Row = ['new', 'open', 'pending', 'onHold', 'solved', 'closed'];
const STAYS_UNLESS_CLOSED: Row = ['new', 'open', 'pending', 'onHold', 'solved', null];
const NEW_IS_TAKEN: Row = ['open', 'open', 'pending', 'onHold', 'solved', null];
const SPOKEN: Row = ['open', 'open', 'pending', 'onHold', 'open', null];
const all = (status: Status): Row => [status, status, status, status, status, null];

const words = { messageId: 'w', delivery: 'mail', recipients: ['c1'] } as const;

const COMMANDS: { readonly [Type in CommandType]: readonly (readonly [name: string, command: Extract<Command, { type: Type }>, row: Row])[] } = {
  reply: [
    ['reply', { type: 'reply', ...words }, SPOKEN],
    ['reply, open', { type: 'reply', ...words, status: 'open' }, all('open')],
    ['reply, pending', { type: 'reply', ...words, status: 'pending' }, all('pending')],
    ['reply, onHold', { type: 'reply', ...words, status: 'onHold' }, all('onHold')],
    ['reply, solved', { type: 'reply', ...words, status: 'solved' }, all('solved')],
  ],
  undoReply: [['undo without a reply', { type: 'undoReply', messageId: 'w' }, [null, null, null, null, null, null]]],
  note: [['note', { type: 'note', messageId: 'w' }, STAYS]],
  call: [
    ['call', { type: 'call', messageId: 'w', outcome: 'reached' }, NEW_IS_TAKEN],
    ['call, nobody there', { type: 'call', messageId: 'w', outcome: 'noAnswer' }, STAYS_UNLESS_CLOSED],
  ],
  beRightBack: [['be right back', { type: 'beRightBack', ...words }, SPOKEN]],
  closingQuestion: [['closing question', { type: 'closingQuestion', ...words }, ['pending', 'pending', 'pending', 'pending', null, null]]],
  assign: [
    ['assign', { type: 'assign', agent: 'a2', away: false, force: false }, NEW_IS_TAKEN],
    ['assign someone away', { type: 'assign', agent: 'a2', away: true, force: false }, [null, null, null, null, null, null]],
    ['unassign', { type: 'assign', agent: null, away: false, force: false }, STAYS_UNLESS_CLOSED],
  ],
  priority: [['priority', { type: 'priority', priority: 'high' }, STAYS_UNLESS_CLOSED]],
  copied: [['copied', { type: 'copied', priority: 'high', outOfHours: 'page' }, STAYS_UNLESS_CLOSED]],
  status: [
    ['status open', { type: 'status', status: 'open' }, all('open')],
    ['status pending', { type: 'status', status: 'pending' }, all('pending')],
    ['status onHold', { type: 'status', status: 'onHold' }, all('onHold')],
    ['status solved', { type: 'status', status: 'solved' }, all('solved')],
  ],
  tags: [['tags', { type: 'tags', tags: ['t'], cluster: [], website: [] }, STAYS_UNLESS_CLOSED]],
  snooze: [['snooze', { type: 'snooze', until: at('Wed 10:00') }, STAYS_UNLESS_CLOSED]],
  convert: [['convert', { type: 'convert', keep: true, recipients: ['c1'] }, ['open', 'open', 'pending', 'onHold', null, null]]],
  spam: [['spam', { type: 'spam' }, all('solved')]],
  feedback: [
    ['working on it', { type: 'feedback', messageId: 'w', recipients: ['c1'], word: 'workingOnIt' }, ['open', 'open', 'pending', 'onHold', null, null]],
    ['own words', { type: 'feedback', messageId: 'w', recipients: ['c1'], word: 'ownWords' }, ['new', 'open', 'pending', 'onHold', null, null]],
  ],
  escalate: [['escalate without a page', { type: 'escalate' }, [null, null, null, null, null, null]]],
  scheduled: [
    ['the reminder is called off', { type: 'scheduled', action: 'remind', do: 'cancel' }, [null, null, 'pending', null, null, null]],
    ['solved now', { type: 'scheduled', action: 'solve', do: 'advance' }, [null, null, 'solved', null, null, null]],
    ['the closing is called off', { type: 'scheduled', action: 'close', do: 'cancel' }, [null, null, null, null, 'solved', null]],
    ['closed now', { type: 'scheduled', action: 'close', do: 'advance' }, [null, null, null, null, 'solved', null]],
  ],
  participants: [['participants', { type: 'participants', contacts: ['c2'] }, STAYS_UNLESS_CLOSED]],
  requester: [['requester', { type: 'requester', contact: 'c2' }, STAYS_UNLESS_CLOSED]],
  merge: [
    ['merge', { type: 'merge', into: 7 }, all('solved')],
    ['merge into itself', { type: 'merge', into: 60 }, [null, null, null, null, null, null]],
  ],
  unmerge: [['unmerge what is not merged', { type: 'unmerge', answeredAt: null }, [null, null, null, null, null, null]]],
};

const message = { type: 'message', at: NOW, messageId: 'w', channel: 'email', machine: false, slight: false, author: 'customer' } as const;
const act = { type: 'customerAct', at: NOW } as const;
const merged = { type: 'merged', at: NOW, from: 7, participants: ['c7'], dues: [], causes: [], urgency: 'low', acknowledged: null } as const;
const bounce = { type: 'bounce', at: NOW, messageId: 'r1' } as const;
const due = (kind: 'firstResponse' | 'update'): HandedDue => ({
  kind,
  since: at('Tue 09:00'),
  dueAt: at('Tue 15:00'),
  clock: 'office',
  lengthMs: at('Tue 15:00') - at('Tue 09:00'),
  noticeAt: null,
  pageAt: null,
  noticed: false,
  paged: false,
});
const REOPENED: Row = ['new', 'open', 'open', 'open', 'open'];

type Others = Exclude<ConversationEvent['type'], 'command'>;
type Made = (state: ConversationState) => ConversationEvent;
const inbound = (state: ConversationState) => ({ seq: state.cursor + 1, policy: state.policy });

/** Inbound events have no last column: they never come to a closed conversation. */
const EVENTS: { readonly [Type in Others]: readonly (readonly [name: string, event: Made, row: Row])[] } = {
  message: [
    ['customer', (state) => ({ ...message, ...inbound(state) }), REOPENED],
    ['customer, slight', (state) => ({ ...message, ...inbound(state), slight: true }), REOPENED],
    ['third party', (state) => ({ ...message, ...inbound(state), author: 'thirdParty' }), STAYS.slice(0, 5)],
    ['agent', (state) => ({ ...message, ...inbound(state), author: 'agent', agent: 'a3' }), SPOKEN.slice(0, 5)],
    ['machine', (state) => ({ ...message, ...inbound(state), machine: true }), STAYS.slice(0, 5)],
  ],
  customerAct: [
    ['production down', (state) => ({ ...act, ...inbound(state), act: 'productionDown' }), REOPENED],
    ["that's all", (state) => ({ ...act, ...inbound(state), act: 'thatsAll' }), ['solved', 'solved', 'solved', 'solved', 'solved']],
    ['rated', (state) => ({ ...act, ...inbound(state), act: 'rated', score: 'bad' }), STAYS.slice(0, 5)],
    ['transcript', (state) => ({ ...act, ...inbound(state), act: 'transcript', contact: 'c1' }), STAYS.slice(0, 5)],
  ],
  merged: [
    ['merged, an answer owed', (state) => ({ ...merged, ...inbound(state), dues: [due('firstResponse')] }), REOPENED],
    ['merged, a time told', (state) => ({ ...merged, ...inbound(state), dues: [due('update')] }), ['new', 'open', 'pending', 'onHold', 'open']],
    ['merged, nothing owed', (state) => ({ ...merged, ...inbound(state) }), STAYS.slice(0, 5)],
  ],
  unmerged: [['unmerged', (state) => ({ type: 'unmerged', at: NOW, from: 7, ...inbound(state) }), STAYS.slice(0, 5)]],
  bounce: [
    ['bounce', (state) => ({ ...bounce, ...inbound(state), hard: true }), ['new', 'open', 'pending', 'onHold', 'open']],
    ['soft bounce', (state) => ({ ...bounce, ...inbound(state), hard: false }), STAYS.slice(0, 5)],
  ],
  due: [['due', () => ({ type: 'due' }), STAYS]],
  delivered: [['delivered', () => ({ type: 'delivered', messageId: 'r1', at: NOW }), STAYS]],
  bounced: [
    ['bounced', () => ({ type: 'bounced', messageId: 'r1', at: NOW, hard: true }), ['new', 'open', 'pending', 'onHold', 'open', 'closed']],
    ['bounced softly', () => ({ type: 'bounced', messageId: 'r1', at: NOW, hard: false }), STAYS],
  ],
  presence: [
    ['seen', () => ({ type: 'presence', at: NOW, found: 'seen', claimed: [], presentAt: null }), STAYS],
    ['present', () => ({ type: 'presence', at: NOW, found: 'present', claimed: [], presentAt: null }), STAYS],
    ['gone', () => ({ type: 'presence', at: NOW, found: 'gone', claimed: ['r1'], presentAt: null }), STAYS],
  ],
  closed: [['closed', () => ({ type: 'closed', at: NOW }), ['closed', 'closed', 'closed', 'closed', 'closed', 'closed']]],
  notClosed: [['not closed', () => ({ type: 'notClosed', at: NOW }), STAYS]],
  policy: [['policy', () => ({ type: 'policy', snapshot: policy }), STAYS]],
};

const pairs = (['ticket', 'chat'] as const).flatMap((kind) => STATUSES.map((status, column) => ({ kind, status, column })));

describe.each(pairs)('a $kind that is $status', ({ kind, status, column }) => {
  it.each(Object.values(COMMANDS).flat())('command: %s', (name, command, row) => {
    const { state } = inStatus(kind, status);
    const refusedForTickets = command.type === 'convert' && kind === 'ticket';
    const expected = refusedForTickets ? null : row[column];
    const taken = step(state, { type: 'command', id: name, at: NOW, by: 'a9', command }, NOW);
    if (expected === null || expected === undefined) {
      // Of a new chat's page the first asker is told.
      if (command.type === 'escalate' && state.page !== null) return expect(taken.refusal).toBeUndefined();
      expect(taken.refusal?.message).toMatch(/\w+/);
      expect(taken.state).toMatchObject({ status, promises: state.promises });
      return;
    }
    expect(taken.refusal).toBeUndefined();
    expect(taken.state.status).toBe(expected);
  });

  it.each(Object.values(EVENTS).flat())('event: %s', (_, make, row) => {
    const { state } = inStatus(kind, status);
    const event = make(state);
    if (status === 'closed' && 'seq' in event) {
      expect(() => step(state, event, NOW)).toThrow('which is closed');
      return;
    }
    expect(step(state, event, NOW).state.status).toBe(row[column]);
  });
});

it('opens again what was solved when the answer that was to keep its promise comes back undelivered', () => {
  const story = new Story(policy, { at: 'Tue 10:00' });
  story.reply('Tue 10:01', { status: 'solved' });
  story.bounced('Tue 10:01:12', 'r1');
  expect(story.state.status).toBe('open');
});

it('ends what is pending after silence', () => {
  const story = inStatus('ticket', 'pending');
  story.until('Fri+2 10:00');
  expect(story.state.status).toBe('solved');
});

describe('a conversation that is a part of another', () => {
  const ALLOWED = new Set(['note', 'unmerge']);

  it.each(Object.values(COMMANDS).flat())('command: %s', (name, command) => {
    const { state } = inStatus('ticket', 'open');
    const { state: merged } = step(state, { type: 'command', id: 'merge', at: NOW, by: 'a1', command: { type: 'merge', into: 7 } }, NOW);
    const taken = step(merged, { type: 'command', id: `then ${name}`, at: NOW, by: 'a9', command }, NOW);
    if (ALLOWED.has(command.type)) return expect(taken.refusal).toBeUndefined();
    if (command.type === 'undoReply') return expect(taken.refusal?.code).toBe('E_NOTHING_TO_UNDO');
    if (command.type === 'merge' && command.into === 60) return expect(taken.refusal?.code).toBe('E_BAD_COMMAND');
    expect(taken.refusal).toEqual({ code: 'E_MERGED', message: '#60 is a part of #7 now. Do it there, or undo the merge first.' });
  });

  it.each(
    Object.values(EVENTS)
      .flat()
      .filter(([name]) => name !== 'closed' && !name.startsWith('merged')),
  )('event: %s', (_, make) => {
    const { state } = inStatus('ticket', 'open');
    const { state: merged } = step(state, { type: 'command', id: 'merge', at: NOW, by: 'a1', command: { type: 'merge', into: 7 } }, NOW);
    const taken = step(merged, make(merged), NOW);
    expect(taken.state).toMatchObject({ status: 'solved', mergedInto: 7, closeAt: NOW + 24 * 60 * 60_000 });
    expect(taken.effects.filter((effect) => effect.type !== 'notice' && effect.type !== 'mail')).toEqual([]);
  });
});
