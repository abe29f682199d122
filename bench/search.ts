import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { closeDatabase, openDatabase, type Database } from '../db/connection';
import { listConversations } from '../db/conversations';
import { migrateToLatest } from '../db/migrate';
import { publishPolicy } from '../db/policies';
import { loadPolicy } from '../policy/resolve';
import { STATUSES } from '../policy/words';
import { seeded, type Seeded } from '../test/kit/seeded';
import { percentile, spreadOf, type Spread } from './statistics';

/** The budget of a search with 100,000 messages, in milliseconds. */
export const SEARCH_P95_MS = 50;

/** How fast the queue is searched. */
export interface SearchFigures {
  readonly messages: number;
  readonly conversations: number;
  /** All searches, in milliseconds. */
  readonly tookMs: Spread & { readonly p95: number };
  /** The same by what is looked for, such as `a rare word`. */
  readonly byKind: Readonly<Record<string, Spread & { readonly p95: number }>>;
  /** A message's index entry costs this much more time when it is written, in milliseconds. */
  readonly writeMs: number;
  readonly budgetMs: number;
}

const SEED = 20_260_327;
const MESSAGES_EACH = 10;
const WORDS_EACH = 60;
const VOCABULARY = 20_000;
/** A closed one for each open one: both are searched. */
const OPEN_SHARE = 0.5;
const AT_ONCE = 2_000;
const PAGE = 51;
const ROUNDS = 40;

/**
 * Fills a database of its own on the server of `url` with conversations of ten messages each, whose words are as unevenly frequent as those
 * of a language, and searches the queue for rare and frequent words, starts of words, names, addresses and tags.
 */
