import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Effect, TimelineEntry } from '../policy/effects';
import type { CommandEvent, InboundEvent } from '../policy/events';
import type { ConversationStart, ConversationState, Refusal } from '../policy/state';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status } from '../policy/words';

/** Input of `conversationWorkflow`: how it begins, or what an earlier run or a rebuild hands on. */
export type ConversationInput =
  | { readonly begin: ConversationStart; readonly policy: PolicySnapshot; readonly facts: OpsFacts }
  | {
      readonly carried: Carried;
      readonly facts: OpsFacts;
      /** Temporal had lost it: its escalation may be lost too, and what was to be done is done again under the same keys. */
      readonly rebuilt?: boolean;
      /** The run before had still to project what had happened. */
      readonly behind?: boolean;
    };

/** What ops see beside the state; ids, no names. */
export interface OpsFacts {
  readonly organization: string | null;
  readonly cluster: readonly string[];
  readonly website: readonly string[];
}

/** What survives continue-as-new, and what `records` projects for a rebuild: the state and every effect not yet done. */
export interface Carried {
  readonly state: ConversationState;
  readonly lanes: readonly Effect[];
  /** Not projected yet. */
  readonly timeline: readonly TimelineLine[];
  /** Inbound events read but not yet applied are read again; this is the highest `seq` that was announced. */
  readonly announced: number;
}

/** A line of the timeline with its place in it; without one it belongs to the state that it comes with. */
export type TimelineLine = TimelineEntry & { readonly revision?: number; readonly position?: number };

/** At most 20 compact events, and the highest `seq` there is; the workflow reads the rest itself. */
export interface EventsSignal {
  readonly upTo: number;
  readonly events: readonly InboundEvent[];
}

/** Inbound messages and customers' acts, from relay. */
export const eventsSignal = defineSignal<[EventsSignal]>('events');

/** A newer program asks for continue-as-new, which adopts its rules. */
export const upgradeSignal = defineSignal<[]>('upgrade');

/** What a command's Update answers. */
export interface CommandAnswer {
  readonly revision: number;
  readonly view: ConversationView;
  /** A command that was valid when it was accepted and refused when it was applied. */
  readonly refusal?: Refusal;
}

/** Agents' and on-call's commands; `updateId` is the command's id. */
export const commandUpdate = defineUpdate<CommandAnswer, [CommandEvent]>('command');

/** What a conversation looks like from outside; times are milliseconds. */
export interface ConversationView {
  readonly number: number;
  readonly kind: Kind;
  readonly channel: Channel;
  readonly status: Status;
  readonly priority: Priority;
  readonly plan: string;
  readonly assignee: string | null;
  readonly revision: number;
  readonly nextDueAt: number | null;
  readonly page: number | null;
  readonly promises: readonly PromiseView[];
}

/** One promise as it is shown. */
export interface PromiseView {
  readonly kind: PromiseKind;
  readonly cycle: number;
  readonly state: PromiseState;
  readonly dueAt: number;
  readonly metAt?: number;
  readonly breachedAt?: number;
  readonly cancelledAt?: number;
  readonly reason?: string;
  readonly paused?: boolean;
}

/** The state as ops and tests read it. */
export const viewQuery = defineQuery<ConversationView>('view');
