import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { Story } from './kit/story';

/** An address that was only claimed as the chat began: nothing automatic goes to it, until it is proven. */
let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

const claimed = (): Story => new Story(policy, { at: 'Mon 10:00', kind: 'chat', noAutoMail: true });
const mails = (lines: readonly string[]): string[] => lines.filter((line) => line.includes('mail '));

describe('an address that was claimed, and is proven later', () => {
  it('is told from then on what every customer is told: became a ticket, solved, how it went', () => {
    const story = claimed();
    story.reply('Mon 10:03');
    story.presence('Mon 10:04:01', 'seen');
    expect(story.act('Mon 10:05', { act: 'proven' })).toEqual([]);
    expect(story.state.noAutoMail).toBe(false);
    expect(story.command('Mon 10:06', { type: 'convert', keep: true, recipients: ['c1'] })).toContain('mail converted to c1');
    expect(story.status('Mon 10:20', 'solved')).toContain('mail solved to c1');
    expect(mails(story.until('Wed 10:00'))).toEqual([expect.stringContaining('mail csat to c1')]);
  });

  it('hears nothing of it before', () => {
    const story = claimed();
    story.reply('Mon 10:03');
    story.presence('Mon 10:04:01', 'seen');
    const converted = story.command('Mon 10:06', { type: 'convert', keep: true, recipients: ['c1'] });
    expect(mails([...converted, ...story.status('Mon 10:20', 'solved'), ...story.until('Wed 10:00')])).toEqual([]);
  });

  it('is asked how it went when it is proven after the end, once', () => {
    const story = claimed();
    story.reply('Mon 10:03');
    story.status('Mon 10:20', 'solved');
    story.act('Mon 10:30', { act: 'proven' });
    story.act('Mon 10:31', { act: 'proven' });
    expect(story.state).toMatchObject({ status: 'solved', noAutoMail: false });
    expect(mails(story.until('Wed 10:00'))).toEqual([expect.stringContaining('mail csat to c1')]);
  });

  it('changes nothing for what a list or a machine began', () => {
    const story = new Story(policy, { at: 'Mon 10:00', noAutoMail: true });
    story.act('Mon 10:05', { act: 'proven' });
    expect(story.state.noAutoMail).toBe(true);
  });
});
