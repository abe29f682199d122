import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const chat = (time: string, more: { priority?: 'urgent' | 'high' | 'normal' | 'low'; plan?: string } = {}, of = policy): Story =>
  new Story(of, { at: time, kind: 'chat', ...more });

describe('a new chat', () => {
  it('is promised a first response and, of office time, a chat response', () => {
    const story = chat('Mon 10:00');
    expect(story.owed()).toEqual(['firstResponse', 'chatResponse']);
    expect(story.promise('chatResponse')).toBe('running, due Mon 10:05');
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    expect(chat('Mon 21:00', { plan: 'enterprise' }).promise('chatResponse')).toBe('running, due Tue 08:05');
  });

  it('is a notice always, and a page of low urgency in office hours', () => {
    expect(chat('Mon 10:00').opening).toEqual(['page 1 opens: chatResponse:1 newChat, low', 'notice newChat']);
  });

  it('follows the rule of the night otherwise', () => {
    expect(chat('Mon 21:00').opening).toEqual(['page 1 opens: feedback:1 outOfHours, low', 'notice newChat']);
  });

  it('unanswered goes to the next level, and the customer hears that the answer comes by mail', () => {
    const story = chat('Mon 10:00');
    expect(story.until('Mon 10:05')).toEqual(['Mon 10:05 page 1 next level: chatResponse:1 breached']);
    expect(story.timeline).toContainEqual({ at: at('Mon 10:05'), type: 'chat.answerComesByMail', data: {} });
  });

  it('unanswered by night goes up again when the office has been open for five minutes', () => {
    expect(pages(chat('Mon 21:00').until('Tue 08:05'))).toEqual([
      'Mon 21:15 page 1 next level: feedback:1 breached',
      'Tue 08:05 page 1 joined by: chatResponse:1 breached, low',
      'Tue 08:05 page 1 next level: chatResponse:1 breached',
    ]);
  });

  it('pages when it is due even if the policy has no page for new chats', async () => {
    const calm = await handbookBut('chats: { page: off }');
    const story = chat('Mon 10:00', {}, calm);
    expect(story.opening).toEqual(['notice newChat']);
    expect(story.until('Mon 10:05')).toEqual(['Mon 10:05 page 1 opens: chatResponse:1 breached, low']);
  });

  it('rings loudly if the policy says so', async () => {
    const loud = await handbookBut('chats: { page: high }');
    expect(pages(chat('Mon 10:00', {}, loud).opening)).toEqual(['page 1 opens: chatResponse:1 newChat, high']);
  });

  it('was answered too late when the answer came after its time, even if nothing had happened at that time', () => {
    const story = chat('Mon 10:00');
    const command = { type: 'reply', messageId: 'r', delivery: 'chat', recipients: [] } as const;
    story.late('Mon 10:20', { type: 'command', id: 'late', at: at('Mon 10:06'), by: 'a1', command });
    expect(story.promise('chatResponse')).toBe('breached, due Mon 10:05, met Mon 10:06');
  });

  it('is answered as soon as an agent has written', () => {
    const story = chat('Mon 10:00');
    expect(story.reply('Mon 10:03')).toEqual(['page 1 no more for: chatResponse:1 answered']);
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:03');
    expect(story.state).toMatchObject({ assignee: 'a1', status: 'open', outgoing: [] });
  });
});

describe('in the middle of a chat', () => {
  it('nudges an agent who has been silent for three minutes since the customer wrote, once', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.event('Mon 10:04:03', { type: 'presence', at: at('Mon 10:04:03'), found: 'seen', claimed: [] });
    story.customer('Mon 10:05');
    story.customer('Mon 10:07');
    expect(story.until('Mon 10:30')).toEqual(['Mon 10:08 notice agentSilent to a1']);
  });

  it('nudges nobody once the agent has written', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.customer('Mon 10:05');
    story.reply('Mon 10:06');
    expect(story.until('Mon 10:30')).not.toContainEqual(expect.stringContaining('agentSilent'));
  });

  it('makes "be right back" a promise', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:01');
    story.beRightBack('Mon 10:03');
    expect(story.promise('update')).toBe('running, due Mon 10:13');
    story.reply('Mon 10:09');
    expect(story.promise('update')).toBe('met, due Mon 10:13, met Mon 10:09');
  });
});

