import { firstResponseBy, handOver } from '../../policy/merge';
import type { BounceEvent, MergedEvent } from '../../policy/events';
import type { PolicySnapshot } from '../../policy/snapshot';
import { isUnmet } from '../../policy/turn';
import type { PromiseKind } from '../../policy/words';
import { handbook } from './kit/policies';
import { pages, Story, type Opening } from './kit/story';
import { at, clock, SECOND_MS } from './kit/times';

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

/** The conversation that becomes a part of another, and that other one. */
function two(source: Partial<Opening> = {}, target: Partial<Opening> = {}): { source: Story; target: Story } {
  return {
    source: new Story(policy, { at: 'Mon 10:00', number: 59, participants: ['c9'], ...source }),
    target: new Story(policy, { at: 'Mon 10:05', number: 60, participants: ['c1'], ...target }),
  };
}

/** As the API does it: what the source hands over is read just before, and both are told. */
function mergeAt(time: string, { source, target }: { source: Story; target: Story }, acknowledged: MergedEvent['acknowledged'] = null): string[] {
  source.until(time);
  target.until(time);
  const handed = handOver(source.state, at(time));
  source.command(time, { type: 'merge', into: target.state.number });
  expect(source.refusal).toBeUndefined();
  // What it hands on is the same before and after.
  expect(handOver(source.state, at(time))).toEqual(handed);
  return target.event(time, {
    type: 'merged',
    seq: target.state.cursor + 1,
    at: at(time),
    from: source.state.number,
    ...handed,
    acknowledged,
    policy: target.state.policy,
  });
}

function undoAt(time: string, { source, target }: { source: Story; target: Story }, answeredAt: string | null = null): { source: string[]; target: string[] } {
  const given = target.event(time, { type: 'unmerged', seq: target.state.cursor + 1, at: at(time), from: source.state.number, policy: target.state.policy });
  const taken = source.command(time, { type: 'unmerge', answeredAt: answeredAt === null ? null : at(answeredAt) });
  expect(source.refusal).toBeUndefined();
  return { source: taken, target: given };
}

const dueAt = (story: Story, kind: PromiseKind): string[] =>
  story.state.promises.filter((promise) => promise.kind === kind && isUnmet(promise)).map((promise) => clock(promise.dueAt));

describe('the source', () => {
  it('owes nothing any more, mails nobody, and closes after a day', () => {
    const pair = two();
    mergeAt('Mon 10:30', pair);
    const { source } = pair;
    expect(source.promise('firstResponse')).toBe('cancelled, due Tue 10:00, cancelled Mon 10:30: merged');
    expect(source.promise('dispatch')).toBe('cancelled, due Mon 11:00, cancelled Mon 10:30: merged');
    expect(source.state).toMatchObject({ status: 'solved', mergedInto: 60 });
    expect(source.until('Tue 10:30')).toEqual(['Tue 10:30 claim closing']);
    source.event('Tue 10:30:01', { type: 'closed', at: at('Tue 10:30:01') });
    expect(source.state.status).toBe('closed');
    source.command('Tue 10:31', { type: 'unmerge', answeredAt: null });
    expect(source.refusal?.code).toBe('E_CONVERSATION_CLOSED');
  });

  it('claims its closing again when something unread came in', () => {
    const pair = two();
    mergeAt('Mon 10:30', pair);
    pair.source.until('Tue 10:30');
    pair.source.event('Tue 10:30:01', { type: 'notClosed', at: at('Tue 10:30:01') });
    expect(pair.source.until('Tue 10:32')).toEqual(['Tue 10:31:01 claim closing']);
  });

  it('refuses everything else, and says where to do it', () => {
    const pair = two();
    mergeAt('Mon 10:30', pair);
    expect(pair.source.reply('Mon 10:31')).toEqual([]);
    expect(pair.source.refusal).toEqual({ code: 'E_MERGED', message: '#59 is a part of #60 now. Do it there, or undo the merge first.' });
    pair.source.command('Mon 10:32', { type: 'merge', into: 61 });
    expect(pair.source.refusal?.code).toBe('E_MERGED');
  });

  it('is not merged into itself', () => {
    const { source } = two();
    source.command('Mon 10:30', { type: 'merge', into: 59 });
    expect(source.refusal?.code).toBe('E_BAD_COMMAND');
    source.command('Mon 10:31', { type: 'unmerge', answeredAt: null });
    expect(source.refusal?.code).toBe('E_NOT_MERGED');
  });

  it('lets what was said before leave, and lets it be undone', () => {
    const pair = two();
    pair.source.reply('Mon 10:30', { recipients: ['c9'] });
    mergeAt('Mon 10:30:05', pair);
    expect(pair.source.until('Mon 10:31')).toEqual(['Mon 10:30:10 mail reply to c9']);
    expect(pair.source.delivered('Mon 10:31', 'r1')).toEqual([]);
    const other = two();
    other.source.reply('Mon 10:30', { recipients: ['c9'], status: 'solved' });
    mergeAt('Mon 10:30:05', other);
    other.source.command('Mon 10:30:07', { type: 'undoReply', messageId: 'r1' });
    expect(other.source.until('Mon 10:31')).toEqual([]);
    undoAt('Mon 11:00', other);
    expect(other.source.state.status).toBe('open');
  });

  it('tells the desk of a message that came in the same moment, and owes it an answer once the merge is undone', () => {
    const pair = two();
    pair.source.answered('Mon 10:10');
    mergeAt('Mon 10:30', pair);
    expect(pair.source.customer('Mon 10:30:01')).toEqual(['notice customerWrote to a1']);
    undoAt('Mon 11:00', pair);
    expect(pair.source.promise('nextResponse')).toBe('running, due Tue 10:30:01');
  });
});

