import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook, handbookBut } from './kit/policies';
import { pages, Story } from './kit/story';
import { at } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

describe('a request out of office hours', () => {
  it('pages on-call at once, and tells the customer so with the promised time', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    expect(story.opening).toEqual(['page 1 opens: feedback:1 outOfHours, low', 'mail receipt to c1']);
    expect(story.effects.find(({ type }) => type === 'mail')).toMatchObject({
      facts: { dueAt: at('Mon+1 20:00'), officeOpen: false, opensAt: at('Mon+1 08:00'), onCallTold: true, priority: 'normal' },
    });
  });

  it.each(['urgent', 'high', 'normal', 'low'] as const)('pages for %s on both plans', (priority) => {
    for (const plan of ['standard', 'enterprise']) {
      const story = new Story(policy, { at: 'Mon 20:00', priority, plan });
      const urgency = priority === 'urgent' || priority === 'high' ? 'high' : 'low';
      expect(pages(story.opening)).toEqual([`page 1 opens: feedback:1 outOfHours, ${urgency}`]);
    }
  });

  it('does not page at 08:00:00 and does a second before', () => {
    expect(pages(new Story(policy, { at: 'Mon 08:00' }).opening)).toEqual([]);
    expect(pages(new Story(policy, { at: 'Mon 07:59:59' }).opening)).toHaveLength(1);
  });

  it('goes one level up when on-call gives no word within 15 minutes', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    expect(story.until('Sat 16:00')).toEqual(['Sat 15:15 page 1 next level: feedback:1 breached']);
  });

  it('is only a notice for an address whose policy says so', () => {
    const story = new Story(policy, { at: 'Sat 15:00', outOfHours: 'notice' });
    expect(story.opening).toEqual(['notice customerWrote', 'mail receipt to c1']);
    expect(story.owed()).toEqual(['dispatch', 'firstResponse']);
  });

  it('is only a notice when the policy pages nobody by night', async () => {
    const quiet = await handbookBut('outOfHours: { page: false }');
    expect(pages(new Story(quiet, { at: 'Sat 15:00', priority: 'high' }).opening)).toEqual([]);
  });

  it('joins the open page with whatever else comes due', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    expect(pages(story.until('Mon+1 20:00'))).toEqual([
      'Sat 15:15 page 1 next level: feedback:1 breached',
      'Mon+1 09:00 page 1 joined by: dispatch:1 breached, low',
      'Mon+1 20:00 page 1 joined by: firstResponse:1 breached, low',
      'Mon+1 20:00 page 1 next level: firstResponse:1 breached',
    ]);
  });
});

describe("on-call's word to the customer", () => {
  it('"working on it now" assigns, promises an update, and counts as first response when it has arrived', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    expect(story.feedback('Sat 15:05', 'workingOnIt', 'a9')).toEqual(['page 1 no more for: feedback:1 feedbackGiven', 'mail feedback to c1']);
    expect(story.promise('feedback')).toBe('met, due Sat 15:15, met Sat 15:05');
    expect(story.state).toMatchObject({ assignee: 'a9', status: 'open', page: null });
    expect(story.owed()).toEqual(['firstResponse', 'update']);
    expect(story.promise('update')).toBe('running, due Sat 16:05');
    story.delivered('Sat 15:05:02', 'f1');
    expect(story.promise('firstResponse')).toBe('met, due Mon+1 20:00, met Sat 15:05:02');
    expect(story.owed()).toEqual(['update']);
  });

  it('"when the office opens" shows the unchanged time and is no first response', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    story.feedback('Sat 15:05', 'whenOpen');
    story.delivered('Sat 15:05:02', 'f1');
    expect(story.effects.at(-1)).toMatchObject({
      mail: 'feedback',
      facts: { word: 'whenOpen', dueAt: at('Mon+1 20:00'), opensAt: at('Mon+1 08:00'), updateBy: null },
    });
    expect(story.owed()).toEqual(['dispatch', 'firstResponse']);
    expect(story.state).toMatchObject({ status: 'new', assignee: null, answeredAt: null });
  });

  it('"when the office opens" is not offered when an answer is due before', () => {
    const story = new Story(policy, { at: 'Sat 15:00', priority: 'high', plan: 'enterprise' });
    story.feedback('Sat 15:05', 'whenOpen');
    expect(story.refusal?.code).toBe('E_OFFICE_OPENS_LATER');
    story.feedback('Sat 20:00', 'whenOpen');
    expect(story.refusal?.code).toBe('E_OFFICE_OPENS_LATER');
    expect(story.owed()).toContain('feedback');
  });

  it('"when the office opens" makes no sense when it is open', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.feedback('Mon 10:05', 'whenOpen');
    expect(story.refusal?.code).toBe('E_BAD_COMMAND');
  });

  it('carries what on-call typed with the tap', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    story.command('Sat 15:05', { type: 'feedback', messageId: 'f', word: 'whenOpen', recipients: ['c1'], typed: true });
    expect(story.effects.at(-1)).toMatchObject({ mail: 'feedback', messageId: 'f', facts: { word: 'whenOpen', typed: true } });
  });

  it('own words count as first response, and assign nobody', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    story.feedback('Sat 15:05', 'ownWords');
    story.delivered('Sat 15:05:02', 'f1');
    expect(story.owed()).toEqual(['dispatch']);
    expect(story.state.assignee).toBeNull();
  });

  it('is given by an answer and by a logged call, too', () => {
    const answer = new Story(policy, { at: 'Sat 15:00' });
    expect(answer.answered('Sat 15:10')).toContain('page 1 no more for: feedback:1 feedbackGiven');
    const call = new Story(policy, { at: 'Sat 15:00', channel: 'voicemail', priority: 'urgent' });
    call.command('Sat 15:10', { type: 'call', messageId: 'call', outcome: 'voicemail' });
    expect(call.owed()).toEqual([]);
  });

  it('is refused when the conversation has been solved, or has nobody to write to', () => {
    const story = new Story(policy, { at: 'Sat 15:00' });
    story.command('Sat 15:05', { type: 'feedback', messageId: 'f', word: 'workingOnIt', recipients: [] });
    expect(story.refusal?.code).toBe('E_NO_PUBLIC_CHANNEL');
    story.status('Sat 15:06', 'solved');
    story.feedback('Sat 15:07', 'workingOnIt');
    expect(story.refusal?.code).toBe('E_NOT_OPEN');
    expect(story.owed()).toEqual([]);
  });
});

