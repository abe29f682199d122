import { pageRecordOf } from '../../messages/pageRecord';
import type { Ringing } from '../../policy/effects';
import { isFinished } from '../../policy/escalation-state';
import { cause, EscalationModel, MINUTE_MS, OPENED_AT, PROVIDER, start } from './escalation-model';

const at = (minute: number): number => OPENED_AT + minute * MINUTE_MS;
const acknowledge = (model: EscalationModel, minute: number): void => {
  model.until(minute);
  model.apply({ type: 'acknowledged', by: 'a1', at: at(minute) });
  model.settle();
};

describe('the ladder', () => {
  it('climbs level by level, repeats, and rings every level for ever when nobody answers', () => {
    const model = new EscalationModel(start());
    model.until(120);
    expect(model.rings).toEqual([
      ...['0:1', '5:2', '10:1', '15:2', '20:1', '25:2'],
      ...['30:all', '45:all', '60:all', '75:all', '90:all', '105:all', '120:all'],
    ]);
  });

  it('opens each ring under a key of its own, the first under the key of the first cause', () => {
    const model = new EscalationModel(start());
    model.until(10);
    expect(model.happened.map((one) => ('key' in one ? one.key : one.type))).toEqual([
      'conversation/1042:firstResponse:1',
      'conversation/1042:firstResponse:1:2',
      'conversation/1042:firstResponse:1:3',
    ]);
    expect([...model.incidents]).toEqual(['conversation/1042:firstResponse:1:3']);
  });

  it('goes on with the numbers of an earlier run, of which the database tells it with its first ring', () => {
    const model = new EscalationModel(start());
    model.finish('sent', true, 'conversation/1042:firstResponse:1:4', 4);
    model.until(10);
    const keys = model.happened.flatMap((one) => (one.type === 'ring' ? [one.key] : []));
    expect(keys.slice(1)).toEqual(['conversation/1042:firstResponse:1:5', 'conversation/1042:firstResponse:1:6']);
    expect([...model.incidents]).toEqual(['conversation/1042:firstResponse:1:6']);
  });

  it('skips a level with nobody on call at once', () => {
    const model = new EscalationModel(start());
    model.finish('empty');
    model.until(5);
    expect(model.rings).toEqual(['0:2', '5:1']);
  });

  it('goes to the next level when a ring has failed, and tries again every minute while nothing gets through', () => {
    const model = new EscalationModel(start());
    model.now = at(1);
    model.finish('failed');
    expect(model.state.level).toBe(2);
    model.now = at(2);
    model.finish('failed');
    expect(model.state.nextAt).toBe(at(3));
    model.until(3);
    expect(model.rings).toEqual(['3:1']);
  });

  it('leaves the climbing to the provider and rings again only when that was long enough', () => {
    const model = new EscalationModel(start({ policy: { onCall: { ...start().policy.onCall, levels: PROVIDER } } }));
    model.until(60);
    expect(model.rings).toEqual(['0:1', '15:1', '30:1', '45:1', '60:1']);
  });
});

describe('low urgency', () => {
  const low = (plan: string) => new EscalationModel(start({ plan, priority: 'normal', urgency: 'low', cause: cause('dispatch:1', 0, { urgency: 'low' }) }));

  it('repeats silently on the plan standard and stays on its level', () => {
    const model = low('standard');
    model.until(60);
    expect(model.happened.map((one) => `${(one.at - OPENED_AT) / MINUTE_MS}:${one.type}`)).toEqual([
      '0:ring',
      ...['5:update', '10:update', '15:update', '30:update', '45:update', '60:update'],
    ]);
    expect(model.state.level).toBe(1);
  });

  it('climbs on the plan enterprise', () => {
    const model = low('enterprise');
    model.until(10);
    expect(model.rings).toEqual(['0:1', '5:2', '10:1']);
  });

  it.each(['standard', 'enterprise'])('goes one level up on %s when feedback was not given', (plan) => {
    const model = low(plan);
    model.until(3);
    model.apply({ type: 'nextLevel', key: 'conversation/1042:feedback:1', reason: 'breached', at: at(3) });
    model.settle();
    expect(model.rings).toEqual(['0:1', '3:2']);
  });

  it('rings aloud at once when a high cause joins, and climbs from then on', () => {
    const model = low('standard');
    model.until(3);
    model.apply({ type: 'addCause', cause: cause('firstResponse:1', 3), urgency: 'high' });
    model.until(8);
    expect(model.rings).toEqual(['0:1', '3:1', '8:2']);
  });

  it('says that the request has become urgent when it rings for that', () => {
    const model = low('standard');
    model.until(3);
    model.apply({ type: 'addCause', cause: cause('feedback:1', 3, { reason: 'raised' }), urgency: 'high', priority: 'urgent' });
    model.until(3);
    expect(model.rings).toEqual(['0:1', '3:1']);
    expect(model.state.start.priority).toBe('urgent');
  });
});

