import { addOpenTime, calendarOf, isOpen, nextOpening, openSpans } from './calendar';
import type { Duration, PolicySnapshot } from './snapshot';
import type { PromiseSeed } from './state';
import type { Channel, Kind, Priority } from './words';

/** The clock of promises that count every minute, open or not: updates and feedback. */
export const ELAPSED = 'elapsed';

/** What is asked of {@link countPromise}: a promise of this kind, for this plan and priority, counted from `since`. */
export interface PromiseRequest {
  readonly kind: 'dispatch' | 'firstResponse' | 'nextResponse' | 'chatResponse' | 'feedback';
  readonly plan: string;
  readonly priority: Priority;
  readonly since: number;
}

/** What is known of a new request when its promises are counted. */
export interface FirstPromisesRequest {
  readonly kind: Kind;
  readonly channel: Channel;
  readonly plan: string;
  readonly priority: Priority;
  readonly receivedAt: number;
  readonly initiatedBy: 'customer' | 'agent';
  /** Whether a request of this address pages while the office is closed. */
  readonly outOfHours: 'page' | 'notice';
}

/** The open milliseconds that a duration is on a calendar: a business day is as long as that calendar says. */
export function lengthOn(snapshot: PolicySnapshot, calendarId: string, duration: Duration): number {
  return 'ms' in duration ? duration.ms : duration.businessDays * calendarOf(snapshot, calendarId).businessDayMs;
}

/**
 * When a promise is due, on which clock, and when the desk is told and on-call is paged; `null` when the policy switches this kind off.
 * Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`.
 */
export function countPromise(snapshot: PolicySnapshot, request: PromiseRequest): PromiseSeed | null {
  const { kind, plan, priority, since } = request;
  switch (kind) {
    case 'dispatch': {
      const { calendar, within } = snapshot.tickets.dispatch;
      const due = dueOn(snapshot, calendar, since, within);
      return { kind, since, ...due, noticeAt: null, pageAt: due.dueAt };
    }
    case 'firstResponse': {
      const due = earliestDue(snapshot, plan, since, snapshot.tickets.firstResponse[priority]);
      const thresholdAt = (percent: number): number =>
        percent === 100 ? due.dueAt : addOpenTime(snapshot, due.clock, since, Math.round((due.lengthMs * percent) / 100));
      const { notice, page } = snapshot.escalate[priority];
      return { kind, since, ...due, noticeAt: thresholdAt(notice), pageAt: thresholdAt(page) };
    }
    case 'nextResponse': {
      if (snapshot.tickets.nextResponse === null) return null;
      const due = earliestDue(snapshot, plan, since, snapshot.tickets.nextResponse[priority]);
      return { kind, since, ...due, noticeAt: due.dueAt, pageAt: priority === 'urgent' ? due.dueAt : null };
    }
    case 'chatResponse': {
      const due = dueOn(snapshot, snapshot.chats.calendar, since, snapshot.chats.response);
      return { kind, since, ...due, noticeAt: null, pageAt: due.dueAt };
    }
    case 'feedback': {
      const lengthMs = snapshot.outOfHours.feedbackWithinMs;
      const dueAt = since + lengthMs;
      return { kind, since, dueAt, clock: ELAPSED, lengthMs, noticeAt: null, pageAt: dueAt };
    }
    default:
      return kind satisfies never;
  }
}

/** The promise that a time told to a customer is: every minute counts, its agent is nudged at half time, and nobody is paged at its due time. */
export function countUpdate(since: number, dueAt: number): PromiseSeed {
  const lengthMs = dueAt - since;
  return { kind: 'update', since, dueAt, clock: ELAPSED, lengthMs, noticeAt: since + Math.round(lengthMs / 2), pageAt: null };
}

/**
 * The promises that a new request begins with, counted from when it was received; none when an agent began the conversation.
 * Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`.
 */
export function firstPromises(snapshot: PolicySnapshot, request: FirstPromisesRequest): PromiseSeed[] {
  if (request.initiatedBy === 'agent') return [];
  const kinds: PromiseRequest['kind'][] = request.kind === 'ticket' ? ['dispatch', 'firstResponse'] : ['firstResponse', 'chatResponse'];
  if (isForwardedToOnCall(snapshot, request)) kinds.push('feedback');
  return kinds
    .map((kind) => countPromise(snapshot, { kind, plan: request.plan, priority: request.priority, since: request.receivedAt }))
    .filter((seed) => seed !== null);
}

/** Whether the office is open at an instant, on the calendar of `outOfHours`. */
export function officeOpen(snapshot: PolicySnapshot, at: number): boolean {
  return isOpen(snapshot, snapshot.outOfHours.calendar, at);
}

/** When the office opens next: `at` itself when it is open. */
export function officeOpensAt(snapshot: PolicySnapshot, at: number): number {
  return nextOpening(snapshot, snapshot.outOfHours.calendar, at);
}

/** The longest stretch that the office is closed between two openings which is looked back on: holidays, and then some. */
const LOOK_BACK_MS = 30 * 86_400_000;

/** When the office opened that is open at an instant; null while it is closed, and for one that never closes. */
export function officeOpenedAt(snapshot: PolicySnapshot, at: number): number | null {
  const { calendar } = snapshot.outOfHours;
  if (calendarOf(snapshot, calendar).always) return null;
  for (const { start, end } of openSpans(snapshot, calendar, at - LOOK_BACK_MS)) {
    if (start > at) return null;
    if (at < end) return start;
  }
  return null;
}

/** The instant that far ahead: business days count on the calendar `office` (or, without one, that of `outOfHours`), all else every minute. */
export function businessDuration(snapshot: PolicySnapshot, duration: Duration, from: number): number {
  if ('ms' in duration) return from + duration.ms;
  const calendar = snapshot.calendars['office'] === undefined ? snapshot.outOfHours.calendar : 'office';
  return addOpenTime(snapshot, calendar, from, lengthOn(snapshot, calendar, duration));
}

/** The handbook: requests received outside of office hours are forwarded to on-call, a voicemail whatever its address says. */
function isForwardedToOnCall(snapshot: PolicySnapshot, request: FirstPromisesRequest): boolean {
  if (officeOpen(snapshot, request.receivedAt)) return false;
  return request.channel === 'voicemail' || (snapshot.outOfHours.page && request.outOfHours === 'page');
}

interface Due {
  readonly dueAt: number;
  readonly clock: string;
  readonly lengthMs: number;
}

function dueOn(snapshot: PolicySnapshot, calendarId: string, since: number, duration: Duration): Due {
  const lengthMs = lengthOn(snapshot, calendarId, duration);
  return { dueAt: addOpenTime(snapshot, calendarId, since, lengthMs), clock: calendarId, lengthMs };
}

/** The earliest due time over the plan's calendars, so that adding one is never later; the first listed of equal ones. An unknown plan is the policy's first. */
function earliestDue(snapshot: PolicySnapshot, plan: string, since: number, duration: Duration): Due {
  // Own keys only: a plan's name comes from people, and "constructor" is no plan.
  const known = Object.hasOwn(snapshot.plans, plan) ? snapshot.plans[plan] : snapshot.plans[snapshot.defaultPlan];
  const dues = (known?.calendars ?? []).map((calendarId) => dueOn(snapshot, calendarId, since, duration));
  // The schema refuses a policy without plans and a plan without calendars, so there is at least one.
  return dues.reduce((earliest, due) => (due.dueAt < earliest.dueAt ? due : earliest));
}
