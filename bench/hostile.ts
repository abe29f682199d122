import { createTransport } from 'nodemailer';
import { fixtures } from '../test/intake/mails/all';
import { mutate } from '../test/intake/mails/mutate';
import { seeded } from '../test/kit/seeded';
import { inParallel, until, type BenchDesk } from './desk';
import { spreadOf, type Spread } from './statistics';
import { API_WITHIN_MS, watchQueue } from './watch-queue';

const SEED = 20_260_327;
const CONNECTIONS = 4;
const RESOLVED_WITHIN_MS = 900_000;
/** The few that are large take the time of hundreds of others; the tests read those. */
const AT_MOST_BYTES = 90_000;

/** Damaged mails, as many as it takes, and what became of them. */
export interface Hostile {
  readonly mails: number;
  readonly conversations: number;
  readonly suspended: number;
  /** Copies of earlier ones, by content. */
  readonly copies: number;
  /** Nothing could be made of them: agents see the bytes. */
  readonly failed: number;
  readonly resolvedPerSecond: number;
  /** Milliseconds of `GET /conversations` while it lasts. */
  readonly api: Spread;
  readonly within: boolean;
}

const POLICY = `
version: bench-hostile
calendars: { office: { open: always, businessDay: 24h } }
tickets: { dispatch: { within: 12h, calendar: office } }
receipt: off
`;

/** Sends so many damaged mails and waits until each has its place; none may be lost, and the API must answer meanwhile. */
export async function measureHostile(desk: BenchDesk, { mails, progress }: { mails: number; progress: (line: string) => void }): Promise<Hostile> {
  await desk.publish(POLICY);
  const { host, port, domain } = desk.smtp;
  const last = await desk.db
    .selectFrom('inbox')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst();
  const random = seeded(SEED);
  const raws = Object.values(fixtures)
    .flatMap((group) => group.map(({ raw }) => raw))
    .filter((raw) => raw.length <= AT_MOST_BYTES);
  const transport = createTransport({ host, port, secure: false, ignoreTLS: true, pool: true, maxConnections: CONNECTIONS, maxMessages: 1_000_000 });
  const watch = watchQueue(desk);
  const startedAt = performance.now();
  try {
    await inParallel(
      Array.from({ length: mails }, () => mutate(random, random.oneOf(raws), random.oneOf(raws))),
      CONNECTIONS,
      (raw, index) => transport.sendMail({ envelope: { from: `hostile-${index}@customer.example`, to: `support@${domain}` }, raw }),
    );
  } finally {
    transport.close();
  }
  progress(`${mails} damaged mails accepted`);
  const states = async () => {
    const rows = await desk.db
      .selectFrom('inbox')
      .select(['state', ({ fn }) => fn.countAll<string>().as('count'), ({ fn }) => fn.count<string>('duplicate_of').as('copies')])
      .where('id', '>', last?.id ?? 0)
      .groupBy('state')
      .execute();
    return new Map(rows.map(({ state, count, copies }) => [state, { count: Number(count), copies: Number(copies) }]));
  };
  await until('every damaged mail has its place', RESOLVED_WITHIN_MS, async () => ((await states()).has('accepted') ? undefined : true));
  const resolvedPerSecond = (mails * 1000) / (performance.now() - startedAt);
  const api = spreadOf(await watch.end());
  const became = await states();
  const count = (state: 'resolved' | 'suspended' | 'failed'): number => became.get(state)?.count ?? 0;
  const copies = became.get('resolved')?.copies ?? 0;
  const placed = count('resolved') + count('suspended') + count('failed');
  return {
    mails,
    conversations: count('resolved') - copies,
    suspended: count('suspended'),
    copies,
    failed: count('failed'),
    resolvedPerSecond,
    api,
    within: placed === mails && count('failed') === 0 && api.p99 <= API_WITHIN_MS,
  };
}
