import type { DataConverter } from '@temporalio/common';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createPagingActivities } from '../../activities/paging/paging';
import { createConversationRecords } from '../../activities/records/conversations';
import { createPageRecords } from '../../activities/records/pages';
import { createLogger } from '../../config/log';
import type { MailActivities, NoticeActivities } from '../../messages/activities';
import { claimForRelay } from '../../db/relay';
import { relayConversation } from '../../intake/relay';
import { viewQuery } from '../../messages/conversation';
import { conversationWorkflowId } from '../../messages/ids';
import { CONVERSATIONS, MAIL, PAGING, RECORDS, URGENT } from '../../messages/taskQueues';
import type { Priority } from '../../policy/words';
import { TicketDesk } from '../kit/ticket-desk';
import { freshNamespace, type TestNamespace } from '../setup/temporal';
import { testServer } from '../setup/test-servers';

/** Tickets with their real workflows on the run's real servers, in real time; only mail and notices are remembered instead of sent. */
export class LiveDesk extends TicketDesk {
  readonly mails: Parameters<MailActivities['sendMail']>[0][] = [];
  /** Thrown by the next attempts at mailing, one each. */
  readonly mailErrors: Error[] = [];
  readonly entries: Record<string, unknown>[] = [];
  readonly log = createLogger('test', { write: (line: string) => this.entries.push(JSON.parse(line) as Record<string, unknown>) });
  temporal!: TestNamespace;
  client!: Client;
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];

  constructor(
    private readonly policyText: string,
    private readonly dataConverter: DataConverter = {},
  ) {
    super();
  }

  override async open(): Promise<void> {
    [this.temporal] = await Promise.all([freshNamespace(), super.open(this.policyText, Date.now())]);
    const { connection, namespace } = this.temporal;
    this.client = new Client({ connection, namespace, dataConverter: this.dataConverter });
  }

  /** Lets the workflows run. */
  async work(): Promise<void> {
    const { nativeConnection: connection, namespace } = this.temporal;
    const common = { connection, namespace, dataConverter: this.dataConverter };
    const workflows = { ...common, workflowBundle: { codePath: testServer('workflowBundle') }, maxCachedWorkflows: 500 };
    const mail: MailActivities = {
      sendMail: (input) => {
        const error = this.mailErrors.shift();
        if (error) return Promise.reject(error);
        this.mails.push(input);
        return Promise.resolve({ outcome: 'sent', at: Date.now() });
      },
    };
    const notices: NoticeActivities = { sendNotice: () => Promise.resolve() };
    const paging = createPagingActivities({ db: this.db, publicUrl: 'http://127.0.0.1', log: this.log });
    this.workers = await Promise.all([
      Worker.create({ ...workflows, taskQueue: CONVERSATIONS }),
      Worker.create({ ...workflows, taskQueue: URGENT }),
      Worker.create({ ...common, taskQueue: RECORDS, activities: { ...createConversationRecords(this.db), ...createPageRecords(this.db), ...notices } }),
      Worker.create({ ...common, taskQueue: PAGING, activities: { ...paging } }),
      Worker.create({ ...common, taskQueue: MAIL, activities: { ...mail } }),
    ]);
    this.running = this.workers.map((worker) => worker.run());
  }

  /** Nobody works any more: what comes in waits. */
  async rest(): Promise<void> {
    for (const worker of this.workers.splice(0)) worker.shutdown();
    await Promise.all(this.running.splice(0));
  }

  override async close(): Promise<void> {
    await this.rest();
    await super.close();
    await this.temporal.close();
  }

  /** Tells the workflows what has come in, starting the new ones, as relay does; answers who was found to be missing. */
  async relay(): Promise<number[]> {
    const missing: number[] = [];
    const onMissing = (number: number): void => void missing.push(number);
    await this.db.updateTable('conversations').set({ relayed_at: null }).execute();
    const claimed = await claimForRelay(this.db, { now: Date.now(), leaseMs: 0, pauseMs: 0, limit: 1_000, startingAtMost: 1_000 });
    for (const conversation of claimed) await relayConversation({ db: this.db, client: this.client, log: this.log, onMissing }, conversation);
    return missing;
  }

  /** A ticket that came now, with its workflow started. */
  async started(priority: Priority = 'normal'): Promise<number> {
    const number = await this.ticket({ at: Date.now(), priority });
    await this.relay();
    return number;
  }

  handle(number: number) {
    return this.client.workflow.getHandle(conversationWorkflowId(number));
  }

  view(number: number) {
    return this.handle(number).query(viewQuery);
  }

  async status(id: string): Promise<string> {
    return (await this.client.workflow.getHandle(id).describe()).status.name;
  }

  /** Removes a running workflow as a lost database of Temporal does; one that has ended would be gone only after a while. */
  async forget(id: string): Promise<void> {
    const { connection, namespace } = this.temporal;
    await connection.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId: id } });
    await this.eventually(`${id} is gone`, () =>
      this.status(id).then(
        () => false,
        (error: Error) => error.name === 'WorkflowNotFoundError',
      ),
    );
  }

  /** Waits in real time until something holds. */
  async eventually<Value>(what: string, read: () => Promise<Value | undefined | null | false>): Promise<Value> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const value = await read();
      if (value !== undefined && value !== null && value !== false) return value;
      if (performance.now() > deadline) throw new Error(`This did not happen within 30 s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The office never closes, and an urgent ticket pages as it comes. */
export const ALWAYS_OPEN = `
calendars: { office: { open: always, businessDay: 24h } }
escalate: { urgent: { notice: 0%, page: 0% } }
onCall: { levels: [{ rota: primary, acknowledgeWithin: 5m }], repeat: 1, collect: 0s }
`;

/** A desk that works through all tests of the describing block that calls this. */
export function useLiveDesk(policyText: string): LiveDesk {
  const desk = new LiveDesk(policyText);
  beforeAll(async () => {
    await desk.open();
    await desk.work();
  });
  afterAll(() => desk.close());
  return desk;
}
