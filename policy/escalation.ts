import {
  escalationStatus,
  openCauses,
  waitingSince,
  type CallInFlight,
  type EscalationEffect,
  type EscalationEvent,
  type EscalationStart,
  type EscalationState,
  type EscalationStep,
  type HeldCause,
  type WantedCall,
} from './escalation-state';
import { acknowledgeWithinMs, inFallback, ladder, pace, waitAfterRingMs } from './ladder';
import type { Reason } from './state';

/*
 * Who is rung, how loudly, and when again: one page, from its first ring until every cause is over.
 *
 * | event            | paging                                             | acknowledged                                   | over             |
 * | ---------------- | -------------------------------------------------- | ---------------------------------------------- | ---------------- |
 * | addCause, new    | joins: an update; rings at once if it makes the    | rings again, first the level that acknowledged | rings again      |
 * |                  | page high                                          |                                                |                  |
 * | … ring again     | rings at once                                      | rings again                                    | rings again      |
 * | … unacknowledged | rings at once                                      | joins: an update                               | rings again      |
 * | … acknowledged   | joins: an update                                   | joins: an update                               | rings again      |
 * | addCause, known  | rings at once if it makes the page high            | an update if it makes the page high            | –                |
 * | causeOver        | last one: resolved, over; only acknowledged ones   | last one: resolved, over                       | –                |
 * |                  | left: acknowledged                                 |                                                |                  |
 * | nextLevel        | rings the next level at once                       | the same; it needs a new acknowledgement       | –                |
 * | acknowledged     | silent for the causes known then; told to provider | –                                              | –                |
 * | due              | next rung (table below)                            | –                                              | –                |
 * | attempted sent   | the incident is open under its key                 | told to provider                               | resolved         |
 * | attempted failed | next rung at once; after the last, in a minute     | –                                              | –                |
 * | or empty         |                                                    |                                                |                  |
 *
 * What `due` does, by who owns the ladder:
 *
 * | pace     | when                                | acknowledgeWithin is over                  | after `repeat` rounds        |
 * | -------- | ----------------------------------- | ------------------------------------------ | ---------------------------- |
 * | climb    | rotas                               | next level, from the last to the first     | fallback: rings every level  |
 * | silent   | low urgency on the plan `standard`  | an update of the open incident, same level | the same, at fallback's pace |
 * | provider | `via: pagerduty`                    | nothing: the provider climbs               | fallback: rings again        |
 *
 * Keys: the page's dedup key is the key of its first cause. A repeated trigger on an open incident makes no sound, so a
 * later ring resolves the open incident and opens one under `<key>:<ring>`. The key changes only after a ring is known to
 * have been sent: a ring after one without an answer uses the same key, so that never more than one incident is open. A page that is
 * opened again knows nothing of its earlier run: its first ring that the database is asked about comes back with a number and a key
 * that follow those of that run.
 */

/** A page that got through to nobody is tried again this much later, however long the policy's steps are. */
export const RETRY_AFTER_MS = 60_000;

/** `nextLevel` signals remembered, so that a repeated one acts once. */
const FOLLOWED_KEPT = 50;

type Draft = { -readonly [Key in keyof EscalationState]: EscalationState[Key] };

/** Opens a page at `now`: its first ring is wanted at once. */
export function beginEscalation(start: EscalationStart, now: number): EscalationStep {
  const draft: Draft = {
    start,
    urgency: start.urgency,
    // An acknowledgement from before a rebuild counts, so the first cause is as old as the page.
    causes: [{ ...start.cause, since: start.openedAt, acknowledged: start.acknowledged !== undefined }],
    level: 1,
    round: 1,
    nextAt: null,
    heard: false,
    rings: 0,
    calls: 0,
    call: null,
    wanted: null,
    openKeys: [],
    triedKey: null,
    method: null,
    acknowledgement: start.acknowledged ?? null,
    overAt: null,
    followed: [],
    revision: now,
    recorded: 0,
    recording: null,
  };
  if (start.acknowledged === undefined) wantRing(draft, start.openedAt, now);
  return settle(draft);
}

