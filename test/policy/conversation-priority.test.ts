import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

describe('a new priority', () => {
  it('counts from when the request came until someone has been assigned or has answered', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.priority('Mon 11:00', 'high');
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
  });

  it('counts from now once someone has been assigned', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.assign('Mon 10:10');
    story.priority('Mon 11:00', 'high');
    expect(story.promise('firstResponse')).toBe('running, due Mon 15:00');
  });

  it.each([
    ['received', 'Mon 14:00'],
    ['now', 'Mon 15:00'],
  ] as const)('counts from %s when asked to', (since, due) => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.priority('Mon 11:00', 'high', since);
    expect(story.promise('firstResponse')).toBe(`running, due ${due}`);
  });

  it('pages at once when its time has passed already, late on triage', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    expect(story.priority('Mon 10:40', 'urgent')).toEqual(['notice breached firstResponse', 'page 1 opens: firstResponse:1 lateOnTriage, high']);
    expect(story.record('firstResponse')).toMatchObject({ state: 'breached', breachedAt: at('Mon 10:30'), lateOnTriage: true });
  });

  it('says at once what should have been said before', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    expect(story.priority('Mon 10:20', 'urgent')).toEqual(['notice threshold firstResponse', 'page 1 opens: firstResponse:1 threshold, high']);
    expect(story.until('Mon 10:30')).toEqual(['Mon 10:30 page 1 next level: firstResponse:1 breached']);
  });

  it('never makes a time later by being higher', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.assign('Mon 10:10');
    story.until('Mon 13:50');
    story.priority('Mon 13:50', 'urgent');
    expect(story.promise('firstResponse')).toBe('running, due Mon 14:00');
    expect(story.state.page).toMatchObject({
      causes: [{ key: 'conversation/60:firstResponse:1', reason: 'threshold', at: at('Mon 13:00') }, { kind: 'raised' }],
    });
    expect(pages(story.until('Mon 14:00'))).toEqual(['Mon 14:00 page 1 next level: firstResponse:1 breached']);
  });

  it('raised to urgent, makes a page that rings already ring again, and never silences it', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.assign('Mon 10:10');
    story.until('Mon 13:00');
    expect(story.priority('Mon 13:05', 'urgent')).toEqual(['page 1 joined by: raised:4 raised, high, again', 'notice threshold firstResponse']);
    expect(story.state.page?.causes[0]).toMatchObject({ reason: 'threshold', at: at('Mon 13:00') });
    expect(story.promise('firstResponse')).toBe('running, due Mon 13:35');
    expect(story.until('Mon 13:35')).toEqual(['Mon 13:35 page 1 next level: firstResponse:1 breached']);
  });

  it('lowered, resolves a page whose time is now in the future, and pages when that time comes', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.assign('Mon 10:05');
    story.until('Mon 10:15');
    expect(story.priority('Mon 10:20', 'normal', 'received')).toEqual(['page 1 no more for: firstResponse:1 priorityLowered']);
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
    expect(pages(story.until('Tue 10:00'))).toEqual(['Tue 10:00 page 2 opens: firstResponse:2 breached, low']);
  });

  it('lowered, keeps what was breached', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.assign('Mon 10:05');
    story.until('Mon 10:40');
    expect(story.priority('Mon 10:40', 'normal', 'received')).toEqual(['page 1 no more for: firstResponse:1 priorityLowered']);
    expect(story.state.promises.filter(({ kind }) => kind === 'firstResponse')).toMatchObject([
      { cycle: 1, state: 'breached', breachedAt: at('Mon 10:30') },
      { cycle: 2, state: 'running', dueAt: at('Tue 10:00') },
    ]);
  });

  it('lowered, is told to nobody outside: customers hear of no later time than they were told', () => {
    const story = new Story(policy, { at: 'Sat 15:00', priority: 'high' });
    expect(story.priority('Sat 15:01', 'low').filter((line) => line.includes('mail'))).toEqual([]);
    story.feedback('Sat 15:05', 'whenOpen');
    expect(story.effects.at(-1)).toMatchObject({ mail: 'feedback', facts: { dueAt: null, opensAt: at('Mon+1 08:00') } });
    expect(story.promise('firstResponse')).toBe('running, due Wed+1 20:00');
  });

  it('raised again to what was told, is told again', () => {
    const story = new Story(policy, { at: 'Sat 15:00', priority: 'high' });
    story.priority('Sat 15:01', 'low');
    story.priority('Sat 15:02', 'high');
    story.feedback('Sat 15:05', 'whenOpen');
    expect(story.effects.at(-1)).toMatchObject({ mail: 'feedback', facts: { dueAt: at('Mon+1 12:00') } });
  });

  it('lowered while its time has passed all the same, keeps ringing', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.until('Mon 14:30');
    expect(pages(story.priority('Mon 14:30', 'high', 'received'))).toEqual([]);
    expect(story.state.page?.causes.map(({ key }) => key)).toContain('conversation/60:firstResponse:1');
  });

  it('raised, makes an open page ring as such', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    expect(pages(story.priority('Mon 11:05', 'high'))).toEqual(['page 1 joined by: raised:3 raised, high, again']);
  });

  it('raised, is a reason to ring for something and none by itself: it ends with the last other cause', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    story.priority('Mon 11:05', 'high');
    expect(story.assign('Mon 11:10')).toEqual(['page 1 no more for: dispatch:1 assigned', 'page 1 no more for: raised:3 assigned']);
    expect(story.state.page).toBeNull();
  });

  it('raised and lowered again, has not been raised', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    story.priority('Mon 11:05', 'high');
    expect(pages(story.priority('Mon 11:06', 'normal'))).toEqual(['page 1 no more for: raised:3 priorityLowered']);
    expect(pages(story.priority('Mon 11:07', 'high'))).toEqual(['page 1 joined by: raised:5 raised, high, again']);
  });

  it('raised within what is not pressing, rings nobody again', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'low' });
    story.until('Mon 11:00');
    expect(pages(story.priority('Mon 11:05', 'normal'))).toEqual([]);
  });

  it('raised to urgent, pages for an answer that was overdue without a page', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    story.customer('Mon 11:00');
    story.until('Tue 12:00');
    expect(pages(story.priority('Tue 12:00', 'urgent', 'received'))).toEqual(['page 1 opens: nextResponse:1 breached, high']);
  });

  it('counts for a next response that waits for the customer, too', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    story.customer('Mon 12:00');
    story.status('Mon 12:30', 'pending');
    story.priority('Mon 12:40', 'urgent');
    expect(story.promise('nextResponse')).toBe('paused with 30 m left');
    story.customer('Tue 09:00');
    expect(story.until('Tue 09:30')).toEqual(['Tue 09:30 notice breached nextResponse to a1', 'Tue 09:30 page 1 opens: nextResponse:1 breached, high']);
  });

  it('changes nothing when it is the old one', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    expect(story.priority('Mon 11:30', 'normal', 'now')).toEqual([]);
    expect(story.promise('firstResponse')).toBe('running, due Tue 10:00');
  });
});

