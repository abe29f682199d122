import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { upgradeSignal } from '../../messages/conversation';
import { conversationWorkflowId } from '../../messages/ids';
import { SECONDS } from '../end-to-end/policies';
import { inTheEnd, type DeskUnderTest, type ShownMessage } from '../kit/desk-under-test';
import { openDesk } from '../kit/desk-under-test-processes';
import { findLastingViolations } from '../kit/invariants';
import { again, solve } from './patience';

jest.setTimeout(240_000);

const MAILS = 2_000;
/** The server warns from 10,240 events and 10 MB on, and ends a workflow at five times that. */
const EVENTS = 10_240;
const BYTES = 10 * 1024 * 1024;
/** Everybody else works on meanwhile, also on a busy machine. */
const API_P95_MS = 1_000;
const URGENT_WITHIN_MS = 15_000;

const POLICY = `${SECONDS.replace('within: 3s', 'within: 1h').replace('urgent: 20s', 'urgent: 4h')}
addresses: { support: {}, emergency: { priority: urgent } }
`;

test('a flood of 2,000 mails on one conversation: all are shown, it hears of them once a second, and everybody else works on', async () => {
  const open = await openDesk({ policy: POLICY, providers: true });
  const { desk } = open;
  const { db, temporal, sink, pagerduty, smtpPort } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  const robot = desk.customer('A robot', 'robot@acme.example');
  await robot.writes('support@example.test', 'It begins', 'A first mail.', { messageId: '<first@acme.example>' });
  const [receipt] = await robot.receives(1);
  const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);
  const workflowId = conversationWorkflowId(number);

  const accepted = ['first@acme.example', 'urgent@acme.example', ...Array.from({ length: MAILS }, (_, index) => `m${index}@acme.example`)];
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, ignoreTLS: true, pool: true, maxConnections: 8, maxMessages: Infinity });
  const startedAt = performance.now();
  const latencies: number[] = [];
  const flooding = { over: false };
  try {
    const flood = Promise.all(
      Array.from({ length: MAILS }, (_, index) => {
        const mail = {
          from: { name: robot.name, address: robot.address },
          to: receipt?.answerTo ?? '',
          subject: `Re: It begins ${index}`,
          text: `This is mail ${index}.`,
          messageId: `<m${index}@acme.example>`,
          date: new Date(),
        };
        return again(`mail ${index} is taken`, () => transport.sendMail(mail));
      }),
    );
    const probing = (async () => {
      while (!flooding.over) {
        const since = performance.now();
        await desk.must('GET', '/conversations?limit=20');
        latencies.push(performance.now() - since);
        await sleep(200);
      }
    })();
    // In the middle of it an urgent mail comes in, and a newer program asks for continue-as-new.
    await inTheEnd('the flood is under way', async () => (await lastSeq(desk, number)) > 100, 60_000);
    const urgent = desk.customer('Somebody', 'urgent@acme.example');
    const urgentAt = performance.now();
    await urgent.writes('emergency@example.test', 'All is down', 'Please help.', { messageId: '<urgent@acme.example>' });
    await urgent.receives(1, URGENT_WITHIN_MS);
    const urgentMs = performance.now() - urgentAt;
    await temporal.workflow.getHandle(workflowId).signal(upgradeSignal);

    await flood;
    const takenMs = performance.now() - startedAt;
    await inTheEnd('all of it has its place', async () => (await lastSeq(desk, number)) === MAILS + 1, 120_000);
    await inTheEnd('its workflow has heard of all', async () => (await appliedSeq(desk, number)) === MAILS + 1, 60_000);
    const heardMs = performance.now() - startedAt;
    flooding.over = true;
    await probing;

    const shown = await wholeThread(desk, number);
    expect(shown.filter(({ direction }) => direction === 'in')).toHaveLength(MAILS + 1);
    const missing = Array.from({ length: MAILS }, (_, index) => `This is mail ${index}.`).filter((text) => !shown.some(({ body }) => body.trim() === text));
    expect(missing).toEqual([]);

    const runs = await historiesOf(desk, workflowId);
    const signals = runs.flatMap((run) => run.signalledAt).sort((a, b) => a - b);
    const seconds = ((signals.at(-1) ?? 0) - (signals[0] ?? 0)) / 1000;
    process.stdout.write(
      `${MAILS} mails: taken in ${(takenMs / 1000).toFixed(1)} s, heard of after ${(heardMs / 1000).toFixed(1)} s by ${signals.length} signals in ${seconds.toFixed(1)} s; ` +
        `runs of ${runs.map(({ events, bytes }) => `${events} events, ${Math.round(bytes / 1024)} KB`).join(' + ')}; ` +
        `an urgent mail meanwhile had its receipt after ${(urgentMs / 1000).toFixed(1)} s; a list took ${percentile(latencies, 0.5).toFixed(0)} ms, p95 ${percentile(latencies, 0.95).toFixed(0)} ms.\n`,
    );
    // One is the test's own: the newer program's.
    expect(signals.length - 1).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
    expect(runs.length).toBeGreaterThanOrEqual(2);
    for (const { events, bytes } of runs) {
      expect(events).toBeLessThan(EVENTS);
      expect(bytes).toBeLessThan(BYTES);
    }
    expect(percentile(latencies, 0.95)).toBeLessThan(API_P95_MS);

    for (const conversation of await db.selectFrom('conversations').select('number').execute()) await solve(desk, conversation.number);
    const evidence = { db, temporal, sink, pagerduty, accepted, settledMs: 20_000 };
    expect(await findLastingViolations(evidence, 40_000)).toEqual([]);
  } finally {
    flooding.over = true;
    transport.close();
    await open.close();
  }
});

async function lastSeq({ parts }: DeskUnderTest, number: number): Promise<number> {
  return (await parts.db.selectFrom('conversations').select('last_seq').where('number', '=', number).executeTakeFirstOrThrow()).last_seq;
}

async function appliedSeq({ parts }: DeskUnderTest, number: number): Promise<number> {
  return (await parts.db.selectFrom('conversations').select('applied_seq').where('number', '=', number).executeTakeFirstOrThrow()).applied_seq;
}

async function wholeThread(desk: DeskUnderTest, number: number): Promise<ShownMessage[]> {
  const messages: ShownMessage[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: { items: ShownMessage[]; nextCursor?: string } = await desk.must(
      'GET',
      `/conversations/${number}/messages?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    messages.push(...page.items);
    cursor = page.nextCursor;
  }
  return messages;
}

/** Every run of a workflow: how large its history is, and when it was signalled (milliseconds). */
async function historiesOf({ parts: { temporal } }: DeskUnderTest, workflowId: string): Promise<{ events: number; bytes: number; signalledAt: number[] }[]> {
  const runs: { events: number; bytes: number; signalledAt: number[] }[] = [];
  for await (const { runId } of temporal.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const handle = temporal.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const signalledAt = (events ?? [])
      .filter((event) => event.workflowExecutionSignaledEventAttributes != null)
      .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6);
    runs.push({ events: historyLength, bytes: historySize ?? 0, signalledAt });
  }
  return runs;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Infinity;
}
