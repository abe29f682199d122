import { sql } from 'kysely';
import type { Kind, Priority, Status } from '../policy/words';
import type { Database } from './connection';
import { isOwn, type OwnConversation, type Viewer } from './own-conversations';
import { IS_TOLD } from './told-times';

/** A conversation as its customer sees it in a list. */
export interface CustomerConversation {
  readonly number: number;
  readonly kind: Kind;
  readonly subject: string;
  readonly status: Status;
  readonly priority: Priority;
  readonly receivedAt: Date;
  readonly lastMessageAt: Date;
  /** When the customer hears from us, on the promises that are still to be kept; null when none runs. */
  readonly answerBy: Date | null;
  /** What they thought of it, if they have said so. */
  readonly rated: 'good' | 'bad' | null;
  /** It is a part of a conversation that is not theirs to see. */
  readonly partOfAnother: boolean;
}

/** A place in a list: when its last message came (milliseconds), then its number. */
export type CustomerPlace = readonly [at: number, number: number];

/** Promises whose due times customers are told. */
const TOLD = ['firstResponse', 'nextResponse', 'update'] as const;

/** A viewer's own conversations, latest message first, after the given place. What has become a part of another one of theirs is in that one. */
export async function customerConversations(
  db: Database,
  viewer: Viewer,
  page: { readonly after: CustomerPlace | null; readonly limit: number },
): Promise<CustomerConversation[]> {
  let query = selectConversations(db)
    .where(isOwn(viewer))
    .where(
      sql<boolean>`(c.merged_into IS NULL OR NOT EXISTS (SELECT 1 FROM participants AS t WHERE t.number = c.merged_into AND t.contact_id = ${viewer.contactId} AND t.role <> 'thirdParty'))`,
    )
    .orderBy('c.last_message_at', 'desc')
    .orderBy('c.number', 'desc')
    .limit(page.limit);
  const { after } = page;
  if (after !== null) {
    const at = new Date(after[0]);
    query = query.where((where) =>
      where.or([where('c.last_message_at', '<', at), where.and([where('c.last_message_at', '=', at), where('c.number', '<', after[1])])]),
    );
  }
  return query.execute();
}

/** One conversation of a viewer's own, as {@link ownConversation} has found it. */
export async function customerConversation(db: Database, own: OwnConversation): Promise<CustomerConversation> {
  return selectConversations(db).where('c.number', '=', own.number).executeTakeFirstOrThrow();
}

function selectConversations(db: Database) {
  return (
    db
      .selectFrom('conversations as c')
      // A part shows how the whole stands, and nothing else of it.
      .leftJoin('conversations as whole', 'whole.number', 'c.merged_into')
      .leftJoin('ratings as r', 'r.number', 'c.number')
      .select((eb) => [
        'c.number',
        'c.kind',
        'c.subject',
        'c.priority',
        eb.fn.coalesce('whole.status', 'c.status').as('status'),
        'c.received_at as receivedAt',
        'c.last_message_at as lastMessageAt',
        'r.score as rated',
        sql<boolean>`c.merged_into IS NOT NULL`.as('partOfAnother'),
        eb
          .selectFrom('promises as p')
          .select((inner) => inner.fn.min('p.due_at').as('at'))
          .whereRef('p.number', '=', 'c.number')
          .where('p.kind', 'in', TOLD)
          .where('p.state', 'in', ['running', 'breached'])
          .where('p.met_at', 'is', null)
          .where('p.cancelled_at', 'is', null)
          .where('p.paused', '=', false)
          .where(IS_TOLD)
          .as('answerBy'),
      ])
  );
}
