import { allHandlersFinished, ApplicationFailure, condition, log, makeContinueAsNewFunc, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  commandUpdate,
  eventsSignal,
  upgradeSignal,
  viewQuery,
  type Carried,
  type CommandAnswer,
  type ConversationInput,
  type EventsSignal,
  type OpsFacts,
  type TimelineLine,
} from '../messages/conversation';
import { isCommandEvent, isEventsSignal, isInboundEvent } from '../messages/guards';
import { conversationQueue } from '../messages/taskQueues';
import { viewOf } from '../messages/view';
import { check } from '../policy/commands';
import { nextInstant } from '../policy/consequences';
import { apply, begin } from '../policy/conversation';
import { RULES } from '../policy/state';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Effect, Step } from '../policy/effects';
import type { CommandEvent, ConversationEvent } from '../policy/events';
import type { ConversationStart, ConversationState } from '../policy/state';
import { records } from './activities';
import { Alarm } from './alarm';
import { laneOf, performEffect, rebuiltPage, type Shell } from './effects';
import { Lanes } from './lanes';
import { lastInTask } from './last-in-task';
import { OpsView } from './opsView';

/** How long continue-as-new waits for what is in flight before it cancels it; the next run issues it again. */
const SETTLE_MS = 5_000;

/** Work of the lanes: an effect of the rules, or what the shell itself has to do with the database. */
export type Work = Effect | { readonly lane: 'records'; readonly type: 'project' | 'readEvents' };

/**
 * A conversation: one durable thread that holds its own deadlines. A thin shell around `policy/conversation.ts`: handlers feed
 * events to `apply`, effects leave in lanes, one timer waits for the earliest thing due.
 */
export async function conversationWorkflow(input: ConversationInput): Promise<void> {
  const conversation = new Conversation(input);
  await conversation.run();
}

class Conversation {
  private state: ConversationState;
  /** Not projected yet. */
  private timeline: readonly TimelineLine[];
  /** The highest `seq` that relay has announced. */
  private announced: number;
  private upgrade = false;
  private bug: Error | undefined;
  private readonly facts: OpsFacts;
  private readonly ops: OpsView;
  private readonly alarm = new Alarm();
  private readonly lanes: Lanes<Work>;
  /** Told by its beginning, not by its worker: a replay elsewhere comes to the same. */
  private readonly queue: string;

