import { countPromise } from './promises';
import type { PolicySnapshot } from './snapshot';
import type { Kind, Priority, PromiseKind } from './words';

/**
 * Which times somebody is shown. Whoever has not proven that an address is theirs is shown none that depend on whose address it is: the latest of
 * all plans (with the handbook's policy the standard plan's), so what is shown is never earlier than what is kept. Source: docs/chat.md.
 */

/** What an answer is owed for. */
interface Asked {
  readonly kind?: 'firstResponse' | 'nextResponse';
  /** Null: the latest of all plans. */
  readonly plan: string | null;
  readonly priority: Priority;
  /** Milliseconds. */
  readonly since: number;
}

/** By when an answer is promised, in milliseconds; null when none is. Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`. */
export function answerDue(policy: PolicySnapshot, { kind = 'firstResponse', plan, priority, since }: Asked): number | null {
  const plans = plan === null ? Object.keys(policy.plans) : [plan];
  const dues = plans.map((name) => countPromise(policy, { kind, plan: name, priority, since })?.dueAt);
  return dues.reduce<number | null>((latest, due) => (due === undefined || (latest !== null && latest > due) ? latest : due), null);
}

/** A promise to a customer with its conversation, as far as its time tells of them. Times are milliseconds. */
export interface OwedShown {
  readonly kind: PromiseKind;
  readonly since: number;
  readonly dueAt: number;
  readonly conversation: { readonly kind: Kind; readonly priority: Priority };
  /** The priority may have been chosen by a rule about the address. */
  readonly priorityByRule: boolean;
}

/**
 * When a promise is due as anybody may be told. What an agent says in a chat holds for everyone; as a chat becomes a ticket, the time that is told is
 * counted by the plan.
 */
export function dueForAnybody(policy: PolicySnapshot, { kind, since, dueAt, conversation, priorityByRule }: OwedShown): number {
  if (kind === 'update' && conversation.kind === 'chat') return dueAt;
  const priorities = priorityByRule ? [conversation.priority, policy.defaultPriority] : [conversation.priority];
  const counted = priorities.map((priority) => answerDue(policy, { kind: kind === 'nextResponse' ? kind : 'firstResponse', plan: null, priority, since }));
  return Math.max(dueAt, ...counted.map((due) => due ?? dueAt));
}