describe('an acknowledgement', () => {
  it('stops the ringing and is told to the provider', () => {
    const model = new EscalationModel(start());
    acknowledge(model, 6);
    model.until(500);
    expect(model.rings).toEqual(['0:1', '5:2']);
    expect(model.happened.at(-1)?.type).toBe('acknowledge');
    expect(model.status).toBe('acknowledged');
  });

  it('does not cover a cause that comes due later: the level that acknowledged rings first, then the next', () => {
    const model = new EscalationModel(start());
    acknowledge(model, 6);
    model.until(40);
    model.apply({ type: 'addCause', cause: cause('nextResponse:1', 40), urgency: 'high' });
    model.until(45);
    expect(model.rings).toEqual(['0:1', '5:2', '40:2', '45:1']);
  });

  it('does not cover a cause that joined after it was given, even when its signal comes late', () => {
    const model = new EscalationModel(start());
    model.until(3);
    model.apply({ type: 'addCause', cause: cause('nextResponse:1', 3), urgency: 'high' });
    model.settle();
    model.apply({ type: 'acknowledged', by: 'a1', at: at(2) });
    expect(model.status).toBe('paging');
    model.apply({ type: 'causeOver', key: 'conversation/1042:nextResponse:1', reason: 'answered', at: at(4) });
    expect(model.status).toBe('acknowledged');
  });

  it('does not stop the next level from ringing when feedback was not given', () => {
    const model = new EscalationModel(start());
    acknowledge(model, 1);
    model.until(15);
    model.apply({ type: 'nextLevel', key: 'conversation/1042:feedback:1', reason: 'breached', at: at(15) });
    model.until(20);
    expect(model.rings).toEqual(['0:1', '15:2', '20:1']);
    acknowledge(model, 21);
    expect(model.status).toBe('acknowledged');
  });

  it('that was read just before sending counts although its signal was lost', () => {
    const model = new EscalationModel(start());
    model.until(4);
    model.now = at(5);
    model.apply({ type: 'due' });
    model.finish('skipped');
    model.apply({ type: 'acknowledged', by: 'a1', at: at(4) });
    model.until(100);
    expect(model.rings).toEqual(['0:1']);
    expect(model.happened.at(-1)?.type).toBe('acknowledge');
  });

  it('covers what an earlier run of the same page had rung for', () => {
    const model = new EscalationModel(start(), at(30));
    model.finish('skipped');
    model.apply({ type: 'acknowledged', by: 'a1', at: at(10) });
    expect(model.status).toBe('acknowledged');
  });
});

describe('a further cause', () => {
  const join = (model: EscalationModel, minute: number, more: Ringing): void => {
    model.until(minute);
    model.apply({ type: 'addCause', cause: cause(`raised:${minute}`, minute, { kind: 'raised', reason: 'raised' }), urgency: 'high', ...more });
    model.settle();
  };

  it('that is to ring again rings at once, and does not keep the next level waiting', () => {
    const model = new EscalationModel(start());
    join(model, 4, { ring: 'again' });
    model.until(5);
    expect(model.rings).toEqual(['0:1', '4:1', '5:2']);
  });

  it('that is to ring again rings whoever has acknowledged the page, first of all', () => {
    const model = new EscalationModel(start());
    model.until(5);
    acknowledge(model, 6);
    join(model, 30, { ring: 'again' });
    model.until(40);
    expect(model.rings).toEqual(['0:1', '5:2', '30:2', '35:1', '40:2']);
  });

  it('that is to ring the unacknowledged rings them, and joins silently what somebody has acknowledged', () => {
    const model = new EscalationModel(start());
    join(model, 2, { ring: 'unacknowledged' });
    expect(model.rings).toEqual(['0:1', '2:1']);
    acknowledge(model, 3);
    join(model, 20, { ring: 'unacknowledged' });
    expect(model.status).toBe('acknowledged');
    expect(model.happened.slice(-2)).toMatchObject([{ type: 'update', at: at(20) }, { type: 'acknowledge' }]);
    model.until(60);
    expect(model.rings).toEqual(['0:1', '2:1']);
  });

  it('that was acknowledged elsewhere never rings an open page', () => {
    const model = new EscalationModel(start());
    join(model, 2, { acknowledged: { by: 'a2', at: at(1) } });
    expect(model.rings).toEqual(['0:1']);
    acknowledge(model, 3);
    join(model, 4, { acknowledged: { by: 'a2', at: at(1) } });
    expect(model.status).toBe('acknowledged');
    model.until(60);
    expect(model.rings).toEqual(['0:1']);
    expect(model.state.acknowledgement).toEqual({ by: 'a1', at: at(3) });
  });

  it('that is sent twice rings once', () => {
    const model = new EscalationModel(start());
    join(model, 2, { ring: 'again' });
    model.apply({ type: 'addCause', cause: cause('raised:2', 2, { kind: 'raised', reason: 'raised' }), urgency: 'high', ring: 'again' });
    model.settle();
    expect(model.rings).toEqual(['0:1', '2:1']);
  });
});

