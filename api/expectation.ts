import type { Database } from '../db/connection';
import { measureChats, type Measured } from '../db/expectation';
import { expectation, SAMPLES_SINCE_MS } from '../policy/expectation';
import type { Priority } from '../policy/words';
import type { ApiContext } from './context';
import { avatarUrl } from './file-links';
import { rfc3339OrNull } from './schemas/text';

/** How long what was measured is shown, in milliseconds: a crowd that opens the chat asks the database once. */
const MEASURED_FOR_MS = 3_000;

/** What each app has measured last, and when by its own stopwatch. */
const measured = new WeakMap<ApiContext, { readonly at: number; readonly what: Promise<Measured> }>();

/** What somebody who writes in the chat now can expect, as the API answers it, at the default priority unless told; without a plan what holds on every plan. */
export async function expectationAnswer(
  context: ApiContext,
  db: Database,
  of: { readonly plan?: string | null | undefined; readonly priority?: Priority | undefined } = {},
) {
  const now = context.now();
  const policy = context.policy();
  const { agents, responses, queue } = await measuredBy(context, db, now);
  const { office, opensAt, reply, samples, answerBy } = expectation(
    policy,
    { plan: of.plan ?? null, priority: of.priority ?? policy.defaultPriority, responses },
    now,
  );
  return {
    office,
    opensAt: rfc3339OrNull(opensAt),
    agents: agents.map(({ name, avatar }) => ({ name, avatar: avatarUrl(avatar), initials: initialsOf(name) })),
    reply,
    samples,
    queue,
    answerBy: rfc3339OrNull(answerBy),
  };
}

/** By the caller's own connection: one that held a transaction and waited for another could wait for others that do the same. */
async function measuredBy(context: ApiContext, db: Database, now: number): Promise<Measured> {
  const last = measured.get(context);
  if (last !== undefined && performance.now() - last.at < (context.measuredForMs ?? MEASURED_FOR_MS)) return last.what;
  const what = measureChats(db, { since: new Date(now - SAMPLES_SINCE_MS), now: new Date(now) });
  const entry = { at: performance.now(), what };
  measured.set(context, entry);
  // A failure is answered once, and never remembered.
  what.catch(() => {
    if (measured.get(context) === entry) measured.delete(context);
  });
  return what;
}

/** The first letters of a name's first and last word: `GH` for Grace Brewster Hopper. */
export function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word === undefined ? '' : [...word][0]));
  return letters.join('').toUpperCase() || '?';
}