describe('the target', () => {
  it('has the participants of both, and takes the earliest due time of each kind', () => {
    const pair = two({ priority: 'high' });
    mergeAt('Mon 10:30', pair);
    expect(pair.target.state.participants).toEqual(['c1', 'c9']);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 14:00']);
    expect(dueAt(pair.target, 'dispatch')).toEqual(['Mon 11:00']);
    expect(pages(pair.target.until('Mon 13:00'))).toEqual([
      'Mon 11:00 page 1 opens: dispatch:1 breached, high',
      'Mon 13:00 page 1 joined by: firstResponse:1 threshold, high',
    ]);
  });

  it('keeps its own time when that is earlier', () => {
    const pair = two({}, { priority: 'urgent' });
    mergeAt('Mon 10:10', pair);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 10:35']);
  });

  it('owes what only the source has owed, and every time that was told', () => {
    const pair = two({ kind: 'ticket' });
    pair.target.answered('Mon 10:10', { updateBy: at('Mon 15:00') });
    pair.source.command('Mon 10:12', { type: 'feedback', messageId: 'f', word: 'workingOnIt', recipients: ['c9'], updateBy: at('Mon 14:00') });
    mergeAt('Mon 10:12:01', pair);
    expect(dueAt(pair.target, 'update')).toEqual(['Mon 15:00', 'Mon 14:00']);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Tue 10:00']);
    expect(pair.target.state.status).toBe('open');
    // An answer after the merge keeps them all.
    pair.target.answered('Mon 11:00');
    expect(pair.target.owed()).toEqual([]);
  });

  it('does not take an answer that was given before the merge for one to what came with it', () => {
    const pair = two({ priority: 'high' });
    pair.target.reply('Mon 10:29:55');
    mergeAt('Mon 10:30', pair);
    pair.target.delivered('Mon 10:30:10', 'r1');
    expect(pair.target.promise('firstResponse')).toBe('running, due Mon 14:00');
    expect(pair.target.state.promises.find(({ kind }) => kind === 'firstResponse')).toMatchObject({ state: 'met' });
  });

  it('has somebody already: nobody has to be found for the source', () => {
    const pair = two();
    pair.target.assign('Mon 10:10');
    mergeAt('Mon 10:30', pair);
    expect(dueAt(pair.target, 'dispatch')).toEqual([]);
  });

  it('opens again, and out of waiting for its customer, when the other one waits for an answer', () => {
    const pair = two();
    pair.target.answered('Mon 10:10', { status: 'pending' });
    mergeAt('Mon 10:30', pair);
    expect(pair.target.state.status).toBe('open');
    const solved = two();
    solved.target.answered('Mon 10:10', { status: 'solved' });
    mergeAt('Mon 10:30', solved);
    expect(solved.target.state.status).toBe('open');
  });

  it('resumes what the source had paused for its customer', () => {
    const pair = two();
    pair.source.answered('Mon 10:10', { recipients: ['c9'] });
    pair.source.customer('Mon 11:00');
    pair.source.status('Mon 12:00', 'pending');
    mergeAt('Mon 18:00', pair);
    // An hour of the business day had passed when it was paused.
    expect(dueAt(pair.target, 'nextResponse')).toEqual(['Tue 17:00']);
  });

  it('is louder for what came from a louder conversation', () => {
    const pair = two({ priority: 'urgent' });
    pair.target.assign('Mon 10:06');
    mergeAt('Mon 10:07', pair);
    expect(pages(pair.target.until('Mon 10:30'))).toEqual([
      'Mon 10:15 page 1 opens: firstResponse:1 threshold, high',
      'Mon 10:30 page 1 next level: firstResponse:1 breached',
    ]);
  });
});

