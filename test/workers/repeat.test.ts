import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../../config/log';
import { inLanes } from '../../workers/in-lanes';
import { repeat } from '../../workers/repeat';

const LONG_MS = 3_600_000;

function recorder() {
  const entries: { level: string; msg: string; task?: string; err?: { message: string }; item?: number }[] = [];
  return { entries, log: createLogger('test', { write: (line: string) => entries.push(JSON.parse(line) as (typeof entries)[number]) }) };
}

/** A promise that a test settles. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`This did not happen within 5 s: ${what}`);
    await sleep(5);
  }
}

describe('a repeated task', () => {
  test('runs at once, and again after each pause', async () => {
    let runs = 0;
    const task = repeat('count', 10, recorder().log, () => {
      runs += 1;
      return Promise.resolve();
    });
    expect(runs).toBe(1);
    await until('four runs', () => runs >= 4);
    await task.stop();
  });

  test('an error is logged with its name, and the next run comes', async () => {
    const { entries, log } = recorder();
    let runs = 0;
    const task = repeat('fragile', 10, log, () => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('the outside is down')) : Promise.resolve();
    });
    await until('a second run', () => runs >= 2);
    await task.stop();
    expect(entries).toEqual([
      expect.objectContaining({ level: 'warn', task: 'fragile', err: expect.objectContaining({ message: 'the outside is down' }) as object }),
    ]);
  });

  test('one that throws at once is treated alike', async () => {
    const { entries, log } = recorder();
    const task = repeat('throws', LONG_MS, log, () => {
      throw new Error('at once');
    });
    await until('an entry', () => entries.length === 1);
    await task.stop();
  });

  test('after an error it does not wait for a turn that is far away', async () => {
    let runs = 0;
    const fail = () => {
      runs += 1;
      return Promise.reject(new Error('the outside is down'));
    };
    const task = repeat('rare', LONG_MS, recorder().log, fail, 10);
    await until('three runs', () => runs >= 3);
    await task.stop();
  });

  test('now() wakes it from its pause', async () => {
    let runs = 0;
    const task = repeat('woken', LONG_MS, recorder().log, () => {
      runs += 1;
      return Promise.resolve();
    });
    await sleep(20);
    expect(runs).toBe(1);
    task.now();
    await until('a second run', () => runs === 2);
    await sleep(20);
    expect(runs).toBe(2);
    await task.stop();
  });

  test('now() during a run means one more run after it, never two at once', async () => {
    const gates = [gate(), gate()];
    let running = 0;
    let runs = 0;
    const task = repeat('busy', LONG_MS, recorder().log, async () => {
      running += 1;
      expect(running).toBe(1);
      await gates[runs]?.opened;
      runs += 1;
      running -= 1;
    });
    task.now();
    task.now();
    gates[0]?.open();
    await until('the first run', () => runs === 1);
    gates[1]?.open();
    await until('the second run', () => runs === 2);
    await sleep(20);
    expect(runs).toBe(2);
    await task.stop();
  });

  test('stop() tells a run in progress, waits for it and lets no other begin, whatever is asked afterwards', async () => {
    const work = gate();
    let told = false;
    let finished = 0;
    const task = repeat('slow', 1, recorder().log, async (stopping) => {
      stopping.addEventListener('abort', () => (told = true));
      await work.opened;
      finished += 1;
    });
    const stopped = task.stop().then(() => finished);
    await sleep(20);
    expect([told, finished]).toEqual([true, 0]);
    work.open();
    expect(await stopped).toBe(1);
    task.now();
    await task.stop();
    await sleep(20);
    expect(finished).toBe(1);
  });

  test('stop() ends a long pause at once', async () => {
    const task = repeat('pausing', LONG_MS, recorder().log, () => Promise.resolve());
    await sleep(10);
    const startedAt = performance.now();
    await task.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('work in lanes', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const options = (log = recorder().log, stopping?: AbortSignal) => ({ lanes: 4, log, nameOf: (item: number) => ({ item }), stopping });

  test('takes every item once, in order, so many side by side', async () => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await inLanes(items, options(), async (item) => {
      begun.push(item);
      running += 1;
      most = Math.max(most, running);
      await sleep(1);
      running -= 1;
    });
    expect(begun).toEqual(items);
    expect(most).toBe(4);
  });

  test('one that fails is named in the log and holds up no other', async () => {
    const { entries, log } = recorder();
    const done: number[] = [];
    await inLanes(items, options(log), (item) => {
      if (item % 5 === 0) return Promise.reject(new Error(`not ${item}`));
      done.push(item);
      return Promise.resolve();
    });
    expect(done).toHaveLength(32);
    expect(entries.map(({ item }) => item)).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
  });

  test('when everything fails it gives up, so that an outage does not cost a time-out for each', async () => {
    const { entries, log } = recorder();
    const tried: number[] = [];
    const work = (item: number) => {
      tried.push(item);
      return Promise.reject(new Error('the outside is down'));
    };
    await expect(inLanes(items, options(log), work)).rejects.toThrow('the outside is down');
    expect(tried.length).toBeLessThan(20);
    expect(entries).toHaveLength(9);
  });

  test('when the only one fails the error is thrown, so that the next run comes soon', async () => {
    await expect(inLanes([1], options(), () => Promise.reject(new Error('the outside is down')))).rejects.toThrow('the outside is down');
  });

  test('begins nothing more once it is asked to stop, and finishes what it has begun', async () => {
    const stopping = new AbortController();
    const done: number[] = [];
    await inLanes(items, options(recorder().log, stopping.signal), async (item) => {
      if (item === 5) stopping.abort();
      await sleep(5);
      done.push(item);
    });
    expect(done.length).toBeLessThanOrEqual(8);
    expect(done).toContain(5);
  });

  test('of nothing is over at once', async () => {
    await expect(inLanes([], options(), () => Promise.reject(new Error('never')))).resolves.toBeUndefined();
  });
});
