import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

function answered(priority: 'urgent' | 'high' | 'normal' = 'normal', number = 60): Story {
  const story = new Story(policy, { at: 'Mon 10:00', priority, number });
  story.answered('Mon 10:10');
  return story;
}

const closingQuestion = (story: Story, time: string): string[] =>
  story.command(time, { type: 'closingQuestion', messageId: 'q', delivery: 'mail', recipients: ['c1'] });

describe('"Is there anything else I can help you with?"', () => {
  it('waits for the customer, and a business day of silence solves it, with a little jitter', () => {
    const story = answered('normal', 1);
    closingQuestion(story, 'Mon 11:00');
    expect(story.state.status).toBe('pending');
    story.delivered('Mon 11:00:12', 'q');
    story.until('Tue 11:00');
    expect(story.state.status).toBe('pending');
    expect(story.until('Tue 11:01')).toEqual(['Tue 11:00:59 mail solved to c1']);
    expect(story.state.status).toBe('solved');
  });

  it('is answered by "No, that\'s all", without another mail', () => {
    const story = answered();
    closingQuestion(story, 'Mon 11:00');
    expect(story.act('Mon 11:30', 'thatsAll')).toEqual([]);
    expect(story.state).toMatchObject({ status: 'solved', solvedAt: at('Mon 11:30') });
  });

  it('is answered by a message, which opens it again', () => {
    const story = answered();
    closingQuestion(story, 'Mon 11:00');
    story.customer('Mon 12:00');
    expect(story.state.status).toBe('open');
    expect(story.until('Tue 11:59')).toEqual([]);
  });

  it('is not asked about what has ended', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    closingQuestion(story, 'Mon 11:30');
    expect(story.refusal?.code).toBe('E_NOT_OPEN');
  });
});

describe('pending', () => {
  it('reminds the customer once after three business days, and is solved after ten', () => {
    const story = answered();
    story.status('Mon 11:00', 'pending');
    expect(story.until('Mon+2 12:00')).toEqual(['Thu 11:00 mail reminder to c1', 'Mon+2 11:00 mail solved to c1']);
  });

  it('sends no reminder into a list or to another machine', () => {
    const story = new Story(policy, { at: 'Mon 10:00', noAutoMail: true, receipt: false });
    story.answered('Mon 10:10', { status: 'pending' });
    expect(story.until('Mon+2 12:00')).toEqual([]);
    expect(story.state.status).toBe('solved');
  });
});

describe('solving', () => {
  it('tells the customer, and cancels what is still owed', () => {
    const story = answered();
    story.customer('Mon 12:00');
    expect(story.status('Mon 12:10', 'solved')).toEqual(['mail solved to c1']);
    expect(story.promise('nextResponse')).toBe('cancelled, due Tue 12:00, cancelled Mon 12:10: solved');
  });

  it('without any public reply cancels the promises, reported apart from met', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.status('Mon 10:10', 'solved');
    expect(story.promise('firstResponse')).toBe('cancelled, due Tue 10:00, cancelled Mon 10:10: solvedWithoutAnswer');
    expect(story.promise('dispatch')).toBe('cancelled, due Mon 11:00, cancelled Mon 10:10: solvedWithoutAnswer');
    expect(story.owed()).toEqual([]);
  });

  it('with an answer meets the first response when that arrives, and the mail about it follows the answer', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    expect(story.answered('Mon 10:10:11', { status: 'solved' })).toEqual(['mail reply to c1', 'mail solved to c1']);
    expect(story.state.status).toBe('solved');
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:10:11');
  });

  it('by the customer leaves nothing owed, whatever is on its way', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10', { updateBy: at('Mon 12:00') });
    story.act('Mon 10:10:05', 'thatsAll');
    expect(story.owed()).toEqual([]);
    expect(pages(story.until('Fri 10:00'))).toEqual([]);
  });

  it('stops a snooze, a nudge and a reminder', () => {
    const story = answered();
    story.command('Mon 11:00', { type: 'snooze', until: at('Wed 08:00') });
    story.status('Mon 11:10', 'pending');
    story.status('Mon 11:20', 'solved');
    expect(story.state).toMatchObject({ snoozedUntil: null, remindAt: null, solveAt: null, silenceAt: null });
  });
});

