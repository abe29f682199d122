import { sql } from 'kysely';
import type { Kind, Priority, PromiseKind, Status } from '../policy/words';
import type { Database } from './connection';
import { IS_TOLD } from './told-times';
import { isOwn, type Viewer } from './own-conversations';

/** A conversation as its customer sees it in a list. */
export interface ChatSummaryRecord {
  readonly number: number;
  readonly kind: Kind;
  readonly status: Status;
  readonly subject: string;
  readonly assignee: { readonly name: string; readonly avatar: string | null } | null;
  readonly priority: Priority;
  /** The priority was chosen by a triage rule, which may be one about the address. */
  readonly priorityByRule: boolean;
  /** What was promised to the customer and is not kept yet, the next first; `late`: its time has passed. */
  readonly owed: readonly { readonly kind: PromiseKind; readonly since: Date; readonly dueAt: Date; readonly late: boolean }[];
  /** Answers in the chat that they have neither seen nor been mailed. */
  readonly unread: number;
  readonly lastMessageAt: Date;
  readonly receivedAt: Date;
  /** It began in the widget. */
  readonly chat: boolean;
  readonly proof: 'signed' | 'code' | 'claimed' | 'mail' | null;
  readonly rating: 'good' | 'bad' | null;
  /** "Is there anything else?" was asked, has left, and has not been answered. */
  readonly closingAsked: boolean;
  /** Whoever answers has said that they are right back; `promised` says by when. */
  readonly beRightBack: boolean;
}

/**
 * The viewer's own conversations, newest message first, or one of them. What has become a part of another of theirs is left out.
 */
export async function chatSummaries(db: Database, viewer: Viewer, page: { readonly limit: number; readonly number?: number }): Promise<ChatSummaryRecord[]> {
  const { number, limit } = page;
  const { rows } = await sql<Row>`
    SELECT c.number, c.kind, c.status, c.subject, a.name AS "agentName", a.avatar AS "agentAvatar", c.priority,
      c.priority_source = 'triage' AS "priorityByRule", owed.list AS owed, unread.count AS unread, c.last_message_at AS "lastMessageAt", c.received_at AS "receivedAt",
      h.number IS NOT NULL AS chat, h.proof, r.score AS rating,
      coalesce((c.carried->'state'->>'closingAsked')::boolean, false) AND NOT (c.kind = 'ticket' AND EXISTS (
        SELECT 1 FROM messages AS m WHERE m.number = c.number AND m.direction = 'out' AND m.state = 'waiting')) AS "closingAsked",
      coalesce((c.carried->'state'->>'beRightBack')::boolean, false) AS "beRightBack"
    FROM conversations AS c
    LEFT JOIN agents AS a ON a.id = c.assignee
    LEFT JOIN chats AS h ON h.number = c.number
    LEFT JOIN ratings AS r ON r.number = c.number
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object('kind', p.kind, 'since', extract(epoch FROM p.since) * 1000, 'dueAt', extract(epoch FROM p.due_at) * 1000,
        'late', p.state = 'breached') ORDER BY p.due_at), '[]') AS list
      FROM promises AS p
      WHERE p.number = c.number AND p.state IN ('running', 'breached') AND p.met_at IS NULL AND p.cancelled_at IS NULL AND NOT p.paused
        AND p.kind IN ('firstResponse', 'nextResponse', 'update') AND ${IS_TOLD}) AS owed
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS count FROM messages AS m
      WHERE m.number = c.number AND m.direction = 'out' AND m.channel = 'chat' AND m.state IN ('sent', 'shown') AND m.seen_at IS NULL AND m.mailed_at IS NULL
    ) AS unread
    WHERE ${isOwn(viewer)}
      ${number === undefined ? notPartOfAnother(viewer) : sql`AND c.number = ${number}`}
    ORDER BY c.last_message_at DESC, c.number DESC LIMIT ${limit}`.execute(db);
  return rows.map((row) => ({
    number: Number(row.number),
    kind: row.kind,
    status: row.status,
    subject: row.subject,
    assignee: row.agentName === null ? null : { name: row.agentName, avatar: row.agentAvatar },
    priority: row.priority,
    priorityByRule: row.priorityByRule,
    owed: row.owed.map(({ kind, since, dueAt, late }) => ({ kind, since: new Date(since), dueAt: new Date(dueAt), late })),
    unread: row.unread,
    lastMessageAt: row.lastMessageAt,
    receivedAt: row.receivedAt,
    chat: row.chat,
    proof: row.proof,
    rating: row.rating,
    closingAsked: row.closingAsked,
    beRightBack: row.beRightBack,
  }));
}

interface Row {
  readonly number: number;
  readonly kind: Kind;
  readonly status: Status;
  readonly subject: string;
  readonly agentName: string | null;
  readonly agentAvatar: string | null;
  readonly priority: Priority;
  readonly priorityByRule: boolean;
  /** Times in milliseconds. */
  readonly owed: readonly { readonly kind: PromiseKind; readonly since: number; readonly dueAt: number; readonly late: boolean }[];
  readonly unread: number;
  readonly lastMessageAt: Date;
  readonly receivedAt: Date;
  readonly chat: boolean;
  readonly proof: ChatSummaryRecord['proof'];
  readonly rating: 'good' | 'bad' | null;
  readonly closingAsked: boolean;
  readonly beRightBack: boolean;
}

/** What is a part of another conversation of theirs is found there. */
function notPartOfAnother(viewer: Viewer) {
  return sql`AND (c.merged_into IS NULL OR c.merged_into NOT IN (SELECT c.number FROM conversations AS c WHERE ${isOwn(viewer)}))`;
}
