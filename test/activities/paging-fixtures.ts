import { pino } from 'pino';
import type { EarlierTries } from '../../activities/paging/earlier-tries';
import type { Database } from '../../db/connection';
import type { IncidentCall, PageAttempt, PageRecord } from '../../messages/activities';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { PageCause } from '../../policy/state';

export const DUE_AT = Date.UTC(2026, 2, 30, 10, 0);
export const PUBLIC_URL = 'https://desk.example.test';
export const SILENT = pino({ level: 'silent' });
/** Each attempt is the first. */
export const NO_TRIES: EarlierTries = { rangAlone: () => false, ringsAlone: () => undefined };

/** An organization, its contact and a policy, once per database. */
export async function addDesk(db: Database): Promise<void> {
  const at = new Date(DUE_AT);
  await db.insertInto('organizations').values({ id: 'o1', name: 'Acme', plan: 'enterprise', created_at: at }).execute();
  await db
    .insertInto('contacts')
    .values({ id: 'c1', organization_id: 'o1', name: 'Ada', email: 'ada@acme.example', phone: null, zone: null, created_at: at })
    .execute();
  const snapshot: Partial<PolicySnapshot> = { timezone: 'Europe/Berlin' };
  await db
    .insertInto('policies')
    .values({ hash: 'h1', version: 't', snapshot: JSON.stringify(snapshot), created_at: at })
    .execute();
}

/** A conversation with one promise of thirty minutes. */
export async function addConversation(db: Database, number: number): Promise<void> {
  const at = new Date(DUE_AT);
  await db
    .insertInto('conversations')
    .values({
      number,
      kind: 'ticket',
      channel: 'email',
      subject: 'Everything is down',
      status: 'new',
      priority: 'urgent',
      priority_source: 'test',
      plan: 'enterprise',
      requester_id: 'c1',
      organization_id: 'o1',
      assignee: null,
      team_id: null,
      address: 'support',
      cluster: ['c042'],
      website: ['acme.com'],
      policy_hash: 'h1',
      received_at: at,
      last_seq: 1,
      start: '{}',
      merged_into: null,
      linked_from: null,
      last_message_at: at,
      created_at: at,
    })
    .execute();
  await db
    .insertInto('promises')
    .values({
      key: `conversation/${number}:firstResponse:1`,
      number,
      kind: 'firstResponse',
      cycle: 1,
      state: 'running',
      since: at,
      due_at: at,
      clock: 'always',
      length_ms: 30 * 60_000,
      reason: null,
      policy_hash: 'h1',
    })
    .execute();
}

export function causeOf(number: number, changes: Partial<PageCause> = {}): PageCause {
  return {
    key: `conversation/${number}:firstResponse:1`,
    kind: 'firstResponse',
    at: DUE_AT,
    urgency: 'high',
    reason: 'threshold',
    ...changes,
  };
}

export function recordOf(number: number, changes: Partial<PageRecord> = {}): PageRecord {
  return {
    number,
    page: 1,
    revision: DUE_AT,
    state: 'paging',
    urgency: 'high',
    priority: 'urgent',
    plan: 'enterprise',
    openedAt: DUE_AT,
    overAt: null,
    since: DUE_AT,
    acknowledgement: null,
    level: 1,
    round: 1,
    causes: [causeOf(number)],
    nextRingAt: DUE_AT + 300_000,
    ...changes,
  };
}

/** The first ring of an urgent page; a later one says so in `changes`. */
export function attemptOf(number: number, changes: Partial<PageAttempt> = {}): PageAttempt {
  return {
    number,
    page: 1,
    ring: 1,
    level: 1,
    levels: [{ rota: 'primary', acknowledgeWithinMs: 300_000 }],
    kind: 'ticket',
    priority: 'urgent',
    plan: 'enterprise',
    urgency: 'high',
    causes: [causeOf(number)],
    dedupKey: `conversation/${number}:firstResponse:1`,
    replaces: [],
    mode: 'ring',
    since: DUE_AT,
    dueAt: DUE_AT,
    decidedAt: DUE_AT + 5,
    collectMs: 10_000,
    record: recordOf(number, changes.priority === undefined ? {} : { priority: changes.priority }),
    ...changes,
  };
}

export function incidentOf(number: number, dedupKeys: readonly string[], record: Partial<PageRecord> = {}): IncidentCall {
  return { number, page: 1, dedupKeys, record: recordOf(number, { revision: DUE_AT + 1, ...record }) };
}