describe('a message after it was solved', () => {
  const solved = (priority: 'urgent' | 'normal' = 'normal'): Story => {
    const story = answered(priority);
    story.status('Mon 19:30', 'solved');
    return story;
  };

  it('opens it again, and waits for an answer', () => {
    const story = solved();
    story.customer('Tue 10:00');
    expect(story.state).toMatchObject({ status: 'open', solvedAt: null, closeAt: null });
    expect(story.promise('nextResponse')).toBe('running, due Wed 10:00');
  });

  it('looks for an assignee again if there is none', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.status('Mon 10:10', 'solved');
    story.customer('Tue 10:00');
    expect(story.promise('dispatch')).toBe('running, due Tue 11:00');
  });

  it('pages by night when it is urgent', () => {
    expect(pages(solved('urgent').customer('Mon 22:00'))).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
  });

  it('"thanks, bye!" within the hour never pages, not even by night', () => {
    const story = solved('urgent');
    expect(story.customer('Mon 20:10', { slight: true })).toEqual([]);
    expect(story.state.status).toBe('open');
    expect(story.until('Wed 10:00')).toEqual(['Tue 08:30 notice breached nextResponse to a1']);
  });

  it('nor do "thanks" and "bye!" in two messages', () => {
    const story = solved('urgent');
    story.customer('Mon 20:10', { slight: true });
    expect(story.customer('Mon 20:11', { slight: true })).toEqual([]);
    expect(pages(story.until('Wed 10:00'))).toEqual([]);
  });

  it('pages when it comes later than that hour, is long or has triage words', () => {
    expect(pages(solved('urgent').customer('Mon 20:31', { slight: true }))).toHaveLength(1);
    expect(pages(solved('urgent').customer('Mon 20:10'))).toHaveLength(1);
    expect(pages(solved('urgent').customer('Mon 20:10', { slight: true, triage: 'urgent' }))).toHaveLength(1);
  });

  it('pages for what is not slight any more', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.answered('Mon 10:10');
    story.assign('Mon 10:11', null);
    story.status('Mon 10:30', 'solved');
    story.customer('Mon 10:40', { slight: true });
    expect(story.owed()).toEqual(['nextResponse']);
    story.customer('Mon 10:50');
    expect(pages(story.until('Mon 12:00'))).toEqual([
      'Mon 11:10 page 1 opens: nextResponse:1 breached, high',
      'Mon 11:50 page 1 joined by: dispatch:3 breached, high',
    ]);
  });

  it('is not slight after one that was not', () => {
    const story = solved('urgent');
    story.customer('Mon 19:40', { slight: true });
    story.customer('Mon 20:05');
    story.feedback('Mon 20:06', 'whenOpen');
    expect(story.refusal).toBeUndefined();
    expect(pages(story.customer('Mon 20:10', { slight: true }))).toEqual(['page 2 opens: feedback:2 outOfHours, high']);
  });

  it('is not slight once an agent has spoken again', () => {
    const story = solved('urgent');
    story.customer('Mon 19:40', { slight: true });
    story.answered('Mon 19:45');
    expect(pages(story.customer('Mon 20:10', { slight: true }))).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
  });

  it('leaves one key for "still solved"', () => {
    const story = solved();
    story.customer('Mon 19:40', { slight: true });
    expect(story.status('Mon 19:41', 'solved')).toEqual([]);
    expect(story.owed()).toEqual([]);
  });
});