/** Applies one event at `now`; the same event twice changes nothing the second time. */
export function applyEscalation(state: EscalationState, event: EscalationEvent, now: number): EscalationStep {
  const draft: Draft = { ...state };
  switch (event.type) {
    case 'addCause':
      addCause(draft, event, now);
      break;
    case 'causeOver':
      endCauses(draft, (cause) => cause.key === event.key, event.reason, event.at);
      break;
    case 'overBefore':
      endCauses(draft, () => true, 'overBefore', event.at);
      break;
    case 'nextLevel':
      nextLevel(draft, event.id ?? `${event.key}|${event.reason}|${event.at}`, event.at, now);
      break;
    case 'acknowledged':
      acknowledge(draft, event.by, event.at);
      break;
    case 'due':
      due(draft, now);
      break;
    case 'attempted':
      attempted(draft, event, now);
      break;
    case 'told':
      told(draft, event);
      break;
    case 'recorded':
      draft.recorded = Math.max(draft.recorded, event.revision);
      draft.recording = null;
      break;
    default:
      return event satisfies never;
  }
  return settle(draft);
}

function addCause(draft: Draft, event: Extract<EscalationEvent, { type: 'addCause' }>, now: number): void {
  const { cause, urgency, priority, ring, acknowledged } = event;
  const before = escalationStatus(draft);
  const known = draft.causes.find((other) => other.key === cause.key);
  const repeated = known?.at === cause.at && known.reason === cause.reason;
  if (repeated && (known.overAt !== undefined || urgency === draft.urgency)) return;
  const raised = draft.urgency === 'low' && urgency === 'high';
  // A cause that was over and comes due again, as after a change of priority, is a later cause.
  const isNew = known?.overAt !== undefined || known === undefined;
  const isOwned = before === 'acknowledged' && (acknowledged !== undefined || ring === 'unacknowledged');
  const wasSilent = pace(draft) === 'silent';

  draft.urgency = urgency;
  if (priority !== undefined) draft.start = { ...draft.start, priority };
  draft.revision += 1;
  if (isNew) {
    const others = draft.causes.filter((other) => other.key !== cause.key);
    draft.causes = [...others, { ...cause, since: now, acknowledged: isOwned }];
    draft.overAt = null;
  } else {
    draft.causes = draft.causes.map((other) => (other === known ? { ...other, ...cause } : other));
  }

  if (isNew && before !== 'paging' && !isOwned) {
    if (inFallback(draft) || before === 'over') draft.level = 1;
    draft.round = 1;
    wantRing(draft, cause.at, now);
  } else if (raised && before === 'paging') {
    // Its silent repeats were no rounds of the ladder that it climbs from now on.
    if (wasSilent) draft.round = 1;
    wantRing(draft, cause.at, now);
  } else if (isNew && ring !== undefined && before === 'paging') {
    // The next level is not made to wait for it.
    const climbsAt = draft.nextAt;
    wantRing(draft, cause.at, now);
    if (climbsAt !== null) draft.nextAt = Math.min(climbsAt, draft.nextAt ?? climbsAt);
  } else if (before !== 'over' && (isNew || raised)) {
    wantUpdate(draft, cause.at, now);
  }
}

function endCauses(draft: Draft, isOver: (cause: HeldCause) => boolean, reason: Reason, at: number): void {
  const before = escalationStatus(draft);
  if (!openCauses(draft).some(isOver)) return;
  draft.causes = draft.causes.map((cause) => (cause.overAt === undefined && isOver(cause) ? { ...cause, overAt: at, overReason: reason } : cause));
  draft.revision += 1;
  const after = escalationStatus(draft);
  if (after === 'over') {
    draft.overAt = at;
    draft.nextAt = null;
    draft.wanted = hasIncident(draft) ? { type: 'resolve' } : null;
  } else if (after === 'acknowledged' && before === 'paging') {
    fallSilent(draft);
  }
}

function nextLevel(draft: Draft, signal: string, at: number, now: number): void {
  if (escalationStatus(draft) === 'over' || draft.followed.includes(signal)) return;
  draft.followed = [...draft.followed, signal].slice(-FOLLOWED_KEPT);
  draft.causes = draft.causes.map((cause) => (cause.overAt === undefined ? { ...cause, acknowledged: false, since: Math.max(cause.since, now) } : cause));
  // The fallback rings every level; a silent page has rung one only, however often it has been repeated.
  if (!inFallback(draft) || pace(draft) === 'silent') draft.level = Math.max(1, Math.min(draft.level + 1, ladder(draft).length));
  draft.revision += 1;
  wantRing(draft, at, now);
}

