import { createPagingActivities } from '../../activities/paging/paging';
import { createPageRecords } from '../../activities/records/pages';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { acknowledgePage, getPage } from '../../db/pages';
import type { PagingActivities } from '../../messages/activities';
import type { EscalationStart } from '../../policy/escalation-state';
import { ROUTING_KEY, startFakePagerDuty, type FakePagerDuty } from '../kit/pagerduty';
import { start } from '../policy/escalation-model';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { EscalationRun, untilSent, type Attempts } from './escalation-run';
import { addConversation, addDesk, attemptOf, causeOf, DUE_AT, incidentOf, NO_TRIES, PUBLIC_URL, SILENT } from './paging-fixtures';

/*
 * A page whose escalation was lost, with Temporal's database or by hand, is opened again under the same number: rules that know nothing of
 * what rang before, and a database that does.
 */

const MINUTE_MS = 60_000;

let own: OpenTestDatabase;
let db: Database;
let gone: Database;
let pagerduty: FakePagerDuty;
let number = 1041;
let key: string;
/** The process's clock, moved by the tests. */
let now = 0;

beforeAll(async () => {
  own = await openTestDatabase();
  ({ db } = own);
  gone = openDatabase('postgres://nobody@127.0.0.1:9/none');
  await addDesk(db);
});
afterAll(async () => {
  await closeDatabase(gone);
  await own.close();
});
beforeEach(async () => {
  pagerduty = await startFakePagerDuty();
  number += 1;
  key = causeOf(number).key;
  now = DUE_AT;
  await addConversation(db, number);
});
afterEach(async () => {
  // No other test's page is to be waited for.
  await db.updateTable('pages').set({ state: 'over' }).execute();
  await pagerduty.close();
});

const at = (minute: number) => DUE_AT + minute * MINUTE_MS;
const toPagerDuty = (database = db) =>
  createPagingActivities({
    db: database,
    publicUrl: PUBLIC_URL,
    log: SILENT,
    clock: () => now,
    tries: NO_TRIES,
    pagerduty: { routingKey: ROUTING_KEY, eventsUrl: pagerduty.url },
    ...(database === db && { askMs: 10_000 }),
  });

const startOf = (changes: Partial<EscalationStart> = {}): EscalationStart => start({ number, cause: causeOf(number), openedAt: DUE_AT, ...changes });

const begin = (minute: number, { activities = toPagerDuty(), attempts = untilSent, ...changes }: Begun = {}) =>
  EscalationRun.begin(activities, startOf(changes), at(minute), attempts);
type Begun = Partial<EscalationStart> & { readonly activities?: PagingActivities; readonly attempts?: Attempts };

/** The earlier run: so many rings that nobody answers. */
async function rung(rings: number, changes: Begun = {}): Promise<EscalationRun> {
  const run = await begin(0, changes);
  for (let ring = 1; ring < rings; ring += 1) await run.feed({ type: 'due' }, at(ring * 5));
  return run;
}

const over = (run: EscalationRun, minute: number) => run.feed({ type: 'causeOver', key, reason: 'answered', at: at(minute) }, at(minute));
const open = () => pagerduty.open().map((incident) => incident.key);
/** Triggers that made a sound: each opened an incident. */
const heard = () => pagerduty.incidents().map((incident) => incident.key);
const attempts = async () => (await getPage(db, `p${number}-1`))?.attempts.map(({ ring, dedupKey, outcome }) => [ring, dedupKey, outcome]);
const acknowledge = (minute: number) => acknowledgePage(db, { id: `p${number}-1`, by: 'a1', at: new Date(at(minute)) });

it.each([1, 3])('rings aloud when the earlier run’s rings were %i, in one incident, and resolves it at its end', async (earlier) => {
  await rung(earlier);
  const again = await begin(17);
  expect(open()).toEqual([`${key}:${earlier + 1}`]);
  await again.feed({ type: 'due' }, at(22));
  expect(open()).toEqual([`${key}:${earlier + 2}`]);
  expect(heard()).toHaveLength(earlier + 2);
  await over(again, 23);
  expect(open()).toEqual([]);
});

