import type { Transaction } from 'kysely';
import { proveByMail } from '../db/chats';
import { contactByEmail, findOrCreateContact, type Contact } from '../db/contacts';
import { findEarlierCopy, markResolved, markSuspended, notifyRelay, type EarlierCopy, type WaitingRow } from '../db/inbox';
import { lockPart } from '../db/merges';
import type { Schema } from '../db/schema';
import { adoptCopies, letGoOfMessage } from '../db/suspended';
import { lockThread } from '../db/threads';
import { isOurMailId, type SigningKeys } from '../messages/addresses';
import type { PolicySnapshot } from '../policy/snapshot';
import { isOurRecipient } from './accept';
import { answersAnother, linkToAnswered, mayAnswer } from './answer-copy';
import { readBounce, reportedMail, tellBounce, type Bounce } from './bounces';
import { contentHash } from './content-hash';
import { tellProven } from './customer-act';
import { raiseByCopy } from './copies';
import { policyOfDemo } from './demo';
import type { Incoming } from './incoming';
import { joinConversation, keepAsNote } from './join-conversation';
import { domainOf, mailAddress } from './mail-address';
import { openConversation } from './open-conversation';
import { proposePeople } from './proposals';
import type { ReadMail } from './parse/mail-parser';
import type { MailPerson } from './parse/parsed-mail';
import { shownOf } from './suspended-shown';
import { hasNoReopensLeft, localParts, threadFacts } from './thread-facts';
import { decideThread, type ThreadDecision, type ThreadFacts } from './threading';
import { verdictFor } from './verdict';

const DAY_MS = 86_400_000;
/** Servers repeat a mail for days; it then has the same Message-ID. */
const COPY_WITHIN_MS = 7 * DAY_MS;
/** Without one, two equal mails far apart are two mails: a monitor that reports the same fault every day. */
const COPY_WITHOUT_ID_WITHIN_MS = 3_600_000;

/** Who wrote when nobody says so, and a person wants the mail all the same. */
const NOBODY = 'Unknown sender';

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
  const sender = senderOf(row, readMail);
  const verdict = verdictFor(row.verdict ?? 'none', row.raw, sender?.address ?? null);
  const released = row.acted?.act === 'release';
  const hash = contentHash(row.raw, anonymousSender(row, readMail));
  const since = new Date(row.receivedAt.getTime() - copyWithinMs(readMail));
  const locals = localParts({ row, domain: desk.domain });
  // Who released a mail wants this one, however many copies of it came.
  const earlier = row.acted === null ? await findEarlierCopy(trx, hash, since) : null;
  const settleAsCopy = async (of: EarlierCopy): Promise<Resolved> => {
    await raiseByCopy(trx, desk, { row, mail, earlier: of, now });
    await markResolved(trx, row.id, { number: of.number, at, contentHash: hash, duplicateOf: of.id, verdict });
    return { outcome: 'copy', number: of.number };
  };
  if (earlier !== null && !mayAnswer(earlier, locals)) return settleAsCopy(earlier);
  const suspend = async (reason: string): Promise<Resolved> => {
    await markSuspended(trx, row.id, { reason, at, contentHash: hash, verdict, shown: shownOf(mail, sender) });
    return { outcome: 'suspended', reason };
  };
  const settle = async (outcome: 'opened' | 'joined' | 'noted', number: number): Promise<Resolved> => {
    await markResolved(trx, row.id, { number, at, contentHash: hash, verdict });
    if (row.acted !== null) await adoptCopies(trx, row.id, number);
    if (outcome !== 'noted') await notifyRelay(trx, number);
    return { outcome, number };
  };

  const own =
    mail.mailId !== null && isOurMailId(desk.keys, mail.mailId)
      ? 'ownMail'
      : sender !== null && isOurRecipient(desk.policy, desk.domain, sender.address)
        ? 'ownAddress'
        : null;
  if (own !== null && !released) return earlier === null ? suspend(own) : settleAsCopy(earlier);
  // Whoever writes as ourselves is nobody, even when a person wants to keep the mail: an answer would come back to us.
  const author = own === null ? sender : null;

  const report = readBounce(mail);
  const reported = report === null ? null : await reportedMail(trx, desk.keys, { mail, recipients: locals });
  // It may name the whole by its address and a part by what it reports, or by a copy: whoever locks both locks the part first.
  for (const number of [reported?.number, earlier?.number]) if (typeof number === 'number') await lockPart(trx, number);
  const facts = await threadFacts(trx, { row, mail, sender: author, verdict, keys: desk.keys, domain: desk.domain });
  const decision = elsewhere(decideThread(facts), row);
  if (earlier !== null) {
    if (decision.to !== 'join' || !(await answersAnother(trx, { hash, since, facts, decision }))) return settleAsCopy(earlier);
    await linkToAnswered(trx, earlier, decision.number);
  }
  const [bounce, sent] = facts.machine ? [report, reported] : [null, null];
  const incoming = incomingOf(desk, row, readMail, facts, bounce);
  if (row.takenFrom !== null && decision.to !== 'suspended') await letGoOfMessage(trx, row.id);
  switch (decision.to) {
    case 'suspended':
      return suspend(decision.reason === 'machine' && sent !== null ? 'bounce' : decision.reason);
    case 'join': {
      const thread = await lockedThread(trx, decision.number);
      const contact = author === null ? null : await contactFor(trx, author, decision.as, row.receivedAt);
      const robot = decision.as === 'participant' && contact !== null && !released && (await hasNoReopensLeft(trx, thread.number, row, contact));
      const message = { ...incoming, contact, authenticated: decision.authenticated, ...(robot && { machine: true, noAutoMail: true, hint: 'loop' }) };
      await joinConversation(trx, desk.policy, message, thread, robot ? { as: 'machine' } : decision);
      const answersUs = facts.token?.fromIsRecipient === true || facts.reference?.ours === true;
      const proves = message.authenticated && !message.machine && answersUs && contact !== null;
      if (proves && (await proveByMail(trx, thread.number, contact.id))) await tellProven(trx, thread.number, takenAtOf(row));
      if (bounce === 'failed' && sent !== null) await tellBounce(trx, desk.policy, { number: thread.number, sent, at: takenAtOf(row) });
      return settle('joined', thread.number);
    }
    case 'note': {
      const thread = await lockedThread(trx, decision.number);
      await keepAsNote(trx, incoming, thread);
      return settle('noted', thread.number);
    }
    case 'new': {
      if (author === null && !released) return suspend('noSender');
      const person = { email: author?.address ?? null, phone: null, name: author === null ? NOBODY : author.name };
      const { contact } = await findOrCreateContact(trx, person, row.receivedAt);
      // Merely naming a demonstration's number makes no demonstration: its pages would reach nobody.
      const follows = facts.token?.fromIsRecipient === true ? decision.linkedTo : null;
      const demo = await policyOfDemo(trx, { localParts: locals, receivedAt: row.receivedAt.getTime(), linkedTo: follows });
      const { number } = await openConversation(trx, demo ?? desk.policy, {
        ...incoming,
        contact,
        known: facts.senderKnown,
        initiatedBy: 'customer',
        agent: null,
        copied: mail.to.map(({ address }) => address).filter((address) => domainOf(address) !== desk.domain),
        given: { cluster: null, website: null },
        linkedFrom: decision.linkedTo ?? row.takenFrom,
        flags: [...decision.flags, ...readingFlags(readMail), ...(facts.agent === null ? [] : ['agentAddress'])],
      });
      const byAgent = facts.agent !== null && facts.verdict === 'pass';
      await proposePeople(trx, { number, mail, domain: desk.domain, byAgent, at });
      return settle('opened', number);
    }
    default:
      return decision satisfies never;
  }
}