  constructor(input: ConversationInput) {
    const carried = 'carried' in input ? input.carried : beginning(input.begin, input.policy);
    this.state = carried.state;
    this.queue = conversationQueue(this.state.priority);
    this.timeline = carried.timeline;
    this.announced = carried.announced;
    this.facts = input.facts;
    this.ops = new OpsView(input.facts);
    const rebuilt = 'carried' in input && input.rebuilt === true;
    this.lanes = new Lanes<Work>({
      laneOf,
      perform: (work) => this.perform(work),
      left: [...(rebuilt ? rebuiltPage(this.state) : []), ...carried.lanes],
      // Never one of Temporal's own failures: those would end the workflow instead of holding its task until the bug is mended.
      onBug: (error) => (this.bug = new Error('A lane failed.', { cause: error })),
    });
    setHandler(eventsSignal, (signal) => this.receive(signal));
    setHandler(commandUpdate, (event: CommandEvent) => this.command(event), { validator: (event: CommandEvent) => this.validate(event) });
    setHandler(upgradeSignal, () => void (this.upgrade = true));
    setHandler(viewQuery, () => viewOf(this.state));
    this.ops.startedWith(this.state);
    this.ops.show(this.state);
    this.lanes.start();
    if ('carried' in input) {
      this.catchUp();
      if (input.behind === true) this.project();
    }
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.bug !== undefined) throw this.bug;
      if (this.isOver()) break;
      if (this.shouldContinue()) await this.continueAsNew();
      const next = nextInstant(this.state);
      if (next !== null && next.at <= Date.now()) this.feed({ type: 'due' });
      else await this.wait(next);
    }
    await condition(allHandlersFinished);
  }

  /** Closed, and nothing of it is left to do or to answer. */
  private isOver(): boolean {
    return this.state.status === 'closed' && this.lanes.idle && allHandlersFinished();
  }

  /** Waits until the alarm rings, until it would ring too late for what is due next now, or until there is something else to do. */
  private async wait(next: { at: number; what: string } | null): Promise<void> {
    if (next !== null) this.alarm.setFor(next);
    const { shownDueAt } = this.ops;
    if (shownDueAt !== null && !this.alarm.ringsBy(shownDueAt)) this.ops.correct(this.state);
    const rung = this.alarm.rung;
    await condition(() => {
      const now = nextInstant(this.state);
      return this.bug !== undefined || this.alarm.rung !== rung || (now !== null && !this.alarm.ringsBy(now.at)) || this.shouldContinue() || this.isOver();
    });
  }

  /** Everything that happens to the conversation goes through here. */
  private feed(event: ConversationEvent): void {
    const step = this.take(event);
    if (step === null) return;
    if (!waitsForOutcome(event, step)) this.project();
  }

  /**
   * Lets the rules take an event; null when it changed nothing. With `toldAt` its lines are in the timeline already, as they came about at
   * that time (milliseconds): what has become due since then is an event of its own, to be told and projected like any other.
   */
  private take(event: ConversationEvent, { toldAt }: { toldAt?: number } = {}): Step | null {
    const step = apply(this.state, event, toldAt ?? Date.now());
    if (step.state === this.state) return null;
    this.state = step.state;
    const { revision } = step.state;
    // Each line keeps its place, so that none is told twice, whoever writes it down.
    if (toldAt === undefined) this.timeline = [...this.timeline, ...step.timeline.map((entry, position) => ({ ...entry, revision, position }))];
    this.ops.show(this.state);
    this.lanes.add(step.effects);
    return step;
  }

  /** Keeps the next revision for the activity that projects what comes of its outcome itself: that is one Action less. */
  private handOver(effect: Effect): ReturnType<Shell['handOver']> {
    const before: Carried = { ...this.carried(), lanes: this.effectsLeft().filter((left) => left !== effect) };
    this.state = { ...this.state, revision: this.state.revision + 1 };
    const { revision } = this.state;
    return {
      before,
      feed: (event, projected) => {
        if (projected === 'not') return this.feed(event);
        // An earlier attempt may have been another run's, which knew less: written once more, a line changes nothing.
        if (projected === 'now') this.timeline = this.timeline.filter((line) => !before.timeline.includes(line));
        const untouched = this.state.revision === revision;
        const step = this.take(event, { toldAt: event.at });
        // What happened meanwhile, or since an earlier attempt, the activity cannot know.
        if (step !== null && !(projected === 'now' && untouched)) this.project();
      },
    };
  }

  private receive(signal: EventsSignal): void {
    if (!isEventsSignal(signal)) {
      log.warn('An announcement is not of the agreed form.', { code: 'E_PAYLOAD' });
      return;
    }
    this.announced = Math.max(this.announced, signal.upTo);
    for (const event of signal.events) {
      if (!isInboundEvent(event)) {
        // Its row is kept and shown to agents; the database's copy is read instead.
        log.warn('An inbound event is not of the agreed form.', { code: 'E_PAYLOAD' });
        continue;
      }
      if (event.seq === this.state.cursor + 1 && event.policy === this.state.policy) this.feed(event);
    }
    if (this.announced > this.state.cursor) this.catchUp();
  }

  private validate(event: CommandEvent): void {
    if (!isCommandEvent(event)) {
      throw ApplicationFailure.nonRetryable('The command is not of the agreed form.', 'E_PAYLOAD');
    }
    if (this.state.commands.some((known) => known.id === event.id)) return;
    const refusal = check(this.state, event, Date.now());
    if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.code);
  }

  private async command(event: CommandEvent): Promise<CommandAnswer> {
    await lastInTask();
    this.feed(event);
    const known = this.state.commands.find((record) => record.id === event.id);
    return {
      revision: known?.revision ?? this.state.revision,
      view: viewOf(this.state),
      ...(known?.refusal && { refusal: known.refusal }),
    };
  }

  private catchUp(): void {
    this.addOnce('readEvents');
    if (this.timeline.length > 0) this.project();
  }

  private project(): void {
    this.addOnce('project');
  }

  /** One waiting piece of this work is enough: it takes whatever there is when its turn comes. */
  private addOnce(type: 'project' | 'readEvents'): void {
    const [, ...later] = this.lanes.left.filter((work) => work.lane === 'records');
    if (!later.some((work) => work.type === type)) this.lanes.add([{ lane: 'records', type }]);
  }

  private async perform(work: Work): Promise<void> {
    switch (work.type) {
      case 'project':
        return this.writeProjection();
      case 'readEvents':
        return this.readEvents();
      default:
        return performEffect(work, this.state, { feed: (event) => this.feed(event), handOver: (effect) => this.handOver(effect) });
    }
  }

  private async writeProjection(): Promise<void> {
    const { number, revision } = this.state;
    const carried = this.carried();
    await records.project.executeWithOptions({ summary: `project revision ${revision}` }, [{ number, carried }]);
    // What happened while the database wrote belongs to the next projection.
    this.timeline = this.timeline.filter((line) => !carried.timeline.includes(line));
  }

  private carried(): Carried {
    return { state: this.state, lanes: this.effectsLeft(), timeline: this.timeline, announced: this.announced };
  }

  /** Reads what was announced and did not come with the signal, with the policies it was promised under. */
  private async readEvents(): Promise<void> {
    while (this.state.cursor < this.announced) {
      const { number, cursor } = this.state;
      const events = await records.readEvents({ number, after: cursor, upTo: this.announced });
      if (events.length === 0) return;
      for (const event of events) {
        if (event.seq !== this.state.cursor + 1) continue;
        if (event.policy !== this.state.policy) {
          const known = this.state.policies[event.policy];
          this.feed({ type: 'policy', snapshot: known ?? (await records.loadPolicy({ hash: event.policy })) });
        }
        if (event.seq === this.state.cursor + 1) this.feed(event);
      }
    }
  }

  private effectsLeft(): Effect[] {
    return this.lanes.left.filter((work): work is Effect => work.type !== 'project' && work.type !== 'readEvents');
  }

  private shouldContinue(): boolean {
    if (this.state.status === 'closed') return false;
    return this.upgrade || workflowInfo().continueAsNewSuggested || this.belongsElsewhere();
  }

  /** Urgent conversations have a queue of their own; a change of priority moves the conversation there and back. */
  private belongsElsewhere(): boolean {
    return conversationQueue(this.state.priority) !== this.queue;
  }

  private async continueAsNew(): Promise<never> {
    await this.lanes.stop(SETTLE_MS);
    await condition(allHandlersFinished);
    // Not every change has a line in the timeline that would remind the next run of it.
    const behind = this.lanes.left.some(({ type }) => type === 'project');
    const carried = this.carried();
    const next = makeContinueAsNewFunc<typeof conversationWorkflow>({
      taskQueue: conversationQueue(this.state.priority),
    });
    return next({
      // Here and nowhere else: what has happened in a run must come about again under the rules that it happened under.
      carried: { ...carried, state: { ...carried.state, rules: Math.max(carried.state.rules, RULES) } },
      facts: this.facts,
      ...(behind && { behind }),
    });
  }
}

/** The first turn. Resolve has stored its outcome with its timeline, so only what it leads to is left to do. */
function beginning(start: ConversationStart, policy: PolicySnapshot): Carried {
  const { state, effects } = begin(start, policy);
  return { state, lanes: effects, timeline: [], announced: state.cursor };
}

/** What the timer led to is projected by the activities that do it, with their outcome: an answer that leaves, and closing. */
function waitsForOutcome(event: ConversationEvent, step: Step): boolean {
  const isAnswer = (effect: Effect): boolean => effect.lane === 'mail' && effect.messageId !== undefined && effect.mail !== 'receipt' && effect.copy !== true;
  return event.type === 'due' && step.effects.length > 0 && step.effects.every((effect) => isAnswer(effect) || effect.type === 'claimClose');
}
