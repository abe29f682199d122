import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

/** A ticket of Monday 10:00 that was answered at 10:10, under the handbook with these keys changed. */
async function answered(yaml: string): Promise<Story> {
  const story = new Story(await handbookBut(yaml), { at: 'Mon 10:00' });
  story.answered('Mon 10:10');
  return story;
}

describe('what a policy switches off does not happen', () => {
  it('no reminder: the customer is waited for, and it is solved all the same', async () => {
    const story = await answered('tickets: { remindPendingAfter: off }');
    story.status('Mon 11:00', 'pending');
    expect(story.until('Mon+2 12:00')).toEqual(['Mon+2 11:00 mail solved to c1']);
  });

  it('no end by silence: the customer is reminded, and waited for', async () => {
    const story = await answered('tickets: { solvePendingAfter: off }');
    story.status('Mon 11:00', 'pending');
    expect(story.until('Mon+5 12:00')).toEqual(['Thu 11:00 mail reminder to c1']);
    expect(story.state.status).toBe('pending');
  });

  it('neither: it waits', async () => {
    const story = await answered('tickets: { remindPendingAfter: off, solvePendingAfter: off }');
    story.status('Mon 11:00', 'pending');
    expect(story.until('Mon+5 12:00')).toEqual([]);
    expect(story.state.status).toBe('pending');
  });

  it('no receipt: nothing else changes, by day and by night', async () => {
    const without = await handbookBut('receipt: off');
    for (const time of ['Mon 10:00', 'Sat 15:00']) {
      const [silent, usual] = [new Story(without, { at: time }), new Story(await handbook(), { at: time })];
      expect(usual.effects.some((effect) => effect.type === 'mail' && effect.mail === 'receipt')).toBe(true);
      expect(silent.effects.some((effect) => effect.type === 'mail')).toBe(false);
      expect(silent.owed()).toEqual(usual.owed());
      expect(pages(silent.until('Mon+1 21:00'))).toEqual(pages(usual.until('Mon+1 21:00')));
    }
  });
});

describe('what a policy states otherwise', () => {
  it('undo-send: an answer leaves when that is over, and holds its page until then', async () => {
    const story = new Story(await handbookBut('undoSend: 60s'), { at: 'Mon 10:00' });
    story.assign('Mon 10:05');
    story.reply('Tue 09:59:50', { messageId: 'r1' });
    expect(story.until('Tue 10:00:49')).toEqual([]);
    expect(story.until('Tue 10:00:50')).toEqual(['Tue 10:00:50 mail reply to c1']);
    story.delivered('Tue 10:00:52', 'r1');
    expect(pages(story.until('Tue 12:00'))).toEqual([]);
  });

  it('the grace after the end: a slight word pages when that is over', async () => {
    const words = async (yaml: string) => {
      const story = new Story(await handbookBut(yaml), { at: 'Fri 19:00', priority: 'urgent' });
      story.answered('Fri 19:10');
      story.status('Fri 19:55', 'solved');
      return pages(story.customer('Fri 20:10', { slight: true }));
    };
    expect(await words('reopenGrace: 30m')).toEqual([]);
    expect(await words('reopenGrace: 10m')).toHaveLength(1);
  });

  it('on-call’s word to the customer: within the time that it states', async () => {
    const story = new Story(await handbookBut('outOfHours: { feedbackWithin: 5m }'), { at: 'Sat 15:00' });
    expect(pages(story.until('Sat 15:04:59'))).toEqual([]);
    expect(pages(story.until('Sat 15:05'))).toEqual(['Sat 15:05 page 1 next level: feedback:1 breached']);
  });
});

describe('a time that on-call tells in their own words', () => {
  it('is a promise like any other', async () => {
    const story = new Story(await handbook(), { at: 'Sat 15:00' });
    story.command('Sat 15:05', { type: 'feedback', messageId: 'f1', word: 'ownWords', recipients: ['c1'], updateBy: at('Sat 17:00') });
    story.delivered('Sat 15:05:02', 'f1');
    expect(story.promise('update')).toBe('running, due Sat 17:00');
    expect(story.until('Sat 17:00')).toEqual(['Sat 16:02:30 notice halfTime update', 'Sat 17:00 notice breached update']);
  });
});
