import { randomBytes } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { createMailActivities } from '../../activities/mail/send-mail';
import { createPagingActivities } from '../../activities/paging/paging';
import { createConversationRecords } from '../../activities/records/conversations';
import { createPageRecords } from '../../activities/records/pages';
import { createLogger } from '../../config/log';
import { addCommand } from '../../db/commands';
import { startRelay } from '../../intake/relay';
import { startResolver } from '../../intake/resolver';
import { startSmtp, type SmtpListener } from '../../intake/smtp';
import { parseSigningKeys, type SigningKeys } from '../../messages/addresses';
import type { NoticeActivities } from '../../messages/activities';
import type { Command } from '../../policy/events';
import { CONVERSATIONS, MAIL, PAGING, RECORDS, URGENT } from '../../messages/taskQueues';
import { sweepCommands } from '../../workers/sweeps';
import { freshNamespace, type TestNamespace } from '../setup/temporal';
import { testServer } from '../setup/test-servers';
import { WITHOUT_MAIL } from './message-row';
import { TicketDesk } from './ticket-desk';

/** The office never closes, and nobody waits for an answer that is taken back. */
const POLICY = 'undoSend: 0s\ncalendars: { office: { open: always, businessDay: 24h } }\n';

/** A whole desk in this process that sends and takes real mail, with real workflows in real time: for machines that write to each other. */
export class MailingDesk extends TicketDesk {
  readonly keys: SigningKeys = parseSigningKeys(`k1:${randomBytes(32).toString('base64')}`);
  smtp!: SmtpListener;
  private temporal!: TestNamespace;
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];
  private loops: { close(): Promise<void> }[] = [];
  private readonly log = createLogger('test', { write: () => undefined });

  constructor(readonly domain: string) {
    super();
  }

  /** Where this desk takes mail. */
  get smtpUrl(): string {
    return `smtp://127.0.0.1:${this.smtp.address.port}`;
  }

  override async open(): Promise<void> {
    [this.temporal] = await Promise.all([freshNamespace(), super.open(POLICY, Date.now())]);
    const { db, domain, log } = this;
    this.smtp = await startSmtp({ listen: { host: '127.0.0.1', port: 0 }, db, domain, log });
  }

  /** Lets it work; what it writes goes to that server. */
  async work(smtpUrl: string): Promise<void> {
    const { db, url, keys, domain, log } = this;
    const { nativeConnection: connection, namespace, client } = this.temporal;
    const common = { connection, namespace };
    const workflows = { ...common, workflowBundle: { codePath: testServer('workflowBundle') } };
    const notices: NoticeActivities = { sendNotice: () => Promise.resolve() };
    const mail = createMailActivities({ db, smtpUrl, keys, mailDomain: domain, publicUrl: `https://${domain}`, log });
    this.workers = await Promise.all([
      Worker.create({ ...workflows, taskQueue: CONVERSATIONS }),
      Worker.create({ ...workflows, taskQueue: URGENT }),
      Worker.create({ ...common, taskQueue: RECORDS, activities: { ...createConversationRecords(db), ...createPageRecords(db), ...notices } }),
      Worker.create({ ...common, taskQueue: PAGING, activities: { ...createPagingActivities({ db, publicUrl: `https://${domain}`, log }) } }),
      Worker.create({ ...common, taskQueue: MAIL, activities: { ...mail } }),
    ]);
    this.running = this.workers.map((worker) => worker.run());
    this.loops = [startResolver({ db, url, keys, domain, log }), startRelay({ db, url, client, log })];
  }

  override async close(): Promise<void> {
    await Promise.all(this.loops.splice(0).map((loop) => loop.close()));
    for (const worker of this.workers.splice(0)) worker.shutdown();
    await Promise.all(this.running.splice(0));
    await this.smtp.close();
    await super.close();
    await this.temporal.close();
  }

  /** Gives the commands that wait, as the worker's sweep does. */
  async carryOut(): Promise<void> {
    const until = Date.now() + 30_000;
    for (;;) {
      // Long after: a sweep leaves young commands to the request that waits for them.
      await sweepCommands(this.db, this.temporal.client, this.log, Date.now() + 60_000);
      const queued = await this.db.selectFrom('commands').select('id').where('state', '=', 'queued').executeTakeFirst();
      if (queued === undefined) return;
      if (Date.now() > until) throw new Error('A command was not carried out.');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** An agent's command with its words, carried out. */
  async give(number: number, make: (requester: string) => Command & { readonly messageId: string }, body: string): Promise<void> {
    const { requester_id: requester } = await this.row(number);
    const command = make(requester);
    const at = Date.now();
    await this.db
      .insertInto('messages')
      .values({
        ...WITHOUT_MAIL,
        id: command.messageId,
        number,
        seq: null,
        direction: 'out',
        author_kind: 'agent',
        author_id: 'ada',
        channel: 'email',
        body,
        at: new Date(at),
        state: 'waiting',
      })
      .execute();
    await addCommand(this.db, { id: `command-${command.messageId}`, number, actor: 'ada', command, bodyRef: command.messageId, at, notAfter: null });
    await this.carryOut();
  }

  /** Every mail that has left. */
  sent() {
    return this.db.selectFrom('outgoing_mails').select(['number', 'kind', 'envelope_to', 'envelope_from']).where('state', '=', 'sent').orderBy('at').execute();
  }

  tickets() {
    return this.db.selectFrom('conversations').select(['number', 'status', 'flags']).orderBy('number').execute();
  }

  suspended() {
    return this.db.selectFrom('inbox').select(['reason', 'sender']).where('state', '=', 'suspended').orderBy('id').execute();
  }

  /** Whether nothing is on its way: everything accepted has its place, every workflow has heard of it, and every mail has left. */
  async isQuiet(): Promise<boolean> {
    const { db } = this;
    const accepted = await db.selectFrom('inbox').select('id').where('state', '=', 'accepted').executeTakeFirst();
    const unheard = await db.selectFrom('conversations').select('number').whereRef('applied_seq', '<', 'last_seq').executeTakeFirst();
    const untold = await db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).executeTakeFirst();
    const waiting = await db.selectFrom('outgoing_mails').select('key').where('state', '=', 'intended').executeTakeFirst();
    return [accepted, unheard, untold, waiting].every((row) => row === undefined);
  }
}

/** Waits until nothing has happened anywhere for a while; `events` counts whatever happens. */
export async function silence(
  desks: readonly MailingDesk[],
  events: () => number,
  after: () => Promise<boolean>,
  { forMs = 2_000, withinMs = 60_000 } = {},
): Promise<void> {
  const until = Date.now() + withinMs;
  // A busy machine is quiet before anything has happened, too.
  while (!(await after())) {
    if (Date.now() > until) throw new Error('What was waited for did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  let since = Date.now();
  let seen = -1;
  for (;;) {
    const counts = await Promise.all(desks.map(async (desk) => [(await desk.isQuiet()) ? 0 : 1, (await desk.sent()).length] as const));
    const now = counts.reduce((sum, [busy, sent]) => sum + sent + busy * Date.now(), events());
    if (now !== seen) since = Date.now();
    seen = now;
    if (Date.now() - since >= forMs) return;
    if (Date.now() > until) throw new Error('It did not become quiet.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
