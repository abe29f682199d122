import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const urgent = (): Story => new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
const undo = (story: Story, time: string, messageId = 'r1'): string[] => story.command(time, { type: 'undoReply', messageId });

describe('undo-send', () => {
  it('lets an answer leave after ten seconds', () => {
    const story = urgent();
    expect(story.reply('Mon 10:05')).toEqual([]);
    expect(story.until('Mon 10:06')).toEqual(['Mon 10:05:10 mail reply to c1']);
  });

  it('takes an answer back, with the status and the time that came with it', () => {
    const story = urgent();
    story.reply('Mon 10:05', { status: 'pending', updateBy: at('Mon 11:00') });
    undo(story, 'Mon 10:05:09');
    expect(story.state).toMatchObject({ status: 'open', outgoing: [], assignee: 'a1' });
    expect(story.promise('update')).toBe('cancelled, due Mon 11:00, cancelled Mon 10:05:09: undone');
    expect(story.until('Mon 10:10')).toEqual([]);
  });

  it('opens again what the answer was to solve, and its promises go on', () => {
    const story = urgent();
    story.reply('Mon 10:05', { status: 'solved' });
    undo(story, 'Mon 10:05:05');
    expect(story.state.status).toBe('open');
    expect(pages(story.until('Mon 10:15'))).toEqual(['Mon 10:15 page 1 opens: firstResponse:1 threshold, high']);
    expect(story.effects.filter(({ type }) => type === 'mail').map(({ key }) => key)).toHaveLength(1);
  });

  it('keeps a status that was set apart from it', () => {
    const story = urgent();
    story.status('Mon 10:04', 'onHold');
    story.reply('Mon 10:05');
    undo(story, 'Mon 10:05:05');
    expect(story.state.status).toBe('onHold');
  });

  it('is too late once the answer has left', () => {
    const story = urgent();
    story.reply('Mon 10:05');
    undo(story, 'Mon 10:05:11');
    expect(story.refusal?.code).toBe('E_NOTHING_TO_UNDO');
    undo(story, 'Mon 10:05:12', 'never');
    expect(story.refusal?.code).toBe('E_NOTHING_TO_UNDO');
  });

  it('holds the page of what is due meanwhile', () => {
    const story = urgent();
    story.reply('Mon 10:14:55');
    expect(pages(story.until('Mon 10:15:07'))).toEqual([]);
    story.delivered('Mon 10:15:07', 'r1');
    expect(pages(story.until('Mon 10:20'))).toEqual([]);
  });

  it('holds it for no longer than those seconds and a moment for the mail server', () => {
    const story = urgent();
    story.reply('Mon 10:29:55');
    expect(pages(story.until('Mon 11:00'))).toContain('Mon 10:30:10 page 1 next level: firstResponse:1 breached');
    expect(story.record('firstResponse')?.breachedAt).toBe(at('Mon 10:30'));
  });

  it('holds nothing that was due before it was said', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.assign('Mon 10:10');
    story.until('Tue 09:59');
    const event = { type: 'command', id: 'late', at: at('Tue 10:00:03'), by: 'a1' } as const;
    const command = { type: 'reply', messageId: 'r', delivery: 'mail', recipients: ['c1'] } as const;
    expect(pages(story.late('Tue 10:00:03', { ...event, command }))).toEqual(['page 1 opens: firstResponse:1 breached, low']);
  });

  it('holds nothing once it is undone', () => {
    const story = urgent();
    story.reply('Mon 10:14:55');
    expect(pages(undo(story, 'Mon 10:15:02'))).toEqual(['page 1 opens: firstResponse:1 threshold, high']);
  });

  it('holds no dispatch: that is met by whoever answers', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:59:58');
    story.assign('Mon 10:59:59', null);
    story.delivered('Mon 11:00:10', 'r1');
    expect(pages(story.until('Mon 12:00'))).toEqual(['Mon 11:59:59 page 1 opens: dispatch:2 breached, low']);
  });

  it('does not keep a chat customer who is there waiting', () => {
    const story = new Story(policy, { at: 'Mon 10:00', kind: 'chat' });
    story.reply('Mon 10:01');
    expect(story.promise('chatResponse')).toBe('met, due Mon 10:05, met Mon 10:01');
  });

  it('refuses an answer that would reach nobody', () => {
    const story = urgent();
    story.reply('Mon 10:05', { recipients: [] });
    expect(story.refusal?.code).toBe('E_NO_PUBLIC_CHANNEL');
    expect(story.owed()).toEqual(['dispatch', 'firstResponse']);
  });
});

