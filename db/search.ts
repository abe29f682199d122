import { sql, type RawBuilder, type SqlBool } from 'kysely';

/** Words of one search that count; what comes after them narrows no further. */
const WORDS = 8;

/** A text as people write a phone number; at least six digits, so that no year, hour or conversation's number is taken for one. */
const PHONE = /^(\+|00|0)?(?=(\D*\d){6})[\d ()/.-]+$/;

/**
 * Whether a conversation, as `c` of the query, has all words of `q`, each as a start of a word in its messages and notes, its number,
 * subject, tags, clusters and websites, or in its people's names, addresses and numbers. Upper case, accents and punctuation make no
 * difference; a merged conversation's words find the one that it has become a part of. `#1042` is that conversation and no other.
 */
export function foundBy(q: string): RawBuilder<SqlBool> {
  const number = /^#([1-9]\d{0,14})$/.exec(q.trim())?.[1];
  if (number !== undefined) return sql<SqlBool>`c.number = ${Number(number)}`;
  const words = wordsOf(q).map(
    // A plain semi-join, one table each: the planner then begins with whatever is rarer, the word or the queue's first rows.
    (word) => sql<SqlBool>`c.number IN (SELECT e.number FROM search_entries AS e WHERE e.words @@ search_query(${word}))`,
  );
  return words.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(words, sql` AND `)}`;
}

/** What is looked for, word by word: a phone number is one word, however it is written, and punctuation alone is none. */
export function wordsOf(q: string): string[] {
  const text = q.trim();
  if (PHONE.test(text)) return [text.replace(/^(\+|00|0)/, '').replace(/\D/g, '')];
  return [...new Set(text.split(/\s+/))].filter((word) => /[\p{L}\p{N}]/u.test(word)).slice(0, WORDS);
}
