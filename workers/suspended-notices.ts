import type { Database } from '../db/connection';
import { writeNotice, type NoticeRow } from '../db/notices';
import { countSuspended } from '../db/suspended';
import { officeOpenedAt } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';

/** More than these waiting is worth a word at once. */
const MANY = 10;

/**
 * Tells the desk of mail that was kept aside: when the office opens, and, once a day, when more than ten wait. To be called every few
 * seconds; a repeat writes nothing. `now` in milliseconds. `post` takes what was written, each time, to where else it should be.
 */
export async function noticeSuspended(db: Database, policy: PolicySnapshot, now: number, post?: (notice: NoticeRow) => Promise<void>): Promise<void> {
  const openedAt = officeOpenedAt(policy, now);
  const count = await countSuspended(db, new Date(openedAt ?? now));
  if (openedAt !== null && count.earlier > 0) {
    const notice = await writeNotice(db, {
      key: `suspended:opening:${openedAt}`,
      number: null,
      kind: 'suspended',
      text: waiting(count.earlier),
      toAgent: null,
      dueAt: new Date(openedAt),
      at: new Date(now),
    });
    await post?.(notice);
  }
  if (count.all <= MANY) return;
  const notice = await writeNotice(db, {
    key: `suspended:many:${new Date(now).toISOString().slice(0, 10)}`,
    number: null,
    kind: 'suspended',
    text: waiting(count.all),
    toAgent: null,
    dueAt: new Date(now),
    at: new Date(now),
  });
  await post?.(notice);
}

function waiting(count: number): string {
  return count === 1
    ? '1 mail was kept aside and waits for somebody to release or delete it: see “Suspended”.'
    : `${count} mails were kept aside and wait for somebody to release or delete them: see “Suspended”.`;
}
