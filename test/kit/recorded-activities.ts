import { Context } from '@temporalio/activity';
import type {
  IncidentCall,
  MailActivities,
  NoticeActivities,
  OutcomeProjected,
  PageAttempt,
  PageAttemptAnswer,
  PageAttemptRecord,
  PageRecord,
  PagingActivities,
  PresenceLook,
  Projection,
  RecordActivities,
} from '../../messages/activities';
import type { MailEffect, NoticeEffect, TimelineEntry } from '../../policy/effects';
import type { Carried } from '../../messages/conversation';
import { apply } from '../../policy/conversation';
import type { ConversationEvent, InboundEvent } from '../../policy/events';
import type { PresenceFound } from '../../policy/presence';
import type { PolicySnapshot } from '../../policy/snapshot';

/** The other side of the workflows in tests that move time: remembers all it is given, by conversation, and fails on what has no place. */
export class RecordedActivities implements RecordActivities, PagingActivities, MailActivities, NoticeActivities {
  readonly projections: Projection[] = [];
  private readonly withOutcome = new Set<Projection>();
  readonly attempts: PageAttempt[] = [];
  readonly pages: PageRecord[] = [];
  /** Attempts that could not be recorded when they were made. */
  readonly attemptRecords: PageAttemptRecord[] = [];
  readonly mails: { number: number; effect: MailEffect }[] = [];
  readonly notices: { number: number; effect: NoticeEffect }[] = [];
  readonly resolved: string[] = [];
  readonly unexpected: string[] = [];
  /** What `readEvents` answers: the database's side of a gap or a flood. */
  readonly stored = new Map<number, InboundEvent[]>();
  readonly policies = new Map<string, PolicySnapshot>();
  /** Outcome of a mail, `sent` unless a test says otherwise. */
  mailOutcome: (mail: { number: number; effect: MailEffect }) => 'sent' | 'refused' | Error = () => 'sent';
  mailTries = 0;
  readonly looks: PresenceLook[] = [];
  /** What a look at a chat's presence finds: a customer who has seen everything, unless a test says otherwise. */
  presence: (look: PresenceLook) => PresenceFound = ({ at }) => ({ found: 'seen', claimed: [], presentAt: at });
  /** Whether closing is agreed to. */
  closes = true;
  private readonly openIncidents = new Set<string>();

  /** The activities as plain functions, as a worker takes them. */
  get all() {
    return {
      project: (input: Projection) => this.project(input),
      readEvents: (input: { number: number; after: number; upTo: number }) => this.readEvents(input),
      loadPolicy: (input: { hash: string }) => this.loadPolicy(input),
      claimClose: (input: Parameters<RecordActivities['claimClose']>[0]) => this.claimClose(input),
      checkPresence: (look: PresenceLook) => this.checkPresence(look),
      recordPage: (input: PageRecord) => this.recordPage(input),
      readPage: () => this.readPage(),
      recordAttempt: (input: PageAttemptRecord) => this.recordAttempt(input),
      attemptPage: (input: PageAttempt) => this.attemptPage(input),
      acknowledgeIncident: (input: IncidentCall) => this.acknowledgeIncident(input),
      resolveIncident: (input: IncidentCall) => this.resolveIncident(input),
      sendMail: (input: Parameters<MailActivities['sendMail']>[0]) => this.sendMail(input),
      sendNotice: (input: Parameters<NoticeActivities['sendNotice']>[0]) => this.sendNotice(input),
    };
  }

  project(input: Projection): Promise<void> {
    this.write(input);
    return Promise.resolve();
  }

  /** As the database does, which keeps what is newer: what is projected with an outcome may overtake what was projected before it, or be overtaken. */
  private write(input: Projection, withOutcome = false): boolean {
    const last = this.projections.filter((other) => other.number === input.number).at(-1);
    const [newest, { revision }] = [last?.carried.state.revision ?? -1, input.carried.state];
    if (revision <= newest) {
      const isOvertaken = withOutcome || (last !== undefined && this.withOutcome.has(last));
      if (revision < newest && !isOvertaken) this.unexpected.push(`#${input.number}: revision ${revision} came after ${newest}`);
      return false;
    }
    this.projections.push(input);
    if (withOutcome) this.withOutcome.add(input);
    return true;
  }

  readEvents({ number, after, upTo }: { number: number; after: number; upTo: number }): Promise<InboundEvent[]> {
    const events = this.stored.get(number) ?? [];
    return Promise.resolve(events.filter((event) => event.seq > after && event.seq <= upTo).slice(0, 200));
  }

  loadPolicy({ hash }: { hash: string }): Promise<PolicySnapshot> {
    const policy = this.policies.get(hash);
    if (!policy) {
      this.unexpected.push(`policy ${hash} was asked for`);
      return Promise.reject(new Error(`There is no policy ${hash}.`));
    }
    return Promise.resolve(policy);
  }

