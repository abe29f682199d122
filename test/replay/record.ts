/**
 * Records the histories that replay.test.ts replays: `node scripts/run.cjs test/replay/record`. Tells every story of stories.ts on a real
 * server of its own, side by side, and keeps what a replay reads. Run it when workflow code was changed on purpose in a way that old
 * histories need not survive, or when a story was added; see docs/testing.md.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { startTemporal } from '../../platform/temporal';
import { defaultCacheDir, findTemporalCli } from '../../platform/temporal-programs';
import { readPolicyDocument } from '../../policy/document';
import { resolvePolicy } from '../../policy/resolve';
import { closedNow, SECONDS } from '../end-to-end/policies';
import { WorkflowDesk } from '../kit/workflow-desk';
import { freshNamespace } from '../setup/temporal';
import { presenceOnStage, STORIES, workflowsOf } from './stories';

/** In the clone, not in the build that this runs from. */
const FOLDER = join(process.cwd(), 'test', 'replay', 'histories');

async function record(): Promise<void> {
  const { path: cli } = await findTemporalCli({ env: process.env, cacheDir: defaultCacheDir(process.env), progress: say });
  const server = await startTemporal({ cli, log: () => undefined });
  process.env['HOLDFAST_TEST_TEMPORAL_ADDRESS'] = server.address;
  process.env['HOLDFAST_TEST_WORKFLOW_BUNDLE'] = join(__dirname, '..', '..', 'workflow-bundle.js');
  const temporal = await freshNamespace();
  const policyOf = (text: string) => resolvePolicy(readPolicyDocument(text, 'policy'), { now: Date.now(), baseFolder: __dirname });
  const open = await policyOf(SECONDS.replace('tickets:', 'tickets:\n  closeSolvedAfter: 1s'));
  const chats = await policyOf(`${SECONDS}chats: { customerGoneAfter: 1s, mailBatch: 1s, unseenAfter: 5s, closingSilence: 2s }\n`);
  const closed = await policyOf(closedNow(Date.now()).policy);
  const desk = new WorkflowDesk(temporal.nativeConnection, temporal.client, open, { namespace: temporal.namespace });
  desk.outside.mailOutcome = ({ effect }) => (effect.recipient === 'customer-bounces' ? 'refused' : 'sent');
  desk.outside.presence = presenceOnStage;
  await desk.open();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  try {
    const told = await Promise.allSettled(
      Object.entries(STORIES).map(async ([name, tell]) => {
        const ticket = await tell({ desk, open, closed, chats });
        await keep(name, temporal.client, workflowsOf(ticket));
      }),
    );
    for (const story of told) if (story.status === 'rejected') throw story.reason;
    if (desk.outside.unexpected.length > 0) throw new Error(desk.outside.unexpected.join('\n'));
  } finally {
    await desk.close();
    await temporal.close();
    await server.stop();
  }
}

/** One file a run: a conversation that continued as new has several. */
async function keep(name: string, client: Client, query: string): Promise<void> {
  const runs: { workflowId: string; runId: string; startedAt: number }[] = [];
  for await (const { workflowId, runId, startTime } of client.workflow.list({ query })) runs.push({ workflowId, runId, startedAt: startTime.getTime() });
  runs.sort((a, b) => a.startedAt - b.startedAt || a.workflowId.length - b.workflowId.length);
  for (const [index, { workflowId, runId }] of runs.entries()) {
    const history = JSON.parse(historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory())) as Recorded;
    const kind = workflowId.includes('/page/') ? 'page' : 'conversation';
    const file = `${name}.${index + 1}.${kind}.json`;
    writeFileSync(join(FOLDER, file), `${JSON.stringify({ workflowId, history: { events: history.events.map(withoutWords) } })}\n`);
    say(`${file}: ${history.events.length} events`);
  }
}

interface Recorded {
  readonly events: readonly Record<string, unknown>[];
}

/** What was sent to activities and other workflows is made anew by a replay, and most of a history's size. */
function withoutWords(event: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, SENT.has(name) && isObject(value) ? { ...value, input: undefined, header: undefined } : value]),
  );
}

const SENT: ReadonlySet<string> = new Set([
  'activityTaskScheduledEventAttributes',
  'startChildWorkflowExecutionInitiatedEventAttributes',
  'signalExternalWorkflowExecutionInitiatedEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

record().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