describe('a page whose cause somebody has acknowledged elsewhere', () => {
  const moved = () => new EscalationModel(start({ acknowledged: { by: 'a2', at: at(-3) } }));

  it('is acknowledged from the first, without a sound, and rings for what comes later', () => {
    const model = moved();
    model.until(60);
    expect(model.status).toBe('acknowledged');
    expect(model.happened).toEqual([]);
    expect(model.state.recorded).toBe(model.state.revision);
    expect(pageRecordOf(model.state)).toMatchObject({ state: 'acknowledged', acknowledgement: { by: 'a2', at: at(-3) } });
    model.apply({ type: 'addCause', cause: cause('dispatch:1', 60), urgency: 'high' });
    model.until(65);
    expect(model.rings).toEqual(['60:1', '65:2']);
  });

  it('is over without a call to anybody', () => {
    const model = moved();
    model.apply({ type: 'causeOver', key: 'conversation/1042:firstResponse:1', reason: 'answered', at: at(1) });
    expect(model.busy).toBeNull();
    expect(isFinished(model.state)).toBe(true);
  });
});

describe('the end', () => {
  it('comes when every cause is over: the incident is resolved and nothing is left to do', () => {
    const model = new EscalationModel(start());
    model.until(2);
    model.apply({ type: 'addCause', cause: cause('dispatch:1', 2, { urgency: 'low' }), urgency: 'high' });
    model.settle();
    model.apply({ type: 'causeOver', key: 'conversation/1042:firstResponse:1', reason: 'answered', at: at(3) });
    model.settle();
    expect(model.incidents.size).toBe(1);
    expect(isFinished(model.state)).toBe(false);
    model.apply({ type: 'causeOver', key: 'conversation/1042:dispatch:1', reason: 'assigned', at: at(4) });
    model.settle();
    expect(model.incidents.size).toBe(0);
    expect(isFinished(model.state)).toBe(true);
    model.until(500);
    expect(model.rings).toEqual(['0:1']);
  });

  it('stops a ring that is still being retried, and resolves it all the same if it got through', () => {
    const model = new EscalationModel(start());
    model.apply({ type: 'causeOver', key: 'conversation/1042:firstResponse:1', reason: 'answered', at: at(0) });
    expect(model.state.call?.cancelled).toBe(true);
    model.finish('sent');
    expect(model.incidents.size).toBe(1);
    model.settle();
    expect(model.incidents.size).toBe(0);
    expect(isFinished(model.state)).toBe(true);
  });

  it('leaves no incident behind when a ring got through unheard and the next one went out together with others', () => {
    const model = new EscalationModel(start());
    model.now = at(5);
    model.apply({ type: 'due' });
    // The first ring is out of date by now; nobody heard that it had got through.
    model.finish('cancelled', true);
    expect([...model.incidents]).toEqual(['conversation/1042:firstResponse:1']);
    model.finish('sent', true, 'bundle/pagerduty/primary/1');
    expect([...model.incidents]).toEqual(['bundle/pagerduty/primary/1']);
    model.apply({ type: 'causeOver', key: 'conversation/1042:firstResponse:1', reason: 'answered', at: at(6) });
    model.settle();
    expect(model.incidents.size).toBe(0);
  });

  it('needs no call for a page of the built-in inbox', () => {
    const model = new EscalationModel(start());
    const { call } = model.state;
    model.apply({ type: 'attempted', call: call?.call ?? 0, outcome: 'sent', method: 'inbox', recorded: true });
    const step = model.apply({ type: 'causeOver', key: 'conversation/1042:firstResponse:1', reason: 'answered', at: at(1) });
    expect(step.effects).toEqual([{ type: 'record', revision: OPENED_AT + 1 }]);
  });
});

describe('a silent page whose repeats are over', () => {
  const silent = () => {
    const model = new EscalationModel(start({ plan: 'standard', priority: 'normal', urgency: 'low', cause: cause('dispatch:1', 0, { urgency: 'low' }) }));
    model.until(60);
    return model;
  };

  it('goes one level up all the same when the customer was told nothing', () => {
    const model = silent();
    model.apply({ type: 'nextLevel', key: 'conversation/1042:feedback:1', reason: 'breached', at: at(60) });
    model.settle();
    expect(model.rings).toEqual(['0:1', '60:2']);
  });

  it('climbs like any other once it has become high', () => {
    const model = silent();
    model.apply({ type: 'addCause', cause: cause('raised:1', 60, { kind: 'raised', reason: 'raised' }), urgency: 'high', priority: 'urgent', ring: 'again' });
    model.until(72);
    expect(model.rings).toEqual(['0:1', '60:1', '65:2', '70:1']);
  });
});
