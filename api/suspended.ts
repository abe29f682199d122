import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint } from '../config/crash-points';
import { claimKey } from '../db/idempotency';
import { inTransaction } from '../db/in-transaction';
import type { Database } from '../db/connection';
import { mailStanding, takeBack, type MailStanding } from '../db/suspended';
import { HoldfastError } from '../messages/errors';
import type { Agent } from './auth/actor';
import type { ApiContext } from './context';
import { keyReused } from './mount-api';

/** How long a decision waits for the mail's new place before the answer is `queued`, and how often it looks, in milliseconds. */
const WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/** What a person wants of mail that is kept aside. */
export interface SuspendedDecision {
  readonly id: number;
  readonly act: 'release' | 'retry';
  readonly actor: Agent;
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
}

/**
 * Carries a decision about suspended mail out: durable first, then waits a moment for where the mail has gone; null when that is not known
 * yet. Errors: E_NOT_FOUND, E_IDEMPOTENCY_REUSED.
 */
export async function decideSuspended(context: ApiContext, { id, act, actor, idempotency }: SuspendedDecision): Promise<MailStanding | null> {
  await inTransaction(context.db, async (trx) => {
    const at = new Date(context.now());
    if (idempotency !== null) {
      const claim = await claimKey(trx, { actor: actor.id, ...idempotency, at });
      if (claim.state === 'reused') throw keyReused();
      if (claim.state === 'repeated') return;
    }
    if (!(await takeBack(trx, id, { act, by: actor.id, at }))) throw noSuchSuspended();
    await crashPoint('release:taken', id);
  });
  return settled(context.db, id, context.commandWaitMs ?? WAIT_MS);
}

/** E_NOT_FOUND for mail that is not kept aside (any more). */
export function noSuchSuspended(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such suspended mail; somebody may have released or deleted it.');
}

async function settled(db: Database, id: number, waitMs: number): Promise<MailStanding | null> {
  const until = performance.now() + waitMs;
  for (;;) {
    const standing = await mailStanding(db, id);
    if (standing !== null && standing.state !== 'accepted') return standing;
    if (performance.now() >= until) return null;
    await sleep(LOOK_AGAIN_MS);
  }
}