it('keeps what the earlier run has tried, and goes on with its numbers', async () => {
  await rung(2);
  await begin(12);
  expect(await attempts()).toEqual([
    [1, key, 'sent'],
    [2, `${key}:2`, 'sent'],
    [3, `${key}:3`, 'sent'],
  ]);
});

it('is opened again a second time', async () => {
  await rung(2);
  await begin(12);
  const again = await begin(14);
  expect(open()).toEqual([`${key}:4`]);
  await over(again, 15);
  expect(open()).toEqual([]);
});

it.each(['written down', 'lost'])('rings once for an attempt that is repeated although its answer was %s', async (answer) => {
  await rung(2);
  const again = await begin(12, {
    attempts: async (once) => {
      await once();
      // Broken off before anything could be noted: the claim is all that there is.
      if (answer === 'lost') await db.updateTable('page_attempts').set({ outcome: null }).where('page_id', '=', `p${number}-1`).where('ring', '=', 3).execute();
      return once();
    },
  });
  expect(heard()).toEqual([key, `${key}:2`, `${key}:3`]);
  expect(open()).toEqual([`${key}:3`]);
  await over(again, 13);
  expect(open()).toEqual([]);
});

it('rings when the earlier run’s incident cannot be resolved at first', async () => {
  await rung(1);
  pagerduty.failNext({ status: 500 }, { hangUp: true });
  await begin(12);
  expect(open()).toEqual([`${key}:2`]);
});

it('ends the earlier run’s incident with a later ring when the first one got through to nobody', async () => {
  await rung(3);
  const down: Attempts = async (once) => {
    pagerduty.failNext({ status: 500 });
    await expect(once()).rejects.toThrow('500');
    return { outcome: 'empty', method: null, recorded: true, unrecorded: [], asked: true };
  };
  const again = await begin(17, { attempts: down, policy: { onCall: { ...startOf().policy.onCall, levels: startOf().policy.onCall.levels.slice(0, 1) } } });
  again.attempts = untilSent;
  await again.feed({ type: 'due' }, at(22));
  expect(heard()).toHaveLength(4);
  expect(open()).toHaveLength(1);
  await over(again, 23);
  expect(open()).toEqual([]);
});

describe('when somebody had acknowledged the earlier run', () => {
  let again: EscalationRun;
  beforeEach(async () => {
    await rung(3);
    await acknowledge(11);
    again = await begin(12);
  });

  it('is silent, tells the incident of that run, and resolves it at the end', async () => {
    expect(pagerduty.open()).toMatchObject([{ key: `${key}:3`, state: 'acknowledged' }]);
    await over(again, 13);
    expect(open()).toEqual([]);
  });

  it('adds to that incident silently', async () => {
    const other = causeOf(number, { key: `conversation/${number}:nextResponse:1`, at: at(13) });
    await again.feed({ type: 'addCause', cause: other, urgency: 'high', ring: 'unacknowledged' }, at(13));
    expect(pagerduty.open()).toMatchObject([{ key: `${key}:3`, updates: 1 }]);
    await over(again, 14);
    expect(open()).toHaveLength(1);
    await again.feed({ type: 'causeOver', key: other.key, reason: 'answered', at: at(15) }, at(15));
    expect(open()).toEqual([]);
  });

  it('rings the next level aloud', async () => {
    await again.feed({ type: 'nextLevel', key, reason: 'breached', at: at(13) }, at(13));
    expect(heard()).toHaveLength(4);
    expect(open()).toHaveLength(1);
    await over(again, 14);
    expect(open()).toEqual([]);
  });
});

