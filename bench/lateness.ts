import { createTicket } from '../intake/create-ticket';
import { inParallel, pause, until, type BenchDesk } from './desk';
import { spreadOf, type Spread } from './statistics';

/** How long before it is due a ticket is made: enough to start the largest number of workflows. */
const LEAD_MS = 60_000;
/** Pages that are collected, or throttled by the provider's limit, come this much later at most; then what is missing is reported. */
const DRAIN_MS = 240_000;
/** Every fifth is urgent. */
const URGENT_EVERY = 5;
const AT_ONCE = 8;

/** Lateness of the first page of each ticket, in milliseconds. */
export interface Lateness {
  readonly tickets: number;
  readonly spreadOverMs: number;
  readonly priority: 'urgent' | 'other';
  /** From the due time to the escalation's decision to ring. */
  readonly decided: Spread;
  /** From the due time to the row that says that it will be sent (`page_attempts`). */
  readonly recorded: Spread;
  /** From the due time to the provider's yes. */
  readonly sent: Spread;
  /** Pages that had not gone out when the bench stopped waiting. */
  readonly missing: number;
  /** What the figures should be at most; null where they are only reported. */
  readonly budgetMs: { readonly recorded: number | null; readonly sent: number | null };
  readonly within: boolean;
}

/** First answer due after `dueAfterS`, page at the due time; nothing else becomes due meanwhile. */
const policyDueAfter = (dueAfterS: number): string => `
version: bench-due-${dueAfterS}
calendars: { office: { open: always, businessDay: 24h } }
tickets:
  dispatch: { within: 12h, calendar: office }
  firstResponse: { urgent: ${dueAfterS}s, high: ${dueAfterS}s, normal: ${dueAfterS}s, low: ${dueAfterS}s }
escalate:
  urgent: { notice: 100%, page: 100% }
  high: { notice: 100%, page: 100% }
  normal: { notice: 100%, page: 100% }
  low: { notice: 100%, page: 100% }
onCall: { levels: [{ rota: primary, acknowledgeWithin: 1h }], collect: 10s }
receipt: off
`;

/** Lets so many tickets fall due within a window, evenly, and measures how late their pages are; cleans up when `another` measurement follows. */
export async function measureLateness(
  desk: BenchDesk,
  { tickets, spreadOverMs, another, progress }: { tickets: number; spreadOverMs: number; another: boolean; progress: (line: string) => void },
): Promise<Lateness[]> {
  // A ticket's due time counts from when it was received, which the way in states: so the window does not depend on how fast tickets are made.
  const dueAfterMs = spreadOverMs + LEAD_MS;
  const policy = await desk.publish(policyDueAfter(dueAfterMs / 1000));
  const begins = Date.now() - spreadOverMs;
  const numbers = await inParallel(
    Array.from({ length: tickets }, (_, index) => index),
    AT_ONCE,
    async (index) => {
      const receivedAt = begins + Math.round((index * spreadOverMs) / tickets);
      const email = `due-${tickets}-${index}@customer.example`;
      // The mail that it is solved, in the end.
      desk.mail.expect(email);
      const request = {
        requester: { email },
        subject: `Request ${index}`,
        body: 'Something is slow.',
        priority: index % URGENT_EVERY === 0 ? ('urgent' as const) : ('normal' as const),
      };
      return (await createTicket(desk.db, policy, request, { now: receivedAt, actor: { agent: 'admin' } })).number;
    },
  );
  progress(`${tickets} tickets are open; the first is due in ${Math.round((begins + dueAfterMs - Date.now()) / 1000)} s`);
  await until('every workflow runs', LEAD_MS, async () => ((await notRelayed(desk, numbers)) === 0 ? true : undefined));
  const lastDueAt = begins + dueAfterMs + spreadOverMs;
  const left = lastDueAt - Date.now();
  if (left > 0) await pause(left);
  progress('all are due');
  for (const deadline = Date.now() + DRAIN_MS; Date.now() < deadline && (await firstRings(desk, numbers)).length < tickets;) await pause(1_000);
  const rings = await firstRings(desk, numbers);
  // What is still open would ring again during the next measurement.
  if (another) await solveAll(desk, numbers);
  const urgent = Math.ceil(tickets / URGENT_EVERY);
  return [
    latenessOf('urgent', urgent, { recorded: 1_000, sent: 1_000 }),
    latenessOf('other', tickets - urgent, tickets <= 120 ? { recorded: 1_000, sent: 11_000 } : { recorded: null, sent: null }),
  ];

  function latenessOf(priority: Lateness['priority'], expected: number, budgetMs: Lateness['budgetMs']): Lateness {
    const own = rings.filter((ring) => (ring.priority === 'urgent') === (priority === 'urgent'));
    const decided = spreadOf(own.map(({ dueAt, decidedAt }) => decidedAt - dueAt));
    // Who rings for a whole bundle claims its own attempt a second time then, so when it was first recorded is not known any more.
    const recorded = spreadOf(own.flatMap(({ dueAt, claimedAt, bundleClosesAt }) => (claimedAt >= bundleClosesAt ? [] : [claimedAt - dueAt])));
    const sent = spreadOf(own.map(({ dueAt, sentAt }) => sentAt - dueAt));
    const missing = expected - own.length;
    const isWithin = (spread: Spread, budget: number | null): boolean => budget === null || spread.p99 <= budget;
    return {
      tickets,
      spreadOverMs,
      priority,
      decided,
      recorded,
      sent,
      missing,
      budgetMs,
      within: missing === 0 && isWithin(recorded, budgetMs.recorded) && isWithin(sent, budgetMs.sent),
    };
  }
}

async function notRelayed(desk: BenchDesk, numbers: readonly number[]): Promise<number> {
  const rows = await desk.db.selectFrom('conversations').select('number').where('number', 'in', numbers).where('relayed_seq', '=', 0).execute();
  return rows.length;
}

/** Solves them, with the patience that a desk needs that has just been flooded. */
async function solveAll(desk: BenchDesk, numbers: readonly number[]): Promise<void> {
  await inParallel(numbers, 2, (number) =>
    until(`#${number} is solved`, DRAIN_MS, () =>
      desk.call('PUT', `/conversations/${number}/status`, { status: 'solved' }).then(
        () => true,
        (error: unknown) => {
          if (String(error).includes('E_UNAVAILABLE')) return undefined;
          throw error;
        },
      ),
    ),
  );
}

/** The first ring of each page that has gone out; milliseconds. */
async function firstRings(desk: BenchDesk, numbers: readonly number[]) {
  const rows = await desk.db
    .selectFrom('page_attempts as a')
    .innerJoin('pages as p', 'p.id', 'a.page_id')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .select(['c.priority', 'a.due_at', 'a.decided_at', 'a.claimed_at', 'a.sent_at', 'a.bundle'])
    .where('p.number', 'in', numbers)
    .where('a.ring', '=', 1)
    .where('a.sent_at', 'is not', null)
    .execute();
  return rows.flatMap((row) => {
    const { priority, due_at: dueAt, decided_at: decidedAt, claimed_at: claimedAt, sent_at: sentAt, bundle } = row;
    if (sentAt === null) return [];
    return [
      {
        priority,
        dueAt: dueAt.getTime(),
        decidedAt: decidedAt.getTime(),
        claimedAt: (claimedAt ?? decidedAt).getTime(),
        sentAt: sentAt.getTime(),
        // The key of a bundle ends with when it stops collecting.
        bundleClosesAt: bundle === null ? Infinity : Number(bundle.slice(bundle.lastIndexOf('/') + 1)),
      },
    ];
  });
}
