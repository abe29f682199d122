import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { Story } from './kit/story';
import { at } from './kit/times';

/** In a chat with others in its thread, its customer `c1` sits in the widget, and `c2` and `c3` read their mail. */
let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const OTHERS = { recipients: ['c2', 'c3'] };
const GONE = { gone: true } as const;
const chat = (more: { priority?: 'urgent' } = {}): Story => new Story(policy, { at: 'Mon 10:00', kind: 'chat', participants: ['c1', 'c2', 'c3'], ...more });

describe('others in the thread of a chat', () => {
  it('are mailed what is said, after undo-send; its customer has it at once, and there it counts', () => {
    const story = chat();
    expect(story.reply('Mon 10:03', OTHERS)).toEqual(['page 1 no more for: chatResponse:1 answered']);
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:03');
    expect(story.until('Mon 10:03:10')).toEqual(['Mon 10:03:10 mail reply to c2', 'Mon 10:03:10 mail reply to c3']);
    expect(story.effects.at(-1)).toMatchObject({ messageId: 'r1', copy: true, at: at('Mon 10:03:10'), facts: { updateBy: null } });
    expect(story.state).toMatchObject({ outgoing: [], copies: [] });
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
    story.presence('Mon 10:04', 'seen');
    expect(story.until('Mon 12:00')).toEqual([]);
  });

  it('are never mailed twice, nor is its customer: what they have not seen is a mail of its own', () => {
    const story = chat();
    story.reply('Mon 10:03', { recipients: ['c1', 'c2'] });
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:03:10 mail reply to c2', 'Mon 10:04 look at presence']);
    expect(story.presence('Mon 10:04', 'gone', { claimed: ['r1'] })).toEqual(['mail chatUnseen to c1']);
    expect(story.until('Mon 10:10')).toEqual([]);
  });

  it('are mailed with what its customer is mailed who has gone, or when they are back', () => {
    const mailed = chat();
    mailed.reply('Mon 10:03', { ...OTHERS, ...GONE });
    expect(mailed.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
    expect(mailed.presence('Mon 10:04', 'gone', { claimed: ['r1'] })).toEqual(['mail chatUnseen to c1', 'mail reply to c2', 'mail reply to c3']);
    expect(mailed.promise('firstResponse')).toBe('running, due Tue 10:00');
    mailed.delivered('Mon 10:04:02', 'r1');
    expect(mailed.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:04:02');

    const back = chat();
    back.reply('Mon 10:03', { ...OTHERS, ...GONE });
    expect(back.customer('Mon 10:03:20').sort()).toEqual(['mail reply to c2', 'mail reply to c3', 'page 1 no more for: chatResponse:1 answered']);

    const full = chat();
    full.reply('Mon 10:03', { ...OTHERS, ...GONE });
    full.until('Mon 10:04');
    expect(full.presence('Mon 10:04', 'gone')).toEqual(['notice undelivered to a1', 'mail reply to c2', 'mail reply to c3']);
  });

  it('never get words that were taken back; to its customer who was there they stay said, to one who had gone they do not', () => {
    const there = chat();
    there.reply('Mon 10:03', OTHERS);
    there.command('Mon 10:03:05', { type: 'undoReply', messageId: 'r1' });
    expect(there.refusal).toBeUndefined();
    expect(there.until('Mon 10:03:59')).toEqual([]);
    expect(there.timeline.at(-1)).toMatchObject({ type: 'chat.copiesUndone', data: { message: 'r1', by: 'a1' } });
    expect(there.promise('firstResponse')).toContain('met');
    there.command('Mon 10:03:59', { type: 'undoReply', messageId: 'r1' });
    expect(there.refusal?.code).toBe('E_NOTHING_TO_UNDO');

    const gone = chat();
    gone.reply('Mon 10:03', { ...OTHERS, ...GONE });
    gone.command('Mon 10:03:30', { type: 'undoReply', messageId: 'r1' });
    expect(gone.state).toMatchObject({ outgoing: [], copies: [] });
    gone.presence('Mon 10:04', 'seen');
    expect(gone.effects.filter(({ lane }) => lane === 'mail')).toEqual([]);

    const left = chat();
    left.reply('Mon 10:03', OTHERS);
    left.until('Mon 10:03:10');
    left.command('Mon 10:03:11', { type: 'undoReply', messageId: 'r1' });
    expect(left.refusal?.code).toBe('E_NOTHING_TO_UNDO');
  });

  it('whose mail comes back are told to the agent, and nothing else changes: its customer has the answer', () => {
    const story = chat({ priority: 'urgent' });
    story.reply('Mon 10:03', OTHERS);
    story.until('Mon 10:04');
    story.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    const bounce = { messageId: 'r1', at: at('Mon 10:05'), hard: true, copy: true } as const;
    expect(story.event('Mon 10:05', { type: 'bounced', ...bounce })).toEqual(['notice undelivered to a1']);
    expect(story.event('Mon 10:06', { type: 'bounce', seq: 2, policy: policy.hash, ...bounce })).toEqual(['notice undelivered to a1']);
    expect(story.promise('firstResponse')).toContain('met');
    expect(story.state.outgoing).toHaveLength(1);
  });

  it('hear that it is solved after the answer that it came with', () => {
    const story = chat();
    expect(story.reply('Mon 10:03', { ...OTHERS, status: 'solved' })).toEqual(['page 1 no more for: chatResponse:1 answered']);
    const told = ['reply to c2', 'reply to c3', 'solved to c1', 'solved to c2', 'solved to c3'];
    expect(story.until('Mon 10:03:10')).toEqual(told.map((mail) => `Mon 10:03:10 mail ${mail}`));

    const undone = chat();
    undone.reply('Mon 10:03', { ...OTHERS, status: 'solved' });
    expect(undone.command('Mon 10:03:05', { type: 'undoReply', messageId: 'r1' })).toEqual(['c1', 'c2', 'c3'].map((who) => `mail solved to ${who}`));
  });

  it('are mailed what on-call tells, at once, and the closing question', () => {
    const night = new Story(policy, { at: 'Mon 21:00', kind: 'chat', participants: ['c1', 'c2'] });
    const feedback = { type: 'feedback', messageId: 'f1', word: 'workingOnIt', delivery: 'chat', recipients: ['c2'] } as const;
    expect(night.command('Mon 21:02', feedback)).toContain('mail feedback to c2');
    expect(night.promise('firstResponse')).toContain('met Mon 21:02');

    const asked = chat();
    asked.command('Mon 10:03', { type: 'closingQuestion', messageId: 'q', delivery: 'chat', ...OTHERS });
    expect(asked.until('Mon 10:03:10')).toEqual(['Mon 10:03:10 mail closingQuestion to c2', 'Mon 10:03:10 mail closingQuestion to c3']);
  });

  it('of spam get nothing; of what is closed meanwhile they get what had been said', () => {
    const spam = chat();
    spam.reply('Mon 10:03', OTHERS);
    spam.command('Mon 10:03:05', { type: 'spam' });
    spam.until('Mon 10:10');
    expect(spam.effects.filter(({ lane }) => lane === 'mail')).toEqual([]);

    const closed = chat();
    closed.status('Mon 10:02', 'solved');
    closed.reply('Mon 10:03', { ...OTHERS, status: 'solved' });
    expect(closed.event('Mon 10:03:02', { type: 'closed', at: at('Mon 10:03:02') }).filter((line) => line.includes('reply'))).toEqual([
      'mail reply to c2',
      'mail reply to c3',
    ]);
  });
});