function acknowledge(draft: Draft, by: string, at: number): void {
  const covered = (cause: HeldCause): boolean => cause.overAt === undefined && !cause.acknowledged && cause.since <= at;
  if (!draft.causes.some(covered)) return;
  draft.causes = draft.causes.map((cause) => (covered(cause) ? { ...cause, acknowledged: true } : cause));
  draft.acknowledgement = { by, at };
  draft.revision += 1;
  if (escalationStatus(draft) === 'acknowledged') fallSilent(draft);
}

/** Nobody has to be rung for now; the provider hears that the incident is owned. */
function fallSilent(draft: Draft): void {
  draft.nextAt = null;
  if (inFallback(draft)) draft.level = 1;
  draft.round = 1;
  draft.wanted = hasIncident(draft) ? { type: 'acknowledge' } : null;
}

function due(draft: Draft, now: number): void {
  if (draft.nextAt === null || now < draft.nextAt || escalationStatus(draft) !== 'paging') return;
  const dueAt = draft.nextAt;
  const { repeat } = draft.start.policy.onCall;
  draft.revision += 1;
  switch (pace(draft)) {
    case 'climb':
      if (inFallback(draft)) break;
      if (draft.level < ladder(draft).length) {
        draft.level += 1;
      } else {
        draft.round += 1;
        if (draft.round <= repeat) draft.level = 1;
      }
      break;
    case 'silent':
      if (draft.heard) {
        draft.round = Math.min(draft.round + 1, repeat + 1);
        wantUpdate(draft, dueAt, now);
        draft.nextAt = now + (inFallback(draft) ? draft.start.policy.onCall.fallback.everyMs : acknowledgeWithinMs(draft));
        return;
      }
      draft.level = 1;
      break;
    case 'provider':
      if (draft.heard) draft.round = repeat + 1;
      break;
  }
  wantRing(draft, dueAt, now);
}

function attempted(draft: Draft, event: Extract<EscalationEvent, { type: 'attempted' }>, now: number): void {
  const call = endCall(draft, event);
  if (call === null) return;
  // Later rings are numbered on from there, so that none has the key of one that was rung before.
  draft.rings = Math.max(draft.rings, event.ring ?? 0);
  if (event.outcome === 'sent') {
    draft.openKeys = [event.dedupKey ?? call.key];
    draft.triedKey = null;
    draft.heard = true;
    draft.method = event.method;
  } else if (event.outcome !== 'empty' && !draft.openKeys.includes(call.key)) {
    draft.triedKey = call.key;
  }
  const status = escalationStatus(draft);
  // An incident that was opened while its reason went away is told so.
  if (status === 'over') draft.wanted = hasIncident(draft) ? { type: 'resolve' } : null;
  else if (status === 'acknowledged') draft.wanted = hasIncident(draft) ? { type: 'acknowledge' } : null;
  else if (call.type === 'ring' && draft.wanted === null && event.outcome !== 'sent' && event.outcome !== 'skipped') {
    goOn(draft, now);
  }
}

/** Nobody heard the last ring: the next rung at once, and after the last one again in a minute. */
function goOn(draft: Draft, now: number): void {
  if (!inFallback(draft) && draft.level < ladder(draft).length) {
    draft.level += 1;
    draft.revision += 1;
    wantRing(draft, now, now);
    return;
  }
  draft.nextAt = Math.min(draft.nextAt ?? Infinity, now + RETRY_AFTER_MS);
  draft.revision += 1;
}

function told(draft: Draft, event: Extract<EscalationEvent, { type: 'told' }>): void {
  const call = endCall(draft, event);
  if (call === null || event.outcome === 'cancelled') return;
  // The provider knows of the tried key now, so a later ring gets a new one and is heard.
  draft.openKeys = call.type === 'resolve' ? [] : incidentKeys(draft);
  draft.triedKey = null;
}

/** Notes the end of the call under way; null when the event names an earlier one. */
function endCall(draft: Draft, event: { call: number; recorded: boolean }): CallInFlight | null {
  const call = draft.call;
  if (call?.call !== event.call) return null;
  draft.call = null;
  if (event.recorded) draft.recorded = Math.max(draft.recorded, call.revision);
  return call;
}

