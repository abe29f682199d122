import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Ringing } from '../policy/effects';
import type { EscalationStart, EscalationState } from '../policy/escalation-state';
import type { PageCause, Reason } from '../policy/state';
import type { Priority, Urgency } from '../policy/words';

/** Input of `escalationWorkflow`. */
export type EscalationInput = EscalationStart;

/** What continue-as-new hands on instead of an {@link EscalationInput}: the escalation's own state. */
export interface EscalationCarried {
  readonly carried: EscalationState;
}

/** A further cause joins the open page; `urgency` is the page's and `priority` the conversation's from now on. */
export const addCauseSignal = defineSignal<[{ cause: PageCause; urgency: Urgency; priority?: Priority } & Ringing]>('addCause');
/** A cause is over; when all are, the incident is resolved and the escalation ends. */
export const causeOverSignal = defineSignal<[{ key: string; reason: Reason; at: number }]>('causeOver');
/** Rings the next level at once, acknowledged or not; `id` is the effect's key, by which a repeated signal is known. */
export const nextLevelSignal = defineSignal<[{ id?: string; key: string; reason: Reason; at: number }]>('nextLevel');
/** Somebody owns the page (the row `pages.acknowledged_at` came first); `at` in milliseconds, `by` an agent id. */
export const acknowledgedSignal = defineSignal<[{ by: string; at: number }]>('acknowledged');

/** What an escalation waits for, as ops and tests read it. */
export interface EscalationView {
  readonly state: 'paging' | 'acknowledged' | 'over';
  /** From 1. */
  readonly level: number;
  readonly round: number;
  readonly ring: number;
  readonly openCauses: readonly string[];
  readonly nextAt: number | null;
  /** What is being sent to the provider at this moment, or waits for its turn. */
  readonly sending: 'ring' | 'update' | 'acknowledge' | 'resolve' | null;
}
/** The escalation's state. */
export const escalationViewQuery = defineQuery<EscalationView>('view');
