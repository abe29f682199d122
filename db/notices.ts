import type { Database } from './connection';

/** A notice to staff, in a sentence without anything personal. */
export interface NewNotice {
  /** Never used twice. */
  readonly key: string;
  readonly number: number | null;
  readonly kind: string;
  readonly text: string;
  /** Agent id; null for everyone. */
  readonly toAgent: string | null;
  /** When it was due. */
  readonly dueAt: Date;
  readonly at: Date;
}

/** A notice as the built-in inbox shows it. */
export interface NoticeRow extends NewNotice {
  /** Slack's id of the message, once it is there. */
  readonly slackTs: string | null;
  /** Why it will never be in Slack. */
  readonly slackError: string | null;
}

/** Writes a notice once; answers the row that is there. */
export async function writeNotice(db: Database, notice: NewNotice): Promise<NoticeRow> {
  await db
    .insertInto('notices')
    .values({
      key: notice.key,
      number: notice.number,
      kind: notice.kind,
      text: notice.text,
      to_agent: notice.toAgent,
      due_at: notice.dueAt,
      at: notice.at,
      slack_ts: null,
      slack_error: null,
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db.selectFrom('notices').selectAll().where('key', '=', notice.key).executeTakeFirstOrThrow();
  return noticeOf(row);
}

/** Notes Slack's answer to a notice: the message's id, or why it never will be there. */
export async function markNotice(db: Database, key: string, answer: { slackTs: string } | { slackError: string }): Promise<void> {
  await db
    .updateTable('notices')
    .set('slackTs' in answer ? { slack_ts: answer.slackTs, slack_error: null } : { slack_error: answer.slackError })
    .where('key', '=', key)
    .execute();
}

/** Notices, newest first: at most `limit` after the given place (time in milliseconds, key). */
export async function listNotices(db: Database, { after, limit }: { after: readonly [at: number, key: string] | null; limit: number }): Promise<NoticeRow[]> {
  let query = db.selectFrom('notices').selectAll();
  if (after !== null) {
    const [at, key] = [new Date(after[0]), after[1]];
    query = query.where((eb) => eb.or([eb('at', '<', at), eb.and([eb('at', '=', at), eb('key', '<', key)])]));
  }
  const rows = await query.orderBy('at', 'desc').orderBy('key', 'desc').limit(limit).execute();
  return rows.map(noticeOf);
}

/** What a notice's sentence names of its conversation; undefined when there is no such conversation. */
export async function noticeFacts(db: Database, number: number) {
  return db
    .selectFrom('conversations')
    .innerJoin('policies', 'policies.hash', 'conversations.policy_hash')
    .select(['conversations.kind', 'conversations.plan', 'conversations.cluster', 'conversations.demo', 'policies.snapshot'])
    .where('conversations.number', '=', number)
    .executeTakeFirst();
}

function noticeOf(row: {
  key: string;
  number: number | null;
  kind: string;
  text: string;
  to_agent: string | null;
  due_at: Date;
  at: Date;
  slack_ts: string | null;
  slack_error: string | null;
}): NoticeRow {
  return {
    key: row.key,
    number: row.number,
    kind: row.kind,
    text: row.text,
    toAgent: row.to_agent,
    dueAt: row.due_at,
    at: row.at,
    slackTs: row.slack_ts,
    slackError: row.slack_error,
  };
}