describe('a first response that came back', () => {
  it('runs again with its old due time', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.answered('Mon 10:10');
    expect(story.bounced('Mon 10:30', 'r1')).toEqual(['notice undelivered to a1']);
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
    expect(story.record('firstResponse')?.cycle).toBe(2);
    expect(story.state.answeredAt).toBeNull();
    expect(pages(story.until('Mon 13:00'))).toEqual(['Mon 13:00 page 1 opens: firstResponse:2 threshold, high']);
  });

  it('runs again once, however often the bounce is told', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    story.bounced('Mon 10:30', 'r1');
    story.bounced('Mon 10:31', 'r1');
    expect(story.owed()).toEqual(['firstResponse']);
  });

  it('is breached at its old due time, and pages at once, when that has passed', () => {
    const story = urgent();
    story.answered('Mon 10:10');
    expect(pages(story.bounced('Mon 12:00', 'r1'))).toEqual(['page 1 opens: firstResponse:2 breached, high']);
    expect(story.record('firstResponse')).toMatchObject({ breachedAt: at('Mon 10:30') });
  });

  it('opens again what it had solved', () => {
    const story = urgent();
    story.answered('Mon 10:10', { status: 'solved' });
    story.bounced('Mon 10:12', 'r1');
    expect(story.state.status).toBe('open');
    expect(story.owed()).toEqual(['firstResponse']);
  });

  it('also when it never arrived in the first place', () => {
    const story = urgent();
    story.reply('Mon 10:05', { status: 'solved' });
    story.bounced('Mon 10:05:12', 'r1');
    expect(story.state).toMatchObject({ status: 'open', outgoing: [] });
    expect(pages(story.until('Mon 10:15'))).toEqual(['Mon 10:15 page 1 opens: firstResponse:1 threshold, high']);
  });

  it('is only a notice when the trouble may pass', () => {
    const story = urgent();
    story.answered('Mon 10:10');
    expect(story.bounced('Mon 10:30', 'r1', false)).toEqual(['notice undelivered to a1']);
    expect(story.owed()).toEqual([]);
  });

  it('still counts when another recipient has it', () => {
    const story = urgent();
    story.reply('Mon 10:05', { recipients: ['c1', 'c2'] });
    story.bounced('Mon 10:05:12', 'r1');
    story.delivered('Mon 10:05:13', 'r1');
    expect(story.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:05:13');
  });

  it('changes nothing for a message that nobody knows', () => {
    const story = urgent();
    story.answered('Mon 10:10');
    story.bounced('Mon 10:30', 'forged');
    expect(story.owed()).toEqual([]);
  });
});

describe('a first response that no mail server takes', () => {
  it('pages after a quarter of an hour', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10');
    expect(story.until('Mon 11:00')).toEqual([
      'Mon 10:10:10 mail reply to c1',
      'Mon 10:25:10 notice undelivered to a1',
      'Mon 10:25:10 page 1 opens: undelivered:r1 undelivered, low',
    ]);
  });

  it('is over when it arrives after all, or another answer does', () => {
    const late = new Story(policy, { at: 'Mon 10:00' });
    late.reply('Mon 10:10');
    late.until('Mon 10:30');
    expect(late.delivered('Mon 10:40', 'r1')).toEqual(['page 1 no more for: undelivered:r1 delivered']);
    const other = new Story(policy, { at: 'Mon 10:00' });
    other.reply('Mon 10:10');
    other.until('Mon 10:30');
    other.bounced('Mon 10:31', 'r1');
    expect(other.state.page).not.toBeNull();
    expect(other.answered('Mon 10:40')).toContain('page 1 no more for: undelivered:r1 delivered');
    expect(other.state.page).toBeNull();
  });

  it('is over when the conversation is solved', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10');
    story.until('Mon 10:30');
    expect(pages(story.status('Mon 10:31', 'solved'))).toEqual(['page 1 no more for: undelivered:r1 solved']);
  });

  it('does not page for later answers, nor for the first words of an agent', () => {
    const later = new Story(policy, { at: 'Mon 10:00' });
    later.answered('Mon 10:10');
    later.reply('Mon 10:20');
    expect(pages(later.until('Mon 12:00'))).toEqual([]);
    const started = new Story(policy, { at: 'Mon 10:00', initiatedBy: 'agent', assignee: 'a1' });
    started.reply('Mon 10:00', { status: 'pending' });
    expect(pages(started.until('Mon 12:00'))).toEqual([]);
  });
});

