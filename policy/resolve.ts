import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PolicyFileError, readPolicyDocument } from './document';
import type { PolicyDocument } from './document';
import { PolicyError } from './errors';
import { checkCountable } from './resolve-countable';
import { resolveSpecialDays } from './resolve-special-days';
import { zoneTransitions } from './resolve-zone';
import { weeklyIntervals } from './schema-checks';
import type { Policy } from './schema';
import type { CalendarSnapshot, PolicySnapshot } from './snapshot';

/** The policy that ships: the handbook. */
export const DEFAULT_POLICY_FILE = path.join(__dirname, 'handbook.yaml');

const YEARS_BACK = 1;
const YEARS_AHEAD = 10;

/** What a policy is resolved with. */
export interface ResolveOptions {
  /** Milliseconds; its calendar year (UTC) decides for which years the policy is resolved. */
  readonly now: number;
  /** The folder that the policy's other files are relative to. */
  readonly baseFolder: string;
  /** Marks a policy made for a demonstration or a drill. */
  readonly demo?: boolean;
}

/**
 * Reads and resolves a policy file; the handbook when none is named. Throws a {@link PolicyError}: `E_POLICY_UNREADABLE`, or a
 * {@link PolicyFileError} that names every line to change.
 */
export async function loadPolicy(file: string = DEFAULT_POLICY_FILE, now: number = Date.now()): Promise<PolicySnapshot> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PolicyError('E_POLICY_UNREADABLE', `The policy file ${file} cannot be read (${reason}). Name a file that is there.`);
  }
  return resolvePolicy(readPolicyDocument(text, file), { now, baseFolder: path.dirname(file) });
}

/**
 * Resolves a policy to plain numbers. The same file resolved in the same year by the same libraries has the same hash.
 * Throws a {@link PolicyFileError} for what shows only now: unknown countries, unreadable iCalendar files, times that never come.
 */
export async function resolvePolicy(document: PolicyDocument, { now, baseFolder, demo }: ResolveOptions): Promise<PolicySnapshot> {
  const { policy } = document;
  const year = new Date(now).getUTCFullYear();
  const years: PolicySnapshot['years'] = [year - YEARS_BACK, year + YEARS_AHEAD];
  const calendars: Record<string, CalendarSnapshot> = {};
  for (const [calendarId, calendar] of Object.entries(policy.calendars)) {
    const zone = calendar.timezone ?? policy.timezone;
    const weekly = weeklyIntervals(calendar.open) ?? [];
    calendars[calendarId] = {
      zone,
      always: calendar.open === 'always',
      businessDayMs: calendar.businessDay,
      weekly,
      special: await resolveSpecialDays(calendar, { document, calendarId, weekly, zone, years, baseFolder }),
    };
  }
  const zoneNames = [...new Set([policy.timezone, ...Object.values(calendars).map(({ zone }) => zone)])];
  const content: Omit<PolicySnapshot, 'hash'> = {
    version: policy.version,
    ...(demo === true ? { demo } : {}),
    timezone: policy.timezone,
    years,
    zones: Object.fromEntries(zoneNames.map((zone) => [zone, zoneTransitions(zone, years)])),
    calendars,
    ...rulesOf(policy),
  };
  const snapshot: PolicySnapshot = { ...content, hash: hashOf(content) };
  const findings = checkCountable(snapshot, now);
  if (findings.length > 0) throw new PolicyFileError('E_POLICY_INVALID', document.file, document.locate(findings));
  return snapshot;
}

/** Everything of a snapshot that stands in the file as it is. */
function rulesOf(policy: Policy): Omit<PolicySnapshot, 'version' | 'hash' | 'demo' | 'timezone' | 'years' | 'zones' | 'calendars'> {
  const { tickets, voicemail, chats, outOfHours, onCall } = policy;
  const { firstResponse, nextResponse } = tickets;
  return {
    plans: policy.plans,
    defaultPlan: Object.keys(policy.plans)[0] ?? '',
    triage: policy.triage.map(({ when, ...rule }) => ({
      ...stated(rule),
      when: stated({ ...when, subject: when.subject === undefined ? undefined : [when.subject].flat() }),
    })),
    defaultPriority: policy.defaultPriority,
    tickets: {
      ...tickets,
      nextResponse: nextResponse === 'off' ? null : nextResponse === 'sameAsFirst' ? firstResponse : { ...firstResponse, ...stated(nextResponse) },
      remindPendingAfter: tickets.remindPendingAfter === 'off' ? null : tickets.remindPendingAfter,
      solvePendingAfter: tickets.solvePendingAfter === 'off' ? null : tickets.solvePendingAfter,
      askRatingAfter: tickets.askRatingAfter === 'off' ? null : tickets.askRatingAfter,
    },
    escalate: policy.escalate,
    undoSendMs: policy.undoSend,
    reopenGraceMs: policy.reopenGrace,
    voicemail: { joinWithinMs: voicemail.joinWithin, missedUnderMs: voicemail.missedUnder },
    chats: {
      response: chats.response,
      calendar: chats.calendar,
      customerGoneAfterMs: chats.customerGoneAfter,
      unseenAfterMs: chats.unseenAfter,
      mailBatchMs: chats.mailBatch,
      agentSilenceMs: chats.agentSilence,
      closingSilenceMs: chats.closingSilence,
      page: chats.page,
    },
    outOfHours: { calendar: outOfHours.calendar, page: outOfHours.page, feedbackWithinMs: outOfHours.feedbackWithin },
    onCall: {
      levels: onCall.levels.map(({ acknowledgeWithin, ...level }) => ({ ...level, acknowledgeWithinMs: acknowledgeWithin })),
      repeat: onCall.repeat,
      collectMs: onCall.collect,
      fallback: { everyMs: onCall.fallback.every },
    },
    addresses: Object.fromEntries(Object.entries(policy.addresses).map(([local, address]) => [local.toLowerCase(), stated(address)])),
    receipt: policy.receipt === 'on',
  };
}

/** The same object with only those keys that have a value. */
function stated<T extends object>(value: T): Stated<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Stated<T>;
}
type Stated<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** SHA-256 of canonical JSON (keys in order), the first 32 hexadecimal characters. */
function hashOf(content: Omit<PolicySnapshot, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 32);
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`;
}