function wantRing(draft: Draft, dueAt: number, now: number): void {
  draft.wanted = { type: 'ring', dueAt, decidedAt: now };
  draft.heard = false;
  draft.nextAt = now + waitAfterRingMs(draft);
}

/** A ring that is still to be made carries everything that an update would say. */
function wantUpdate(draft: Draft, dueAt: number, now: number): void {
  if (draft.wanted === null) draft.wanted = { type: 'update', dueAt, decidedAt: now };
}

/** Sends what is wanted as soon as nothing else is under way, and keeps the database up to date beside it. */
function settle(draft: Draft): EscalationStep {
  const effects: EscalationEffect[] = [];
  if (draft.wanted !== null && draft.call !== null && !draft.call.cancelled && supersedes(draft.wanted, draft.call)) {
    draft.call = { ...draft.call, cancelled: true };
    effects.push({ type: 'cancelCall', call: draft.call.call });
  }
  if (escalationStatus(draft) !== 'paging' && draft.wanted === null && draft.call?.type === 'ring' && !draft.call.cancelled) {
    draft.call = { ...draft.call, cancelled: true };
    effects.push({ type: 'cancelCall', call: draft.call.call });
  }
  if (draft.wanted !== null && draft.call === null) effects.push(begin(draft, draft.wanted));
  const carried = draft.wanted !== null || draft.call?.revision === draft.revision;
  if (draft.recorded < draft.revision && draft.recording === null && !carried) {
    draft.recording = draft.revision;
    effects.push({ type: 'record', revision: draft.revision });
  }
  return { state: draft, effects };
}

function begin(draft: Draft, wanted: WantedCall): EscalationEffect {
  draft.wanted = null;
  draft.calls += 1;
  const call = { call: draft.calls, revision: draft.revision, cancelled: false } as const;
  if (wanted.type === 'acknowledge' || wanted.type === 'resolve') {
    draft.call = { ...call, type: wanted.type, key: draft.triedKey ?? draft.openKeys[0] ?? '' };
    const type = wanted.type === 'resolve' ? 'resolveIncident' : 'acknowledgeIncident';
    return { type, call: call.call, dedupKeys: incidentKeys(draft) };
  }
  draft.rings += 1;
  const baseKey = draft.start.cause.key;
  const newKey = draft.rings === 1 ? baseKey : `${baseKey}:${draft.rings}`;
  const key = draft.triedKey ?? (wanted.type === 'ring' ? newKey : (draft.openKeys[0] ?? newKey));
  draft.call = { ...call, type: wanted.type, key };
  const levels = ladder(draft);
  return {
    type: 'attempt',
    call: call.call,
    ring: draft.rings,
    mode: wanted.type,
    level: draft.level,
    levels: inFallback(draft) && pace(draft) !== 'silent' ? levels : levels.slice(draft.level - 1, draft.level),
    dedupKey: key,
    // Also the key itself when it has been tried before: should the ring join others under theirs, that incident may be open and nobody would end it.
    replaces: [...draft.openKeys.filter((open) => open !== key), ...(draft.triedKey === null ? [] : [draft.triedKey])],
    causes: openCauses(draft).map(({ key: cause, kind, at, urgency, reason }) => ({ key: cause, kind, at, urgency, reason })),
    since: waitingSince(draft) ?? wanted.decidedAt,
    dueAt: wanted.dueAt,
    decidedAt: wanted.decidedAt,
  };
}

/** Whether the call under way is out of date because of the wanted one; an update waits its turn. */
function supersedes(wanted: WantedCall, call: CallInFlight): boolean {
  switch (wanted.type) {
    case 'ring':
    case 'resolve':
      return true;
    case 'acknowledge':
      return call.type === 'ring' || call.type === 'update';
    case 'update':
      return false;
  }
}

/** The built-in inbox has no incidents: its rows are the page itself. */
function hasIncident(draft: Draft): boolean {
  return draft.method !== 'inbox' && incidentKeys(draft).length > 0;
}

function incidentKeys(draft: Draft): string[] {
  return draft.triedKey === null ? [...draft.openKeys] : [...draft.openKeys, draft.triedKey];
}
