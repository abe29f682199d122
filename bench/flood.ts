import { createTransport } from 'nodemailer';
import { inParallel, pause, until, type BenchDesk } from './desk';
import { memoryOf, type Memory } from './memory';
import { API_WITHIN_MS, watchQueue } from './watch-queue';
import { spreadOf, type Spread } from './statistics';

const CONNECTIONS = 8;
const RESOLVED_WITHIN_MS = 900_000;
const PAGED_WITHIN_MS = 120_000;
/** Source: docs/testing.md, figures: an urgent page under a flood, from the later of its due time and the end of resolving. */
const URGENT_WITHIN_MS = 5_000;

/** Many mails at once, a few of them urgent. */
export interface Flood {
  readonly mails: number;
  readonly urgent: number;
  readonly acceptedPerSecond: number;
  /** From the first mail until every mail has its conversation. */
  readonly resolvedPerSecond: number;
  /** Until every conversation's workflow runs. */
  readonly armedPerSecond: number;
  /** From the later of due time and end of resolving to the provider's yes, milliseconds; the urgent ones. */
  readonly urgentSent: Spread;
  /** Milliseconds of `GET /conversations` while it lasts. */
  readonly api: Spread;
  readonly missing: number;
  readonly memory: readonly Memory[];
  readonly within: boolean;
}

/** Half of the first response of {@link POLICY}. */
const PAGED_AFTER_MS = 2_000;

/** Urgent mail pages two seconds after it came; nothing else is due. */
const POLICY = `
version: bench-flood
calendars: { office: { open: always, businessDay: 24h } }
triage: [{ when: { subject: "production down" }, priority: urgent }]
tickets:
  dispatch: { within: 12h, calendar: office }
  firstResponse: { urgent: 4s, high: 5h, normal: 6h, low: 7h }
escalate: { urgent: { notice: 50%, page: 50% } }
onCall: { levels: [{ rota: primary, acknowledgeWithin: 1h }], collect: 10s }
receipt: off
`;

/** Sends so many mails from as many people as fast as the desk takes them, and waits until all are resolved and every urgent one has rung. */
export async function measureFlood(
  desk: BenchDesk,
  { mails, urgent, progress }: { mails: number; urgent: number; progress: (line: string) => void },
): Promise<Flood> {
  await desk.publish(POLICY);
  const { host, port, domain } = desk.smtp;
  const every = Math.floor(mails / urgent);
  const isUrgent = (index: number): boolean => index % every === every - 1;
  const transport = createTransport({ host, port, secure: false, ignoreTLS: true, pool: true, maxConnections: CONNECTIONS, maxMessages: 1_000_000 });
  const watch = watchQueue(desk);
  const startedAt = performance.now();
  try {
    await inParallel(
      Array.from({ length: mails }, (_, index) => index),
      CONNECTIONS,
      async (index) => {
        await transport.sendMail({
          from: `flood-${index}@customer.example`,
          to: `support@${domain}`,
          subject: isUrgent(index) ? `Production down: shop ${index}` : `Question ${index}`,
          text: `This is question ${index}. When you have a moment, have a look at it, please.`,
        });
        if (index % 1_000 === 999) progress(`${index + 1} mails accepted`);
      },
    );
  } finally {
    transport.close();
  }
  const acceptedPerSecond = (mails * 1000) / (performance.now() - startedAt);
  await until('every mail has its conversation', RESOLVED_WITHIN_MS, async () => ((await waiting(desk)) === 0 ? true : undefined));
  const resolvedPerSecond = (mails * 1000) / (performance.now() - startedAt);
  progress('every mail has its conversation');
  await until('every workflow runs', RESOLVED_WITHIN_MS, async () => {
    const row = await desk.db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).limit(1).executeTakeFirst();
    return row === undefined ? true : undefined;
  });
  const armedPerSecond = (mails * 1000) / (performance.now() - startedAt);
  const expected = Array.from({ length: mails }, (_, index) => index).filter(isUrgent).length;
  for (const deadline = Date.now() + PAGED_WITHIN_MS; Date.now() < deadline && (await urgentPages(desk)).length < expected;) await pause(500);
  const sent = await urgentPages(desk);
  const api = spreadOf(await watch.end());
  const urgentSent = spreadOf(sent);
  return {
    mails,
    urgent: expected,
    acceptedPerSecond,
    resolvedPerSecond,
    armedPerSecond,
    urgentSent,
    api,
    missing: expected - sent.length,
    memory: memoryOf(desk),
    within: sent.length === expected && urgentSent.p99 <= URGENT_WITHIN_MS && api.p99 <= API_WITHIN_MS,
  };
}

async function waiting(desk: BenchDesk): Promise<number> {
  const rows = await desk.db.selectFrom('inbox').select('id').where('state', '=', 'accepted').limit(1).execute();
  return rows.length;
}

/** How late the first ring of each urgent page of the flood was sent, counted from when it could be at the earliest. A page that rings again before it rang at all is sent as the later ring. */
async function urgentPages(desk: BenchDesk): Promise<number[]> {
  const rows = await desk.db
    .selectFrom('page_attempts as a')
    .innerJoin('pages as p', 'p.id', 'a.page_id')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .innerJoin('inbox as i', 'i.number', 'c.number')
    .select((eb) => ['i.received_at', 'i.resolved_at', eb.fn.min('a.sent_at').as('sent_at')])
    .where('c.subject', 'like', 'Production down: shop%')
    .where('a.sent_at', 'is not', null)
    .groupBy(['p.id', 'i.received_at', 'i.resolved_at'])
    .execute();
  return rows.flatMap(({ received_at: receivedAt, sent_at: sentAt, resolved_at: resolvedAt }) =>
    sentAt === null ? [] : [sentAt.getTime() - Math.max(receivedAt.getTime() + PAGED_AFTER_MS, resolvedAt?.getTime() ?? 0)],
  );
}
