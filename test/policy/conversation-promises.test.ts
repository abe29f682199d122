import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';
import { at, MINUTE_MS } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

describe('first response', () => {
  it('urgent: notice at once, page at half its time, one level up when due', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    expect(story.opening).toEqual(['mail receipt to c1', 'notice threshold firstResponse']);
    expect(story.until('Mon 10:45')).toEqual([
      'Mon 10:15 page 1 opens: firstResponse:1 threshold, high',
      'Mon 10:30 page 1 next level: firstResponse:1 breached',
    ]);
    expect(story.promise('firstResponse')).toBe('breached, due Mon 10:30');
  });

  it('high: notice at half its time, page at three quarters, one level up when due', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.assign('Mon 10:01');
    expect(story.until('Mon 14:00')).toEqual([
      'Mon 12:00 notice threshold firstResponse',
      'Mon 13:00 page 1 opens: firstResponse:1 threshold, high',
      'Mon 14:00 page 1 next level: firstResponse:1 breached',
    ]);
  });

  it.each([
    ['normal', 'Mon 19:00', 'Tue 10:00'],
    ['low', 'Wed 13:00', 'Thu 10:00'],
  ] as const)('%s: notice at three quarters, page when due, at level 1', (priority, noticed, due) => {
    const story = new Story(policy, { at: 'Mon 10:00', priority });
    story.assign('Mon 10:30');
    expect(story.until('Fri 10:00')).toEqual([`${noticed} notice threshold firstResponse`, `${due} page 1 opens: firstResponse:1 breached, low`]);
    expect(story.record('firstResponse')).toMatchObject({ state: 'breached', breachedAt: at(due) });
  });

  it('when due, a page that is open already goes one level up', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    expect(pages(story.until('Tue 10:00'))).toEqual([
      'Tue 10:00 page 1 joined by: firstResponse:1 breached, low',
      'Tue 10:00 page 1 next level: firstResponse:1 breached',
    ]);
  });

  it('counts every hour of the day on enterprise, and is never later than on standard', () => {
    const standard = new Story(policy, { at: 'Fri 19:00', priority: 'high' });
    const enterprise = new Story(policy, { at: 'Fri 19:00', priority: 'high', plan: 'enterprise' });
    expect(standard.promise('firstResponse')).toBe('running, due Mon+1 11:00');
    expect(enterprise.promise('firstResponse')).toBe('running, due Fri 23:00');
    expect(new Story(policy, { at: 'Mon 10:00', plan: 'enterprise' }).promise('firstResponse')).toBe('running, due Tue 10:00');
  });

  it('is met when the mail server has taken the answer, not when it was written', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.reply('Mon 10:20');
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
    story.delivered('Mon 10:20:12', 'r1');
    expect(story.promise('firstResponse')).toBe('met, due Mon 14:00, met Mon 10:20:12');
    expect(story.until('Fri 10:00').filter((words) => words.includes('firstResponse'))).toEqual([]);
  });

  it.each(['reached', 'voicemail'] as const)('is met by a logged call with the customer (%s)', (outcome) => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:20', { type: 'call', messageId: 'call', outcome });
    expect(story.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 10:20');
    expect(story.state).toMatchObject({ assignee: 'a1', status: 'open' });
  });

  it('is not met by a call that nobody answered', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:20', { type: 'call', messageId: 'call', outcome: 'noAnswer' });
    expect(story.owed()).toEqual(['dispatch', 'firstResponse']);
  });

  it('is never met by automatic mail, a machine or a third party', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.delivered('Mon 10:00:02', 'm1');
    story.customer('Mon 10:01', { machine: true });
    story.customer('Mon 10:02', { author: 'thirdParty' });
    expect(story.owed()).toEqual(['dispatch', 'firstResponse']);
  });

  it('met after its breach stays breached, and remembers when', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.answered('Mon 10:50');
    expect(story.record('firstResponse')).toMatchObject({ state: 'breached', breachedAt: at('Mon 10:30'), metAt: at('Mon 10:50') });
  });

  it('has its true times and its consequences in order when everything was down', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    expect(story.late('Mon 12:00', { type: 'due' })).toEqual([
      'page 1 opens: firstResponse:1 threshold, high',
      'page 1 next level: firstResponse:1 breached',
      'page 1 joined by: dispatch:1 breached, high',
    ]);
    expect(story.record('firstResponse')?.breachedAt).toBe(at('Mon 10:30'));
    expect(story.record('dispatch')?.breachedAt).toBe(at('Mon 11:00'));
  });

  it('rings nobody for what was kept while everything was down', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    const call = { type: 'call', messageId: 'call', outcome: 'reached' } as const;
    const lines = story.late('Mon 12:00', { type: 'command', id: 'late', at: at('Mon 10:10'), by: 'a1', command: call });
    expect(lines).toEqual([]);
    expect(story.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:10');
  });
});

