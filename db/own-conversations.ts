import { sql, type RawBuilder } from 'kysely';
import type { Database } from './connection';

/** As whom somebody outside the desk looks at conversations. */
export interface Viewer {
  readonly contactId: string;
  /** What is only `claimed` opens nothing but the chat that was begun with it. */
  readonly proof: 'signed' | 'code' | 'claimed';
  readonly identity: string;
}

/** A conversation as its customer has it: the number that it goes by now, and the parts of its thread that are theirs. */
export interface OwnConversation {
  readonly number: number;
  /** This number, and those of what has become a part of it, as far as they are the viewer's own. */
  readonly parts: readonly number[];
}

/**
 * Whether conversation `c` is the viewer's own: one where they take part, and for what is only claimed also the very chat that they began. Whoever was
 * taken out of it has it no longer, whatever token they hold.
 */
export function isOwn({ contactId, proof, identity }: Viewer): RawBuilder<boolean> {
  const takesPart = sql<boolean>`EXISTS (SELECT 1 FROM participants AS p WHERE p.number = c.number AND p.contact_id = ${contactId} AND p.role <> 'thirdParty')`;
  return proof === 'claimed'
    ? sql<boolean>`(EXISTS (SELECT 1 FROM chats AS h WHERE h.number = c.number AND h.identity = ${identity}) AND ${takesPart})`
    : takesPart;
}

/**
 * The viewer's own conversation of this number; null when it is somebody else's, or there is none. What has been merged goes by its target's
 * number, if that is theirs too; otherwise they go on seeing what was theirs, and nothing of the other.
 */
export async function ownConversation(db: Database, viewer: Viewer, number: number): Promise<OwnConversation | null> {
  if (!Number.isSafeInteger(number)) return null;
  const { rows } = await sql<{ number: number; root: number }>`
    WITH asked AS (SELECT coalesce(merged_into, number) AS root FROM conversations WHERE number = ${number})
    SELECT c.number, asked.root FROM asked JOIN conversations AS c ON c.number = asked.root OR c.merged_into = asked.root
    WHERE ${isOwn(viewer)} ORDER BY c.number`.execute(db);
  const own = rows.map((row) => Number(row.number));
  if (!own.includes(number)) return null;
  const root = Number(rows[0]?.root);
  return own.includes(root) ? { number: root, parts: own } : { number, parts: [number] };
}
