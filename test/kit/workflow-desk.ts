import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { commandUpdate, eventsSignal, type CommandAnswer, type ConversationInput } from '../../messages/conversation';
import { conversationWorkflowId } from '../../messages/ids';
import { conversationStartOptions, CONVERSATION_WORKFLOW } from '../../messages/start-options';
import { CONVERSATIONS, MAIL, PAGING, RECORDS, URGENT } from '../../messages/taskQueues';
import { begin } from '../../policy/conversation';
import { firstPromises } from '../../policy/promises';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { TimelineEntry } from '../../policy/effects';
import type { Command, InboundEvent, MessageEvent } from '../../policy/events';
import { RULES, type ConversationStart } from '../../policy/state';
import { RecordedActivities } from './recorded-activities';
import { testServer } from '../setup/test-servers';

/** A desk whose workflows are real and whose outside is remembered: for tests that move time. */
export class WorkflowDesk {
  readonly outside = new RecordedActivities();
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];
  private numbers: number;
  private readonly started: Started[] = [];

  constructor(
    private readonly connection: NativeConnection,
    private readonly client: Client,
    private readonly policy: PolicySnapshot,
    private readonly options: { namespace?: string; firstNumber?: number; workflowCode?: string; cachedWorkflows?: number } = {},
  ) {
    this.numbers = options.firstNumber ?? 1_000;
  }

  async open(): Promise<void> {
    const common = { connection: this.connection, namespace: this.options.namespace ?? 'default' };
    const { workflowCode } = this.options;
    const workflowBundle = workflowCode === undefined ? { codePath: testServer('workflowBundle') } : { code: workflowCode };
    this.workers = await Promise.all([
      ...[CONVERSATIONS, URGENT].map((taskQueue) =>
        Worker.create({ ...common, taskQueue, workflowBundle, maxCachedWorkflows: this.options.cachedWorkflows ?? 200 }),
      ),
      ...[MAIL, PAGING, RECORDS].map((taskQueue) => Worker.create({ ...common, taskQueue, activities: this.outside.all })),
    ]);
    this.running = this.workers.map((worker) => worker.run());
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.running);
  }

  /** Ends every conversation that a test has left open, so that none of them pages on while the next test moves the clock. */
  async endAll(at: number): Promise<void> {
    for (const started of this.started.splice(0)) await started.end(at);
  }

  /** Starts a conversation as relay does; times in milliseconds. */
  async start(facts: Partial<ConversationStart> & { receivedAt: number; policy?: PolicySnapshot }): Promise<Started> {
    const policy = facts.policy ?? this.policy;
    this.numbers += 1;
    const request = {
      kind: facts.kind ?? ('ticket' as const),
      channel: facts.channel ?? ('email' as const),
      plan: facts.plan ?? 'standard',
      priority: facts.priority ?? ('normal' as const),
      initiatedBy: facts.initiatedBy ?? ('customer' as const),
      outOfHours: facts.outOfHours ?? ('page' as const),
      receivedAt: facts.receivedAt,
    };
    const begin: ConversationStart = {
      rules: facts.rules ?? RULES,
      number: this.numbers,
      assignee: facts.assignee ?? null,
      participants: ['customer-1'],
      noAutoMail: facts.noAutoMail ?? false,
      receipt: facts.receipt ?? true,
      messageId: `m${this.numbers}-1`,
      promises: firstPromises(policy, request),
      ...request,
    };
    const input: ConversationInput = { begin, policy, facts: { organization: 'org-1', cluster: ['c1'], website: [] } };
    const first: MessageEvent = message({ seq: 1, at: begin.receivedAt, policy: policy.hash });
    const handle = await this.client.workflow.signalWithStart(CONVERSATION_WORKFLOW, {
      ...conversationStartOptions({
        ...begin,
        status: 'new',
        organization: 'org-1',
        cluster: ['c1'],
        website: [],
        nextDueAt: Math.min(...begin.promises.map((promise) => promise.dueAt)),
        breached: false,
      }),
      args: [input],
      signal: eventsSignal,
      signalArgs: [{ upTo: 1, events: [first] }],
    });
    const started = new Started(begin.number, begin, this.client, policy, handle);
    this.started.push(started);
    return started;
  }
}

/** One conversation under test. */
export class Started {
  private seq = 1;

  constructor(
    readonly number: number,
    readonly begin: ConversationStart,
    private readonly client: Client,
    private readonly policy: PolicySnapshot,
    readonly handle: WorkflowHandle,
  ) {}

  /** The timeline that resolve stores when the conversation begins. */
  get beginning(): readonly TimelineEntry[] {
    return begin(this.begin, this.policy).timeline;
  }

  /** The current run, whatever continue-as-new has made of it. */
  private get current(): WorkflowHandle {
    return this.client.workflow.getHandle(conversationWorkflowId(this.number));
  }

  /** Gives a command and answers what the workflow says; `at` in milliseconds. */
  async command(command: Command, at: number, more: { id?: string; by?: string; notAfter?: number } = {}): Promise<CommandAnswer> {
    const id = more.id ?? randomUUID();
    return this.current.executeUpdate(commandUpdate, {
      updateId: id,
      args: [
        {
          type: 'command',
          id,
          at,
          by: more.by ?? 'agent-1',
          command,
          ...(more.notAfter !== undefined && { notAfter: more.notAfter }),
        },
      ],
    });
  }

  /** Spam closes at once; one that is closed already stays so. */
  async end(at: number): Promise<void> {
    const { status } = await this.current.describe();
    if (status.name !== 'RUNNING') return;
    await this.command({ type: 'spam' }, at);
    await this.current.result();
  }

  /** The customer writes. */
  async writes(at: number, more: Partial<MessageEvent> = {}): Promise<void> {
    this.seq += 1;
    const event = message({ seq: this.seq, at, policy: this.policy.hash, ...more });
    await this.signal(this.seq, [event]);
  }

  /** What relay announces. */
  async signal(upTo: number, events: readonly InboundEvent[]): Promise<void> {
    this.seq = Math.max(this.seq, upTo);
    await this.current.signal(eventsSignal, { upTo, events });
  }
}

/** A customer's mail. */
export function message(facts: Partial<MessageEvent> & { seq: number; at: number; policy: string }): MessageEvent {
  return {
    type: 'message',
    messageId: `in-${facts.seq}`,
    author: 'customer',
    channel: 'email',
    machine: false,
    slight: false,
    ...facts,
  };
}

/** An agent's answer by mail to whoever asked. */
export function reply(messageId: string, more: Partial<Extract<Command, { type: 'reply' }>> = {}): Command {
  return { type: 'reply', messageId, delivery: 'mail', recipients: ['customer-1'], ...more };
}

/** Waits in real time until something holds that a workflow brings about; fails with what is missing after 30 s. */
export async function eventually<Value>(
  what: string,
  read: () => Value | undefined | null | false | Promise<Value | undefined | null | false>,
): Promise<Value> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`This did not happen within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
