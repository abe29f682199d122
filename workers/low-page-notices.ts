import type { Database } from '../db/connection';
import { writeNotice, type NoticeRow } from '../db/notices';
import { openLowPages } from '../db/pages';
import { officeOpenedAt } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';

/** Numbers that one notice names; more are counted. */
const NAMED = 20;

/**
 * Lists for the desk, as the office opens, the pages of low urgency that are open from before: they have rung nobody out of bed. To be called
 * every few seconds; a repeat writes nothing. `now` in milliseconds. `post` takes what was written, each time, to where else it should be.
 */
export async function noticeLowPages(db: Database, policy: PolicySnapshot, now: number, post?: (notice: NoticeRow) => Promise<void>): Promise<void> {
  const openedAt = officeOpenedAt(policy, now);
  if (openedAt === null) return;
  const numbers = await openLowPages(db, new Date(openedAt));
  if (numbers.length === 0) return;
  const notice = await writeNotice(db, {
    key: `pages:opening:${openedAt}`,
    number: null,
    kind: 'lowPages',
    text: listed(numbers),
    toAgent: null,
    dueAt: new Date(openedAt),
    at: new Date(now),
  });
  await post?.(notice);
}

function listed(numbers: readonly number[]): string {
  const named = numbers
    .slice(0, NAMED)
    .map((number) => `#${number}`)
    .join(' ');
  const more = numbers.length > NAMED ? ` and ${numbers.length - NAMED} more` : '';
  return numbers.length === 1
    ? `1 page of low urgency is open from before the office opened: ${named}.`
    : `${numbers.length} pages of low urgency are open from before the office opened: ${named}${more}.`;
}