describe('the page', () => {
  it('of the source ends and opens one at the target, which has none', () => {
    const pair = two({ priority: 'urgent' });
    expect(mergeAt('Mon 10:20', pair).slice(0, 1)).toEqual(['page 1 opens: firstResponse:1 merged, high']);
    expect(pair.source.state.page).toBeNull();
    expect(pair.source.effects.filter(({ type }) => type === 'causeOver')).toMatchObject([{ reason: 'merged' }]);
  });

  it('opens as acknowledged when somebody has acknowledged it', () => {
    const pair = two({ priority: 'urgent' });
    const lines = mergeAt('Mon 10:20', pair, { by: 'a4', at: at('Mon 10:16') });
    expect(pages(lines)).toEqual(['page 1 opens: firstResponse:1 merged, high, acknowledged by a4']);
  });

  it('joins the one that is open', () => {
    const pair = two({ priority: 'high' }, { priority: 'urgent' });
    pair.target.answered('Mon 10:10');
    pair.target.assign('Mon 10:11', null);
    expect(pages(mergeAt('Mon 13:05', pair))).toEqual(['page 1 joined by: firstResponse:2 merged, high']);
  });

  it('rings once more for the same obligation only when nobody has acknowledged the source', () => {
    const open = () => two({ priority: 'urgent' }, { priority: 'urgent' });
    const pair = open();
    expect(pages(mergeAt('Mon 10:25', pair))).toEqual(['page 1 joined by: merged:2 merged, high']);
    expect(pages(mergeAt('Mon 10:25', open(), { by: 'a4', at: at('Mon 10:24') }))).toEqual([]);
    // It rings for what the target's own causes ring for, and ends with them.
    expect(pages(pair.target.answered('Mon 10:29')).at(-1)).toBe('page 1 no more for: merged:2 answered');
    expect(pair.target.state.page).toBeNull();
  });

  it('takes an undelivered answer along', () => {
    const pair = two();
    pair.source.reply('Mon 10:10', { recipients: ['c9'] });
    pair.source.until('Mon 10:26');
    expect(pages(mergeAt('Mon 10:30', pair))).toEqual(['page 1 opens: undelivered:r1 undelivered, low']);
    expect(pages(pair.target.answered('Mon 10:40'))).toEqual(['page 1 no more for: undelivered:r1 delivered']);
  });
});

