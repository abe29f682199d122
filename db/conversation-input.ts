import type { ConversationInput } from '../messages/conversation';
import type { StartFacts } from '../messages/start-options';
import type { PolicySnapshot } from '../policy/snapshot';
import type { ConversationState } from '../policy/state';
import { isUnmet } from '../policy/turn';
import type { Database } from './connection';
import { policyByHash } from './policies';

/** What `conversationWorkflow` is started with, and what the start shows to ops. */
export interface StartOfConversation extends StartFacts {
  readonly input: ConversationInput;
  readonly lastSeq: number;
  /** The revision that it goes on from. */
  readonly revision: number;
}

/**
 * How to start an open conversation's workflow: as it began when nothing has happened since, else from its projected state with the
 * time that is left. Null when there is no such open conversation.
 */
export async function startOfConversation(db: Database, number: number): Promise<StartOfConversation | null> {
  const row = await db.selectFrom('conversations').selectAll().where('number', '=', number).where('status', '<>', 'closed').executeTakeFirst();
  if (!row) return null;
  const facts = { organization: row.organization_id, cluster: row.cluster, website: row.website };
  const carried = row.carried;
  const input: ConversationInput =
    carried === null || (row.revision <= BEGIN_REVISION && row.last_seq <= BEGIN_SEQ)
      ? { begin: row.start, policy: await policyByHash(db, row.policy_hash), facts }
      : {
          carried: {
            ...carried,
            announced: row.last_seq,
            state: { ...carried.state, policies: await policiesOf(db, carried.state) },
          },
          facts,
          rebuilt: true,
        };
  return {
    input,
    number,
    kind: row.kind,
    status: row.status,
    priority: row.priority,
    plan: row.plan,
    assignee: row.assignee,
    organization: row.organization_id,
    cluster: row.cluster,
    website: row.website,
    nextDueAt: row.next_due_at?.getTime() ?? null,
    breached: row.breached,
    lastSeq: row.last_seq,
    revision: row.revision,
  };
}

/** What a conversation's workflow last wrote down of itself, without its policies; null when there is no such conversation. */
export async function projectedState(db: Database, number: number): Promise<Omit<ConversationState, 'policies'> | null> {
  const row = await db.selectFrom('conversations').select('carried').where('number', '=', number).executeTakeFirst();
  return row?.carried?.state ?? null;
}

/** What resolve stores: the outcome of `begin`, with the opening message applied. Whatever came in later has to be announced. */
const BEGIN_REVISION = 1;
const BEGIN_SEQ = 1;

/** The snapshots that a stored state names by hash. */
export async function policiesOf(
  db: Database,
  state: { policy: string; promises: readonly Parameters<typeof isUnmet>[0][] },
): Promise<Record<string, PolicySnapshot>> {
  const hashes = new Set([state.policy, ...state.promises.filter(isUnmet).map((promise) => promise.policy)]);
  const snapshots = await Promise.all([...hashes].map((hash) => policyByHash(db, hash)));
  return Object.fromEntries(snapshots.map((snapshot) => [snapshot.hash, snapshot]));
}
