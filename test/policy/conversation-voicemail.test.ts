import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { pages, Story } from './kit/story';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const voicemail = (story: Story, time: string): string[] => pages(story.customer(time, { channel: 'voicemail' }));

describe('a voicemail that joins', () => {
  it('rings again, but not whoever has acknowledged the page', () => {
    const story = new Story(policy, { at: 'Mon 10:00', channel: 'voicemail', priority: 'urgent' });
    expect(voicemail(story, 'Mon 10:10')).toEqual(['page 1 joined by: voicemail:m2 voicemail, high, unacknowledged']);
    expect(voicemail(story, 'Mon 10:12')).toEqual(['page 1 joined by: voicemail:m3 voicemail, high, unacknowledged']);
  });

  it('opens a page when none is open, also in office hours', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    expect(voicemail(story, 'Mon 10:20')).toEqual(['page 1 opens: voicemail:m2 voicemail, high']);
    expect(story.owed()).toEqual(['nextResponse']);
  });

  it('is over when somebody has called back, has answered, or has solved it', () => {
    const ends: [string, (story: Story) => string[], string][] = [
      ['call', (story) => story.command('Mon 10:30', { type: 'call', messageId: 'call', outcome: 'reached' }), 'answered'],
      ['answer', (story) => story.answered('Mon 10:30'), 'answered'],
      ['solved', (story) => story.status('Mon 10:30', 'solved'), 'solved'],
    ];
    for (const [, end, reason] of ends) {
      const story = new Story(policy, { at: 'Mon 10:00' });
      story.answered('Mon 10:10');
      voicemail(story, 'Mon 10:20');
      expect(pages(end(story))).toEqual([`page 1 no more for: voicemail:m2 ${reason}`]);
    }
  });

  it('is forwarded out of office hours whatever the priority is, and on-call owes the caller a word', () => {
    const story = new Story(policy, { at: 'Mon 10:00', outOfHours: 'notice' });
    story.answered('Mon 10:10');
    expect(voicemail(story, 'Mon 22:00')).toEqual(['page 1 opens: feedback:1 voicemail, high']);
    expect(voicemail(story, 'Mon 22:05')).toEqual(['page 1 joined by: voicemail:m3 voicemail, high, unacknowledged']);
    expect(pages(story.feedback('Mon 22:10', 'whenOpen'))).toEqual([
      'page 1 no more for: feedback:1 feedbackGiven',
      'page 1 no more for: voicemail:m3 feedbackGiven',
    ]);
  });

  it('goes to the next level when on-call has told the caller nothing', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.answered('Mon 10:10');
    voicemail(story, 'Mon 22:00');
    expect(pages(story.until('Mon 22:15'))).toEqual(['Mon 22:15 page 1 next level: feedback:1 breached']);
  });
});

describe('on-call’s "when the office opens"', () => {
  it('tells the time that is promised already, and no other', () => {
    const story = new Story(policy, { at: 'Mon 22:00' });
    story.command('Mon 22:01', { type: 'feedback', messageId: 'f1', word: 'whenOpen', recipients: ['c1'], updateBy: story.now + 3_600_000 });
    expect(story.refusal).toMatchObject({ code: 'E_BAD_COMMAND' });
    expect(story.refusal?.message).toContain('updateBy');
    expect(story.owed()).toContain('feedback');
    story.feedback('Mon 22:02', 'whenOpen');
    expect(story.refusal).toBeUndefined();
    expect(story.owed()).not.toContain('update');
  });
});
