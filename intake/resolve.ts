import type { Transaction } from 'kysely';
import { agentByEmail, contactByEmail, findOrCreateContact, isKnownSender, type Contact } from '../db/contacts';
import { findEarlierCopy, markResolved, markSuspended, notifyRelay, type WaitingRow } from '../db/inbox';
import type { Schema } from '../db/schema';
import { lockThread, participates, recipientsOf, threadExists, threadOfMessage, threadOfOurMail } from '../db/threads';
import { isOurMailId, parseReplyAddress, verifyReplyAddress, type ParsedReplyAddress, type SigningKeys } from '../messages/addresses';
import type { PolicySnapshot } from '../policy/snapshot';
import { contentHash } from './content-hash';
import { raiseByCopy } from './copies';
import { policyOfDemo } from './demo';
import type { Incoming } from './incoming';
import { joinConversation, keepAsNote } from './join-conversation';
import { judgeMachine } from './machine-mail';
import { domainOf, localPartOf, mailAddress } from './mail-address';
import { openConversation } from './open-conversation';
import type { ReadMail } from './parse/mail-parser';
import type { MailPerson } from './parse/parsed-mail';
import { decideThread, type NamedThread, type ThreadFacts } from './threading';
import { verdictOf } from './verdict';

const DAY_MS = 86_400_000;
/** Servers repeat a mail for days; it then has the same Message-ID. */
const COPY_WITHIN_MS = 7 * DAY_MS;
/** Without one, two equal mails far apart are two mails: a monitor that reports the same fault every day. */
const COPY_WITHOUT_ID_WITHIN_MS = 3_600_000;

/** What resolving needs to know of the desk. */
export interface Desk {
  readonly policy: PolicySnapshot;
  readonly keys: SigningKeys;
  /** The domain of our addresses, lower case. */
  readonly domain: string;
}

/** What became of a mail; `number` is its conversation. */
export type Resolved =
  { readonly outcome: 'opened' | 'joined' | 'noted' | 'copy'; readonly number: number | null } | { readonly outcome: 'suspended'; readonly reason: string };

/**
 * Gives an accepted mail its place, in the caller's transaction that has its row locked: a copy of an earlier one, a message of a
 * conversation, a new conversation, or kept aside. `now` in milliseconds.
 */
export async function resolveMail(trx: Transaction<Schema>, desk: Desk, row: WaitingRow, readMail: ReadMail, now: number): Promise<Resolved> {
  const at = new Date(now);
  const { mail } = readMail;
  const hash = contentHash(row.raw, anonymousSender(row, readMail));
  const since = row.receivedAt.getTime() - (mail.mailId === null ? COPY_WITHOUT_ID_WITHIN_MS : COPY_WITHIN_MS);
  const earlier = await findEarlierCopy(trx, hash, new Date(since));
  if (earlier !== null) {
    await raiseByCopy(trx, desk, { row, mail, earlier, now });
    await markResolved(trx, row.id, { number: earlier.number, at, contentHash: hash, duplicateOf: earlier.id });
    return { outcome: 'copy', number: earlier.number };
  }
  const suspend = async (reason: string): Promise<Resolved> => {
    await markSuspended(trx, row.id, { reason, at, contentHash: hash });
    return { outcome: 'suspended', reason };
  };
  const settle = async (outcome: 'opened' | 'joined' | 'noted', number: number): Promise<Resolved> => {
    await markResolved(trx, row.id, { number, at, contentHash: hash });
    if (outcome !== 'noted') await notifyRelay(trx, number);
    return { outcome, number };
  };

  const sender = senderOf(row, readMail);
  if (mail.mailId !== null && isOurMailId(desk.keys, mail.mailId)) return suspend('ownMail');
  if (sender !== null && isOurs(desk, sender.address)) return suspend('ownAddress');

  const facts = await factsOf(trx, desk, row, readMail, sender);
  const decision = decideThread(facts);
  const incoming = incomingOf(desk, row, readMail, facts);
  switch (decision.to) {
    case 'suspended':
      return suspend(decision.reason);
    case 'join': {
      const thread = await lockedThread(trx, decision.number);
      const contact = sender === null ? null : await contactFor(trx, sender, decision.as, row.receivedAt);
      await joinConversation(trx, desk.policy, { ...incoming, contact, authenticated: decision.authenticated }, thread, decision);
      return settle('joined', thread.number);
    }
    case 'note': {
      const thread = await lockedThread(trx, decision.number);
      await keepAsNote(trx, incoming, thread);
      return settle('noted', thread.number);
    }
    case 'new': {
      if (sender === null) return suspend('noSender');
      const { contact } = await findOrCreateContact(trx, { email: sender.address, phone: null, name: sender.name }, row.receivedAt);
      // Merely naming a demonstration's number makes no demonstration: its pages would reach nobody.
      const follows = facts.token?.fromIsRecipient === true ? decision.linkedTo : null;
      const demo = await policyOfDemo(trx, { localParts: localParts(desk, row), receivedAt: row.receivedAt.getTime(), linkedTo: follows });
      const { number } = await openConversation(trx, demo ?? desk.policy, {
        ...incoming,
        contact,
        known: facts.senderKnown,
        initiatedBy: 'customer',
        agent: null,
        copied: mail.to.map(({ address }) => address).filter((address) => domainOf(address) !== desk.domain),
        given: { cluster: null, website: null },
        linkedFrom: decision.linkedTo,
        flags: [...decision.flags, ...readingFlags(readMail), ...(facts.agent === null ? [] : ['agentAddress'])],
      });
      return settle('opened', number);
    }
    default:
      return decision satisfies never;
  }
}

