import { followUpsOf, getConversation, listPromises, mergedParts, type PromiseShown, type TimelineRecord } from '../../db/conversations';
import type { MessageRecord } from '../../db/messages';
import type { Database } from '../../db/connection';
import { chatOf, type ChatRecord } from '../../db/chats';
import { listParticipants } from '../../db/participants';
import { policyByHash } from '../../db/policies';
import { listProposals, type Proposal } from '../../db/proposals';
import { isOpen } from '../../policy/calendar';
import { isEmojiOnly } from '../../policy/emoji-only';
import { explainPromise } from '../../policy/arithmetic';
import { ELAPSED } from '../../policy/promises';
import type { PolicySnapshot } from '../../policy/snapshot';
import { noSuchConversation } from '../commands';
import { attachmentUrl, messageHtmlPath } from '../file-links';
import { rfc3339, rfc3339OrNull } from '../schemas/text';
import { conversationRowAnswers, type RowFacts } from './row-answers';

/** A promise with whether its clock stands still, and its arithmetic. */
export interface PromiseTold {
  readonly promise: PromiseShown;
  readonly paused: boolean;
  readonly arithmetic: string;
}

/** The promises of a conversation as they stand at `now` (milliseconds), each explained by the policy that it was made under. */
export async function tellPromises(db: Database, number: number, now: number): Promise<PromiseTold[]> {
  const promises = await listPromises(db, number);
  const policies = new Map<string, PolicySnapshot>();
  for (const hash of new Set(promises.map(({ policyHash }) => policyHash))) policies.set(hash, await policyByHash(db, hash));
  return promises.map((promise) => {
    // The loop above has put every one of them there.
    const policy = policies.get(promise.policyHash) as PolicySnapshot;
    return {
      promise,
      paused: promise.paused || standsStill(policy, promise, now),
      arithmetic: explainPromise(policy, {
        since: promise.since.getTime(),
        dueAt: promise.dueAt.getTime(),
        clock: promise.clock,
        lengthMs: promise.lengthMs,
      }),
    };
  });
}

/** A promise that still has to be kept, while its calendar is closed. */
function standsStill(policy: PolicySnapshot, promise: PromiseShown, now: number): boolean {
  const owed = promise.state === 'running' && promise.metAt === null && promise.cancelledAt === null;
  return owed && promise.clock !== ELAPSED && now < promise.dueAt.getTime() && !isOpen(policy, promise.clock, now);
}

/** A promise as the API answers it. */
export function promiseAnswer({ promise, paused, arithmetic }: PromiseTold) {
  return {
    kind: promise.kind,
    state: promise.state,
    dueAt: rfc3339(promise.dueAt),
    ...(promise.metAt === null ? {} : { metAt: rfc3339(promise.metAt) }),
    ...(promise.breachedAt === null ? {} : { breachedAt: rfc3339(promise.breachedAt) }),
    ...(promise.cancelledAt === null ? {} : { cancelledAt: rfc3339(promise.cancelledAt) }),
    ...(promise.reason === null ? {} : { reason: promise.reason }),
    ...(paused ? { paused } : {}),
    since: rfc3339(promise.since),
    clock: promise.clock,
    lengthMs: promise.lengthMs,
    arithmetic,
  };
}

/** One conversation with everything that the API answers of it. Errors: E_NOT_FOUND. */
export async function conversationAnswer(db: Database, number: number, facts: RowFacts, agentId: string | null) {
  const record = await getConversation(db, number);
  if (record === null) throw noSuchConversation(number);
  const [promises, participants, proposals, parts, followUps, page, rows, chat, rating] = await Promise.all([
    tellPromises(db, number, facts.now),
    listParticipants(db, number),
    listProposals(db, number),
    mergedParts(db, number),
    followUpsOf(db, number),
    db.selectFrom('pages').select('id').where('number', '=', number).where('state', '<>', 'over').orderBy('page', 'desc').executeTakeFirst(),
    conversationRowAnswers(db, [record], facts, agentId),
    chatOf(db, number),
    db.selectFrom('ratings').select(['score', 'words']).where('number', '=', number).executeTakeFirst(),
  ]);
  const [row] = rows;
  if (row === undefined) throw noSuchConversation(number);
  return {
    ...row,
    promises: promises.map(promiseAnswer),
    participants: participants.map(({ id, name, email, phone, role }) => ({ id, name, email, phone, role })),
    proposedParticipants: proposals.filter(({ role }) => role === 'participant').map(({ id, email, name }) => ({ id, email, name })),
    proposedRequester: proposedRequester(proposals),
    mergedFrom: parts,
    followUps,
    page: page?.id ?? null,
    chat: chatAnswer(chat),
    rating: rating ?? null,
  };
}

function chatAnswer(chat: ChatRecord | null) {
  if (chat === null) return null;
  const { proof, locale, timeZone, openedFrom } = chat;
  return { proof, locale, timeZone, openedFrom };
}

/** The latest: an agent who forwards another mail means that one. */
function proposedRequester(proposals: readonly Proposal[]) {
  const proposal = proposals.filter(({ role }) => role === 'requester').at(-1);
  return proposal === undefined ? null : { id: proposal.id, email: proposal.email, name: proposal.name };
}

/** A message as the API answers it, in the thread of `number`. */
export function messageAnswer(message: MessageRecord, number: number) {
  return {
    id: message.id,
    mergedFrom: message.number === number ? null : message.number,
    direction: message.direction,
    author: { kind: message.authorKind, id: message.authorId, name: message.authorName },
    channel: message.channel,
    body: message.body,
    fullBody: message.fullBody,
    htmlUrl: message.hasHtml ? messageHtmlPath(message.number, message.id) : null,
    at: rfc3339(message.at),
    state: message.state,
    deliveredAt: rfc3339OrNull(message.deliveredAt),
    authenticated: message.authenticated,
    verdict: message.verdict,
    machine: message.machine,
    hint: message.hint,
    attachments: message.attachments.map((file) => ({ ...file, url: attachmentUrl(file.id) })),
    emojiOnly: isEmojiOnly(message.body),
    seenAt: rfc3339OrNull(message.seenAt),
    mailedAt: rfc3339OrNull(message.mailedAt),
  };
}

/** The data of a timeline entry, with its instants told like every time of the API: `dueAt` and `until` are all there are. */
export function timelineData(data: TimelineRecord['data']): Record<string, unknown> {
  const isInstant = (name: string) => name === 'dueAt' || name === 'until';
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, isInstant(name) && typeof value === 'number' ? rfc3339(value) : value]));
}