describe('dispatch', () => {
  it('pages after an hour of office time, whatever the plan', () => {
    const standard = new Story(policy, { at: 'Fri 19:30', priority: 'low' });
    expect(standard.promise('dispatch')).toBe('running, due Mon+1 08:30');
    expect(standard.until('Mon+1 08:30')).toEqual(['Mon+1 08:30 page 1 opens: dispatch:1 breached, low']);
    const enterprise = new Story(policy, { at: 'Fri 19:30', priority: 'low', plan: 'enterprise' });
    expect(enterprise.promise('dispatch')).toBe('running, due Mon+1 08:30');
  });

  it('is met by an agent who takes it, and its page is over', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    expect(story.assign('Mon 11:05')).toEqual(['page 1 no more for: dispatch:1 assigned']);
    expect(story.record('dispatch')).toMatchObject({ state: 'breached', metAt: at('Mon 11:05') });
    expect(story.state).toMatchObject({ status: 'open', assignee: 'a1', page: null });
  });

  it('is met by the first reply, which takes the ticket', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:30', {}, 'a7');
    expect(story.promise('dispatch')).toBe('met, due Mon 11:00, met Mon 10:30');
    expect(story.state).toMatchObject({ status: 'open', assignee: 'a7' });
  });

  it('starts again, from that moment, when nobody has the ticket any more', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.assign('Mon 10:30');
    story.assign('Mon 19:45', null);
    expect(story.promise('dispatch')).toBe('running, due Tue 08:45');
    expect(story.record('dispatch')?.key).toBe('conversation/60:dispatch:2');
  });

  it('does not start again in a ticket that is solved', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:30', { status: 'solved' });
    story.assign('Mon 10:40', null);
    expect(story.owed()).toEqual([]);
  });

  it('refuses an agent who is away, unless forced', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:10', { type: 'assign', agent: 'a2', away: true, force: false });
    expect(story.refusal?.code).toBe('E_AGENT_AWAY');
    expect(story.state.assignee).toBeNull();
    story.command('Mon 10:11', { type: 'assign', agent: 'a2', away: true, force: true });
    expect(story.state.assignee).toBe('a2');
  });
});

describe('next response', () => {
  const open = (priority: 'urgent' | 'normal' = 'normal', of = policy): Story => {
    const story = new Story(of, { at: 'Mon 10:00', priority });
    story.answered('Mon 10:10');
    return story;
  };

  it('runs from the first message that nobody has answered, with the time of a first response', () => {
    const story = open();
    story.customer('Mon 12:00');
    story.customer('Mon 15:00');
    expect(story.promise('nextResponse')).toBe('running, due Tue 12:00');
    expect(story.owed()).toEqual(['nextResponse']);
  });

  it('does not begin while the first response is owed', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.customer('Mon 10:30');
    expect(story.promise('nextResponse')).toBe('none');
  });

  it('tells the assignee when it breaks, and pages nobody', () => {
    const story = open();
    story.customer('Mon 12:00');
    expect(story.until('Wed 12:00')).toEqual(['Tue 12:00 notice breached nextResponse to a1']);
  });

  it('pages when it breaks and is urgent', () => {
    const story = open('urgent');
    story.customer('Mon 12:00');
    expect(story.until('Mon 13:00')).toEqual(['Mon 12:30 notice breached nextResponse to a1', 'Mon 12:30 page 1 opens: nextResponse:1 breached, high']);
    expect(story.answered('Mon 13:10')).toContain('page 1 no more for: nextResponse:1 answered');
  });

  it('waits while the customer is waited for, and goes on with what was left', () => {
    const story = open();
    story.customer('Mon 12:00');
    story.status('Mon 19:00', 'pending');
    expect(story.promise('nextResponse')).toBe('paused with 300 m left');
    expect(pages(story.until('Wed 09:00'))).toEqual([]);
    story.customer('Wed 09:00');
    expect(story.state.status).toBe('open');
    expect(story.promise('nextResponse')).toBe('running, due Wed 14:00');
  });

  it('is the only one that waits', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.status('Mon 10:10', 'pending');
    expect(pages(story.until('Tue 12:00'))).toEqual([
      'Mon 11:00 page 1 opens: dispatch:1 breached, low',
      'Tue 10:00 page 1 joined by: firstResponse:1 breached, low',
      'Tue 10:00 page 1 next level: firstResponse:1 breached',
    ]);
  });

  it('keeps running while a third party is waited for', () => {
    const story = open();
    story.customer('Mon 12:00');
    story.status('Mon 12:10', 'onHold');
    expect(story.until('Tue 12:00')).toEqual(['Tue 12:00 notice breached nextResponse to a1']);
  });

  it('begins for what the customer writes while an answer is on its way, which does not answer it', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.reply('Mon 10:10');
    story.customer('Mon 10:10:05');
    story.delivered('Mon 10:10:12', 'r1');
    expect(story.owed()).toEqual(['nextResponse']);
    expect(story.promise('nextResponse')).toBe('running, due Tue 10:10:05');
    expect(story.state.unansweredSince).toBe(at('Mon 10:10:05'));
  });

  it('can be switched off', async () => {
    const story = open('normal', await handbookBut('tickets: { nextResponse: off }'));
    story.customer('Mon 12:00');
    expect(story.owed()).toEqual([]);
  });
});

