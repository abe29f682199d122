import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import type { PageAttemptRecord, PagingActivities, RecordActivities } from '../messages/activities';
import {
  acknowledgedSignal,
  addCauseSignal,
  causeOverSignal,
  escalationViewQuery,
  nextLevelSignal,
  type EscalationCarried,
  type EscalationInput,
} from '../messages/escalation';
import { pageRecordOf, pageViewOf } from '../messages/pageRecord';
import { PAGING, RECORDS } from '../messages/taskQueues';
import { applyEscalation, beginEscalation } from '../policy/escalation';
import {
  escalationStatus,
  isFinished,
  nextInstant,
  openCauses,
  type EscalationEffect,
  type EscalationEvent,
  type EscalationState,
  type EscalationStep,
} from '../policy/escalation-state';

const RETRY_SOON = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' } as const;

/** A page attempt: a minute of tries, then the next rung. What is out of date stops being retried, but a try ends. */
const attempts = proxyActivities<Pick<PagingActivities, 'attemptPage'>>({
  taskQueue: PAGING,
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '60s',
  retry: RETRY_SOON,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** An incident that stayed open would ring for ever, so the provider is told for a day. */
const incidents = proxyActivities<Pick<PagingActivities, 'acknowledgeIncident' | 'resolveIncident'>>({
  taskQueue: PAGING,
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '24h',
  retry: RETRY_SOON,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** The database: retried until it answers; no ring ever waits for it. */
const records = proxyActivities<Pick<RecordActivities, 'recordPage' | 'readPage' | 'recordAttempt'>>({
  taskQueue: RECORDS,
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/**
 * One page of one conversation: rings until somebody acknowledges it, rings again for what comes due later, and ends when every
 * cause is over. A thin shell around `policy/escalation.ts`: signals become events, effects become activities, one timer
 * waits for the next ring.
 */
export async function escalationWorkflow(input: EscalationInput | EscalationCarried): Promise<void> {
  const escalation = new Escalation(input);
  await escalation.run();
}

class Escalation {
  private state: EscalationState;
  /** An error that no rule expects; it fails the workflow task, and the escalation waits for the deploy that mends it. */
  private bug: Error | undefined;
  private details = '';
  /** Database work under way. */
  private writing = 0;
  private reading = false;
  /** The call to the provider under way, to be cancelled when it is out of date. */
  private call = new CancellationScope();

  constructor(input: EscalationInput | EscalationCarried) {
    const step: EscalationStep = 'carried' in input ? { state: input.carried, effects: [] } : beginEscalation(input, Date.now());
    this.state = step.state;
    setHandler(addCauseSignal, (signal) => this.feed({ type: 'addCause', ...signal }));
    setHandler(causeOverSignal, (signal) => this.feed({ type: 'causeOver', ...signal }));
    setHandler(nextLevelSignal, (signal) => this.feed({ type: 'nextLevel', ...signal }));
    setHandler(acknowledgedSignal, (signal) => this.feed({ type: 'acknowledged', ...signal }));
    setHandler(escalationViewQuery, () => pageViewOf(this.state));
    this.follow(step);
  }

  async run(): Promise<void> {
    while (!this.isDone()) {
      if (this.bug !== undefined) throw this.bug;
      if (this.shouldContinue()) await continueAsNew<typeof escalationWorkflow>({ carried: this.state });
      const at = nextInstant(this.state);
      if (at !== null && at <= Date.now()) this.feed({ type: 'due' });
      else await this.wait(at);
    }
    await condition(allHandlersFinished);
  }

  /** Waits for the next ring, or until it is due at another time or there is something else to do. */
  private async wait(at: number | null): Promise<void> {
    const changed = (): boolean => this.bug !== undefined || nextInstant(this.state) !== at || this.isDone() || this.shouldContinue();
    if (at === null) return condition(changed);
    const timer = new CancellationScope();
    await timer.run(() => Promise.race([sleep(at - Date.now(), { summary: `next ring of page ${this.state.start.page}` }), condition(changed)]));
    timer.cancel();
  }

  private isDone(): boolean {
    return isFinished(this.state) && this.writing === 0;
  }

  private shouldContinue(): boolean {
    return workflowInfo().continueAsNewSuggested && this.state.call === null && this.writing === 0;
  }

  private feed(event: EscalationEvent): void {
    this.follow(applyEscalation(this.state, event, Date.now()));
  }

  private follow(step: EscalationStep): void {
    this.state = step.state;
    this.showDetails();
    for (const effect of step.effects) this.start(effect);
  }

  private start(effect: EscalationEffect): void {
    switch (effect.type) {
      case 'cancelCall':
        this.call.cancel();
        return;
      case 'attempt':
        this.begin((scope) => this.attempt(effect, scope));
        return;
      case 'acknowledgeIncident':
      case 'resolveIncident':
        this.begin((scope) => this.tell(effect, scope));
        return;
      case 'record':
        this.write(async () => {
          await records.recordPage(pageRecordOf(this.state));
          this.feed({ type: 'recorded', revision: effect.revision });
        });
        return;
      default:
        effect satisfies never;
    }
  }

  /** Only the call itself is in its scope: what comes of a call that was cancelled and ended well all the same still has to be done. */
  private begin(call: (scope: CancellationScope) => Promise<void>): void {
    this.call = new CancellationScope();
    call(this.call).catch((error: unknown) => this.fail(error));
  }

  private write(work: () => Promise<void>): void {
    this.writing += 1;
    work()
      .catch((error: unknown) => this.fail(error))
      .finally(() => (this.writing -= 1));
  }

  private fail(error: unknown): void {
    // Never one of Temporal's own failures: those would end the page instead of holding its task until the bug is mended.
    this.bug = new Error('An effect failed.', { cause: error });
  }

  private async attempt(effect: Extract<EscalationEffect, { type: 'attempt' }>, scope: CancellationScope): Promise<void> {
    const { type: _type, call, ...attempt } = effect;
    const { number, page, kind, priority, plan, policy } = this.state.start;
    const where = attempt.levels.length > 1 ? 'every level' : `level ${attempt.level}`;
    try {
      const input = {
        ...attempt,
        number,
        page,
        kind,
        priority,
        plan,
        urgency: this.state.urgency,
        collectMs: policy.onCall.collectMs,
        ...(policy.demo === true && { demo: true }),
        record: pageRecordOf(this.state),
      };
      const answer = await scope.run(() => attempts.attemptPage.executeWithOptions({ summary: `${attempt.mode} ${attempt.ring} · ${where}` }, [input]));
      const { outcome, method, dedupKey, ring, recorded } = answer;
      this.feed({ type: 'attempted', call, outcome, method, recorded, ...(dedupKey !== undefined && { dedupKey }), ...(ring !== undefined && { ring }) });
      if (answer.acknowledged !== undefined) this.feed({ type: 'acknowledged', ...answer.acknowledged });
      if (answer.overAt !== undefined) this.feed({ type: 'overBefore', at: answer.overAt });
      this.recordAttempts(answer.unrecorded);
      if (!answer.asked) this.askDatabase();
    } catch (error) {
      const cancelled = isCancellation(error);
      if (!cancelled && !(error instanceof ActivityFailure)) throw error;
      if (!cancelled) log.error('A page got through to nobody.', { code: 'E_PROVIDER_UNAVAILABLE', page, ring: attempt.ring });
      this.recordAttempts(recordsOf(error));
      this.feed({ type: 'attempted', call, outcome: cancelled ? 'cancelled' : 'failed', method: null, recorded: false });
    }
  }

  private async tell(effect: Extract<EscalationEffect, { call: number; dedupKeys: unknown }>, scope: CancellationScope): Promise<void> {
    const { number, page } = this.state.start;
    const input = { number, page, dedupKeys: effect.dedupKeys, record: pageRecordOf(this.state) };
    const tell = incidents[effect.type];
    try {
      const summary = effect.type === 'resolveIncident' ? 'resolve' : 'acknowledge';
      const { recorded } = await scope.run(() => tell.executeWithOptions({ summary }, [input]));
      this.feed({ type: 'told', call: effect.call, outcome: 'done', recorded });
    } catch (error) {
      const cancelled = isCancellation(error);
      if (!cancelled && !(error instanceof ActivityFailure)) throw error;
      if (!cancelled) log.error('The provider could not be told.', { code: 'E_PROVIDER_UNAVAILABLE', page, what: effect.type });
      this.feed({ type: 'told', call: effect.call, outcome: cancelled ? 'cancelled' : 'failed', recorded: false });
    }
  }

  private recordAttempts(list: readonly PageAttemptRecord[]): void {
    for (const record of list) this.write(() => records.recordAttempt(record));
  }

  /** The last ring went out without asking: somebody may have acknowledged the page before, or ended it. */
  private askDatabase(): void {
    if (this.reading) return;
    this.reading = true;
    const { number, page } = this.state.start;
    const causes = openCauses(this.state).map((cause) => cause.key);
    this.write(async () => {
      const known = await records.readPage({ number, page, causes });
      this.reading = false;
      if (known.over) this.feed({ type: 'overBefore', at: Date.now() });
      if (known.acknowledgedAt !== null) {
        this.feed({ type: 'acknowledged', by: known.acknowledgedBy ?? 'unknown', at: known.acknowledgedAt });
      }
    });
  }

  private showDetails(): void {
    const details = detailsOf(this.state);
    if (details === this.details) return;
    this.details = details;
    setCurrentDetails(details);
  }
}

/** The records of the last try, which travel in its failure. */
function recordsOf(error: unknown): readonly PageAttemptRecord[] {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const failure = cause instanceof TimeoutFailure ? cause.cause : cause;
  const [list] = failure instanceof ApplicationFailure ? (failure.details ?? []) : [];
  return Array.isArray(list) ? (list as PageAttemptRecord[]) : [];
}

/** What ops read in the Temporal UI: where the page stands, when it rings next, and why. Times in UTC, no names. */
function detailsOf(state: EscalationState): string {
  const status = escalationStatus(state);
  const view = pageViewOf(state);
  const next = view.nextAt === null ? 'nothing rings for now' : `next at ${new Date(view.nextAt).toISOString()}`;
  return [
    `**#${state.start.number}, page ${state.start.page}** ${status} · urgency ${state.urgency} · level ${view.level}, round ${view.round} · ${next}`,
    '',
    '| cause | reason | due | state |',
    '| --- | --- | --- | --- |',
    ...state.causes.map((cause) => {
      const now = cause.overAt !== undefined ? `over: ${cause.overReason ?? ''}` : cause.acknowledged ? 'acknowledged' : 'waits for somebody';
      return `| ${cause.key} | ${cause.reason} | ${new Date(cause.at).toISOString()} | ${now} |`;
    }),
  ].join('\n');
}
