import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { tokenHash } from '../api/auth/authenticate';
import type { temporalConnection } from '../config/temporal';
import { addToken } from '../db/agents';
import type { Database } from '../db/connection';
import { AGENTS, agentId, SEEDED } from '../intake/seed/people';
import type { SigningKeys } from '../messages/addresses';
import { HoldfastError } from '../messages/errors';
import { Desk } from './desk';

/** A running desk, as far as seeding needs to know it. */
export interface SeedDesk {
  /** Of its API; no slash at its end. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly temporal: Pick<ReturnType<typeof temporalConnection>, 'connectionOptions' | 'namespace'>;
  /** Sign the reply addresses that its customers answer to. */
  readonly keys: SigningKeys;
  readonly mailDomain: string;
  /** Whether its mail stays on this machine. */
  readonly catchesMail: boolean;
}

/** How the seeded rows' ids begin. */
export const SEEDED_IDS = { organizations: `o${SEEDED}`, contacts: `c${SEEDED}`, agents: `a${SEEDED}`, teams: `team-${SEEDED}` } as const;

/** The row of `settings` that says which conversations have been told to their end. */
export const SEED_SETTING = 'seed';

const LOOK_EVERY_MS = 200;
const TOKEN_MS = 30 * 60_000;

/** The seeded agents at the API, each with a token that lasts as long as the work does. */
export async function seededAgents(db: Database, url: string, now: number): Promise<Map<string, Desk>> {
  const desks = new Map<string, Desk>();
  for (const { key } of AGENTS) {
    const token = `hf_${randomBytes(32).toString('base64url')}`;
    await addToken(db, { agentId: agentId(key), label: SEED_SETTING, hash: tokenHash(token), expiresAt: new Date(now + TOKEN_MS), at: new Date(now) });
    desks.set(key, new Desk(url, token));
  }
  return desks;
}

/** Takes the tokens away again: nobody can sign in as a seeded agent. */
export async function forgetTokens(db: Database): Promise<void> {
  await db.deleteFrom('api_tokens').where('label', '=', SEED_SETTING).where('agent_id', 'like', `${SEEDED_IDS.agents}%`).execute();
}

/** Looks again and again until there is something. Errors: E_UNAVAILABLE that says what it waited for. */
export async function until<Found>(what: string, withinMs: number, look: () => Promise<Found | undefined>): Promise<Found> {
  for (const deadline = performance.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new HoldfastError('E_UNAVAILABLE', `The desk did not do this within ${Math.round(withinMs / 1000)} s: ${what}.`, {
        fix: 'See that its workers run (npx holdfast doctor), then run this again: it goes on where it ended.',
      });
    }
  }
}

/** Does something with each item, so many side by side; the first error ends it. */
export async function sideBySide<Item>(lanes: number, items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
