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
    expect(story.state.page).toMatchObject({ causes: [{ key: 'conversation/60:firstResponse:1' }] });
    expect(pages(story.until('Mon 14:00'))).toEqual(['Mon 14:00 page 1 next level: firstResponse:1 breached']);
  });

  it('raised, never silences a page that rings already', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    story.assign('Mon 10:10');
    story.until('Mon 13:00');
    expect(story.priority('Mon 13:05', 'urgent')).toEqual(['notice threshold firstResponse']);
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

  it('lowered while its time has passed all the same, keeps ringing', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.until('Mon 14:30');
    expect(pages(story.priority('Mon 14:30', 'high', 'received'))).toEqual([]);
    expect(story.state.page?.causes.map(({ key }) => key)).toContain('conversation/60:firstResponse:1');
  });

  it('raised, makes an open page ring as such', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    expect(pages(story.priority('Mon 11:05', 'high'))).toEqual(['page 1 joined by: dispatch:1 raised, high']);
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
});
