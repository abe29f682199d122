import { ApplicationFailure } from '@temporalio/common';
import type { PageAttemptAnswer, PagingActivities } from '../../messages/activities';
import { pageRecordOf } from '../../messages/pageRecord';
import { applyEscalation, beginEscalation } from '../../policy/escalation';
import type { EscalationEffect, EscalationEvent, EscalationStart, EscalationState, EscalationStep } from '../../policy/escalation-state';

/** What a test may have happen to an attempt: who makes it, and how often. */
export type Attempts = (once: () => Promise<PageAttemptAnswer>) => Promise<PageAttemptAnswer>;

/** Tries a try that failed once more, as Temporal does with the same input. */
export const untilSent: Attempts = async (once) => {
  for (;;) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.nonRetryable === true) throw error;
    }
  }
};

/** One run of an escalation without Temporal: its rules, and the activities that they ask for. */
export class EscalationRun {
  private constructor(
    public activities: PagingActivities,
    private state: EscalationState,
    private now: number,
  ) {}

  /** How the next attempts are made. */
  attempts: Attempts = untilSent;

  /** Opens the page at `now`, in milliseconds. */
  static async begin(activities: PagingActivities, start: EscalationStart, now: number, attempts: Attempts = untilSent): Promise<EscalationRun> {
    const step = beginEscalation(start, now);
    const run = new EscalationRun(activities, step.state, now);
    run.attempts = attempts;
    await run.follow(step);
    return run;
  }

  /** Applies an event at `now`, in milliseconds, with everything that comes of it. */
  async feed(event: EscalationEvent, now: number): Promise<void> {
    this.now = now;
    await this.follow(applyEscalation(this.state, event, now));
  }

  private async follow(step: EscalationStep): Promise<void> {
    this.state = step.state;
    for (const effect of step.effects) await this.perform(effect);
  }

  private async perform(effect: EscalationEffect): Promise<void> {
    const { number, page, kind, priority, plan, policy } = this.state.start;
    switch (effect.type) {
      case 'attempt': {
        const { type: _type, call, ...attempt } = effect;
        const { urgency } = this.state;
        const input = { ...attempt, number, page, kind, priority, plan, urgency, collectMs: policy.onCall.collectMs, record: pageRecordOf(this.state) };
        const answer = await this.attempts(() => this.activities.attemptPage(input));
        const { outcome, method, dedupKey, ring, recorded, acknowledged } = answer;
        await this.feed({ type: 'attempted', call, outcome, method, recorded, ...(dedupKey && { dedupKey }), ...(ring && { ring }) }, this.now);
        if (acknowledged) await this.feed({ type: 'acknowledged', ...acknowledged }, this.now);
        return;
      }
      case 'acknowledgeIncident':
      case 'resolveIncident':
        await this.activities[effect.type]({ number, page, dedupKeys: effect.dedupKeys, record: pageRecordOf(this.state) });
        return this.feed({ type: 'told', call: effect.call, outcome: 'done', recorded: true }, this.now);
      case 'record':
        return this.feed({ type: 'recorded', revision: effect.revision }, this.now);
      case 'cancelCall':
        return;
      default:
        effect satisfies never;
    }
  }
}
