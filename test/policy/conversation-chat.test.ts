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

  it('rings loudly when it is urgent or high, by its author or a triage rule, and louder once it has become so', () => {
    expect(pages(chat('Mon 10:00', { priority: 'high' }).opening)).toEqual(['page 1 opens: chatResponse:1 newChat, high']);
    const story = chat('Mon 10:00');
    expect(pages(story.priority('Mon 10:02', 'urgent'))).toEqual(['page 1 joined by: raised:3 raised, high, again']);
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
    story.presence('Mon 10:04:03', 'seen');
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

  it('nudges nobody who will be right back, nor in the night after', () => {
    const away = chat('Mon 10:00');
    away.reply('Mon 10:01');
    away.beRightBack('Mon 10:03');
    away.customer('Mon 10:04');
    expect(away.until('Mon 10:12').filter((words) => words.includes('agentSilent'))).toEqual([]);
    const night = chat('Mon 10:00');
    night.reply('Mon 10:01');
    night.presence('Mon 10:02', 'seen');
    expect(night.customer('Mon 22:00')).toEqual(['notice customerWrote to a1']);
    expect(night.until('Mon 23:00')).toEqual([]);
    const late = chat('Mon 19:50');
    late.reply('Mon 19:51');
    late.presence('Mon 19:52', 'seen');
    late.customer('Mon 20:05');
    expect(late.until('Mon 20:10')).toEqual(['Mon 20:08 notice agentSilent to a1']);
  });

  it('makes "be right back" a promise, and wants a new time for a second one in a row', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:01');
    story.beRightBack('Mon 10:03');
    expect(story.promise('update')).toBe('running, due Mon 10:13');
    story.beRightBack('Mon 10:04');
    expect(story.refusal?.code).toBe('E_NEW_TIME_WANTED');
    story.reply('Mon 10:09');
    expect(story.promise('update')).toBe('met, due Mon 10:13, met Mon 10:09');
    story.beRightBack('Mon 10:12');
    expect(story.refusal).toBeUndefined();
  });
});