export async function measureSearch({ url, messages, progress }: { url: string; messages: number; progress: (line: string) => void }): Promise<SearchFigures> {
  const own = new URL(url);
  own.pathname = `/search_${randomBytes(4).toString('hex')}`;
  const name = own.pathname.slice(1);
  await administrate(url, `CREATE DATABASE ${name}`);
  try {
    await migrateToLatest(own.href);
    const db = openDatabase(own.href, { max: 2 });
    try {
      await publishPolicy(db, await loadPolicy(undefined, AT), new Date(AT));
      return await search(db, messages, progress);
    } finally {
      await closeDatabase(db);
    }
  } finally {
    await administrate(url, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function administrate(url: string, statement: string): Promise<void> {
  const db = openDatabase(url, { max: 1 });
  try {
    await sql.raw(statement).execute(db);
  } finally {
    await closeDatabase(db);
  }
}

async function search(db: Database, messages: number, progress: (line: string) => void): Promise<SearchFigures> {
  const random = seeded(SEED);
  const words = vocabulary(random);
  const conversations = Math.ceil(messages / MESSAGES_EACH);
  progress(`${messages} messages in ${conversations} conversations to search in`);
  const first = await fill(db, { conversations, words, random });
  await sql`VACUUM ANALYZE search_entries, conversations, messages, participants, contacts`.execute(db);
  const looks = looksOf(words, random);
  const took: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [kind, next] of Object.entries(looks)) {
      const q = next();
      const since = performance.now();
      // Every other one also among the closed ones.
      await listConversations(db, { q, snoozedAt: new Date(AT), ...(round % 2 === 0 ? {} : { status: STATUSES }) }, QUEUE);
      // The first round fills the caches, as a desk's own day does.
      if (round > 0) (took[kind] ??= []).push(performance.now() - since);
    }
  }
  const writeMs = await costOfWriting(db, first, words, random);
  return {
    messages,
    conversations,
    tookMs: withP95(Object.values(took).flat()),
    byKind: Object.fromEntries(Object.entries(took).map(([kind, values]) => [kind, withP95(values)])),
    writeMs,
    budgetMs: SEARCH_P95_MS,
  };
}

const AT = Date.parse('2026-03-23T09:00:00Z');
const QUEUE = { sort: 'due', after: null, limit: PAGE } as const;

function withP95(values: readonly number[]): Spread & { readonly p95: number } {
  return { ...spreadOf(values), p95: percentile(values, 95) };
}

/** What people look for; each answers its next search. */
function looksOf(words: readonly string[], random: Seeded): Record<string, () => string> {
  const among = (from: number, to: number) => words[Math.floor(random.between(from, to))] ?? '';
  const anyone = () => Math.floor(random.between(0, 1_000));
  return {
    'a rare word': () => among(5_000, VOCABULARY),
    'a frequent word': () => among(20, 200),
    'one of the most frequent words': () => among(0, 5),
    'two words': () => `${among(200, 2_000)} ${among(50, 500)}`,
    'the start of a word': () => among(1_000, 10_000).slice(0, 4),
    'a name': () => `Person Number${anyone()}`,
    'an address': () => `person${anyone()}@customer.example`,
    'a cluster': () => `c${anyone() % 100}`,
    'a phone number': () => `030 ${1_000_000 + anyone()}`,
    'nothing that there is': () => 'xyzzyqwk',
  };
}

/** Words of two to four syllables, each another one. */
function vocabulary(random: Seeded): string[] {
  const starts = ['b', 'd', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'w', 'z', 'sch', 'st', 'tr'];
  const vowels = ['a', 'e', 'i', 'o', 'u', 'ä', 'ö', 'ü', 'ei', 'au'];
  const words = new Set<string>();
  while (words.size < VOCABULARY) {
    const syllables = Math.floor(random.between(2, 5));
    words.add(Array.from({ length: syllables }, () => random.oneOf(starts) + random.oneOf(vowels)).join(''));
  }
  return [...words];
}

/** Zipf's law: the n-th most frequent word comes 1/n as often as the first. */
function wordOf(words: readonly string[], random: Seeded): string {
  return words[Math.floor(words.length ** random.between(0, 1)) - 1] ?? '';
}

const sentence = (words: readonly string[], random: Seeded, length: number) => Array.from({ length }, () => wordOf(words, random)).join(' ');

/** Answers the number of the first conversation. */
async function fill(db: Database, { conversations, words, random }: { conversations: number; words: readonly string[]; random: Seeded }): Promise<number> {
  const policy = await db.selectFrom('policies').select('hash').limit(1).executeTakeFirstOrThrow();
  const at = new Date(AT);
  const first = 5_000_000;
  await db
    .insertInto('contacts')
    .values(
      Array.from({ length: 1_000 }, (_, n) => ({
        id: `bench-${n}`,
        organization_id: null,
        name: `Person Number${n}`,
        email: `person${n}@customer.example`,
        phone: `+4930${1_000_000 + n}`,
        zone: null,
        created_at: at,
      })),
    )
    .execute();
  for (let from = 0; from < conversations; from += AT_ONCE / MESSAGES_EACH) {
    const numbers = Array.from({ length: Math.min(AT_ONCE / MESSAGES_EACH, conversations - from) }, (_, n) => first + from + n);
    await db
      .insertInto('conversations')
      .values(
        numbers.map((number) => ({
          number,
          kind: 'ticket' as const,
          channel: 'email' as const,
          subject: sentence(words, random, 6),
          status: random.between(0, 1) < OPEN_SHARE ? ('open' as const) : ('closed' as const),
          priority: 'normal' as const,
          priority_source: 'default',
          plan: 'standard',
          requester_id: `bench-${number % 1_000}`,
          organization_id: null,
          assignee: null,
          team_id: null,
          address: 'support',
          cluster: [`c${number % 100}`],
          website: [`www${number % 500}.customer.example`],
          tags: [`tag${number % 40}`],
          policy_hash: policy.hash,
          received_at: at,
          last_seq: MESSAGES_EACH,
          relayed_seq: MESSAGES_EACH,
          applied_seq: MESSAGES_EACH,
          start: '{}',
          next_due_at: new Date(AT + random.between(0, 86_400_000)),
          merged_into: null,
          linked_from: null,
          last_message_at: at,
          created_at: at,
        })),
      )
      .execute();
    await db
      .insertInto('participants')
      .values(numbers.map((number) => ({ number, contact_id: `bench-${number % 1_000}`, role: 'requester' as const, added_at: at })))
      .execute();
    await db
      .insertInto('messages')
      .values(numbers.flatMap((number) => Array.from({ length: MESSAGES_EACH }, (_, n) => message(number, n, sentence(words, random, WORDS_EACH)))))
      .execute();
  }
  return first;
}

function message(number: number, n: number, body: string) {
  return {
    id: `bench-${number}-${n}`,
    number,
    seq: null,
    direction: n % 2 === 0 ? ('in' as const) : ('out' as const),
    author_kind: 'system' as const,
    author_id: null,
    channel: 'email' as const,
    body,
    full_body: null,
    html: null,
    at: new Date(AT + n),
    state: 'shown' as const,
    mail_id: null,
    in_reply_to: null,
    hint: null,
    inbox_id: null,
  };
}

/** The difference between messages with and without words, one by one as they come in. */
async function costOfWriting(db: Database, number: number, words: readonly string[], random: Seeded): Promise<number> {
  const times = { empty: [] as number[], full: [] as number[] };
  for (let n = 0; n < 200; n += 1) {
    for (const kind of ['empty', 'full'] as const) {
      const body = kind === 'empty' ? '' : sentence(words, random, WORDS_EACH);
      const since = performance.now();
      await db
        .insertInto('messages')
        .values({ ...message(number, n, body), id: `bench-write-${kind}-${n}` })
        .execute();
      times[kind].push(performance.now() - since);
    }
  }
  return Math.max(0, percentile(times.full, 50) - percentile(times.empty, 50));
}
