import type { AddressPolicy, PolicySnapshot, TriageRule } from './snapshot';
import { PRIORITIES } from './words';
import type { Channel, Priority } from './words';

/** What is known of a new request when its priority is chosen. */
export interface TriageRequest {
  /** What the requester chose in a form, by the API or in a chat. */
  readonly chosen?: Priority | undefined;
  readonly channel: Channel;
  /** The parts before the @ of our addresses that it was written to; those that the policy does not know are passed over. */
  readonly addresses: readonly string[];
  /** The requester's e-mail address. */
  readonly contact?: string | undefined;
  readonly subject: string;
  /** The message, in which words are looked for when there is no subject. */
  readonly text?: string | undefined;
}

/** A new request's priority, what decided it, and what rules and addresses add. */
export interface TriageResult {
  readonly priority: Priority;
  readonly source: 'requester' | 'triage' | 'address' | 'default' | 'voicemail';
  readonly tags: string[];
  readonly team: string | null;
  /** Whether it pages while the office is closed, as its addresses say. */
  readonly outOfHours: 'page' | 'notice';
}

/**
 * The priority of a new request; the first that fits wins: a voicemail is urgent, the requester's choice, the first triage rule, the
 * addresses, the policy's default. Tags and team come from that rule and from the addresses, whoever decided the priority.
 */
export function choosePriority(snapshot: PolicySnapshot, request: TriageRequest): TriageResult {
  const addresses = addressesOf(snapshot, request.addresses);
  const text = request.subject.trim() === '' ? (request.text ?? '') : request.subject;
  const rule = snapshot.triage.find((candidate) => fits(candidate, request, text));
  const team = [rule?.team, ...addresses.map((address) => address.team)].find((candidate) => candidate !== undefined);
  return {
    ...decide(snapshot, request, rule, addresses),
    tags: [...new Set([...(rule?.tags ?? []), ...addresses.flatMap((address) => address.tags ?? [])])],
    team: team ?? null,
    // One address that pages is enough.
    outOfHours: request.channel !== 'voicemail' && addresses.length > 0 && addresses.every((address) => address.outOfHours === 'notice') ? 'notice' : 'page',
  };
}

/**
 * The priority of the first triage rule whose words stand in a message on an existing conversation, null when none do. Rules that also
 * ask for an address or a contact count only when these are given and fit.
 */
export function mentionsTriage(
  snapshot: PolicySnapshot,
  text: string,
  from: { readonly addresses?: readonly string[]; readonly contact?: string | undefined } = {},
): Priority | null {
  const request = { addresses: from.addresses ?? [], contact: from.contact };
  const rule = snapshot.triage.find((candidate) => candidate.when.subject !== undefined && fits(candidate, request, text));
  return rule?.priority ?? null;
}

/**
 * The words of a text between single spaces, in lower case and without punctuation, so that whole words and phrases can be looked for:
 * `Production DOWN!` is ` production down `. A text without words is one space.
 */
export function wordsOf(text: string): string {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.length === 0 ? ' ' : ` ${words.join(' ')} `;
}

function decide(
  snapshot: PolicySnapshot,
  { channel, chosen }: TriageRequest,
  rule: TriageRule | undefined,
  addresses: readonly AddressPolicy[],
): Pick<TriageResult, 'priority' | 'source'> {
  if (channel === 'voicemail') return { priority: 'urgent', source: 'voicemail' };
  if (chosen !== undefined) return { priority: chosen, source: 'requester' };
  if (rule !== undefined) return { priority: rule.priority, source: 'triage' };
  // An address that states no priority stands for the default one.
  const stated = addresses.map((address) => address.priority ?? snapshot.defaultPriority);
  const highest = PRIORITIES.find((priority) => stated.includes(priority));
  if (highest !== undefined && addresses.some((address) => address.priority === highest)) return { priority: highest, source: 'address' };
  return { priority: snapshot.defaultPriority, source: 'default' };
}

function fits({ when }: TriageRule, request: Pick<TriageRequest, 'addresses' | 'contact'>, text: string): boolean {
  if (when.address !== undefined && !request.addresses.some((address) => isSame(address, when.address))) return false;
  if (when.contact !== undefined && !isSame(request.contact, when.contact)) return false;
  if (when.subject === undefined) return true;
  const words = wordsOf(text);
  return when.subject.some((phrase) => words.includes(wordsOf(phrase)));
}

/** What the policy says of these addresses. Own keys only: anybody can write to "constructor". */
function addressesOf(snapshot: PolicySnapshot, locals: readonly string[]): AddressPolicy[] {
  return locals
    .map((local) => local.toLowerCase())
    .filter((local) => Object.hasOwn(snapshot.addresses, local))
    .map((local) => snapshot.addresses[local] ?? {});
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  return a?.trim().toLowerCase() === b?.trim().toLowerCase();
}
