import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { pages, Story } from './kit/story';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

describe('urgency', () => {
  it.each([
    ['urgent', 'high'],
    ['high', 'high'],
    ['normal', 'low'],
    ['low', 'low'],
  ] as const)('of a missed dispatch at %s is %s', (priority, urgency) => {
    const story = new Story(policy, { at: 'Mon 10:00', priority });
    story.command('Mon 10:01', { type: 'call', messageId: 'call', outcome: 'reached' });
    story.assign('Mon 10:02', null);
    expect(pages(story.until('Mon 11:02'))).toEqual([`Mon 11:02 page 1 opens: dispatch:2 breached, ${urgency}`]);
  });

  it.each([
    ['urgent', 'high'],
    ['normal', 'low'],
  ] as const)('of a new chat at %s is %s', (priority, urgency) => {
    expect(pages(new Story(policy, { at: 'Mon 10:00', kind: 'chat', priority }).opening)).toEqual([`page 1 opens: chatResponse:1 newChat, ${urgency}`]);
  });

  it('of a voicemail stays high when an agent has lowered it', () => {
    const story = new Story(policy, { at: 'Mon 10:00', channel: 'voicemail', priority: 'urgent' });
    story.assign('Mon 10:05');
    story.priority('Mon 10:06', 'normal', 'received');
    expect(pages(story.until('Tue 10:00'))).toEqual(['Tue 10:00 page 2 opens: firstResponse:2 breached, high']);
  });

  it('of a page is that of its loudest cause', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    story.priority('Mon 11:05', 'high');
    expect(story.state.page?.urgency).toBe('high');
  });
});

describe('one open page', () => {
  it('is joined by later causes, and over with the last of them', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'high' });
    expect(pages(story.until('Mon 13:00'))).toEqual([
      'Mon 11:00 page 1 opens: dispatch:1 breached, high',
      'Mon 13:00 page 1 joined by: firstResponse:1 threshold, high',
    ]);
    expect(story.assign('Mon 13:05')).toEqual(['page 1 no more for: dispatch:1 assigned']);
    expect(story.state.page?.n).toBe(1);
    expect(story.answered('Mon 13:10')).toContain('page 1 no more for: firstResponse:1 answered');
    expect(story.state.page).toBeNull();
  });

  it('is another one when a new cause comes after its end', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    story.assign('Mon 11:05');
    expect(pages(story.until('Tue 10:00'))).toEqual(['Tue 10:00 page 2 opens: firstResponse:1 breached, low']);
  });

  it.each([
    ['solved', (story: Story) => story.status('Mon 11:05', 'solved'), 'solvedWithoutAnswer'],
    ['spam', (story: Story) => story.command('Mon 11:05', { type: 'spam' }), 'spam'],
  ] as const)('is over when the conversation is %s', (_, end, reason) => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.until('Mon 11:00');
    expect(pages(end(story))).toEqual([`page 1 no more for: dispatch:1 ${reason}`]);
    expect(story.state.page).toBeNull();
    expect(pages(story.until('Fri+1 10:00'))).toEqual([]);
  });

  it('ends, when the answer that solves it is on its way, with the arrival of that answer', () => {
    const story = new Story(policy, { at: 'Mon 10:00', priority: 'urgent' });
    story.until('Mon 10:20');
    expect(pages(story.reply('Mon 10:20', { status: 'solved' }))).toEqual([]);
    expect(story.delivered('Mon 10:20:12', 'r1')).toEqual(['page 1 no more for: firstResponse:1 answered']);
    expect(story.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:20:12');
  });

  it('rings the next level when on-call asks for it', () => {
    const story = new Story(policy, { at: 'Mon 10:00' });
    story.command('Mon 10:30', { type: 'escalate' });
    expect(story.refusal?.code).toBe('E_NO_OPEN_PAGE');
    story.until('Mon 11:00');
    expect(story.command('Mon 11:05', { type: 'escalate' })).toEqual(['page 1 next level: dispatch:1 asked']);
  });
});