describe("an agent's own mail", () => {
  it('takes the ticket and goes to everyone in the thread, like an answer from the console', () => {
    const story = new Story(policy, { at: 'Mon 10:00', participants: ['c1', 'c2'] });
    story.customer('Mon 10:05', { author: 'agent', agent: 'a4', messageId: 'own' });
    expect(story.state).toMatchObject({ assignee: 'a4', status: 'open' });
    expect(story.until('Mon 10:06')).toEqual(['Mon 10:05:10 mail reply to c1', 'Mon 10:05:10 mail reply to c2']);
    story.delivered('Mon 10:05:12', 'own');
    expect(story.owed()).toEqual([]);
  });

  it('counts at once where another desk has shown it', () => {
    const story = new Story(policy, { at: 'Mon 10:00', channel: 'intercom' });
    story.customer('Mon 10:05', { author: 'agent', agent: 'a4', channel: 'intercom' });
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:05');
  });
});

describe('commands', () => {
  it('are refused when they come too late', () => {
    const story = urgent();
    const command = { type: 'status', status: 'solved' } as const;
    story.late('Mon 10:01', { type: 'command', id: 'x', at: at('Mon 10:00:50'), by: 'a1', notAfter: at('Mon 10:00:55'), command });
    expect(story.refusal?.code).toBe('E_TOO_LATE');
    expect(story.state.status).toBe('new');
  });

  it('act once', () => {
    const story = urgent();
    const event = {
      type: 'command',
      id: 'x',
      at: at('Mon 10:05'),
      by: 'a1',
      command: { type: 'reply', messageId: 'r', delivery: 'mail', recipients: ['c1'] },
    } as const;
    story.event('Mon 10:05', event);
    const { state } = story;
    expect(story.late('Mon 10:05:01', event)).toEqual([]);
    expect(story.state).toBe(state);
  });

  it('keep their tags', () => {
    const story = urgent();
    story.command('Mon 10:05', { type: 'tags', tags: ['outage'], cluster: ['c5'], website: [] });
    expect(story.state.labels).toEqual({ tags: ['outage'], cluster: ['c5'], website: [] });
  });
});

describe('inbound events', () => {
  it('are applied once, in order, and never with one left out', () => {
    const story = urgent();
    const message = story.message('Mon 10:05');
    story.event('Mon 10:05', message);
    const { state } = story;
    expect(story.late('Mon 10:06', message)).toEqual([]);
    expect(story.state).toBe(state);
    expect(() => story.late('Mon 10:07', { ...message, seq: 4 })).toThrow('Event 4 of #60 came after 2: one was left out.');
  });

  it('add a participant to those who are written to', () => {
    const story = urgent();
    story.customer('Mon 10:05', { joins: 'c9' });
    story.customer('Mon 10:06', { joins: 'c9' });
    expect(story.state.participants).toEqual(['c1', 'c9']);
  });
});

describe('an answer to several recipients', () => {
  it('is a first response for as long as one of them has it', () => {
    const story = new Story(policy, { at: 'Mon 10:00', participants: ['c1', 'c2', 'c3'] });
    story.reply('Mon 10:10', { messageId: 'r', recipients: ['c1', 'c2', 'c3'] });
    story.bounced('Mon 10:10:11', 'r');
    story.delivered('Mon 10:10:12', 'r');
    story.bounced('Mon 10:20', 'r');
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:10:12');
    story.bounced('Mon 10:30', 'r');
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
  });
});

it('what is said to a third party alone answers no customer', () => {
  const story = urgent();
  story.answered('Mon 10:10', { recipients: ['vendor'] });
  expect(story.promise('firstResponse')).toBe('running, due Mon 10:30');
  expect(pages(story.until('Mon 10:16'))).toEqual(['Mon 10:15 page 1 opens: firstResponse:1 threshold, high']);
  story.answered('Mon 10:20', { recipients: ['vendor', 'c1'] });
  expect(story.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:20');
});