describe('"Production down? Tell us now"', () => {
  it('makes a request urgent, counted from when it came', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.act('Mon 10:05', 'productionDown');
    expect(story.state.priority).toBe('urgent');
    expect(story.promise('firstResponse')).toBe('running, due Mon 10:30');
  });

  it('is late on triage when that time has passed', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    expect(pages(story.act('Mon 10:45', 'productionDown'))).toEqual(['page 1 opens: firstResponse:1 lateOnTriage, high']);
  });

  it('pages at once out of office hours', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    expect(pages(story.act('Mon 22:00', 'productionDown'))).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
    expect(story.owed()).toEqual(['nextResponse', 'feedback']);
  });

  it('opens again what was solved, also without an answer, and is owed one', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.status('Mon 10:10', 'solved');
    story.act('Mon 11:00', 'productionDown');
    expect(story.state.status).toBe('open');
    expect(story.owed()).toEqual(['dispatch', 'nextResponse']);
    expect(pages(story.until('Mon 11:30'))).toEqual(['Mon 11:30 page 1 opens: nextResponse:1 breached, high']);
  });

  it('rings again for a page that is open, however loud it is, and once for each page', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.until('Mon 11:00');
    expect(pages(story.act('Mon 11:05', 'productionDown'))).toEqual([
      'page 1 joined by: raised:3 raised, high, again',
      'page 1 joined by: firstResponse:1 lateOnTriage, high',
      'page 1 next level: firstResponse:1 breached',
    ]);
    expect(pages(story.act('Mon 11:06', 'productionDown'))).toEqual(['page 1 joined by: productionDown:7 productionDown, high, again']);
    expect(pages(story.act('Mon 11:07', 'productionDown'))).toEqual([]);
  });
});

describe('another requester under another plan', () => {
  const requester = (story: Story, time: string, plan: string): string[] => story.command(time, { type: 'requester', contact: 'c2', plan });

  it('is promised what that plan promises, from when the request came', () => {
    const story = new Story(policy, { at: 'Fri 19:00', priority: 'high' });
    expect(story.promise('firstResponse')).toBe('running, due Mon+1 11:00');
    requester(story, 'Fri 19:30', 'enterprise');
    expect(story.state).toMatchObject({ plan: 'enterprise', participants: ['c2', 'c1'] });
    expect(story.promise('firstResponse')).toBe('running, due Fri 23:00');
    expect(pages(story.until('Fri 22:30'))).toContain('Fri 22:00 page 1 joined by: firstResponse:1 threshold, high');
  });

  it('pages at once when that time has passed', () => {
    const story = new Story(policy, { at: 'Fri 19:00', priority: 'high' });
    story.until('Sat 10:00');
    expect(pages(requester(story, 'Sat 10:00', 'enterprise'))).toContain('page 1 joined by: firstResponse:1 lateOnTriage, high');
  });

  it('never hears a later time; only what comes is promised under the smaller plan', () => {
    const story = new Story(policy, { at: 'Fri 19:00', priority: 'high', plan: 'enterprise' });
    requester(story, 'Fri 19:30', 'standard');
    expect(story.promise('firstResponse')).toBe('running, due Fri 23:00');
    story.answered('Fri 19:40');
    story.customer('Fri 19:50');
    expect(story.promise('nextResponse')).toBe('running, due Mon+1 11:50');
  });
});
