import { inParallel, until, type BenchDesk } from './desk';

const AT_ONCE = 16;
/** Nobody works on this queue: what is measured is the server's part alone. */
const NOBODYS_QUEUE = 'bench-nobody';

/** How fast conversations are armed, against what the server can start at all in the same run. */
export interface Throughput {
  readonly conversations: number;
  /** From the first `POST /tickets` until every conversation's workflow has been started. */
  readonly armedPerSecond: number;
  /** Answers of `POST /tickets` alone: accepted, with number and promised times. */
  readonly acceptedPerSecond: number;
  /** The same for requests of a contact that is known. */
  readonly acceptedOfKnownPerSecond: number;
  /** Starts of a workflow that does nothing. */
  readonly bareStartsPerSecond: number;
  /** Armed conversations for each bare start. */
  readonly ratio: number;
}

const POLICY = `
version: bench-armed
calendars: { office: { open: always, businessDay: 24h } }
tickets: { dispatch: { within: 12h, calendar: office } }
receipt: off
`;

/** Measures both, bare starts before and after, so that a machine that warms up or slows down does not decide. */
export async function measureThroughput(
  desk: BenchDesk,
  { conversations, progress }: { conversations: number; progress: (line: string) => void },
): Promise<Throughput> {
  await desk.publish(POLICY);
  const before = await bareStarts(desk, Math.ceil(conversations / 2), 'before');
  progress(`bare starts: ${before.toFixed(0)}/s`);
  const request = async (index: number, email: string): Promise<number> => {
    const body = { requester: { email }, subject: `Request ${index}`, body: 'Something is slow.' };
    return ((await desk.call('POST', '/tickets', body)) as { number: number }).number;
  };
  const indexes = Array.from({ length: conversations }, (_, index) => index);
  const startedAt = performance.now();
  const numbers = await inParallel(indexes, AT_ONCE, (index) => request(index, `armed-${index}@customer.example`));
  const acceptedMs = performance.now() - startedAt;
  progress(`accepted: ${((conversations * 1000) / acceptedMs).toFixed(0)}/s`);
  await until('every workflow runs', 180_000, async () => {
    const waiting = await desk.db.selectFrom('conversations').select('number').where('number', 'in', numbers).where('relayed_seq', '=', 0).limit(1).execute();
    return waiting.length === 0 ? true : undefined;
  });
  const armedMs = performance.now() - startedAt;
  const knownAt = performance.now();
  await inParallel(indexes, AT_ONCE, (index) => request(index, `armed-${index % 20}@customer.example`));
  const knownMs = performance.now() - knownAt;
  await until('every other workflow runs', 180_000, async () => {
    const waiting = await desk.db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).limit(1).execute();
    return waiting.length === 0 ? true : undefined;
  });
  const after = await bareStarts(desk, Math.ceil(conversations / 2), 'after');
  const armedPerSecond = (conversations * 1000) / armedMs;
  const bareStartsPerSecond = (before + after) / 2;
  progress(`armed: ${armedPerSecond.toFixed(0)}/s; bare starts: ${after.toFixed(0)}/s`);
  return {
    conversations,
    armedPerSecond,
    acceptedPerSecond: (conversations * 1000) / acceptedMs,
    acceptedOfKnownPerSecond: (conversations * 1000) / knownMs,
    bareStartsPerSecond,
    ratio: armedPerSecond / bareStartsPerSecond,
  };
}

async function bareStarts(desk: BenchDesk, count: number, name: string): Promise<number> {
  const ids = Array.from({ length: count }, (_, index) => `bare-${name}-${index}`);
  const startedAt = performance.now();
  await inParallel(ids, AT_ONCE, (workflowId) => desk.client.workflow.start('bare', { workflowId, taskQueue: NOBODYS_QUEUE }));
  const tookMs = performance.now() - startedAt;
  await inParallel(ids, AT_ONCE, (workflowId) => desk.client.workflow.getHandle(workflowId).terminate('the bench is done with it'));
  return (count * 1000) / tookMs;
}
