import type { Command } from '../../policy/events';
import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

type Scheduled = Extract<Command, { type: 'scheduled' }>;

const command = (story: Story, time: string, action: Scheduled['action'], what: Scheduled['do']) =>
  story.command(time, { type: 'scheduled', action, do: what });

function pending(): Story {
  const story = new Story(policy, { at: 'Mon 10:00', number: 60 });
  story.answered('Mon 10:10', { status: 'pending' });
  return story;
}

describe('what silence brings', () => {
  it('is called off: no reminder, and nothing is solved by itself', () => {
    const story = pending();
    command(story, 'Mon 12:00', 'remind', 'cancel');
    command(story, 'Mon 12:01', 'solve', 'cancel');
    expect(story.state).toMatchObject({ status: 'pending', remindAt: null, solveAt: null });
    expect(story.until('Mon+3 12:00')).toEqual([]);
    expect(story.state.status).toBe('pending');
  });

  it('happens now, once: the reminder is mailed and does not come again', () => {
    const story = pending();
    expect(command(story, 'Mon 12:00', 'remind', 'advance')).toEqual(['mail reminder to c1']);
    expect(story.state.remindAt).toBeNull();
    expect(story.until('Fri 12:00')).toEqual([]);
  });

  it('happens now: it is solved as after silence, and a message opens it again', () => {
    const story = pending();
    expect(command(story, 'Mon 12:00', 'solve', 'advance')).toEqual(['mail solved to c1']);
    expect(story.state).toMatchObject({ status: 'solved', solvedAt: at('Mon 12:00') });
    story.customer('Tue 12:00');
    expect(story.state.status).toBe('open');
  });

  it('closes now, or never by itself', () => {
    const closed = pending();
    closed.status('Mon 12:00', 'solved');
    command(closed, 'Mon 12:01', 'close', 'advance');
    expect(closed.state.closeAt).toBeNull();

    const kept = pending();
    kept.status('Mon 12:00', 'solved');
    command(kept, 'Mon 12:01', 'close', 'cancel');
    expect(kept.until('Mon+3 12:00')).toEqual(['Tue 12:00 mail csat to c1']);
    expect(kept.state.status).toBe('solved');
  });

  it('begins anew with the next time of waiting', () => {
    const story = pending();
    command(story, 'Mon 12:00', 'remind', 'cancel');
    story.status('Mon 12:01', 'open');
    story.status('Mon 12:02', 'pending');
    expect(story.state.remindAt).not.toBeNull();
  });

  it('is refused where it is not planned, and changes nothing', () => {
    const story = new Story(policy, { at: 'Mon 10:00', number: 60 });
    const before = story.state.promises;
    for (const action of ['remind', 'solve', 'close'] as const) {
      command(story, 'Mon 10:05', action, 'advance');
      expect(story.refusal?.code).toBe('E_BAD_COMMAND');
    }
    expect(story.state).toMatchObject({ status: 'new', promises: before });
  });

  it('touches no promise: what is owed stays owed', () => {
    const story = new Story(policy, { at: 'Mon 10:00', number: 60 });
    story.status('Mon 10:05', 'pending');
    const owed = story.state.promises.filter(({ kind }) => kind !== 'nextResponse');
    command(story, 'Mon 10:06', 'remind', 'cancel');
    command(story, 'Mon 10:07', 'solve', 'cancel');
    expect(story.state.promises.filter(({ kind }) => kind !== 'nextResponse')).toEqual(owed);
  });
});