describe("a customer's message by night on a conversation that there is", () => {
  const answered = (priority: 'urgent' | 'high' | 'normal'): Story => {
    const story = new Story(policy, { at: 'Mon 10:00', priority });
    story.answered('Mon 10:10');
    return story;
  };

  it.each(['urgent', 'high'] as const)('pages when it is %s', (priority) => {
    const story = answered(priority);
    expect(pages(story.customer('Mon 22:00'))).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
    expect(story.promise('feedback')).toBe('running, due Mon 22:15');
  });

  it('pages when a triage rule says so', () => {
    expect(pages(answered('normal').customer('Mon 22:00', { triage: 'urgent' }))).toEqual(['page 1 opens: feedback:1 outOfHours, low']);
  });

  it('is a notice to the assignee otherwise', () => {
    expect(answered('normal').customer('Mon 22:00')).toEqual(['notice customerWrote to a1']);
  });

  it('is one notice for all that is written within a quarter of an hour, unless it is answered', () => {
    const story = answered('normal');
    expect(story.customer('Mon 22:00')).toEqual(['notice customerWrote to a1']);
    expect(story.customer('Mon 22:05')).toEqual([]);
    expect(story.customer('Mon 22:15')).toEqual(['notice customerWrote to a1']);
    story.reply('Mon 22:16');
    expect(story.customer('Mon 22:20')).toEqual(['notice customerWrote to a1']);
  });

  it('is nothing special in office hours', () => {
    expect(answered('urgent').customer('Mon 11:00')).toEqual([]);
  });

  it('joins an open page', () => {
    const story = new Story(policy, { at: 'Mon 18:50', priority: 'high' });
    story.until('Mon 19:50');
    expect(pages(story.customer('Mon 22:00'))).toEqual(['page 1 joined by: feedback:1 outOfHours, high']);
  });

  it('rings once for all that is written before on-call gives a word', () => {
    const story = answered('high');
    story.customer('Mon 22:00');
    expect(pages(story.customer('Mon 22:05'))).toEqual([]);
    story.feedback('Mon 22:10', 'workingOnIt');
    expect(pages(story.customer('Mon 23:00'))).toEqual(['page 2 opens: feedback:2 outOfHours, high']);
  });
});

describe('voicemail', () => {
  it('pages round the clock', () => {
    const day = new Story(policy, { at: 'Mon 10:00', channel: 'voicemail', priority: 'urgent' });
    expect(pages(day.opening)).toEqual(['page 1 opens: firstResponse:1 voicemail, high']);
    expect(pages(day.until('Mon 10:30'))).toEqual(['Mon 10:30 page 1 next level: firstResponse:1 breached']);
    const night = new Story(policy, { at: 'Sun 03:00', channel: 'voicemail', priority: 'urgent', outOfHours: 'notice' });
    expect(pages(night.opening)).toEqual(['page 1 opens: feedback:1 outOfHours, high']);
  });

  it('is over with a logged call-back', () => {
    const story = new Story(policy, { at: 'Mon 10:00', channel: 'voicemail', priority: 'urgent' });
    expect(story.command('Mon 10:04', { type: 'call', messageId: 'call', outcome: 'reached' })).toEqual(['page 1 no more for: firstResponse:1 answered']);
  });
});