function copyWithinMs({ mail }: ReadMail): number {
  return mail.mailId === null ? COPY_WITHOUT_ID_WITHIN_MS : COPY_WITHIN_MS;
}

/** What was taken out of a conversation as spam does not go back into it: that one is over. */
function elsewhere(decision: ThreadDecision, { takenFrom }: WaitingRow): ThreadDecision {
  if ((decision.to !== 'join' && decision.to !== 'note') || decision.number !== takenFrom) return decision;
  return { to: 'new', linkedTo: takenFrom, flags: [] };
}

/** When a mail counts from: its receipt, or a person's decision about what had been kept aside. */
function takenAtOf(row: WaitingRow): number {
  return row.acted?.at ?? row.receivedAt.getTime();
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

function incomingOf(desk: Desk, row: WaitingRow, readMail: ReadMail, facts: ThreadFacts, bounce: Bounce | null): Incoming {
  const { mail, read } = readMail;
  const told = bounce === null ? [] : [bounce === 'failed' ? 'mailCameBack' : 'mailDelayed'];
  const [hint] = [...told, ...readingFlags(readMail), ...(saysUrgent(mail.headers) ? ['markedUrgent'] : [])];
  return {
    channel: 'email',
    receivedAt: row.receivedAt.getTime(),
    takenAt: takenAtOf(row),
    inboxId: row.id,
    contact: null,
    subject: mail.subject,
    text: read === 'whole' ? mail.text : UNREADABLE,
    fullText: read === 'whole' ? mail.fullText : null,
    html: read === 'whole' ? mail.html : null,
    files: read === 'whole' ? mail.files : [{ name: 'original.eml', mediaType: 'message/rfc822', content: row.raw }],
    addresses: localParts({ row, domain: desk.domain }).filter((local) => Object.hasOwn(desk.policy.addresses, local)),
    mailId: mail.mailId,
    inReplyTo: mail.inReplyTo,
    authenticated: facts.verdict === 'pass',
    verdict: facts.verdict,
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