describe('without the database', () => {
  it('rings, and the next ring ends what the earlier run has left', async () => {
    await rung(2);
    const again = await begin(12, { activities: toPagerDuty(gone) });
    expect(pagerduty.requests('trigger')).toHaveLength(3);
    again.activities = toPagerDuty();
    await again.feed({ type: 'due' }, at(17));
    expect(heard()).toHaveLength(4);
    expect(open()).toHaveLength(1);
    await over(again, 18);
    expect(open()).toEqual([]);
  });

  it('ends at last what the earlier run has left', async () => {
    await rung(3);
    const again = await begin(17, { activities: toPagerDuty(gone) });
    again.activities = toPagerDuty();
    await over(again, 18);
    expect(open()).toEqual([]);
  });

  it.each(['first', 'second'])('leaves no incident when the %s of two tries could not ask, and the answer to the first was lost', async (unasked) => {
    await rung(2);
    const tries: { attemptPage: PagingActivities['attemptPage'] }[] = [toPagerDuty(), toPagerDuty()];
    tries[unasked === 'first' ? 0 : 1] = toPagerDuty(gone);
    const activities: PagingActivities = { ...toPagerDuty(), attemptPage: (input) => (tries.shift() ?? toPagerDuty()).attemptPage(input) };
    const again = await begin(12, {
      activities,
      attempts: async (once) => {
        await once();
        await db.updateTable('page_attempts').set({ outcome: null }).where('page_id', '=', `p${number}-1`).where('ring', '=', 3).execute();
        return once();
      },
    });
    again.attempts = untilSent;
    await again.feed({ type: 'due' }, at(17));
    expect(open()).toHaveLength(1);
    await over(again, 18);
    expect(open()).toEqual([]);
  });

  it('has its ring written down beside those of the earlier run, once', async () => {
    await rung(2);
    const written: Attempts = async (once) => {
      const answer = await once();
      const { recordAttempt } = createPageRecords(db);
      for (const record of [...answer.unrecorded, ...answer.unrecorded]) await recordAttempt(record);
      return answer;
    };
    await begin(12, { activities: toPagerDuty(gone), attempts: written });
    expect(await attempts()).toEqual([
      [1, key, 'sent'],
      [2, `${key}:2`, 'sent'],
      [3, key, 'sent'],
    ]);
  });
});

describe('when pages ring together', () => {
  const normal = { priority: 'normal' as const };
  /** Waits for the others, as Temporal does. */
  const collected: Attempts = async (once) => {
    for (;;) {
      try {
        return await once();
      } catch {
        now += 10_000;
      }
    }
  };

  /** Another conversation's page makes its first try. */
  async function tries(other: number): Promise<void> {
    await addConversation(db, other);
    await toPagerDuty()
      .attemptPage(attemptOf(other, normal))
      .catch(() => undefined);
  }

  it('leaves nothing open under its own key when it rings together with others', async () => {
    await rung(1, normal);
    const other = number + 900;
    await tries(other);
    const again = await begin(5, { ...normal, attempts: collected });
    const bundle = (await getPage(db, `p${number}-1`))?.bundledInto ?? '';
    expect(open()).toEqual([bundle]);
    await over(again, 6);
    expect(open()).toEqual([bundle]);
    await toPagerDuty().resolveIncident(incidentOf(other, [bundle], { state: 'over', overAt: now }));
    expect(open()).toEqual([]);
  });

  it('rings aloud when it waited for others in vain', async () => {
    await rung(1, normal);
    const other = number + 900;
    await tries(other);
    await db.updateTable('page_attempts').set({ bundle: null, outcome: 'sent' }).where('page_id', '=', `p${other}-1`).execute();
    const again = await begin(5, { ...normal, attempts: collected });
    expect(open()).toEqual([`${key}:2`]);
    await over(again, 6);
    expect(open()).toEqual([]);
  });

  it('rings by itself when it rang together with others before, and takes that incident along', async () => {
    const [first, second] = [number + 500, number + 900];
    await tries(first);
    await tries(second);
    await begin(0, { ...normal, attempts: collected });
    const bundle = (await getPage(db, `p${number}-1`))?.bundledInto ?? '';
    expect(open()).toEqual([`conversation/${first}:firstResponse:1`, bundle]);
    await db.updateTable('pages').set({ state: 'over' }).where('number', '<>', number).execute();
    const again = await begin(5, normal);
    expect(open()).toEqual([`conversation/${first}:firstResponse:1`, `${key}:2`]);
    await over(again, 6);
    expect(open()).toEqual([`conversation/${first}:firstResponse:1`]);
  });
});

it('goes on with the numbers in the built-in inbox, too', async () => {
  const activities = createPagingActivities({ db, publicUrl: PUBLIC_URL, log: SILENT, tries: NO_TRIES });
  await rung(2, { activities });
  await begin(12, { activities });
  expect((await attempts())?.map(([ring, , outcome]) => [ring, outcome])).toEqual([
    [1, 'sent'],
    [2, 'sent'],
    [3, 'sent'],
  ]);
});
