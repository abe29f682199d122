import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { addDemoAddress, policyOfDemoAddress, policyOfDemoConversation } from '../db/demo-addresses';
import type { Database } from '../db/connection';
import { readPolicyDocument } from '../policy/document';
import { resolvePolicy } from '../policy/resolve';
import type { PolicySnapshot } from '../policy/snapshot';
import { domainOf, localPartOf } from './mail-address';

/**
 * Demonstrations: an admin gets an address of one-time use, and mail to it opens conversations under the demonstration's own policy,
 * marked as such. The desk's own policy is never touched, so nobody else's promises change for a moment. See docs/demo.md.
 */

/** The policy with the handbook's promises in seconds. */
export const DEMO_POLICY_FILE = path.join(__dirname, '..', 'policy', 'demo.yaml');

/** The demonstration's customer: their mail domain and systems belong to nobody else. */
export const DEMO_ORGANIZATION = {
  id: 'o-demo',
  name: 'Demo customer',
  domain: 'demo-customer.example',
  cluster: 'demo-c1',
  website: 'shop.demo-customer.example',
} as const;

const ADDRESS = /^demo\+[0-9a-f]{32}$/;
const LIVES_MS = 5 * 60_000;

/** An address of a demonstration: who knows it may write to it until then. */
export interface DemoAddress {
  /** The part before the `@`. */
  readonly localPart: string;
  /** Milliseconds. */
  readonly until: number;
  readonly policy: PolicySnapshot;
}

/** Begins a demonstration: keeps its policy and a fresh address, and its customer's organization. `now` in milliseconds. */
export async function beginDemo(db: Database, now: number): Promise<DemoAddress> {
  const policy = await demoPolicy(now);
  const localPart = `demo+${randomBytes(16).toString('hex')}`;
  const until = now + LIVES_MS;
  await addDemoAddress(db, localPart, { policy, until, now });
  const { id, name, domain, cluster, website } = DEMO_ORGANIZATION;
  await db
    .insertInto('organizations')
    .values({ id, name, plan: 'standard', domains: [domain], clusters: [cluster], websites: [website], created_at: new Date(now) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return { localPart, until, policy };
}

/** The shipped demonstration policy, resolved and marked. `now` in milliseconds. */
export async function demoPolicy(now: number): Promise<PolicySnapshot> {
  const document = readPolicyDocument(await readFile(DEMO_POLICY_FILE, 'utf8'), DEMO_POLICY_FILE);
  return resolvePolicy(document, { now, baseFolder: path.dirname(DEMO_POLICY_FILE), demo: true });
}

/** Whether an address (any case) takes mail of a demonstration that runs at `now` (milliseconds). */
export async function isDemoAddress(db: Database, domain: string, address: string, now: number): Promise<boolean> {
  const localPart = localPartOf(address);
  if (domainOf(address) !== domain.toLowerCase() || !ADDRESS.test(localPart)) return false;
  return (await policyOfDemoAddress(db, localPart, now)) !== null;
}

/**
 * The policy of a new conversation that belongs to a demonstration: written to its address and to no other of ours, or continuing
 * a demonstration's conversation. Null for every other one. `receivedAt` in milliseconds.
 */
export async function policyOfDemo(
  db: Database,
  mail: { readonly localParts: readonly string[]; readonly receivedAt: number; readonly linkedTo: number | null },
): Promise<PolicySnapshot | null> {
  const [first] = mail.localParts;
  if (first !== undefined && mail.localParts.every((localPart) => ADDRESS.test(localPart))) {
    const policy = await policyOfDemoAddress(db, first, mail.receivedAt);
    if (policy !== null) return policy;
  }
  return mail.linkedTo === null ? null : policyOfDemoConversation(db, mail.linkedTo);
}
