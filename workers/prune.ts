import { deleteUnclaimedUploads } from '../db/attachments';
import type { Database } from '../db/connection';
import { pruneCodes } from '../db/codes';
import { pruneAnswers } from '../db/idempotency';
import { pruneLiveEvents } from '../db/live-events';
import { pruneListeners } from '../db/live-listeners';
import { prunePresence } from '../db/presence-tabs';
import { pruneRateLimits } from '../db/rate-limits';
import { pruneSessions } from '../db/sessions';
import { pruneVisitors } from '../db/visitors';

/** How often what is over is swept away, in milliseconds. */
export const PRUNE_EVERY_MS = 10 * 60_000;

/** For how long a repeated request is answered as the first time, in milliseconds: longer than any client tries. */
const ANSWERS_KEPT_MS = 7 * 24 * 3_600_000;

/** Forgets what nobody can ask for any more: sessions, visitor tokens and windows that are over, answers to requests that nobody repeats, uploads that nobody sent, live events that are over, and who has long been gone. `now` in milliseconds. */
export async function prune(db: Database, now: number): Promise<void> {
  await pruneSessions(db, new Date(now));
  await pruneRateLimits(db, new Date(now));
  await pruneAnswers(db, new Date(now - ANSWERS_KEPT_MS));
  await pruneCodes(db, now);
  await deleteUnclaimedUploads(db, now);
  await pruneVisitors(db, new Date(now));
  await pruneLiveEvents(db, new Date(now));
  await pruneListeners(db, new Date(now));
  await prunePresence(db, new Date(now));
}