describe('a customer who has gone', () => {
  it('is mailed what they have not seen, once', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.reply('Mon 10:03:20');
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
    expect(story.effects.at(-1)).toMatchObject({ goneAfterMs: 60_000, unseenAfterMs: 300_000 });
    expect(story.presence('Mon 10:04:01', 'gone', { claimed: ['r1', 'r2'] })).toEqual(['mail chatUnseen to c1']);
    expect(story.effects.at(-1)).toMatchObject({ messageId: 'r2', facts: { messages: 'r1 r2' } });
    expect(story.delivered('Mon 10:04:03', 'r2')).toEqual([]);
    expect(story.until('Mon 10:30')).toEqual([]);
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:03');
  });

  it('is looked for when the batch is over, if that takes longer', async () => {
    const patient = chat('Mon 10:00', {}, await handbookBut('chats: { mailBatch: 2m }'));
    patient.reply('Mon 10:03');
    patient.reply('Mon 10:04:30');
    expect(patient.until('Mon 10:06')).toEqual(['Mon 10:05 look at presence']);
  });

  it('is looked for again when they could have gone, or have left it unread for too long', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.until('Mon 10:04');
    expect(story.presence('Mon 10:04', 'present', { lookAt: 'Mon 10:04:40' })).toEqual([]);
    expect(story.until('Mon 10:05')).toEqual(['Mon 10:04:40 look at presence']);
    story.presence('Mon 10:04:41', 'present', { lookAt: 'Mon 10:08' });
    expect(story.until('Mon 10:10')).toEqual(['Mon 10:08 look at presence']);
  });

  it('is looked for at the earlier of two times', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.until('Mon 10:04');
    story.reply('Mon 10:04');
    story.presence('Mon 10:04:01', 'present', { lookAt: 'Mon 10:04:20' });
    expect(story.until('Mon 10:05')).toEqual(['Mon 10:04:20 look at presence']);
  });

  it('is not mailed what they have seen', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.until('Mon 10:04');
    expect(story.presence('Mon 10:04:01', 'seen')).toEqual([]);
    expect(story.until('Mon 12:00')).toEqual([]);
  });

  it.each([[['r1']], [['r1', 'r2']], [['notice', 'r1', 'r2']]])('has had no first response when the mail with it comes back (%j)', (claimed) => {
    const story = chat('Mon 10:00', { priority: 'urgent' });
    story.reply('Mon 10:03');
    story.reply('Mon 10:03:20');
    story.until('Mon 10:04');
    story.presence('Mon 10:04', 'gone', { claimed });
    const messageId = claimed.at(-1) ?? '';
    story.delivered('Mon 10:04:01', messageId);
    expect(story.bounced('Mon 10:06', messageId)).toEqual(['notice undelivered to a1', 'notice threshold firstResponse']);
    expect(story.promise('firstResponse')).toBe('running, due Mon 10:30');
    expect(pages(story.until('Mon 10:20'))).toEqual(['Mon 10:15 page 2 opens: firstResponse:2 threshold, high']);
  });

  it('pages when no server has taken the mail with the first response for a quarter of an hour', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.reply('Mon 10:03:20');
    story.until('Mon 10:04');
    story.presence('Mon 10:04', 'gone', { claimed: ['r1', 'r2'] });
    expect(story.until('Mon 10:30')).toEqual(['Mon 10:19 notice undelivered to a1', 'Mon 10:19 page 2 opens: undelivered:r2 undelivered, low']);
    expect(story.delivered('Mon 10:31', 'r2')).toEqual(['page 2 no more for: undelivered:r2 delivered']);
  });

  it('has read in the chat what was mailed, once they write there again: a mail that comes back or is late changes nothing', () => {
    const refused = chat('Mon 10:00');
    refused.reply('Mon 10:03');
    refused.until('Mon 10:04');
    refused.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    refused.delivered('Mon 10:04:01', 'r1');
    refused.customer('Mon 10:05');
    expect(refused.bounced('Mon 10:06', 'r1')).toEqual(['notice undelivered to a1']);
    expect(refused.promise('firstResponse')).toContain('met Mon 10:03');

    const late = chat('Mon 10:00');
    late.reply('Mon 10:03');
    late.until('Mon 10:04');
    late.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    late.customer('Mon 10:05', { channel: 'email' });
    expect(late.state.outgoing).toHaveLength(1);
    late.customer('Mon 10:06');
    expect(late.state.outgoing).toEqual([]);
    expect(late.until('Mon 10:30').filter((words) => words.includes('undelivered'))).toEqual([]);

    const gone = chat('Mon 10:00');
    gone.reply('Mon 10:03', { gone: true });
    gone.until('Mon 10:04');
    gone.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    gone.customer('Mon 10:06');
    expect(gone.promise('firstResponse')).toContain('met Mon 10:06');
    gone.bounced('Mon 10:07', 'r1');
    expect(gone.promise('firstResponse')).toContain('met Mon 10:06');
  });

  it('ends a chat half an hour after they have gone, once asked whether there is anything else', () => {
    const story = asked();
    expect(story.until('Mon 10:11')).toEqual(['Mon 10:11 look at presence']);
    story.presence('Mon 10:11', 'gone', { claimed: ['q'], presentAt: 'Mon 10:09' });
    story.delivered('Mon 10:11:01', 'q');
    expect(story.until('Mon 10:41')).toEqual(['Mon 10:40 look at presence']);
    story.presence('Mon 10:40', 'seen', { presentAt: 'Mon 10:09' });
    expect(story.state).toMatchObject({ status: 'solved', solvedAt: at('Mon 10:40') });
  });

  it('counts that half an hour from when they went, when they had seen the question', () => {
    const story = asked();
    story.until('Mon 10:11');
    story.presence('Mon 10:11', 'seen');
    expect(story.until('Mon 10:45')).toEqual(['Mon 10:42 look at presence']);
    story.presence('Mon 10:45', 'seen', { presentAt: 'Mon 10:20' });
    expect(story.state.status).toBe('pending');
    expect(story.until('Mon 10:51')).toEqual(['Mon 10:51 look at presence']);
    expect(story.presence('Mon 10:51', 'seen', { presentAt: 'Mon 10:20' })).toEqual(['mail solved to c1']);
    expect(story.state.status).toBe('solved');
  });

  it('is not ended while they are there, but by a business day of their silence', () => {
    const story = asked();
    const there = (): void => {
      const [look] = story.until(story.state.unseenCheckAt ?? 0);
      expect(look).toContain('look at presence');
      story.presence(story.now, 'seen');
    };
    for (let looks = 0; looks < 20; looks += 1) there();
    expect(story.state.status).toBe('pending');
    story.until('Tue 10:12');
    expect(story.state.status).toBe('solved');
  });

  it('is left alone when an agent has called the ending off', () => {
    const story = asked();
    story.command('Mon 10:12', { type: 'scheduled', action: 'solve', do: 'cancel' });
    story.presence('Mon 10:13', 'seen', { presentAt: 'Mon 10:11' });
    expect(story.until('Wed 10:00')).toEqual([]);
    expect(story.state.status).toBe('pending');
  });

  const asked = (): Story => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.presence('Mon 10:04:01', 'seen');
    story.command('Mon 10:10', { type: 'closingQuestion', messageId: 'q', delivery: 'chat', recipients: [] });
    expect(story.state.status).toBe('pending');
    return story;
  };
});

