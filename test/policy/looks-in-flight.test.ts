import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { Story } from './kit/story';
import { at } from './kit/times';

/** A look at a chat's presence takes a moment: what happens to the conversation meanwhile. */
let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const looking = (): Story => {
  const story = new Story(policy, { at: 'Mon 10:00', kind: 'chat' });
  story.reply('Mon 10:03');
  expect(story.until('Mon 10:04')).toEqual(['Mon 10:04 look at presence']);
  return story;
};
const found = (story: Story, what: 'seen' | 'gone', claimed: readonly string[] = []) =>
  story.late('Mon 10:04:02', { type: 'presence', at: at('Mon 10:04'), found: what, claimed, presentAt: null, asked: ['r1'] });
/** An answer that the API had written down before the look, and that reaches the conversation after it was sent out. */
const crossing = (story: Story): void => {
  const command = { type: 'reply', messageId: 'r2', delivery: 'chat', recipients: [], gone: true } as const;
  story.late('Mon 10:04:01', { type: 'command', id: 'crossing', at: at('Mon 10:03:59'), by: 'a1', command });
};

describe('a look that is in flight', () => {
  it('asks about what the conversation knows to have been said, and about nothing else', () => {
    const story = looking();
    expect(story.effects.at(-1)).toMatchObject({ type: 'checkPresence', messages: ['r1'] });
    story.presence('Mon 10:04:01', 'gone', { claimed: ['r1'] });
    expect(story.state.said).toEqual(['r1']);
    story.reply('Mon 10:05');
    story.until('Mon 10:06');
    expect(story.effects.at(-1)).toMatchObject({ messages: ['r1', 'r2'] });
  });

  it('forgets what was seen or mailed', () => {
    const mailed = looking();
    found(mailed, 'gone', ['r1']);
    expect(mailed.state.said).toEqual([]);
    const seen = looking();
    crossing(seen);
    found(seen, 'seen');
    expect(seen.state.said).toEqual(['r2']);
  });

  it('mails nothing of what has become spam meanwhile', () => {
    const story = looking();
    story.command('Mon 10:04:01', { type: 'spam' });
    expect(found(story, 'gone', ['r1'])).toEqual([]);
    expect(story.effects.filter(({ lane }) => lane === 'mail')).toEqual([]);
    expect(story.state.outgoing).toEqual([]);
    // Somebody finds that it was none: what is said then is mailed as ever.
    story.status('Mon 10:10', 'open');
    story.reply('Mon 10:11');
    story.until('Mon 10:12');
    expect(story.presence('Mon 10:12:01', 'gone', { claimed: ['r2'] })).toEqual(['mail chatUnseen to c1']);
  });

  it.each([['gone' as const], ['seen' as const]])('says nothing of an answer that came after it was sent out (%s)', (what) => {
    const story = looking();
    crossing(story);
    const lines = found(story, what, what === 'gone' ? ['r1'] : []);
    expect(lines).toEqual(what === 'gone' ? ['mail chatUnseen to c1'] : []);
    expect(story.timeline.map(({ type }) => type)).not.toContain('chat.notMailed');
    expect(story.timeline.map(({ type }) => type)).not.toContain('chat.delivered');
    expect(story.state.outgoing.filter(({ messageId }) => messageId === 'r2')).toHaveLength(1);
    // It has a look of its own.
    expect(story.until('Mon 10:06')).toEqual(['Mon 10:04:59 look at presence']);
    expect(story.effects.at(-1)).toMatchObject({ messages: ['r2'] });
  });
});
