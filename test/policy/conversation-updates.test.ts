import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

/** A ticket that has been answered, so that only updates are owed. */
function answered(priority: 'urgent' | 'high' | 'normal' = 'normal'): Story {
  const story = new Story(policy, { at: 'Mon 10:00', priority });
  story.answered('Mon 10:10');
  return story;
}

describe('a time told to the customer', () => {
  it('is a promise: the agent is nudged at half time, agent and team hear of its breach', () => {
    const story = answered();
    story.answered('Mon 11:00:11', { updateBy: at('Mon 15:00') });
    expect(story.promise('update')).toBe('running, due Mon 15:00');
    expect(story.until('Mon 16:00')).toEqual(['Mon 13:00 notice halfTime update to a1', 'Mon 15:00 notice breached update']);
    expect(story.record('update')?.breachedAt).toBe(at('Mon 15:00'));
  });

  it('stands in the mail', () => {
    const story = answered();
    story.answered('Mon 11:00', { updateBy: at('Mon 15:00') });
    expect(story.effects.at(-1)).toMatchObject({ mail: 'reply', facts: { updateBy: at('Mon 15:00') } });
  });

  it('is kept by the next public word of a human, not by the one that tells it', () => {
    const story = answered();
    story.answered('Mon 11:00', { updateBy: at('Mon 15:00') });
    expect(story.owed()).toEqual(['update']);
    story.answered('Mon 14:00');
    expect(story.promise('update')).toBe('met, due Mon 15:00, met Mon 14:00');
  });

  it('broken twice in a row pages when urgent or high', () => {
    const story = answered('high');
    story.answered('Mon 11:00', { updateBy: at('Mon 12:00') });
    expect(pages(story.until('Mon 12:30'))).toEqual([]);
    story.answered('Mon 12:30', { updateBy: at('Mon 13:00') });
    expect(pages(story.until('Mon 13:00'))).toEqual(['Mon 13:00 page 1 opens: update:2 breached, high']);
    expect(story.answered('Mon 13:10')).toContain('page 1 no more for: update:2 updated');
  });

  it('broken twice, but not in a row, does not', () => {
    const story = answered('high');
    story.answered('Mon 11:00', { updateBy: at('Mon 12:00') });
    story.answered('Mon 12:30', { updateBy: at('Mon 13:00') });
    story.answered('Mon 12:50', { updateBy: at('Mon 14:00') });
    expect(pages(story.until('Mon 15:00'))).toEqual([]);
  });

  it('broken twice in a row is a notice each time at lower priorities', () => {
    const story = answered('normal');
    story.answered('Mon 11:00', { updateBy: at('Mon 12:00') });
    story.answered('Mon 12:30', { updateBy: at('Mon 13:00') });
    expect(pages(story.until('Mon 15:00'))).toEqual([]);
    expect(story.state.updatesMissed).toBe(2);
  });

  it('runs on while the customer is waited for', () => {
    const story = answered();
    story.answered('Mon 11:00', { updateBy: at('Mon 12:00'), status: 'pending' });
    story.until('Mon 12:00');
    expect(story.promise('update')).toBe('breached, due Mon 12:00');
  });

  it('must lie ahead', () => {
    const story = answered();
    story.reply('Mon 11:00', { updateBy: at('Mon 11:00') });
    expect(story.refusal?.code).toBe('E_BAD_COMMAND');
    expect(story.state.outgoing).toEqual([]);
  });
});

describe('be right back', () => {
  it('tells the customer and promises to be back in ten minutes', () => {
    const story = answered();
    story.beRightBack('Mon 11:00');
    expect(story.until('Mon 11:00:10')).toEqual(['Mon 11:00:10 mail beRightBack to c1']);
    expect(story.effects.at(-1)).toMatchObject({ facts: { updateBy: at('Mon 11:10') } });
    expect(story.promise('update')).toBe('running, due Mon 11:10');
  });

  it('a second time in a row must tell a new time', () => {
    const story = answered();
    story.beRightBack('Mon 11:00');
    story.beRightBack('Mon 11:05');
    expect(story.refusal?.code).toBe('E_NEW_TIME_WANTED');
    story.beRightBack('Mon 11:06', 'Mon 11:30');
    expect(story.refusal).toBeUndefined();
    story.beRightBack('Mon 11:20', 'Mon 11:15');
    expect(story.refusal?.code).toBe('E_BAD_COMMAND');
  });

  it('needs no time again once there has been a word between', () => {
    const story = answered();
    story.beRightBack('Mon 11:00');
    story.answered('Mon 11:05');
    story.beRightBack('Mon 11:10');
    expect(story.refusal).toBeUndefined();
  });

  it('undone, was never said', () => {
    const story = answered();
    story.beRightBack('Mon 11:00');
    story.command('Mon 11:00:05', { type: 'undoReply', messageId: 'r2' });
    expect(story.promise('update')).toBe('cancelled, due Mon 11:10, cancelled Mon 11:00:05: undone');
    story.beRightBack('Mon 11:01');
    expect(story.refusal).toBeUndefined();
  });
});
