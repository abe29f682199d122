import { sql } from 'kysely';
import { ChattingCustomer, signIdentity, type LiveTab } from '../test/kit/chatting-customer';
import { inParallel, pause, until, type BenchDesk } from './desk';
import { added, percentile, spreadOf, total, type Spread } from './statistics';

/** The budget of the way from an agent's message to the customer's screen, in milliseconds (95 of 100). */
export const LIVE_P95_MS = 150;
/** What 200 open chats in which nobody writes may cost beyond a desk without any, in transactions a minute: one lease each 20 s and api, and some slack for what else beats. */
export const IDLE_TRANSACTIONS_A_MINUTE = 60;

const OPENED_AT_ONCE = 8;
const ARMED_WITHIN_MS = 300_000;
const ARRIVES_WITHIN_MS = 30_000;
const MINUTE_MS = 60_000;

/** What a desk does within a minute while nobody does anything. */
export interface Idle {
  readonly transactions: number;
  readonly requests: number;
  readonly actions: number;
}

/** Open chats: how quickly an agent's message is on the customer's screen, and what they cost while nobody writes. */
export interface Live {
  readonly chats: number;
  readonly messages: number;
  readonly perSecond: number;
  /** From the moment at which an agent sends a message until the customer's live connection has it, in milliseconds. */
  readonly sentToShown: Spread & { readonly p95: number };
  /** How long the agent waited for the answer of `POST …/replies`. */
  readonly answered: Spread & { readonly p95: number };
  /** The desk without chats. */
  readonly before: Idle;
  /** All chats open, each in front of its customer, and nobody writes. */
  readonly idle: Idle;
  readonly budgetMs: number;
  readonly idleBudget: number;
  readonly within: boolean;
}

const POLICY = `
version: bench-live
calendars: { office: { open: always, businessDay: 24h } }
tickets: { dispatch: { within: 12h, calendar: office } }
chats: { response: 10h, agentSilence: 10h, page: off }
receipt: off
`;

/** Opens chats, each with its customer in front of it, lets them be, and then has agents write to them in turn. */
export async function measureLive(
  desk: BenchDesk,
  {
    chats,
    perSecond,
    seconds,
    idleSeconds,
    progress,
  }: { chats: number; perSecond: number; seconds: number; idleSeconds: number; progress: (line: string) => void },
): Promise<Live> {
  await desk.publish(POLICY);
  // An earlier part may have left thousands that wait for their turn.
  await until('everything has its workflow', ARMED_WITHIN_MS, () => isArmed(desk));
  await desk.settled();
  const before = await idleFor(desk, idleSeconds);
  progress(`without chats: ${idleText(before)}`);
  const tabs: { number: number; tab: LiveTab }[] = [];
  try {
    await inParallel(
      Array.from({ length: chats }, (_, index) => index),
      OPENED_AT_ONCE,
      async (index) => {
        const email = `live-${index}@customer.example`;
        desk.mail.expect(email);
        const identity = await signIdentity(desk.dashboardSecret, { sub: `live-${index}`, email });
        const customer = new ChattingCustomer(desk.url, { identity });
        const { number } = await customer.opens('Hello, is anybody there?');
        tabs.push({ number, tab: await customer.looks(number) });
      },
    );
    await until('every chat has its workflow', ARMED_WITHIN_MS, () => isArmed(desk));
    await desk.settled();
    progress(`${chats} chats are open`);
    const idle = await idleFor(desk, idleSeconds);
    progress(`nobody writes: ${idleText(idle)}`);

    const shown: number[] = [];
    const answered: number[] = [];
    const messages = perSecond * seconds;
    const failures: unknown[] = [];
    const under: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let n = 0; n < messages; n += 1) {
      await pause(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()));
      const to = tabs[n % tabs.length];
      if (to === undefined) break;
      const words = `Message ${n}`;
      const sentAt = performance.now();
      under.push(
        Promise.all([
          to.tab.message(words, ARRIVES_WITHIN_MS).then(() => void shown.push(performance.now() - sentAt)),
          desk.call('POST', `/conversations/${to.number}/replies`, { body: words }).then(() => void answered.push(performance.now() - sentAt)),
        ]).then(
          () => undefined,
          // Noted, so that the desk is cleared away whatever fails in the middle.
          (error: unknown) => void failures.push(error),
        ),
      );
    }
    await Promise.all(under);
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${messages} messages failed: ${String(failures[0])}`);
    const sentToShown = withP95(shown);
    return {
      chats,
      messages,
      perSecond,
      sentToShown,
      answered: withP95(answered),
      before,
      idle,
      budgetMs: LIVE_P95_MS,
      idleBudget: IDLE_TRANSACTIONS_A_MINUTE,
      within: sentToShown.p95 <= LIVE_P95_MS && idle.transactions - before.transactions <= IDLE_TRANSACTIONS_A_MINUTE && idle.requests <= before.requests,
    };
  } finally {
    for (const { tab } of tabs) tab.close();
  }
}

/** True once every conversation has its workflow. */
async function isArmed({ db }: BenchDesk): Promise<true | undefined> {
  const waiting = await db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).limit(1).executeTakeFirst();
  return waiting === undefined ? true : undefined;
}

/** What happens within a minute, counted over some seconds. */
async function idleFor(desk: BenchDesk, seconds: number): Promise<Idle> {
  await pause(STATISTICS_LATE_MS);
  const [transactions, requests, actions] = [await transactionsOf(desk), await desk.requests(), await desk.actions()];
  await pause(seconds * 1000);
  const [transactionsAfter, requestsAfter, actionsAfter] = [await transactionsOf(desk), await desk.requests(), await desk.actions()];
  const aMinute = (count: number) => Math.round((count * MINUTE_MS) / (seconds * 1000));
  return {
    transactions: aMinute(transactionsAfter - transactions),
    // Asking for the figures is a request itself.
    requests: aMinute(Math.max(0, requestsAfter - requests - 1)),
    actions: aMinute(total(added(actions, actionsAfter))),
  };
}

/** A connection of PostgreSQL that has nothing to do tells of its transactions up to 10 s after them. */
const STATISTICS_LATE_MS = 12_000;

async function transactionsOf({ db }: BenchDesk): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`SELECT (xact_commit + xact_rollback)::int AS count FROM pg_stat_database WHERE datname = current_database()`.execute(db);
  return rows[0]?.count ?? 0;
}

function idleText({ transactions, requests, actions }: Idle): string {
  return `${transactions} transactions, ${requests} requests and ${actions} Actions a minute`;
}

function withP95(values: readonly number[]): Spread & { readonly p95: number } {
  return { ...spreadOf(values), p95: percentile(values, 95) };
}