describe('how it went', () => {
  const asks = (lines: readonly string[]): readonly string[] => lines.filter((words) => words.includes('csat'));

  it('is asked a day after the end, once in its life', () => {
    const story = answered('normal', 1);
    story.status('Mon 11:00', 'solved');
    expect(asks(story.until('Tue 12:00'))).toEqual(['Tue 11:00:59 mail csat to c1']);
    story.customer('Tue 13:00');
    story.status('Tue 13:10', 'solved');
    expect(asks(story.until('Fri 12:00'))).toEqual([]);
  });

  it('is not asked while it is open again, and a day after it has ended again', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    story.customer('Tue 10:00');
    expect(asks(story.until('Tue 18:00'))).toEqual([]);
    story.answered('Tue 18:10', { status: 'solved' });
    expect(asks(story.until('Thu 12:00'))).toEqual(['Wed 18:09:49 mail csat to c1']);
  });

  it('is not asked of whoever has said it, of whom nobody answered, of a machine, nor when the policy says so', async () => {
    const rated = answered();
    rated.status('Mon 11:00', 'solved');
    expect(rated.act('Mon 12:00', { act: 'rated', score: 'bad' })).toEqual([]);
    expect(rated.timeline.at(-1)).toEqual({ at: at('Mon 12:00'), type: 'customer.rated', data: { score: 'bad' } });
    expect(rated.state.status).toBe('solved');
    const unanswered = new Story(policy, { at: 'Mon 10:00' });
    unanswered.status('Mon 11:00', 'solved');
    const machine = new Story(policy, { at: 'Mon 10:00', noAutoMail: true });
    machine.answered('Mon 10:10', { status: 'solved' });
    const quiet = new Story(await handbookBut('tickets: { askRatingAfter: off }'), { at: 'Mon 10:00' });
    quiet.answered('Mon 10:10', { status: 'solved' });
    for (const story of [rated, unanswered, machine, quiet]) expect(asks(story.until('Fri 10:00'))).toEqual([]);
  });

  it('is not asked when the only answer has come back', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10', { status: 'solved' });
    story.until('Mon 10:10:10');
    story.bounced('Mon 10:10:11', 'r1');
    story.status('Mon 10:20', 'solved');
    expect(asks(story.until('Fri 10:00'))).toEqual([]);
  });
});

it('sends the whole thread to whoever asks for it', () => {
  const story = answered();
  expect(story.act('Mon 12:00', { act: 'transcript', contact: 'c2' })).toEqual(['mail transcript to c2']);
});

describe('closing', () => {
  it('is claimed after five business days in silence', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    expect(story.until('Mon+1 12:00')).toEqual(['Tue 11:00 mail csat to c1', 'Mon+1 11:00 claim closing']);
    expect(story.effects.at(-1)).toMatchObject({ lane: 'records', cursor: 1, at: at('Mon+1 11:00') });
    story.event('Mon+1 12:00', { type: 'closed', at: at('Mon+1 12:00') });
    expect(story.state.status).toBe('closed');
    expect(story.until('Mon+3 12:00')).toEqual([]);
  });

  it('is claimed again when something unread was in the way', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    story.until('Mon+1 11:00');
    story.event('Mon+1 11:00:01', { type: 'notClosed', at: at('Mon+1 11:00:01') });
    expect(story.until('Mon+1 12:00')).toEqual(['Mon+1 11:01:01 claim closing']);
  });

  it('is not hurried by a late answer to an earlier claim', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    story.until('Mon+1 11:00');
    story.customer('Mon+1 11:00:01');
    story.status('Mon+1 11:00:02', 'solved');
    story.event('Mon+1 11:00:03', { type: 'notClosed', at: at('Mon+1 11:00:03') });
    expect(story.state.closeAt).toBe(at('Mon+2 11:00:02'));
  });

  it('lets an answer leave that was given while it was claimed', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    story.until('Mon+1 11:00');
    story.reply('Mon+1 11:00:01');
    expect(story.event('Mon+1 11:00:02', { type: 'closed', at: at('Mon+1 11:00:02') })).toEqual(['mail reply to c1']);
    expect(story.state.status).toBe('closed');
  });

  it('refuses everything but notes afterwards', () => {
    const story = answered();
    story.status('Mon 11:00', 'solved');
    story.until('Mon+1 11:00');
    story.event('Mon+1 11:00', { type: 'closed', at: at('Mon+1 11:00') });
    story.reply('Mon+1 12:00');
    expect(story.refusal?.code).toBe('E_CONVERSATION_CLOSED');
    story.command('Mon+1 12:01', { type: 'note', messageId: 'n' });
    expect(story.refusal).toBeUndefined();
  });
});

