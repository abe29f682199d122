import fc from 'fast-check';
import type { PolicySnapshot } from '../../policy/snapshot';
import { isUnmet } from '../../policy/turn';
import { Life, LONG_MS, STATE_BYTES } from './kit/life';
import { handbook, handbookBut } from './kit/policies';
import { act, opening } from './kit/random-events';
import { Story } from './kit/story';
import { at, MINUTE_MS, SECOND_MS } from './kit/times';

let policies: PolicySnapshot[];
beforeAll(async () => {
  policies = [await handbook(), await handbookBut('tickets: { firstResponse: { urgent: 10m, high: 1h, normal: 4h, low: 1bd } }\nchats: { page: off }')];
});

it('keeps every rule in random lives', () => {
  fc.assert(
    fc.property(opening, fc.array(act, { minLength: 1, maxLength: 40, size: 'max' }), fc.nat({ max: 1 }), (given, acts, which) => {
      const policy = policies[which];
      if (!policy) throw new Error('There are two policies.');
      const life = new Life(policy, given, policies);
      for (const next of acts) life.live(next);
      life.beLeftAlone();
    }),
    // Shrinking a failure may take long: what it has come to by then is told.
    { numRuns: 400, interruptAfterTimeLimit: 100_000 },
  );
}, 120_000);

it('pages for every request that nobody answers', () => {
  fc.assert(
    fc.property(opening, (given) => {
      const [policy] = policies;
      if (!policy) throw new Error('There are two policies.');
      const story = new Story(policy, given);
      story.until(story.now + LONG_MS);
      const rung = story.effects.flatMap((effect) => (effect.type === 'openPage' || effect.type === 'addCause' ? [effect.cause.key] : []));
      expect(new Set(rung)).toEqual(new Set(story.state.promises.filter(isUnmet).map(({ key }) => key)));
      expect(story.state.promises.length).toBeGreaterThanOrEqual(2);
    }),
    { numRuns: 200 },
  );
});

it('stays small over 2,000 messages', () => {
  const [policy] = policies;
  if (!policy) throw new Error('There are two policies.');
  const story = new Story(policy, { at: 'Mon 10:00', plan: 'enterprise', priority: 'urgent' });
  let time = at('Mon 10:00');
  for (let message = 0; message < 2_000; message += 1) {
    time += 3 * MINUTE_MS;
    if (message % 2 === 0) story.customer(time);
    else story.answered(time, { updateBy: time + 4 * MINUTE_MS });
    // Now and then a command is refused, and the refusal is remembered.
    if (message % 20 === 0) story.command(time + SECOND_MS, { type: 'convert', keep: true, recipients: [] });
  }
  expect(story.state.cursor).toBe(1_001);
  // A kind's cycle goes on, however long ago its last promise was.
  story.assign(time + 2 * SECOND_MS, null);
  expect(story.record('dispatch')?.cycle).toBe(2);
  expect(story.state.promises.length).toBeLessThan(40);
  expect(story.state.commands.length).toBe(200);
  expect(JSON.stringify(story.state).length).toBeLessThan(STATE_BYTES);
}, 60_000);
