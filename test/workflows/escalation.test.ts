import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import {
  acknowledgedSignal,
  addCauseSignal,
  causeOverSignal,
  escalationViewQuery,
  nextLevelSignal,
  type EscalationCarried,
  type EscalationInput,
} from '../../messages/escalation';
import { pageWorkflowId } from '../../messages/ids';
import { PAGING, RECORDS, URGENT } from '../../messages/taskQueues';
import { applyEscalation, beginEscalation } from '../../policy/escalation';
import type { Ringing } from '../../policy/effects';
import type { PageCause } from '../../policy/state';
import { start as startOf } from '../policy/escalation-model';
import { testServer } from '../setup/test-servers';
import { timeSkippingEnv, type TimeSkipping } from '../setup/temporal';
import { EscalationProvider } from './escalation-provider';

const MINUTE_MS = 60_000;

let server: TimeSkipping;
let provider: EscalationProvider;
let workers: Worker[];
let running: Promise<void>[];
let number = 2000;
let page: WorkflowHandle;
let openedAt: number;

beforeAll(async () => {
  server = await timeSkippingEnv();
});
afterAll(() => server.close());
beforeEach(async () => {
  provider = new EscalationProvider();
  await startWorkers();
});
afterEach(async () => {
  await end();
  await stopWorkers();
  expect(provider.unexpected).toEqual([]);
});

/** Without a cache every step replays the history so far, and a worker that is gone holds nothing back. */
async function startWorkers(): Promise<void> {
  const common = { connection: server.env.nativeConnection, namespace: server.namespace };
  workers = await Promise.all([
    Worker.create({ ...common, taskQueue: URGENT, workflowBundle: { codePath: testServer('workflowBundle') }, maxCachedWorkflows: 0 }),
    ...[PAGING, RECORDS].map((taskQueue) => Worker.create({ ...common, taskQueue, activities: provider.activities })),
  ]);
  running = workers.map((worker) => worker.run());
}

async function stopWorkers(): Promise<void> {
  for (const worker of workers) worker.shutdown();
  await Promise.all(running);
}

function cause(key: string, at: number, changes: Partial<PageCause> = {}): PageCause {
  return { key: `conversation/${number}:${key}`, kind: 'firstResponse', at, urgency: 'high', reason: 'threshold', ...changes };
}

function inputOf(changes: Partial<EscalationInput> = {}): EscalationInput {
  return startOf({ number, cause: cause('firstResponse:1', openedAt), openedAt, ...changes });
}

async function open(changes: Partial<EscalationInput> = {}): Promise<void> {
  number += 1;
  openedAt = await server.env.currentTimeMs();
  await start(inputOf(changes));
}

async function start(input: EscalationInput | EscalationCarried): Promise<void> {
  page = await server.client.workflow.start('escalationWorkflow', { taskQueue: URGENT, workflowId: pageWorkflowId(number, 1), args: [input] });
  await settled();
}

