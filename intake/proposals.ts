import type { Transaction } from 'kysely';
import { agentByEmail } from '../db/contacts';
import { addProposal } from '../db/proposals';
import type { Schema } from '../db/schema';
import { participantsOf } from '../db/threads';
import { forwardedFrom } from './forwarded';
import { domainOf } from './mail-address';
import type { MailPerson, ParsedMail } from './parse/parsed-mail';

/** How many of those whom a mail names are proposed. */
const PROPOSED = 20;

/** The mail that has opened a conversation. */
export interface OpeningMail {
  readonly number: number;
  readonly mail: Pick<ParsedMail, 'to' | 'subject' | 'text' | 'fullText' | 'files'>;
  /** The domain of our addresses, lower case. */
  readonly domain: string;
  /** An agent whose address has proven itself sent it: what they forward, somebody else asks. */
  readonly byAgent: boolean;
  readonly at: Date;
}

/**
 * Proposes to agents whom the first mail of a conversation names: those in To and Cc who have not joined by themselves, and the author of a
 * mail that an agent has forwarded as its requester. None of them is written to, and none gets a record, before an agent says so.
 */
export async function proposePeople(trx: Transaction<Schema>, opening: OpeningMail): Promise<void> {
  const { number, mail, domain, byAgent, at } = opening;
  const requester = byAgent ? forwardedFrom(mail) : null;
  const others = mail.to.filter(({ address }) => domainOf(address) !== domain);
  // Most mails name nobody but us.
  if (requester === null && others.length === 0) return;
  const present = new Set((await participantsOf(trx, number)).map(({ email }) => email));
  const isOutside = async ({ address }: MailPerson): Promise<boolean> =>
    !present.has(address) && domainOf(address) !== domain && (await agentByEmail(trx, address)) === null;

  if (requester !== null && (await isOutside(requester))) {
    await addProposal(trx, { number, role: 'requester', email: requester.address, name: requester.name, at });
  }
  const seen = new Set<string>();
  for (const person of others) {
    if (seen.size >= PROPOSED) return;
    if (seen.has(person.address) || !(await isOutside(person))) continue;
    seen.add(person.address);
    await addProposal(trx, { number, role: 'participant', email: person.address, name: person.name, at });
  }
}
