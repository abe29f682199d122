import { createHash, createHmac } from 'node:crypto';
import type { Database } from '../../db/connection';
import { visitorById, type VisitorProof } from '../../db/visitors';
import type { SigningKey, SigningKeys } from '../../messages/addresses';

/** What every visitor token begins with, so that it is known for one wherever it turns up. */
export const VISITOR_TOKEN_PREFIX = 'vt_';

const DAY_MS = 86_400_000;

/** How long a token holds after it was last renewed, in milliseconds: a dashboard signs anew each time, a mailbox or a browser is not asked so often. */
export const VISITOR_TOKEN_MS: Readonly<Record<VisitorProof, number>> = { signed: DAY_MS, code: 30 * DAY_MS, claimed: 30 * DAY_MS };

/**
 * The token of a visitor: 256 bits that only the holder of our signing key can make. Made of their id, so that a request that is repeated
 * can be answered as the first time although the database keeps no token, only its hash.
 */
export function newVisitorToken([key]: SigningKeys, visitorId: string): string {
  return tokenBy(key, visitorId);
}

/** The token of a visitor whose token still holds at `now`; null when there is none, or its key is gone. */
export async function tokenOfVisitor(db: Database, keys: SigningKeys, visitorId: string, now: number): Promise<string | null> {
  const visitor = await visitorById(db, visitorId, new Date(now));
  if (visitor === null) return null;
  return keys.map((key) => tokenBy(key, visitorId)).find((token) => visitorTokenHash(token).equals(visitor.tokenHash)) ?? null;
}

/** SHA-256: tokens have 256 bits that nobody can guess, so nothing slower is needed. */
export function visitorTokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function tokenBy(key: SigningKey, visitorId: string): string {
  const mac = createHmac('sha256', key.secret)
    .update(JSON.stringify(['holdfast/1', 'visitor', visitorId]))
    .digest('base64url');
  return VISITOR_TOKEN_PREFIX + mac;
}