describe('spam', () => {
  it('cancels its promises, ends its page and closes at once', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    expect(story.command('Sat 15:05', { type: 'spam' })).toEqual(['page 1 no more for: feedback:1 spam', 'claim closing']);
    expect(story.promise('firstResponse')).toBe('cancelled, due Mon+1 20:00, cancelled Sat 15:05: spam');
    expect(story.owed()).toEqual([]);
  });

  it('takes back what was about to be sent, and pages for nothing', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10');
    story.command('Mon 10:10:05', { type: 'spam' });
    expect(story.until('Fri 10:00')).toEqual([]);
  });
});

describe('snooze', () => {
  it('ends by itself and never stops a promise', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:10', { type: 'snooze', until: at('Mon 15:00') });
    expect(pages(story.until('Mon 14:00'))).toEqual(['Mon 11:00 page 1 opens: dispatch:1 breached, low']);
    expect(story.state.snoozedUntil).toBe(at('Mon 15:00'));
    story.until('Mon 15:00');
    expect(story.state.snoozedUntil).toBeNull();
  });

  it('ends when the customer writes', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:10', { type: 'snooze', until: at('Fri 15:00') });
    story.customer('Mon 10:20');
    expect(story.state.snoozedUntil).toBeNull();
  });
});

describe('an answer that asked the customer something and came back', () => {
  const asked = (participants = ['c1']): Story => {
    const story = new Story(policy, { at: 'Mon 10:00', participants });
    story.answered('Mon 10:10');
    story.customer('Mon 11:00');
    story.reply('Mon 12:00', { messageId: 'r', status: 'pending' });
    story.until('Mon 12:01');
    return story;
  };

  it('leaves nobody waiting for them: what they wrote is owed an answer again', () => {
    const story = asked();
    story.bounced('Mon 12:02', 'r');
    expect(story.state.status).toBe('open');
    expect(story.promise('nextResponse')).toBe('running, due Tue 11:02');
  });

  it('also when a server had taken it first', () => {
    const story = asked();
    story.delivered('Mon 12:01', 'r');
    story.bounced('Mon 12:02', 'r');
    expect(story.state.status).toBe('open');
  });

  it('but not when they have written, and somebody waits for something else by now', () => {
    const story = asked();
    story.delivered('Mon 12:01', 'r');
    story.customer('Mon 12:10');
    story.status('Mon 12:20', 'pending');
    story.bounced('Mon 12:30', 'r');
    expect(story.state.status).toBe('pending');
  });

  it('nor when another of the thread may have read it', () => {
    const story = asked(['c1', 'c2']);
    story.delivered('Mon 12:01', 'r');
    story.bounced('Mon 12:02', 'r');
    expect(story.state.status).toBe('pending');
  });
});

it('the closing question in a chat that was pending already counts from when it was asked', () => {
  const story = new Story(policy, { at: 'Mon 10:00', kind: 'chat' });
  story.reply('Mon 10:02', { status: 'pending' });
  story.presence('Mon 10:03', 'seen', { presentAt: 'Mon 10:03' });
  story.command('Mon 11:00', { type: 'closingQuestion', messageId: 'q', delivery: 'chat', recipients: [], gone: true });
  story.until('Mon 11:01');
  story.presence('Mon 11:01', 'gone', { claimed: ['q'], presentAt: 'Mon 10:03' });
  expect(story.state.status).toBe('pending');
  story.until('Mon 11:33');
  story.presence('Mon 11:33', 'gone', { presentAt: 'Mon 10:03' });
  expect(story.state.status).toBe('solved');
});