/** Who wrote: From, else the sender on the envelope (one real mail in six has no From). */
function senderOf(row: WaitingRow, { mail }: ReadMail): MailPerson | null {
  if (mail.from !== null) return mail.from;
  const address = mailAddress(row.envelope.from);
  return address === null ? null : { address, name: null };
}

/**
 * The sender on the envelope, if nothing within the mail tells it from somebody else's that says the same. A mail with a Message-ID is
 * one mail, whichever envelope its copies come in.
 */
function anonymousSender(row: WaitingRow, { mail }: ReadMail): string {
  return mail.from === null && mail.mailId === null ? row.envelope.from : '';
}

/** An address that customers write to: whoever writes "from" it would be answered into our own mouth. */
function isOurs(desk: Desk, address: string): boolean {
  return domainOf(address) === desk.domain && Object.hasOwn(desk.policy.addresses, localPartOf(address));
}

async function factsOf(trx: Transaction<Schema>, desk: Desk, row: WaitingRow, { mail }: ReadMail, sender: MailPerson | null): Promise<ThreadFacts> {
  const verdict = verdictOf();
  const email = sender?.address ?? null;
  const { machine, noAutoMail } = judgeMachine({ headers: mail.headers, from: email, envelopeFrom: row.envelope.from });
  const agent = email === null ? null : await agentByEmail(trx, email);
  const tokens = localParts(desk, row).flatMap((local) => parseReplyAddress(local) ?? []);
  const token = await goodToken(trx, desk, tokens, email, agent);
  return {
    verdict,
    machine,
    noAutoMail,
    senderKnown: email !== null && (await isKnownSender(trx, email)),
    agent,
    token,
    reference: token === null ? await referenceOf(trx, desk, mail.referenced, email) : null,
    hinted: await hintedNumber(trx, tokens, mail.subject),
  };
}

/** The first of the reply addresses whose signature holds: for From's own contact or agent, else for anybody we have given one. */
async function goodToken(
  trx: Transaction<Schema>,
  desk: Desk,
  tokens: readonly ParsedReplyAddress[],
  email: string | null,
  agent: string | null,
): Promise<ThreadFacts['token']> {
  const contact = email === null ? null : await contactByEmail(trx, email);
  for (const token of tokens) {
    const holds = (recipient: string): boolean => verifyReplyAddress(desk.keys, token, recipient);
    const fromIsRecipient = [contact?.id, agent].some((id) => typeof id === 'string' && holds(id));
    if (fromIsRecipient || (await recipientsOf(trx, token.number)).some(holds)) {
      return { thread: await namedThread(trx, token.number), fromIsRecipient };
    }
  }
  return null;
}

