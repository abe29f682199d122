import { createLogger } from '../../config/log';
import { HoldfastError } from '../../messages/errors';
import type { Exit, Part } from '../../platform/part';
import { supervise } from '../../platform/supervisor';
import { until } from './program';

const log = createLogger('test', { write: () => undefined });

/** A part that ends when the test says so. */
class FakePart implements Part {
  readonly pid = 2 ** 30;
  stopped = false;
  end: (exit: Partial<Exit>) => void = () => undefined;
  readonly exited = new Promise<Exit>((resolve) => (this.end = (exit) => resolve({ code: null, signal: null, lastLines: [], ...exit })));
  stop(): Promise<void> {
    this.stopped = true;
    this.end({ code: 0 });
    return Promise.resolve();
  }
}

/** A recipe whose starts are `outcomes`, one after the other; more starts than outcomes fail the test. */
function recipe(...outcomes: (FakePart | Error)[]) {
  const told: string[] = [];
  let starts = 0;
  return {
    told,
    starts: () => starts,
    recipe: {
      name: 'api',
      start: () => {
        const outcome = outcomes[starts++];
        if (outcome === undefined) throw new Error('One start too many.');
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
      tell: ({ what }: { what: string }) => told.push(what),
    },
  };
}

test('a part that dies is started again, and it is told why it died', async () => {
  const [first, second] = [new FakePart(), new FakePart()];
  const { recipe: api, told, starts } = recipe(first, second);
  const supervised = await supervise(api, log);
  first.end({ signal: 'SIGKILL' });
  await until('it runs again', () => told.length === 2, 5_000);
  expect(told).toEqual(['api was killed by SIGKILL; starting it again', 'api runs again']);
  expect(starts()).toBe(2);
  await supervised.stop();
  expect(second.stopped).toBe(true);
});

test('a start that fails for a passing reason is tried again until it works', async () => {
  const [first, second] = [new FakePart(), new FakePart()];
  const { recipe: api, told } = recipe(first, new HoldfastError('E_POSTGRES', 'gone'), new Error('again'), second);
  const supervised = await supervise(api, log);
  first.end({ code: 1 });
  await until('it runs again', () => told.length === 2, 10_000);
  expect(told).toEqual(['api ended with code 1; starting it again', 'api runs again']);
  await supervised.stop();
});

test('a start that fails three times for a reason that only a person can change is given up and told', async () => {
  const first = new FakePart();
  const wrong = () => new HoldfastError('E_ENVIRONMENT', 'PORT: got "x".');
  const { recipe: api, told, starts } = recipe(first, wrong(), wrong(), wrong());
  const supervised = await supervise(api, log);
  first.end({ code: 2 });
  await until('it is given up', () => told.length === 2, 10_000);
  expect(told[1]).toContain('api cannot start: PORT: got "x". It is not tried again');
  expect(starts()).toBe(4);
  await supervised.stop();
});

test('the first start is not tried again: a person is watching', async () => {
  const { recipe: api, told, starts } = recipe(new Error('no'));
  await expect(supervise(api, log)).rejects.toThrow('no');
  expect(starts()).toBe(1);
  expect(told).toEqual([]);
});

test('a part that is stopped stays stopped, also between two tries', async () => {
  const first = new FakePart();
  const { recipe: api, starts } = recipe(first);
  const supervised = await supervise(api, log);
  first.end({ code: 1 });
  await supervised.stop();
  expect(starts()).toBe(1);
});
