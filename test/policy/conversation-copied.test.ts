import type { PolicySnapshot } from '../../policy/snapshot';
import type { Priority } from '../../policy/words';
import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

/** The first mail has come to another of our addresses as well. */
function copied(
  story: Story,
  time: string,
  { priority = 'normal', outOfHours = 'page' }: { priority?: Priority; outOfHours?: 'page' | 'notice' } = {},
): string[] {
  return story.command(time, { type: 'copied', priority, outOfHours }, 'desk');
}

describe('a copy of the first mail to an address that pages in the night', () => {
  it('pages as if the mail had come there first, with the word due from when it came', () => {
    const story = new Story(policy, { at: 'Sat 15:00', outOfHours: 'notice' });
    expect(pages(story.opening)).toEqual([]);
    expect(copied(story, 'Sat 15:02')).toEqual(['page 1 opens: feedback:1 outOfHours, low']);
    expect(story.promise('feedback')).toBe('running, due Sat 15:15');
    expect(pages(story.until('Sat 16:00'))).toEqual(['Sat 15:15 page 1 next level: feedback:1 breached']);
  });

  it('pages once, whoever else has a copy', () => {
    const story = new Story(policy, { at: 'Sat 15:00', outOfHours: 'notice' });
    copied(story, 'Sat 15:02');
    expect(copied(story, 'Sat 15:03')).toEqual([]);
    const pagedAlready = new Story(policy, { at: 'Sat 15:00' });
    expect(copied(pagedAlready, 'Sat 15:02')).toEqual([]);
  });

  it('pages for what comes later in the night, too', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high', outOfHours: 'notice' });
    expect(pages(copied(story, 'Mon 10:01', { priority: 'high' }))).toEqual([]);
    story.answered('Mon 10:10');
    expect(pages(story.customer('Mon 23:00'))).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
  });

  it('pages nobody when somebody has answered or ended it, when the office is open, or when the policy pages nobody by night', async () => {
    const answered = new Story(policy, { at: 'Sat 15:00', outOfHours: 'notice' });
    answered.answered('Sat 15:01');
    expect(pages(copied(answered, 'Sat 15:02'))).toEqual([]);
    for (const end of [{ type: 'status', status: 'solved' }, { type: 'spam' }] as const) {
      const ended = new Story(policy, { at: 'Sat 15:00', outOfHours: 'notice' });
      ended.command('Sat 15:01', end);
      expect(pages(copied(ended, 'Sat 15:02'))).toEqual([]);
    }
    expect(pages(copied(new Story(policy, { at: 'Mon 10:00', outOfHours: 'notice' }), 'Mon 10:02'))).toEqual([]);
    expect(pages(copied(new Story(policy, { at: 'Mon 07:59', outOfHours: 'notice' }), 'Mon 08:01'))).toEqual([]);
    const quiet = await handbookBut('outOfHours: { page: false }');
    expect(pages(copied(new Story(quiet, { at: 'Sat 15:00', outOfHours: 'notice' }), 'Sat 15:02'))).toEqual([]);
  });
});

describe('a copy of the first mail to an address of another priority', () => {
  it('raises the priority, counted from when the mail came', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'low' });
    const urgent = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    copied(story, 'Mon 10:02', { priority: 'urgent' });
    expect(story.state.priority).toBe('urgent');
    expect(story.promise('firstResponse')).toBe(urgent.promise('firstResponse'));
  });

  it('never lowers it', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    expect(copied(story, 'Mon 10:02', { priority: 'low', outOfHours: 'notice' })).toEqual([]);
    expect(story.state.priority).toBe('high');
  });
});