describe('a customer who has gone', () => {
  const found = (story: Story, time: string, what: 'seen' | 'present' | 'gone', claimed: string[] = []): string[] =>
    story.event(time, { type: 'presence', at: at(time), found: what, claimed });

  it('is mailed what they have not seen, once', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.reply('Mon 10:03:20');
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
    expect(found(story, 'Mon 10:04:01', 'gone', ['r1', 'r2'])).toEqual(['mail chatUnseen to c1']);
    expect(story.until('Mon 10:30')).toEqual([]);
  });

  it('is looked for again while they are there and have not read', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.until('Mon 10:04');
    found(story, 'Mon 10:04:01', 'present');
    expect(story.until('Mon 10:05')).toEqual(['Mon 10:04:31 look at presence']);
  });

  it('is not mailed what they have seen', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.until('Mon 10:04');
    expect(found(story, 'Mon 10:04:01', 'seen')).toEqual([]);
    expect(story.until('Mon 12:00')).toEqual([]);
  });

  it('ends a chat half an hour after they have gone, once asked whether there is anything else', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.command('Mon 10:10', { type: 'closingQuestion', messageId: 'q', delivery: 'chat', recipients: [] });
    expect(story.state.status).toBe('pending');
    found(story, 'Mon 10:11', 'gone');
    story.until('Mon 10:40');
    expect(story.state.status).toBe('pending');
    story.until('Mon 10:42');
    expect(story.state.status).toBe('solved');
  });

  it('is looked for again after the closing question, when they have seen it', () => {
    const story = chat('Mon 10:00');
    story.command('Mon 10:10', { type: 'closingQuestion', messageId: 'q', delivery: 'chat', recipients: [] });
    story.until('Mon 10:11');
    found(story, 'Mon 10:11', 'seen');
    expect(story.until('Mon 10:41')).toEqual(['Mon 10:41 look at presence']);
  });
});

describe('conversion', () => {
  const convert = (story: Story, time: string, more: { keep: boolean; priority?: 'high' | 'urgent'; updateBy?: number }): string[] =>
    story.command(time, { type: 'convert', recipients: ['c1'], ...more });

  it('unanswered keeps the first response from the first message, and breaches stay', () => {
    const story = chat('Mon 10:00');
    story.until('Mon 10:06');
    expect(convert(story, 'Mon 10:06', { keep: true })).toEqual(['page 1 no more for: chatResponse:1 converted', 'mail converted to c1']);
    expect(story.state).toMatchObject({ kind: 'ticket', assignee: 'a1', status: 'open', number: 60 });
    expect(story.promise('chatResponse')).toBe('breached, due Mon 10:05, cancelled Mon 10:06: converted');
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    expect(story.effects.at(-1)).toMatchObject({ facts: { dueAt: at('Tue 10:00') } });
    expect(story.owed()).toEqual(['firstResponse']);
  });

  it('answered promises an update, which the customer is told', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    convert(story, 'Mon 10:20', { keep: true });
    expect(story.promise('update')).toBe('running, due Tue 10:20');
    expect(story.effects.at(-1)).toMatchObject({ mail: 'converted', facts: { updateBy: at('Tue 10:20') } });
  });

  it('handed over, has to be dispatched from now', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    convert(story, 'Mon 10:20', { keep: false });
    expect(story.state.assignee).toBeNull();
    expect(story.promise('dispatch')).toBe('running, due Mon 11:20');
  });

  it('kept, stays with the agent who has it', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', {}, 'a7');
    convert(story, 'Mon 10:20', { keep: true });
    expect(story.state.assignee).toBe('a7');
    expect(story.promise('dispatch')).toBe('none');
  });

  it('takes another priority with it', () => {
    const story = chat('Mon 10:00');
    convert(story, 'Mon 10:03', { keep: true, priority: 'high' });
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
  });

  it('nudges no silent agent any more', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.customer('Mon 10:04');
    convert(story, 'Mon 10:05', { keep: true });
    expect(story.until('Mon 10:30')).not.toContainEqual(expect.stringContaining('agentSilent'));
  });

  it('is refused for a ticket, for what is solved and for times gone by', () => {
    const ticket = new Story(policy, { at: 'Mon 10:00' });
    convert(ticket, 'Mon 10:03', { keep: true });
    expect(ticket.refusal?.code).toBe('E_ALREADY_A_TICKET');
    const story = chat('Mon 10:00');
    convert(story, 'Mon 10:03', { keep: true, updateBy: at('Mon 10:02') });
    expect(story.refusal?.code).toBe('E_BAD_COMMAND');
    story.status('Mon 10:04', 'solved');
    convert(story, 'Mon 10:05', { keep: true });
    expect(story.refusal?.code).toBe('E_NOT_OPEN');
  });
});