describe('an answer to somebody who has gone already', () => {
  const GONE = { gone: true } as const;

  it('leaves by mail with what is said within the minute, and counts when that is taken', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.reply('Mon 10:03:40', GONE);
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
    expect(story.presence('Mon 10:04', 'gone', { claimed: ['r1', 'r2'] })).toEqual(['mail chatUnseen to c1']);
    expect(story.delivered('Mon 10:04:02', 'r2')).toEqual(['page 1 no more for: chatResponse:1 answered']);
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:04:02');
    expect(story.state.outgoing).toEqual([]);
  });

  it('can be taken back until it leaves, and for undo-send at least', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.reply('Mon 10:03:56', GONE);
    expect(story.until('Mon 10:04:05')).toEqual([]);
    story.command('Mon 10:04:05', { type: 'undoReply', messageId: 'r2' });
    expect(story.refusal).toBeUndefined();
    expect(story.until('Mon 10:04:06')).toEqual(['Mon 10:04:06 look at presence']);
    story.presence('Mon 10:04:06', 'gone', { claimed: ['r1'] });
    story.command('Mon 10:04:07', { type: 'undoReply', messageId: 'r1' });
    expect(story.refusal?.code).toBe('E_NOTHING_TO_UNDO');
  });

  it('counts as soon as they are back, by a look or because they write', () => {
    for (const found of ['seen', 'present'] as const) {
      const story = chat('Mon 10:00');
      story.reply('Mon 10:03', GONE);
      story.until('Mon 10:04');
      story.presence('Mon 10:04', found, { lookAt: 'Mon 10:05' });
      expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:04');
    }
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.customer('Mon 10:03:30', { channel: 'email' });
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    story.customer('Mon 10:03:40');
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:03:40');
    expect(story.promise('nextResponse')).toBe('running, due Tue 10:03:30');
  });

  it('holds the page of what it is about to keep', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:04:30', GONE);
    expect(story.until('Mon 10:05:30')).toEqual(['Mon 10:05:30 look at presence']);
    story.presence('Mon 10:05:30', 'gone', { claimed: ['r1'] });
    expect(story.delivered('Mon 10:05:32', 'r1')).toEqual(['page 1 no more for: chatResponse:1 answered']);
    expect(story.promise('chatResponse')).toBe('breached, due Mon 10:05, met Mon 10:05:32');
  });

  it('answers nothing when it cannot be mailed any more, and the agent hears of it', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.until('Mon 10:04');
    expect(story.presence('Mon 10:04', 'gone')).toEqual(['notice undelivered to a1']);
    expect(story.state.outgoing).toEqual([]);
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
  });

  it('goes with a claim that was made before it was known here', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.until('Mon 10:04');
    story.reply('Mon 10:04:01', GONE);
    story.late('Mon 10:04:02', { type: 'presence', at: at('Mon 10:04'), found: 'gone', claimed: ['r1', 'r2'], presentAt: null });
    story.delivered('Mon 10:04:03', 'r2');
    expect(story.state.outgoing).toEqual([]);
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:04:03');
  });

  it('solves it with the mail about that behind it', () => {
    const story = chat('Mon 10:00');
    expect(story.reply('Mon 10:03', { ...GONE, status: 'solved' })).toEqual([]);
    story.until('Mon 10:04');
    expect(story.presence('Mon 10:04', 'gone', { claimed: ['r1'] })).toEqual(['mail chatUnseen to c1', 'mail solved to c1']);
    story.delivered('Mon 10:04:01', 'r1');
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:04:01');
  });

  it('of on-call leaves at once', () => {
    const story = chat('Mon 21:00');
    expect(story.command('Mon 21:05', { type: 'feedback', messageId: 'f', word: 'ownWords', recipients: [], gone: true })).toEqual([
      'page 1 no more for: feedback:1 feedbackGiven',
      'look at presence',
    ]);
    expect(story.presence('Mon 21:05', 'gone', { claimed: ['f'] })).toEqual(['mail chatUnseen to c1']);
    story.delivered('Mon 21:05:01', 'f');
    expect(story.promise('firstResponse')).toBe('met, due Tue 20:00, met Mon 21:05:01');
  });

  it('pages once when not even its absence could be looked at in time', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    expect(pages(story.until('Mon 10:30'))).toContain('Mon 10:18:10 page 1 joined by: undelivered:r1 undelivered, low');
    story.presence('Mon 10:30', 'gone', { claimed: ['r1'] });
    expect(pages(story.until('Mon 11:00'))).toEqual([]);
    expect(story.delivered('Mon 11:00', 'r1')).toContain('page 1 no more for: undelivered:r1 delivered');
  });

  it('pages when no server takes it', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03', GONE);
    story.until('Mon 10:04');
    story.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    const lines = story.until('Mon 10:30');
    expect(lines).toContain('Mon 10:19 page 1 joined by: undelivered:r1 undelivered, low');
    expect(story.bounced('Mon 10:31', 'r1')).toContain('notice undelivered to a1');
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
  });
});

