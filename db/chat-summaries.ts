import { sql } from 'kysely';
import type { Kind, PromiseKind, Status } from '../policy/words';
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
  /** The next time that was promised to the customer. */
  readonly promised: { readonly kind: PromiseKind; readonly dueAt: Date } | null;
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
    SELECT c.number, c.kind, c.status, c.subject, a.name AS "agentName", a.avatar AS "agentAvatar", promised.kind AS "promisedKind",
      promised.due_at AS "promisedAt", unread.count AS unread, c.last_message_at AS "lastMessageAt", c.received_at AS "receivedAt",
      h.number IS NOT NULL AS chat, h.proof, r.score AS rating,
      coalesce((c.carried->'state'->>'closingAsked')::boolean, false) AND NOT EXISTS (
        SELECT 1 FROM messages AS m WHERE m.number = c.number AND m.direction = 'out' AND m.state = 'waiting') AS "closingAsked",
      coalesce((c.carried->'state'->>'beRightBack')::boolean, false) AS "beRightBack"
    FROM conversations AS c
    LEFT JOIN agents AS a ON a.id = c.assignee
    LEFT JOIN chats AS h ON h.number = c.number
    LEFT JOIN ratings AS r ON r.number = c.number
    LEFT JOIN LATERAL (
      SELECT p.kind, p.due_at FROM promises AS p
      WHERE p.number = c.number AND p.state = 'running' AND NOT p.paused AND p.kind IN ('firstResponse', 'nextResponse', 'update') AND ${IS_TOLD}
      ORDER BY p.due_at LIMIT 1) AS promised ON true
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
    promised: row.promisedKind === null || row.promisedAt === null ? null : { kind: row.promisedKind, dueAt: row.promisedAt },
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
  readonly promisedKind: PromiseKind | null;
  readonly promisedAt: Date | null;
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
