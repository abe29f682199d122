import { inParallel, until, type BenchDesk } from './desk';
import { memoryOf, type Memory } from './memory';
import { spreadOf, type Spread } from './statistics';

const AT_ONCE = 16;
const LOOKS = 200;
const ARMED_WITHIN_MS = 600_000;

/** A desk with many open conversations: what it holds, and how quick it still is. */
export interface Crowd {
  readonly conversations: number;
  readonly armedPerSecond: number;
  /** Milliseconds of `GET /conversations`, the queue's first page. */
  readonly queue: Spread;
  /** Milliseconds of an Update to a conversation that no worker holds in its cache: a note. */
  readonly note: Spread;
  readonly before: readonly Memory[];
  readonly after: readonly Memory[];
}

const POLICY = `
version: bench-crowd
calendars: { office: { open: always, businessDay: 24h } }
tickets: { dispatch: { within: 12h, calendar: office } }
receipt: off
`;

/** Opens so many conversations, and looks at the desk with all of them open. */
export async function measureCrowd(desk: BenchDesk, { conversations, progress }: { conversations: number; progress: (line: string) => void }): Promise<Crowd> {
  await desk.publish(POLICY);
  const before = memoryOf(desk);
  const startedAt = performance.now();
  const numbers = await inParallel(
    Array.from({ length: conversations }, (_, index) => index),
    AT_ONCE,
    async (index) => {
      const body = { requester: { email: `crowd-${index % 500}@customer.example` }, subject: `Request ${index}`, body: 'Something is slow.' };
      const { number } = (await desk.call('POST', '/tickets', body)) as { number: number };
      if (index % 1_000 === 999) progress(`${index + 1} tickets accepted`);
      return number;
    },
  );
  await until('every workflow runs', ARMED_WITHIN_MS, async () => {
    const waiting = await desk.db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).limit(1).execute();
    return waiting.length === 0 ? true : undefined;
  });
  const armedPerSecond = (conversations * 1000) / (performance.now() - startedAt);
  progress(`${conversations} conversations are open`);
  const queue = await timed(LOOKS, () => desk.call('GET', '/conversations'));
  // The first ones have long left the caches.
  const note = await timed(Math.min(LOOKS, numbers.length), (index) =>
    desk.call('POST', `/conversations/${numbers[index] ?? 0}/notes`, { body: 'Looked at it.' }),
  );
  return { conversations, armedPerSecond, queue, note, before, after: memoryOf(desk) };
}

/** How long a call takes, one after the other, in milliseconds. */
async function timed(times: number, call: (index: number) => Promise<unknown>): Promise<Spread> {
  const took: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const startedAt = performance.now();
    await call(index);
    took.push(performance.now() - startedAt);
  }
  return spreadOf(took);
}
