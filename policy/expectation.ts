import { calendarOf, isOpen, nextOpening, openSpans, openTimeBetween } from './calendar';
import { lengthOn } from './promises';
import { answerDue } from './shown-times';
import type { PolicySnapshot } from './snapshot';
import type { Priority } from './words';

/** How far back first responses are looked at, in milliseconds. */
export const SAMPLES_SINCE_MS = 7 * 86_400_000;
/** With fewer answers a median says nothing, and the policy's own word holds. */
export const SAMPLES_AT_LEAST = 5;

/** A chat's first response: when it was asked, and when it was answered. Milliseconds. */
export interface FirstResponse {
  readonly since: number;
  readonly metAt: number;
}

/** What somebody who writes now can expect. All times are milliseconds. */
export interface Expectation {
  readonly office: 'open' | 'closed';
  /** When it opens next; null while it is open. */
  readonly opensAt: number | null;
  /** `median` of what was measured, the policy's `promise`, or `closed` until the office opens. */
  readonly reply: { readonly kind: 'median' | 'promise' | 'closed'; readonly ms: number | null };
  /** How many answers the median is made of, or would have been. */
  readonly samples: number;
  /** By when the first answer is promised to a chat that begins now. */
  readonly answerBy: number | null;
}

/** Who asks, and what has been measured. */
export interface ExpectationRequest {
  /** Null: the latest of all plans. */
  readonly plan: string | null;
  readonly priority: Priority;
  /** First responses to chats of the last {@link SAMPLES_SINCE_MS}. */
  readonly responses: readonly FirstResponse[];
}

/**
 * What a customer can expect who writes in the chat now (handbook: "an estimate of how quickly we're likely to respond"). Measured in the
 * chat's office time, over chats that began in it: what came at night and was answered in the morning says nothing of the day. Throws
 * `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`.
 */
export function expectation(policy: PolicySnapshot, request: ExpectationRequest, now: number): Expectation {
  const { calendar } = policy.chats;
  const open = isOpen(policy, calendar, now);
  const opensAt = open ? null : nextOpening(policy, calendar, now);
  const measured = responseTimes(policy, request.responses, now);
  const medianMs = measured.length < SAMPLES_AT_LEAST ? null : median(measured);
  return {
    office: open ? 'open' : 'closed',
    opensAt,
    reply: replyOf(policy, { open, opensAt, medianMs }, now),
    samples: measured.length,
    answerBy: answerDue(policy, { plan: request.plan, priority: request.priority, since: now }),
  };
}

/** When the chat's office opens or closes next; null when it never does. Throws `E_OUT_OF_RANGE`. */
export function nextOfficeChange(policy: PolicySnapshot, now: number): number | null {
  const { calendar } = policy.chats;
  if (calendarOf(policy, calendar).always) return null;
  for (const { start, end } of openSpans(policy, calendar, now)) return start > now ? start : end;
  return null;
}

function replyOf(
  policy: PolicySnapshot,
  { open, opensAt, medianMs }: { open: boolean; opensAt: number | null; medianMs: number | null },
  now: number,
): Expectation['reply'] {
  if (!open) return { kind: 'closed', ms: opensAt === null ? null : opensAt - now };
  if (medianMs !== null) return { kind: 'median', ms: medianMs };
  return { kind: 'promise', ms: lengthOn(policy, policy.chats.calendar, policy.chats.response) };
}

/** Open time of each answer that counts, in milliseconds. */
function responseTimes(policy: PolicySnapshot, responses: readonly FirstResponse[], now: number): number[] {
  const { calendar } = policy.chats;
  return responses
    .filter(({ since, metAt }) => metAt > now - SAMPLES_SINCE_MS && metAt <= now && since <= metAt && isOpen(policy, calendar, since))
    .map(({ since, metAt }) => openTimeBetween(policy, calendar, since, metAt));
}

/** The middle one; of two in the middle the slower, as hopes are better exceeded. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