/** The conversation that the mail says it answers. An id that looks like ours counts only when we signed it. */
async function referenceOf(trx: Transaction<Schema>, desk: Desk, referenced: readonly string[], email: string | null): Promise<ThreadFacts['reference']> {
  for (const mailId of referenced) {
    const ours = isOurMailId(desk.keys, mailId);
    const number = (ours ? await threadOfOurMail(trx, mailId.toLowerCase()) : null) ?? (await threadOfMessage(trx, mailId));
    if (number === null) continue;
    const fromParticipates = email !== null && (await participates(trx, number, email));
    return { thread: await namedThread(trx, number), ours, fromParticipates };
  }
  return null;
}

/** A number that agents may want to look at: of a reply address that we did not sign, or of the subject. */
async function hintedNumber(trx: Transaction<Schema>, tokens: readonly ParsedReplyAddress[], subject: string): Promise<number | null> {
  const [, named] = /#([1-9]\d{0,14})\b/.exec(subject) ?? [];
  const number = tokens[0]?.number ?? (named === undefined ? null : Number(named));
  return number !== null && (await threadExists(trx, number)) ? number : null;
}

/** Locks the conversation, or the one that it was merged into, and says what can be done with it. */
async function namedThread(trx: Transaction<Schema>, number: number): Promise<NamedThread> {
  let thread = await lockThread(trx, number);
  if (thread !== null && thread.mergedInto !== null) thread = await lockThread(trx, thread.mergedInto);
  if (thread === null) return { number, state: 'erased' };
  return { number: thread.number, state: thread.status === 'closed' ? 'closed' : 'open' };
}

async function lockedThread(trx: Transaction<Schema>, number: number) {
  const thread = await lockThread(trx, number);
  if (thread === null) throw new Error(`Conversation #${number} was there when it was locked.`);
  return thread;
}

/** A machine's address gets no record of its own: it is nobody. */
async function contactFor(trx: Transaction<Schema>, sender: MailPerson, as: string, at: Date): Promise<Contact | null> {
  if (as === 'machine' || as === 'agent') return contactByEmail(trx, sender.address);
  return (await findOrCreateContact(trx, { email: sender.address, phone: null, name: sender.name }, at)).contact;
}

function incomingOf(desk: Desk, row: WaitingRow, readMail: ReadMail, facts: ThreadFacts): Incoming {
  const { mail, read } = readMail;
  const [hint] = [...readingFlags(readMail), ...(saysUrgent(mail.headers) ? ['markedUrgent'] : [])];
  return {
    channel: 'email',
    receivedAt: row.receivedAt.getTime(),
    inboxId: row.id,
    contact: null,
    subject: mail.subject,
    text: read === 'whole' ? mail.text : UNREADABLE,
    html: read === 'whole' ? mail.html : null,
    files: read === 'whole' ? mail.files : [{ name: 'original.eml', mediaType: 'message/rfc822', content: row.raw }],
    addresses: localParts(desk, row).filter((local) => Object.hasOwn(desk.policy.addresses, local)),
    mailId: mail.mailId,
    inReplyTo: mail.inReplyTo,
    authenticated: facts.verdict === 'pass',
    machine: facts.machine,
    noAutoMail: facts.noAutoMail,
    hint: hint ?? null,
  };
}

const UNREADABLE = 'This mail could not be read. It is attached as it came.';

function readingFlags({ mail, read }: ReadMail): string[] {
  return [...(read === 'whole' ? [] : ['unreadable']), ...(mail.filesLeftOut ? ['filesLeftOut'] : [])];
}

/** The sender finds it urgent: a hint for agents only. */
function saysUrgent(headers: ReadMail['mail']['headers']): boolean {
  return /^[12]\b/.test(headers['x-priority'] ?? '') || headers['importance']?.toLowerCase() === 'high';
}

/** Local parts of the recipients at our domain. */
function localParts(desk: Desk, row: WaitingRow): string[] {
  return row.envelope.to.filter((address) => domainOf(address) === desk.domain).map(localPartOf);
}