describe('undone', () => {
  it('both owe what they have owed', () => {
    const pair = two({ priority: 'high' });
    mergeAt('Mon 10:30', pair);
    undoAt('Mon 10:40', pair);
    expect(pair.target.state.participants).toEqual(['c1']);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Tue 10:05']);
    expect(dueAt(pair.target, 'dispatch')).toEqual(['Mon 11:05']);
    expect(pair.source.state).toMatchObject({ status: 'new', mergedInto: null, closeAt: null });
    expect(dueAt(pair.source, 'firstResponse')).toEqual(['Mon 14:00']);
    expect(dueAt(pair.source, 'dispatch')).toEqual(['Mon 11:00']);
  });

  it('the source pages for what came due meanwhile, with its true time', () => {
    const pair = two({ priority: 'urgent' });
    mergeAt('Mon 10:10', pair);
    const { source } = undoAt('Mon 10:40', pair);
    expect(pages(source)).toEqual(['page 1 opens: firstResponse:2 breached, high']);
    expect(pair.source.record('firstResponse')).toMatchObject({ state: 'breached', breachedAt: at('Mon 10:30') });
  });

  it('the page of the source opens again at its first level, and what came of it leaves the target’s', () => {
    const pair = two({ priority: 'urgent' });
    pair.target.assign('Mon 10:06');
    mergeAt('Mon 10:35', pair);
    const { source, target } = undoAt('Mon 10:40', pair);
    expect(pages(target)).toEqual(['page 1 no more for: firstResponse:1 unmerged']);
    expect(pair.target.state.page).toBeNull();
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Tue 10:05']);
    expect(pages(source)).toEqual(['page 2 opens: firstResponse:2 unmerged, high']);
    expect(pair.source.record('firstResponse')).toMatchObject({ state: 'breached', breachedAt: at('Mon 10:30') });
  });

  it('what the target has answered is met, in time or late', () => {
    const pair = two({ priority: 'urgent' });
    mergeAt('Mon 10:10', pair);
    pair.target.answered('Mon 10:20');
    undoAt('Mon 11:00', pair, 'Mon 10:20');
    expect(pair.source.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:20');
    const late = two({ priority: 'urgent' });
    mergeAt('Mon 10:10', late);
    late.target.answered('Mon 10:50');
    undoAt('Mon 11:00', late, 'Mon 10:50');
    expect(late.source.promise('firstResponse')).toBe('breached, due Mon 10:30, met Mon 10:50');
    expect(late.source.owed()).toEqual(['dispatch']);
  });

  it('what was breached before stays so, with its time', () => {
    const pair = two({ priority: 'urgent' });
    mergeAt('Mon 10:45', pair);
    undoAt('Mon 12:00', pair);
    const records = pair.source.state.promises.filter(({ kind }) => kind === 'firstResponse');
    expect(records.map(({ cycle, state, breachedAt, reason }) => ({ cycle, state, breachedAt, reason }))).toEqual([
      { cycle: 1, state: 'breached', breachedAt: at('Mon 10:30'), reason: 'merged' },
      { cycle: 2, state: 'breached', breachedAt: at('Mon 10:30'), reason: undefined },
    ]);
  });

  it('an answer from before the merge that has arrived since keeps what it would have kept', () => {
    const pair = two({ priority: 'urgent' });
    pair.source.reply('Mon 10:20', { recipients: ['c9'] });
    mergeAt('Mon 10:20:05', pair);
    pair.source.delivered('Mon 10:20:12', 'r1');
    undoAt('Mon 11:00', pair);
    expect(pair.source.promise('firstResponse')).toBe('met, due Mon 10:30, met Mon 10:20:12');
  });

  it('a first response that came back meanwhile is owed again', () => {
    const pair = two();
    pair.source.answered('Mon 10:10', { recipients: ['c9'] });
    mergeAt('Mon 10:20', pair);
    expect(pair.source.event('Mon 10:30', { type: 'bounce', seq: 2, at: at('Mon 10:30'), messageId: 'r1', hard: true, policy: policy.hash })).toEqual([
      'notice undelivered to a1',
    ]);
    undoAt('Mon 11:00', pair);
    expect(dueAt(pair.source, 'firstResponse')).toEqual(['Tue 10:00']);
  });

  it('what waits for its customer waits again, with what was left', () => {
    const pair = two();
    pair.source.answered('Mon 10:10', { recipients: ['c9'] });
    pair.source.customer('Mon 11:00');
    pair.source.status('Mon 12:00', 'pending');
    mergeAt('Mon 18:00', pair);
    undoAt('Mon 19:00', pair);
    expect(pair.source.state.status).toBe('pending');
    expect(pair.source.promise('nextResponse')).toBe('paused with 600 m left');
  });

  it('what the target has kept stays kept, and nothing that is its own is taken', () => {
    const pair = two({ priority: 'high' });
    mergeAt('Mon 10:30', pair);
    pair.target.assign('Mon 10:35');
    undoAt('Mon 10:40', pair);
    expect(pair.target.promise('dispatch')).toBe('met, due Mon 11:00, met Mon 10:35');
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Tue 10:05']);
  });

  it('people whom an agent has chosen since stay', () => {
    const pair = two();
    mergeAt('Mon 10:30', pair);
    pair.target.command('Mon 10:31', { type: 'participants', contacts: ['c9', 'c5'] });
    expect(pair.target.state.participants).toEqual(['c1', 'c9', 'c5']);
    undoAt('Mon 10:40', pair);
    expect(pair.target.state.participants).toEqual(['c1', 'c9', 'c5']);
  });

  it('one of two merges leaves what the other has brought', () => {
    const { source, target } = two({ priority: 'urgent' });
    const other = new Story(policy, { at: 'Mon 10:01', number: 58, participants: ['c8'], priority: 'high' });
    mergeAt('Mon 10:07', { source, target });
    mergeAt('Mon 10:08', { source: other, target });
    expect(dueAt(target, 'firstResponse')).toEqual(['Mon 10:30']);
    undoAt('Mon 10:10', { source, target });
    expect(dueAt(target, 'firstResponse')).toEqual(['Mon 14:01']);
    expect(target.state.participants).toEqual(['c1', 'c8']);
    undoAt('Mon 10:12', { source: other, target });
    expect(dueAt(target, 'firstResponse')).toEqual(['Tue 10:05']);
    expect(target.state.promises.some(({ claims }) => claims !== undefined)).toBe(false);
  });

  it('a priority that was raised meanwhile counts for the own time too', () => {
    const pair = two({ priority: 'high' });
    mergeAt('Mon 10:06', pair);
    pair.target.priority('Mon 10:07', 'urgent');
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 10:30']);
    undoAt('Mon 10:10', pair);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 10:35']);
  });

  it('a priority that was raised after both were late pages for the own one once the merge is undone', () => {
    const pair = two();
    for (const story of [pair.source, pair.target]) story.answered('Mon 10:10');
    pair.source.customer('Mon 10:20');
    pair.target.customer('Mon 10:30');
    mergeAt('Tue 10:25', pair);
    expect(pages(pair.target.until('Tue 11:00'))).toEqual([]);
    expect(pages(pair.target.priority('Tue 11:00', 'urgent', 'received'))).toEqual(['page 1 opens: nextResponse:1 breached, high']);
    undoAt('Tue 12:00', pair);
    expect(pair.target.state.page?.causes.map(({ key }) => key)).toEqual(['conversation/60:nextResponse:1']);
    expect(pair.target.promise('nextResponse')).toMatch(/^breached, due Tue 10:30/);
  });

  it('a lower priority never moves the time that another customer was told', () => {
    const pair = two({ priority: 'high' });
    mergeAt('Mon 10:06', pair);
    pair.target.priority('Mon 10:07', 'low');
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 14:00']);
  });

  it('a merge can follow again', () => {
    const pair = two({ priority: 'urgent' });
    mergeAt('Mon 10:16', pair);
    undoAt('Mon 10:17', pair);
    mergeAt('Mon 10:18', pair);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Mon 10:30']);
    expect(pair.source.state).toMatchObject({ mergedInto: 60, page: null, closeAt: at('Tue 10:18') });
    expect(at('Mon 10:18') - (pair.source.state.merged?.at ?? 0)).toBeLessThan(SECOND_MS);
  });
});

describe('a requester', () => {
  it('is always among those who are written to, and first', () => {
    const story = new Story(policy, { at: 'Mon 10:00', participants: ['c1', 'c2'] });
    story.command('Mon 10:01', { type: 'participants', contacts: ['c3', 'c3'] });
    expect(story.state.participants).toEqual(['c1', 'c3']);
    story.command('Mon 10:02', { type: 'requester', contact: 'c3' });
    expect(story.state.participants).toEqual(['c3', 'c1']);
    story.command('Mon 10:03', { type: 'requester', contact: 'c4' });
    expect(story.state.participants).toEqual(['c4', 'c3', 'c1']);
  });
});

describe('a first response of the source that came back after the merge', () => {
  const bounce = (story: Story, time: string, more: Partial<BounceEvent> = {}): string[] =>
    story.event(time, { type: 'bounce', seq: story.state.cursor + 1, at: at(time), messageId: 's1', hard: true, policy: story.state.policy, ...more });
  const answeredAndMerged = (): { source: Story; target: Story; owed: NonNullable<BounceEvent['owed']> } => {
    const pair = two();
    pair.source.reply('Mon 10:10', { messageId: 's1', recipients: ['c9'] });
    pair.source.delivered('Mon 10:10:11', 's1');
    pair.target.answered('Mon 10:20');
    mergeAt('Mon 10:30', pair);
    const due = firstResponseBy(pair.source.state, 's1');
    if (due === null) throw new Error('It was the first response.');
    return { ...pair, owed: { from: 59, due } };
  };

  it('is owed by the target, with its old due time, whatever the target has answered before', () => {
    const { target, owed } = answeredAndMerged();
    target.status('Mon 10:40', 'solved');
    bounce(target, 'Mon 11:00', { owed });
    expect(target.state.status).toBe('open');
    expect(target.promise('firstResponse')).toBe('running, due Tue 10:00');
    target.answered('Mon 11:10');
    expect(target.promise('firstResponse')).toBe('met, due Tue 10:00, met Mon 11:10');
  });

  it('is owed by the source again when the merge is undone, and by the target no more', () => {
    const pair = answeredAndMerged();
    bounce(pair.target, 'Mon 11:00', { owed: pair.owed });
    bounce(pair.source, 'Mon 11:00');
    expect(pair.source.owed()).toEqual([]);
    undoAt('Mon 11:30', pair);
    expect(pair.source.promise('firstResponse')).toBe('running, due Tue 10:00');
    expect(dueAt(pair.target, 'firstResponse')).toEqual([]);
  });

  it('is none when it was another message', () => {
    const { source } = answeredAndMerged();
    expect(firstResponseBy(source.state, 'r9')).toBeNull();
  });
});

it('keeps as much as can still be undone, however many are merged into it', () => {
  const target = new Story(policy, { at: 'Mon 10:00', number: 60, priority: 'low' });
  const join = (time: number, from: number): void => {
    const source = new Story(policy, { at: time - 60_000, number: from });
    source.until(time);
    const handed = handOver(source.state, time);
    target.event(time, { type: 'merged', seq: target.state.cursor + 1, at: time, from, ...handed, acknowledged: null, policy: target.state.policy });
  };
  for (let count = 0; count < 30; count += 1) join(at('Mon 10:05') + count * 6 * 60 * 60_000, 100 + count);
  const owed = target.state.promises.filter((promise) => promise.kind === 'firstResponse' && isUnmet(promise));
  // What came while one was broken is owed by itself. Of one promise: those that can be undone, and one for all that stand for good; the earliest time holds.
  expect(owed.map(({ state, dueAt: due, claims }) => [state, clock(due), claims?.map(({ from }) => from)])).toEqual([
    ['breached', 'Tue 10:04', [null, 100]],
    ['breached', 'Wed 10:04', [104]],
    ['breached', 'Thu 10:04', [108]],
    ['breached', 'Fri 10:04', [112]],
    ['breached', 'Mon+1 10:04', [116, 126, 127]],
    ['running', 'Tue+1 10:04', [128, 129]],
  ]);
  target.answered('Tue+1 12:00');
  expect(dueAt(target, 'firstResponse')).toEqual([]);
  expect(JSON.stringify(target.state).length).toBeLessThan(35_000);
});

describe('a merge into what is broken already', () => {
  it('pages for an urgent answer that is still to come, although the own one was late without a page', () => {
    const pair = two({ priority: 'urgent' });
    for (const story of [pair.source, pair.target]) story.answered('Mon 10:10');
    pair.target.customer('Mon 11:00');
    expect(pages(pair.target.until('Tue 11:30'))).toEqual([]);
    pair.source.customer('Tue 11:30');
    mergeAt('Tue 11:35', pair);
    expect(pages(pair.target.until('Tue 14:00'))).toEqual(['Tue 12:00 page 1 opens: nextResponse:2 breached, high']);
    pair.target.answered('Tue 14:05');
    expect(pair.target.owed()).toEqual([]);
  });

  it('rings for an urgent first response, whoever has acknowledged the low page that is open', () => {
    const pair = two({ at: 'Tue 10:30', priority: 'urgent' });
    pair.target.assign('Mon 10:10');
    expect(pages(pair.target.until('Tue 10:30'))).toEqual(['Tue 10:05 page 1 opens: firstResponse:1 breached, low']);
    mergeAt('Tue 10:35', pair);
    expect(pages(pair.target.until('Tue 11:30'))).not.toEqual([]);
  });

  it('gives it back as it came', () => {
    const pair = two({ at: 'Tue 10:30', priority: 'urgent' });
    pair.target.assign('Mon 10:10');
    mergeAt('Tue 10:35', pair);
    undoAt('Tue 10:40', pair);
    expect(dueAt(pair.target, 'firstResponse')).toEqual(['Tue 10:05']);
    expect(pair.source.promise('firstResponse')).toBe('running, due Tue 11:00');
  });
});
