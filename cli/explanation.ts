import { conversationAnswer, timelineData } from '../api/routes/answers';
import { asAnswerable } from '../api/problem';
import { timelineSentence } from '../api/pages/timeline-sentence';
import { listTimeline } from '../db/conversations';
import type { Database } from '../db/connection';
import { getPageShown } from '../db/page-inbox';
import { getPage } from '../db/pages';
import { currentPolicy, policyByHash } from '../db/policies';
import { dayAndTime } from '../policy/arithmetic';
import type { PolicySnapshot } from '../policy/snapshot';

const TIMELINE_AT_ONCE = 500;

/** All that can be told of why a conversation went as it did; times as RFC 3339. */
export interface Explanation {
  readonly conversation: Awaited<ReturnType<typeof conversationAnswer>>;
  readonly policy: { readonly version: string; readonly hash: string; readonly timezone: string };
  readonly pages: readonly PageExplained[];
  readonly timeline: readonly { readonly at: string; readonly type: string; readonly sentence: string; readonly data: object }[];
}

/** One page: what it was for, whom it rang, how it ended. */
export interface PageExplained {
  readonly id: string;
  readonly state: string;
  readonly urgency: string;
  readonly summary: string;
  readonly openedAt: string;
  readonly acknowledged: { readonly at: string; readonly by: string } | null;
  readonly overAt: string | null;
  readonly causes: readonly {
    readonly kind: string;
    readonly reason: string;
    readonly dueAt: string;
    readonly overAt: string | null;
    readonly overReason: string | null;
  }[];
  readonly attempts: readonly {
    readonly ring: number;
    readonly level: number;
    readonly target: string;
    readonly dueAt: string;
    readonly sentAt: string | null;
    /** Whether one message rang for this page and others at once. */
    readonly together: boolean;
    readonly decidedLateMs: number;
    readonly sentLateMs: number | null;
    readonly outcome: string | null;
    readonly error: string | null;
  }[];
}

/** Reads it from the desk's database. Errors: E_NOT_FOUND, E_UNAVAILABLE when the database does not answer. */
export async function explainOf(db: Database, number: number, facts: { publicUrl: string; now: number }): Promise<Explanation> {
  try {
    const goneAfterMs = (await currentPolicy(db)).chats.customerGoneAfterMs;
    const conversation = await conversationAnswer(db, number, { ...facts, goneAfterMs }, null);
    const { policy_hash: hash } = await db.selectFrom('conversations').select('policy_hash').where('number', '=', number).executeTakeFirstOrThrow();
    const policy = await policyByHash(db, hash);
    return {
      conversation,
      policy: { version: policy.version, hash, timezone: policy.timezone },
      pages: await pagesOf(db, number),
      timeline: await timelineOf(db, number, policy),
    };
  } catch (error) {
    throw asAnswerable(error);
  }
}

async function pagesOf(db: Database, number: number): Promise<PageExplained[]> {
  const ids = await db.selectFrom('pages').select('id').where('number', '=', number).orderBy('page').execute();
  const pages: PageExplained[] = [];
  for (const { id } of ids) {
    const [shown, page] = await Promise.all([getPageShown(db, id), getPage(db, id)]);
    if (shown === null || page === undefined) continue;
    pages.push({
      id,
      state: shown.state,
      urgency: shown.urgency,
      summary: shown.summary,
      openedAt: shown.openedAt.toISOString(),
      acknowledged:
        shown.acknowledgedAt === null ? null : { at: shown.acknowledgedAt.toISOString(), by: shown.acknowledgedByName ?? shown.acknowledgedBy ?? 'somebody' },
      overAt: shown.overAt?.toISOString() ?? null,
      causes: shown.causes.map(({ kind, reason, at, overAt, overReason }) => ({
        kind,
        reason,
        dueAt: new Date(at).toISOString(),
        overAt: overAt === undefined ? null : new Date(overAt).toISOString(),
        overReason: overReason ?? null,
      })),
      attempts: page.attempts.map((attempt) => ({
        ring: attempt.ring,
        level: attempt.level,
        target: attempt.target,
        dueAt: new Date(attempt.dueAt).toISOString(),
        sentAt: attempt.sentAt === null ? null : new Date(attempt.sentAt).toISOString(),
        together: attempt.bundle !== null,
        decidedLateMs: Number(attempt.decidedAt) - Number(attempt.dueAt),
        sentLateMs: attempt.sentAt === null ? null : Number(attempt.sentAt) - Number(attempt.dueAt),
        outcome: attempt.outcome,
        error: attempt.error,
      })),
    });
  }
  return pages;
}

async function timelineOf(db: Database, number: number, policy: PolicySnapshot): Promise<Explanation['timeline']> {
  const agents = new Map((await db.selectFrom('agents').select(['id', 'name']).execute()).map(({ id, name }) => [id, name]));
  const names = { agent: (id: string) => agents.get(id) ?? id, time: (at: number) => dayAndTime(policy, at) };
  const entries: Explanation['timeline'][number][] = [];
  let after: readonly [number, number] | null = null;
  for (;;) {
    const rows = await listTimeline(db, number, { after, limit: TIMELINE_AT_ONCE });
    for (const { at, type, data } of rows) {
      entries.push({ at: at.toISOString(), type, sentence: timelineSentence(type, data, names), data: timelineData(data) });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < TIMELINE_AT_ONCE) return entries;
    after = [last.revision, last.position];
  }
}
