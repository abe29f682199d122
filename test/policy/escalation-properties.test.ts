import fc from 'fast-check';
import { applyEscalation } from '../../policy/escalation';
import type { Ringing } from '../../policy/effects';
import { isFinished, openCauses, type EscalationEvent } from '../../policy/escalation-state';
import { cause, EscalationModel, MINUTE_MS, OPENED_AT, PROVIDER, ROTAS, start } from './escalation-model';

const RUNS = 2_000;

const keys = ['firstResponse:1', 'dispatch:1', 'feedback:1', 'nextResponse:1'];
const key = fc.constantFrom(...keys);
const urgency = fc.constantFrom('high' as const, 'low' as const);

const how: fc.Arbitrary<Ringing> = fc.constantFrom(
  {},
  {},
  { ring: 'again' as const },
  { ring: 'unacknowledged' as const },
  { acknowledged: { by: 'a2', at: OPENED_AT } },
);

type Act =
  | { readonly do: 'signal'; readonly event: (now: number) => EscalationEvent }
  | { readonly do: 'finish'; readonly outcome: 'sent' | 'failed' | 'empty' | 'skipped'; readonly reached: boolean }
  | { readonly do: 'wait'; readonly minutes: number };

const signal: fc.Arbitrary<Act> = fc
  .oneof(
    fc.record({ type: fc.constant('addCause' as const), key, urgency, reason: fc.constantFrom('threshold', 'breached'), how }),
    fc.record({ type: fc.constant('causeOver' as const), key }),
    fc.record({ type: fc.constant('nextLevel' as const), key }),
    fc.record({ type: fc.constant('acknowledged' as const) }),
  )
  .map((sort): Act => ({
    do: 'signal',
    event: (now) => {
      switch (sort.type) {
        case 'addCause':
          return {
            type: 'addCause',
            cause: { ...cause(sort.key), at: now, urgency: sort.urgency, reason: sort.reason },
            urgency: sort.urgency,
            ...sort.how,
          };
        case 'causeOver':
          return { type: 'causeOver', key: `conversation/1042:${sort.key}`, reason: 'answered', at: now };
        case 'nextLevel':
          return { type: 'nextLevel', key: `conversation/1042:${sort.key}`, reason: 'breached', at: now };
        case 'acknowledged':
          return { type: 'acknowledged', by: 'a1', at: now };
      }
    },
  }));

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: signal },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      outcome: fc.constantFrom('sent' as const, 'sent' as const, 'failed' as const, 'empty' as const, 'skipped' as const),
      reached: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 0, max: 20 }) }) },
);

const begin = fc
  .record({
    plan: fc.constantFrom('standard', 'enterprise'),
    urgency,
    levels: fc.constantFrom(ROTAS, ROTAS.slice(0, 1), PROVIDER, []),
    repeat: fc.integer({ min: 1, max: 3 }),
    moved: fc.option(fc.constant({ acknowledged: { by: 'a2', at: OPENED_AT } }), { freq: 4, nil: {} }),
  })
  .map(({ levels, repeat, moved, ...rest }) =>
    start({ ...rest, ...moved, policy: { onCall: { levels, repeat, collectMs: 10_000, fallback: { everyMs: 15 * MINUTE_MS } } } }),
  );

/** Plays the acts; the model itself fails on two open incidents, two calls at a time, and a ring of a page that is over. */
function play(model: EscalationModel, acts: readonly Act[], check: (model: EscalationModel) => void): void {
  for (const one of acts) {
    switch (one.do) {
      case 'signal':
        model.apply(one.event(model.now));
        break;
      case 'finish': {
        if (model.busy === null) break;
        const outcome = model.busy === 'told' ? 'sent' : one.outcome;
        // Somebody who is not there, or an acknowledgement, means that no trigger left.
        model.finish(outcome, outcome === 'sent' || (outcome === 'failed' && one.reached));
        break;
      }
      case 'wait':
        model.now += one.minutes * MINUTE_MS;
        model.apply({ type: 'due' });
        break;
    }
    check(model);
  }
}

const acts = fc.array(act, { maxLength: 40 });
const settings = { numRuns: RUNS };

describe('whatever happens to an escalation', () => {
  it('never has two open incidents, and none when it is over', () => {
    fc.assert(
      fc.property(begin, acts, (first, list) => {
        const model = new EscalationModel(first);
        play(model, list, () => undefined);
        for (const { key: open } of openCauses(model.state)) model.apply({ type: 'causeOver', key: open, reason: 'solved', at: model.now });
        model.settle();
        expect(model.incidents.size).toBe(0);
        expect(isFinished(model.state)).toBe(true);
      }),
      settings,
    );
  });

  it('is never silent for ever while it is neither acknowledged nor over', () => {
    fc.assert(
      fc.property(begin, acts, (first, list) => {
        const model = new EscalationModel(first);
        play(model, list, () => {
          if (model.status === 'paging') expect(model.state.nextAt).not.toBeNull();
          else expect(model.state.nextAt).toBeNull();
        });
        model.settle();
        if (model.status !== 'paging') return;
        const before = model.happened.length;
        model.until((model.now - OPENED_AT) / MINUTE_MS + 31);
        expect(model.happened.length).toBeGreaterThan(before);
      }),
      settings,
    );
  });

  it('rings an acknowledged page for a later cause', () => {
    fc.assert(
      fc.property(begin, acts, (first, list) => {
        const model = new EscalationModel(first);
        play(model, list, () => undefined);
        model.settle();
        if (model.status !== 'paging') return;
        model.apply({ type: 'acknowledged', by: 'a1', at: model.now });
        model.settle();
        expect(model.status).toBe('acknowledged');
        const before = model.rings.length;
        model.now += MINUTE_MS;
        model.apply({ type: 'addCause', cause: { ...cause('update:9'), at: model.now }, urgency: model.state.urgency });
        model.settle();
        expect(model.rings).toHaveLength(before + 1);
      }),
      settings,
    );
  });

  it('acts once on a signal that comes twice', () => {
    fc.assert(
      fc.property(begin, acts, signal, (first, list, last) => {
        const model = new EscalationModel(first);
        play(model, list, () => undefined);
        if (last.do !== 'signal') throw new Error('Not a signal.');
        const event = last.event(model.now);
        model.apply(event);
        const again = applyEscalation(model.state, event, model.now + 1);
        expect(again).toEqual({ state: model.state, effects: [] });
      }),
      settings,
    );
  });
});
