import type { Database } from '../../db/connection';
import type { ConversationRecord } from '../../db/conversations';
import { presenceOf } from '../../db/presence';
import { previewsOf, type Preview } from '../../db/previews';
import { unreadCounts } from '../../db/read-marks';
import { withoutLinkTokens } from '../../messages/link-tokens';
import { isEmojiOnly } from '../../policy/emoji-only';
import type { ApiContext } from '../context';
import { rfc3339, rfc3339OrNull } from '../schemas/text';

/** What lists need beside the database. */
export interface RowFacts {
  readonly publicUrl: string;
  /** Milliseconds. */
  readonly now: number;
  /** How long after they were last there a chat's customer has gone, in milliseconds. */
  readonly goneAfterMs: number;
}

/** The facts of a request. */
export function rowFacts(context: ApiContext): RowFacts {
  return { publicUrl: context.environment.HOLDFAST_PUBLIC_URL, now: context.now(), goneAfterMs: context.policy().chats.customerGoneAfterMs };
}

/**
 * Conversations as lists answer them, with how the latest message begins, whether a chat's customer is there, and what this agent has yet to
 * read; without an agent that is left out.
 */
export async function conversationRowAnswers(db: Database, records: readonly ConversationRecord[], facts: RowFacts, agentId: string | null) {
  const numbers = records.map(({ number }) => number);
  const chats = records.filter(({ kind }) => kind === 'chat').map(({ number }) => number);
  const [previews, present, unread] = await Promise.all([
    previewsOf(db, numbers),
    presenceOf(db, chats, { at: facts.now, goneAfterMs: facts.goneAfterMs }),
    agentId === null ? null : unreadCounts(db, `agent:${agentId}`, numbers),
  ]);
  return records.map((record) => ({
    ...conversationRowAnswer(record, facts.publicUrl),
    preview: previewAnswer(previews.get(record.number)),
    presence: present.get(record.number)?.state ?? null,
    ...(unread === null ? {} : { unread: Number(unread.get(record.number) ?? 0) }),
  }));
}

function conversationRowAnswer(record: ConversationRecord, publicUrl: string) {
  return {
    number: record.number,
    kind: record.kind,
    channel: record.channel,
    subject: record.subject,
    status: record.status,
    priority: record.priority,
    plan: record.plan,
    assignee: record.assignee === null ? null : { id: record.assignee, name: record.assigneeName ?? '' },
    requester: { id: record.requesterId, name: record.requesterName, email: record.requesterEmail, phone: record.requesterPhone },
    organization: record.organizationId === null ? null : { id: record.organizationId, name: record.organizationName ?? '' },
    cluster: record.cluster,
    website: record.website,
    tags: record.tags,
    flags: record.flags,
    nextDueAt: rfc3339OrNull(record.nextDueAt),
    breached: record.breached,
    snoozedUntil: rfc3339OrNull(record.snoozedUntil),
    receivedAt: rfc3339(record.receivedAt),
    lastMessageAt: rfc3339(record.lastMessageAt),
    revision: record.revision,
    linkedFrom: record.linkedFrom,
    mergedInto: record.mergedInto,
    initiatedBy: record.initiatedBy,
    team: record.teamId === null ? null : { id: record.teamId, name: record.teamName ?? '' },
    lastSeq: record.lastSeq,
    demo: record.demo,
    url: conversationUrl(publicUrl, record.number),
  };
}

function previewAnswer(preview: Preview | undefined) {
  if (preview === undefined) return null;
  const { by, at, whole } = preview;
  const body = withoutLinkTokens(preview.body);
  return { by, body, emojiOnly: whole && isEmojiOnly(body), at: rfc3339(at) };
}

/** Where people open a conversation. */
export function conversationUrl(publicUrl: string, number: number): string {
  return `${publicUrl}/conversations/${number}`;
}
