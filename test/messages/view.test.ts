import { viewOf } from '../../messages/view';
import { begin } from '../../policy/conversation';
import type { ConversationState, PromiseRecord } from '../../policy/state';
import { startOf } from '../policy/kit/story';
import { at, policyOf } from '../policy/policies';

const RECEIVED = at('2026-03-02T10:00:00+01:00');

describe('what a conversation looks like from outside', () => {
  let fresh: ConversationState;
  beforeAll(async () => {
    const policy = await policyOf('');
    fresh = begin(startOf(policy, { at: RECEIVED, priority: 'high', number: 1042 }), policy).state;
  });
  const withPromises = (...changes: Partial<PromiseRecord>[]): ConversationState => ({
    ...fresh,
    promises: fresh.promises.map((promise, index) => ({ ...promise, ...changes[index] })),
  });

  test('is the whole state that people need, and nothing of its inside', () => {
    expect(viewOf(fresh)).toEqual({
      number: 1042,
      kind: 'ticket',
      channel: 'email',
      status: 'new',
      priority: 'high',
      plan: 'standard',
      assignee: null,
      revision: 1,
      nextDueAt: at('2026-03-02T11:00:00+01:00'),
      page: null,
      promises: [
        { kind: 'dispatch', cycle: 1, state: 'running', dueAt: at('2026-03-02T11:00:00+01:00') },
        { kind: 'firstResponse', cycle: 1, state: 'running', dueAt: at('2026-03-02T14:00:00+01:00') },
      ],
    });
  });

  test('tells when a promise was broken and kept later, and why one was dropped', () => {
    const view = viewOf(
      withPromises({ state: 'breached', breachedAt: RECEIVED + 1, metAt: RECEIVED + 2 }, { state: 'cancelled', cancelledAt: RECEIVED + 3, reason: 'spam' }),
    );
    expect(view.promises).toEqual([
      expect.objectContaining({ state: 'breached', breachedAt: RECEIVED + 1, metAt: RECEIVED + 2 }),
      expect.objectContaining({ state: 'cancelled', cancelledAt: RECEIVED + 3, reason: 'spam' }),
    ]);
    expect(view.nextDueAt).toBeNull();
  });

  test('a paused promise is marked and is not the next due; a breached one that is owed still is', () => {
    const paused = viewOf(withPromises({ paused: { at: RECEIVED, leftMs: 5 } }));
    expect(paused.promises[0]).toMatchObject({ paused: true });
    expect(paused.promises[1]).not.toHaveProperty('paused');
    expect(paused.nextDueAt).toBe(at('2026-03-02T14:00:00+01:00'));
    expect(viewOf(withPromises({ state: 'breached', breachedAt: RECEIVED })).nextDueAt).toBe(at('2026-03-02T11:00:00+01:00'));
  });

  test('names the open page', () => {
    expect(viewOf({ ...fresh, page: { n: 3, urgency: 'low', causes: [] } }).page).toBe(3);
  });

  test('survives JSON unchanged, as it travels', () => {
    expect(JSON.parse(JSON.stringify(viewOf(fresh)))).toEqual(viewOf(fresh));
  });
});