/** Waits in real time until nothing is under way but what is being retried. */
async function settled(): Promise<void> {
  for (;;) {
    const { sending } = await page.query(escalationViewQuery);
    if (sending === null) return;
    const { raw } = await page.describe();
    if ((raw.pendingActivities ?? []).some((activity) => (activity.attempt ?? 0) > 1)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Moves time on from one ring to the next: one leap would carry the clock past what is due on the way. */
async function until(minute: number): Promise<void> {
  const target = openedAt + minute * MINUTE_MS;
  for (;;) {
    const now = await server.env.currentTimeMs();
    if (now >= target) return;
    const { nextAt, sending } = await page.query(escalationViewQuery);
    const step = sending === null ? (nextAt ?? target) - now : 5_000;
    await server.env.sleep(Math.max(1, Math.min(target - now, step)));
    await settled();
  }
}

/** Waits in real time for what follows by itself. */
async function eventually(holds: () => boolean): Promise<void> {
  for (const startedAt = Date.now(); !holds();) {
    if (Date.now() - startedAt > 20_000) throw new Error('It did not happen within 20 s.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end(): Promise<void> {
  const status = (await page.describe()).status.name;
  if (status !== 'RUNNING') return;
  const at = await server.env.currentTimeMs();
  for (const key of (await page.query(escalationViewQuery)).openCauses) await page.signal(causeOverSignal, { key, reason: 'test', at });
  await page.result();
}

const acknowledge = async (): Promise<void> => {
  await page.signal(acknowledgedSignal, { by: 'a1', at: await server.env.currentTimeMs() });
  await settled();
};

describe('an escalation', () => {
  it('climbs level by level, repeats, and then rings everyone every 15 minutes for hours', async () => {
    await open();
    await until(121);
    expect(provider.rings(openedAt)).toEqual([
      ...['0:1', '5:2', '10:1', '15:2', '20:1', '25:2'],
      ...['30:all', '45:all', '60:all', '75:all', '90:all', '105:all', '120:all'],
    ]);
    // The server's clock goes on by itself while a busy worker works.
    expect(provider.attempts.every((attempt) => attempt.decidedAt - attempt.dueAt < 30_000)).toBe(true);
    await acknowledge();
    await until(160);
    expect(provider.rings(openedAt)).toHaveLength(13);
  });

  it('stops when somebody acknowledges, and rings again for what comes due later', async () => {
    await open();
    await until(6);
    await acknowledge();
    expect(provider.told).toEqual(['acknowledge']);
    await until(39);
    expect(await page.query(escalationViewQuery)).toMatchObject({ state: 'acknowledged', nextAt: null });
    const at = await server.env.currentTimeMs();
    await page.signal(addCauseSignal, { cause: cause('nextResponse:1', at), urgency: 'high' });
    await settled();
    await until(45);
    expect(provider.rings(openedAt)).toEqual(['0:1', '5:2', '39:2', '44:1']);
  });

  it('rings again for a further voicemail unless it is acknowledged, and for what matters more in any case', async () => {
    await open();
    await until(1);
    const join = async (key: string, more: Ringing): Promise<void> => {
      const at = await server.env.currentTimeMs();
      await page.signal(addCauseSignal, { cause: cause(key, at), urgency: 'high', ...more });
      await settled();
    };
    await join('voicemail:m2', { ring: 'unacknowledged' });
    await until(2);
    await acknowledge();
    await until(10);
    await join('voicemail:m3', { ring: 'unacknowledged' });
    expect(await page.query(escalationViewQuery)).toMatchObject({ state: 'acknowledged', nextAt: null });
    await until(20);
    await join('raised:9', { ring: 'again' });
    await until(21);
    expect(provider.rings(openedAt)).toEqual(['0:1', '1:1', '20:1']);
  });

  it('whose cause somebody has acknowledged elsewhere is silent until something else comes due', async () => {
    const at = await server.env.currentTimeMs();
    await open({ acknowledged: { by: 'a2', at } });
    await until(30);
    expect(provider.attempts).toEqual([]);
    await eventually(() => provider.records.at(-1)?.state === 'acknowledged');
    await page.signal(addCauseSignal, { cause: cause('dispatch:1', await server.env.currentTimeMs()), urgency: 'high' });
    await settled();
    expect(provider.rings(openedAt)).toEqual(['30:1']);
  });

  it('goes to the next level at once when the customer was told nothing, acknowledged or not', async () => {
    await open({ plan: 'standard', urgency: 'low', priority: 'normal' });
    await acknowledge();
    await until(15);
    const at = await server.env.currentTimeMs();
    const signal = { id: 'effect-1', key: `conversation/${number}:feedback:1`, reason: 'breached', at };
    await page.signal(nextLevelSignal, signal);
    await page.signal(nextLevelSignal, { ...signal, at: at + 1 });
    await settled();
    expect(provider.rings(openedAt)).toEqual(['0:1', '15:2']);
    expect(await page.query(escalationViewQuery)).toMatchObject({ state: 'paging', level: 2 });
  });

  it('repeats silently with low urgency on the plan standard', async () => {
    await open({ plan: 'standard', urgency: 'low', priority: 'normal', cause: cause('dispatch:1', 0, { urgency: 'low' }) });
    await until(31);
    expect(provider.attempts.map((attempt) => attempt.mode)).toEqual(['ring', 'update', 'update', 'update', 'update']);
    expect(new Set(provider.attempts.map((attempt) => attempt.dedupKey)).size).toBe(1);
  });

  it('ends when every cause is over: the incident is resolved, the database knows', async () => {
    await open();
    const at = await server.env.currentTimeMs();
    await page.signal(addCauseSignal, { cause: cause('dispatch:1', at), urgency: 'high' });
    await page.signal(causeOverSignal, { key: `conversation/${number}:firstResponse:1`, reason: 'answered', at });
    await settled();
    expect((await page.describe()).status.name).toBe('RUNNING');
    await page.signal(causeOverSignal, { key: `conversation/${number}:dispatch:1`, reason: 'assigned', at });
    await page.result();
    expect(provider.open.size).toBe(0);
    expect(provider.told).toEqual(['resolve']);
    expect(provider.records.at(-1)).toMatchObject({ state: 'over', overAt: at });
  });

  it('goes on to the next level when a method has failed for good, and keeps its record', async () => {
    provider.outcomeOf = (attempt) => (attempt.level === 1 ? 'refused' : 'sent');
    await open();
    await until(1);
    expect(provider.rings(openedAt)).toEqual(['0:1', '0:2']);
    expect(provider.attempts[1]?.dedupKey).toBe(provider.attempts[0]?.dedupKey);
  });

  it('skips an empty level, and tries for ever when nobody is on call anywhere', async () => {
    provider.outcomeOf = () => 'empty';
    await open();
    await until(3.5);
    expect(provider.rings(openedAt)).toEqual(['0:1', '0:2', '1:1', '1:2', '2:1', '2:2', '3:all']);
    provider.outcomeOf = () => 'sent';
    await until(4.5);
    expect(provider.open.size).toBe(1);
  });

  it('retries a provider that does not answer for a minute, then goes on', async () => {
    provider.outcomeOf = (attempt) => (attempt.ring === 1 ? 'unavailable' : 'sent');
    await open();
    await until(2);
    const [first, last] = [provider.attempts.filter((attempt) => attempt.ring === 1), provider.attempts.at(-1)];
    expect(first.length).toBeGreaterThanOrEqual(5);
    expect(last).toMatchObject({ ring: 2, level: 2 });
    await eventually(() => provider.recordedAttempts.length > 0);
    expect(provider.recordedAttempts).toMatchObject([{ ring: 1, outcome: 'failed' }]);
  });

  it('does not ring an acknowledged page whose signal was lost', async () => {
    await open();
    await until(4);
    provider.known = { acknowledgedAt: await server.env.currentTimeMs(), acknowledgedBy: 'a1', over: false };
    provider.outcomeOf = () => 'skipped';
    await until(30);
    expect(provider.attempts).toHaveLength(2);
    expect(await page.query(escalationViewQuery)).toMatchObject({ state: 'acknowledged' });
  });

  it('rings without a database, then asks it for an acknowledgement that an earlier run has seen', async () => {
    provider.databaseAnswers = false;
    provider.known = { acknowledgedAt: (await server.env.currentTimeMs()) + 1, acknowledgedBy: 'a1', over: false };
    await open({ openedAt: 1 });
    expect(provider.attempts).toHaveLength(1);
    await eventually(() => provider.records.at(-1)?.state === 'acknowledged');
    expect(provider.reads).toBe(1);
    expect(await page.query(escalationViewQuery)).toMatchObject({ state: 'acknowledged' });
  });

  it('numbers its rings on from those of an earlier run, once the database has told', async () => {
    provider.earlierRings = 3;
    await open();
    await until(11);
    const key = `conversation/${number}:firstResponse:1`;
    expect(provider.attempts.map(({ ring, dedupKey, replaces }) => [ring, dedupKey, replaces])).toEqual([
      [1, key, []],
      [5, `${key}:5`, [`${key}:4`]],
      [6, `${key}:6`, [`${key}:5`]],
    ]);
    const history = await page.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { codePath: testServer('workflowBundle') } }, history, page.workflowId);
  });

  it('survives its worker: another one goes on from the history', async () => {
    await open();
    await until(6);
    await stopWorkers();
    await startWorkers();
    await until(11);
    expect(provider.rings(openedAt)).toEqual(['0:1', '5:2', '10:1']);
    await acknowledge();
    const history = await page.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { codePath: testServer('workflowBundle') } }, history, page.workflowId);
  });

  it('goes on from what continue-as-new has carried', async () => {
    number += 1;
    openedAt = await server.env.currentTimeMs();
    const begun = beginEscalation(inputOf(), openedAt);
    const ended = { type: 'attempted', call: 1, outcome: 'sent', method: 'pagerduty', recorded: true } as const;
    const { state } = applyEscalation(begun.state, ended, openedAt);
    provider.open.add(inputOf().cause.key);
    await start({ carried: state });
    await until(6);
    expect(provider.rings(openedAt)).toEqual(['5:2']);
    expect(provider.attempts[0]).toMatchObject({ ring: 2, replaces: [inputOf().cause.key] });
  });

  it('costs one timer and one activity a ring', async () => {
    await open();
    await until(26);
    const history = await page.fetchHistory();
    const events = history.events ?? [];
    const count = (name: string) => events.filter((event) => event[name as keyof typeof event]).length;
    expect(count('activityTaskScheduledEventAttributes')).toBe(6);
    expect(count('timerStartedEventAttributes')).toBe(6);
  });
});
