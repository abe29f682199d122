import { sql } from 'kysely';
import type { Database } from './connection';

/** The latest public message of a conversation, as lists begin to show it. */
export interface Preview {
  readonly number: number;
  /** Its first characters. */
  readonly body: string;
  /** All of it is short enough to stand in `body`. */
  readonly whole: boolean;
  readonly by: 'customer' | 'thirdParty' | 'agent' | 'system';
  readonly at: Date;
}

/** How much of a message lists show. */
const PREVIEW_LENGTH = 200;

/** The latest public message of each of these conversations; nothing that has not left yet, or was taken back. */
export async function previewsOf(db: Database, numbers: readonly number[]): Promise<Map<number, Preview>> {
  if (numbers.length === 0) return new Map();
  const { rows } = await sql<Preview>`
    SELECT n.number, left(m.body, ${PREVIEW_LENGTH}) AS body, length(m.body) <= ${PREVIEW_LENGTH} AS whole, m.author_kind AS by, m.at
    FROM unnest(${[...numbers]}::bigint[]) AS n (number) CROSS JOIN LATERAL (
      SELECT body, author_kind, at FROM messages
      WHERE number = n.number AND direction <> 'note' AND state NOT IN ('waiting', 'withdrawn') ORDER BY at DESC, id DESC LIMIT 1) AS m`.execute(db);
  return new Map(rows.map((row) => [Number(row.number), row]));
}