describe('an answer by mail to a chat', () => {
  it('lands in the chat, is owed an answer, and nudges nobody: its author does not sit and wait', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    story.presence('Mon 10:04', 'gone', { claimed: ['r1'] });
    story.delivered('Mon 10:04:01', 'r1');
    story.customer('Mon 11:00', { channel: 'email' });
    expect(story.state.kind).toBe('chat');
    expect(story.promise('nextResponse')).toBe('running, due Tue 11:00');
    expect(story.until('Mon 12:00')).toEqual([]);
  });

  it('of an agent is mailed, wherever the customer is', () => {
    const story = chat('Mon 10:00');
    story.customer('Mon 10:03', { author: 'agent', agent: 'a2', channel: 'email' });
    expect(story.until('Mon 10:04')).toEqual(['Mon 10:03:10 mail reply to c1']);
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

  it("with the agent's own words is answered by them, and the time of the answer itself is promised as an update", () => {
    const story = chat('Mon 10:00');
    expect(story.command('Mon 10:03', { type: 'convert', keep: true, recipients: ['c1'], messageId: 'w' })).toEqual([
      'page 1 no more for: chatResponse:1 converted',
    ]);
    expect(story.promise('update')).toBe('running, due Tue 10:00');
    expect(story.until('Mon 10:03:10')).toEqual(['Mon 10:03:10 mail converted to c1']);
    story.delivered('Mon 10:03:11', 'w');
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:03:11');
    expect(story.owed()).toEqual(['update']);
  });

  it('mails nothing by itself to an address that is only claimed', () => {
    const story = new Story(policy, { at: 'Mon 10:00', kind: 'chat', noAutoMail: true });
    story.reply('Mon 10:01');
    expect(convert(story, 'Mon 10:03', { keep: true })).toEqual([]);
    expect(story.promise('update')).toBe('running, due Tue 10:03');
  });

  it('handed over, has to be dispatched from now', () => {
    const story = chat('Mon 10:00');
    story.reply('Mon 10:03');
    convert(story, 'Mon 10:20', { keep: false });
    expect(story.state.assignee).toBeNull();
    expect(story.promise('dispatch')).toBe('running, due Mon 11:20');
  });

  it('overtakes no answer: one that was said to the chat in the same moment is mailed if they have not seen it', () => {
    const story = chat('Mon 10:00');
    story.command('Mon 10:02', { type: 'convert', keep: true, recipients: ['c1'] });
    story.reply('Mon 10:02:01', { delivery: 'chat', recipients: [] });
    expect(story.until('Mon 10:03:01')).toContain('Mon 10:03:01 look at presence');
    expect(story.presence('Mon 10:03:01', 'gone', { claimed: ['r1'] })).toEqual(['mail chatUnseen to c1']);
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

it('"Production down" is told at once, also while the office is open and nothing is late', () => {
  const story = chat('Mon 10:00');
  story.reply('Mon 10:02');
  expect(story.state.page).toBeNull();
  expect(story.act('Mon 10:20', 'productionDown')).toContain('notice productionDown');
});