  claimClose({ number, at, before }: Parameters<RecordActivities['claimClose']>[0]): ReturnType<RecordActivities['claimClose']> {
    if (!this.closes) return Promise.resolve({ closed: false, projected: 'not' });
    return Promise.resolve({ closed: true, projected: this.projectOutcome(number, before, { type: 'closed', at }, at) });
  }

  /** What comes of an activity's own outcome is projected with it, as by the real ones. */
  private projectOutcome(number: number, before: Carried, event: ConversationEvent, now: number): OutcomeProjected {
    const { state, effects, timeline } = apply(before.state, event, now);
    const told = timeline.map((entry, position) => ({ ...entry, revision: state.revision, position }));
    const carried = { ...before, state, lanes: [...before.lanes, ...effects], timeline: [...before.timeline, ...told] };
    return this.write({ number, carried }, true) ? 'now' : 'not';
  }

  checkPresence(look: PresenceLook): Promise<PresenceFound> {
    this.looks.push(look);
    return Promise.resolve(this.presence(look));
  }

  recordPage(input: PageRecord): Promise<void> {
    this.pages.push(input);
    return Promise.resolve();
  }

  readPage(): Promise<{ acknowledgedAt: null; acknowledgedBy: null; over: boolean }> {
    return Promise.resolve({ acknowledgedAt: null, acknowledgedBy: null, over: false });
  }

  recordAttempt(input: PageAttemptRecord): Promise<void> {
    this.attemptRecords.push(input);
    return Promise.resolve();
  }

  attemptPage(input: PageAttempt): Promise<PageAttemptAnswer> {
    const prefix = `${input.number}/${input.page} `;
    for (const key of input.replaces) this.openIncidents.delete(prefix + key);
    this.openIncidents.add(prefix + input.dedupKey);
    const open = [...this.openIncidents].filter((key) => key.startsWith(prefix));
    if (open.length > 1) this.unexpected.push(`two open incidents: ${open.join(' and ')}`);
    this.attempts.push(input);
    this.pages.push(input.record);
    return Promise.resolve({ outcome: 'sent', method: 'inbox', recorded: true, unrecorded: [], asked: true });
  }

  acknowledgeIncident(input: IncidentCall): Promise<{ recorded: boolean }> {
    this.pages.push(input.record);
    return Promise.resolve({ recorded: true });
  }

  resolveIncident(input: IncidentCall): Promise<{ recorded: boolean }> {
    for (const key of input.dedupKeys) this.openIncidents.delete(`${input.number}/${input.record.page} ${key}`);
    this.resolved.push(...input.dedupKeys);
    this.pages.push(input.record);
    return Promise.resolve({ recorded: true });
  }

  async sendMail(input: Parameters<MailActivities['sendMail']>[0]): ReturnType<MailActivities['sendMail']> {
    this.mailTries += 1;
    const outcome = this.mailOutcome(input);
    if (outcome instanceof Error) throw outcome;
    if (this.mails.some((mail) => mail.effect.key === input.effect.key)) {
      this.unexpected.push(`the mail ${input.effect.key} went out twice`);
    }
    this.mails.push(input);
    // The test server's clock.
    const at = Context.current().info.currentAttemptScheduledTimestampMs;
    const { number, effect, before } = input;
    if (outcome !== 'sent' || before === undefined || effect.messageId === undefined) return { outcome, at };
    return { outcome, at, projected: this.projectOutcome(number, before, { type: 'delivered', messageId: effect.messageId, at }, at) };
  }

  sendNotice(input: Parameters<NoticeActivities['sendNotice']>[0]): Promise<void> {
    this.notices.push(input);
    return Promise.resolve();
  }

  /** Rings of a conversation, in order: when each was due. */
  ringsOf(number: number): PageAttempt[] {
    return this.attempts.filter((attempt) => attempt.number === number);
  }

  /** What was projected of a conversation's timeline, each line once (its beginning is in the database from resolve, so it is not here). */
  timelineOf(number: number): TimelineEntry[] {
    const lines = this.projections.filter((projection) => projection.number === number).flatMap((projection) => projection.carried.timeline);
    return [...new Map(lines.map((line) => [`${line.revision}:${line.position}`, line])).values()].map(({ revision: _, position: __, ...entry }) => entry);
  }

  mailsOf(number: number): MailEffect[] {
    return this.mails.filter((mail) => mail.number === number).map((mail) => mail.effect);
  }

  noticesOf(number: number): NoticeEffect[] {
    return this.notices.filter((notice) => notice.number === number).map((notice) => notice.effect);
  }
}