describe('policy versions', () => {
  it('keeps each promise as it was made, and makes new ones under the new version', async () => {
    const faster = await handbookBut('tickets: { firstResponse: { urgent: 10m, high: 20m, normal: 1h, low: 2h } }');
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.event('Mon 10:05', { type: 'policy', snapshot: faster });
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    story.priority('Mon 10:10', 'high');
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
    story.answered('Mon 10:20');
    story.customer('Mon 11:00', { policy: faster.hash });
    expect(story.record('nextResponse')).toMatchObject({ policy: faster.hash, dueAt: at('Mon 11:00') + 20 * MINUTE_MS });
    expect(Object.keys(story.state.policies)).toEqual([faster.hash]);
  });
});

describe('agent-started conversations', () => {
  it('are pending, assigned and without promises until the customer answers', () => {
    const story = new Story(policy, { at: 'Mon 10:00', initiatedBy: 'agent', assignee: 'a1', receipt: false });
    expect(story.opening).toEqual([]);
    expect(story.state).toMatchObject({ status: 'pending', assignee: 'a1', promises: [] });
    expect(pages(story.until('Tue 10:00'))).toEqual([]);
    story.customer('Tue 10:00');
    expect(story.state.status).toBe('open');
    expect(story.promise('nextResponse')).toBe('running, due Wed 10:00');
  });
});

describe('what was kept in time and heard of late, as after an outage', () => {
  it('an assignment before the due time keeps dispatch, although the timer came first', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    story.late('Mon 11:05', { type: 'command', id: 'x', at: at('Mon 10:50'), by: 'a1', command: { type: 'assign', agent: 'a1', away: false, force: false } });
    expect(story.promise('dispatch')).toBe('met, due Mon 11:00, met Mon 10:50');
    expect(story.state.everBreached).toBe(false);
    expect(story.state.page).toBeNull();
  });

  it('an answer that the server took before the due time is a first response', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.reply('Mon 10:29:45', { messageId: 'r' });
    story.until('Mon 10:30');
    story.late('Mon 10:30:20', { type: 'delivered', messageId: 'r', at: at('Mon 10:29:56') });
    expect(story.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:29:56');
  });

  it('what was broken besides stays broken', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.until('Mon 11:00');
    story.late('Mon 11:05', { type: 'command', id: 'x', at: at('Mon 10:50'), by: 'a1', command: { type: 'assign', agent: 'a1', away: false, force: false } });
    expect(story.promise('firstResponse')).toBe('breached, due Mon 10:30');
    expect(story.state.everBreached).toBe(true);
  });

  it('nor is a breach forgotten whose promise ended so long ago that it is not kept any more', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.answered('Mon 10:05');
    story.customer('Mon 10:10');
    story.until('Mon 10:45');
    story.answered('Mon 10:50');
    for (let minute = 0; minute < 50; minute += 2) {
      story.customer(at('Mon 11:00') + minute * MINUTE_MS);
      story.answered(at('Mon 11:01') + minute * MINUTE_MS);
    }
    expect(story.state.promises.some(({ breachedAt }) => breachedAt !== undefined)).toBe(false);
    story.customer('Mon 13:00');
    story.until('Mon 13:40');
    const call = { type: 'call', messageId: 'c', outcome: 'reached' } as const;
    story.late('Mon 13:45', { type: 'command', id: 'x', at: at('Mon 13:10'), by: 'a1', command: call });
    expect(story.promise('nextResponse')).toBe('met, due Mon 13:30, met Mon 13:10');
    expect(story.state.everBreached).toBe(true);
  });
});
