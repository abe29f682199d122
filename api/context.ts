import type { Client } from '@temporalio/client';
import type { Environment } from '../config/environment';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import type { SigningKeys } from '../messages/addresses';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Background } from './background';
import type { Live } from './live/live';
import type { RateLimits } from './rate-limits';

/** What `/readyz` reports, part by part. */
export interface Readiness {
  /** Reachable, and migrated to the schema of this program. */
  readonly postgres: boolean;
  readonly temporal: boolean;
  readonly smtp: boolean;
}

/** All that the API works with; tests put their own database, clock and policy in its place. */
export interface ApiContext {
  readonly db: Database;
  /** Absent in tests that need no workflow: commands then stay queued. */
  readonly client?: Client | undefined;
  /** The policy in force for new promises. */
  readonly policy: () => PolicySnapshot;
  readonly environment: Pick<Environment, 'HOLDFAST_PUBLIC_URL' | 'HOLDFAST_ADMIN_TOKEN' | 'MAIL_DOMAIN' | 'DASHBOARD_JWT_SECRET'> &
    Partial<Pick<Environment, 'HOLDFAST_EMBED_ORIGINS'>>;
  /** Signs and verifies the links in mails. */
  readonly signingKeys: SigningKeys;
  readonly log: Logger;
  /** For what goes on after the answer. */
  readonly background: Background;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly readiness: () => Promise<Readiness>;
  /** Live connections of this process; without it nobody is told anything live. */
  readonly live?: Live | undefined;
  /** How long a request waits for a workflow's answer before it says `queued`, in milliseconds; 5 s unless a test is in a hurry. */
  readonly commandWaitMs?: number;
  /** How long the chat's expectation is shown as it was measured, in milliseconds; 3 s unless a test looks again at once. */
  readonly measuredForMs?: number;
  /** Where the build of what browsers run is; beside this program's own unless told. */
  readonly webDir?: string | undefined;
  /** Where they differ from the usual ones. */
  readonly rateLimits?: Partial<RateLimits> | undefined;
  /** Addresses of proxies whose word about a caller's address is believed, as Express takes them; this machine's own unless told. */
  readonly trustedProxies?: string | undefined;
}
