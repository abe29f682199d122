import type { Transaction } from 'kysely';
import { blockOf } from '../db/blocked-senders';
import { agentByEmail, contactByEmail, isKnownSender, type Contact } from '../db/contacts';
import type { WaitingRow } from '../db/inbox';
import { automaticMailsTo, ourMailsOf } from '../db/our-mail';
import type { Schema } from '../db/schema';
import { lockThread, messagesBy, participates, recipientsOf, threadExists, threadOfMessage, threadOfOurMail } from '../db/threads';
import {
  isOurMailId,
  ourMailIdsIn,
  parseBounceAddress,
  parseReplyAddress,
  verifyBounceAddress,
  verifyReplyAddress,
  type ParsedReplyAddress,
  type SigningKeys,
} from '../messages/addresses';
import { ECHO_WITHIN_MS, isRobotAnswer } from './echo';
import { judgeMachine } from './machine-mail';
import { domainOf, localPartOf } from './mail-address';
import type { MailPerson, ParsedMail } from './parse/parsed-mail';
import { AT_ONCE_MS, comesWithin, isPingPong, REOPEN_WINDOW_MS } from './reopen-budget';
import type { NamedThread, ThreadFacts, Verdict } from './threading';

/** What is looked up for a mail before it is decided where it goes. */
export interface MailToPlace {
  readonly row: WaitingRow;
  readonly mail: ParsedMail;
  readonly sender: MailPerson | null;
  readonly verdict: Verdict;
  readonly keys: SigningKeys;
  /** The domain of our addresses, lower case. */
  readonly domain: string;
}

/** How many of our automatic mails a robot's answer is held against, and how many of a day are looked back on. */
const ECHOES = 5;
const EXCHANGES = 50;
/** A report quotes one mail; more of ours in it are no more than a long thread. */
const QUOTED_IDS = 5;

/** Local parts of a mail's recipients at our domain. */
export function localParts({ row, domain }: Pick<MailToPlace, 'row' | 'domain'>): string[] {
  return row.envelope.to.filter((address) => domainOf(address) === domain).map(localPartOf);
}

/** Looks up all that the decision needs, and locks the conversation that the mail names. */
export async function threadFacts(trx: Transaction<Schema>, place: MailToPlace): Promise<ThreadFacts> {
  const { row, mail, sender, verdict, keys } = place;
  const email = sender?.address ?? null;
  const locals = localParts(place);
  const tokens = locals.flatMap((local) => parseReplyAddress(local) ?? []);
  const { machine, noAutoMail } = judgeMachine({
    headers: mail.headers,
    from: email,
    name: sender?.name ?? null,
    envelopeFrom: row.envelope.from,
    subject: mail.subject,
    text: mail.text,
    answers: mail.referenced.length > 0 || tokens.length > 0 || locals.some((local) => parseBounceAddress(local) !== null),
  });
  const [agent, contact] = email === null ? [null, null] : [await agentByEmail(trx, email), await contactByEmail(trx, email)];
  const replies = await replyToken(trx, place, tokens, contact, agent);
  const returns = replies === null ? await bounceToken(trx, place, locals, contact) : null;
  const token = replies ?? returns;
  const named = namedMailIds(place, machine);
  const reference = token === null ? await referenceOf(trx, place, named, email) : null;
  const hinted = await hintedNumber(trx, tokens, mail.subject);
  const decided: ThreadFacts = {
    verdict,
    machine,
    namesOurMail: returns !== null || named.some((mailId) => isOurMailId(keys, mailId)),
    noAutoMail,
    senderKnown: email !== null && (await isKnownSender(trx, email)),
    blocked: email === null ? null : await blockOf(trx, email),
    flaggedSpam: /^yes\b/i.test(mail.headers['x-spam-flag'] ?? ''),
    robotAnswer: token === null && (await answersAsRobot(trx, place, contact, reference?.ours === true ? reference.thread.number : hinted)),
    agent,
    token,
    reference,
    hinted,
  };
  // A person has looked at it, and wants it to be a request.
  return row.acted?.act === 'release' ? { ...decided, senderKnown: true, blocked: null, flaggedSpam: false, robotAnswer: false, machine: false } : decided;
}

/** The first of the reply addresses whose signature holds: for From's own contact or agent, else for anybody we have given one. */
async function replyToken(
  trx: Transaction<Schema>,
  { keys }: MailToPlace,
  tokens: readonly ParsedReplyAddress[],
  contact: Contact | null,
  agent: string | null,
): Promise<ThreadFacts['token']> {
  for (const token of tokens) {
    const holds = (recipient: string): boolean => verifyReplyAddress(keys, token, recipient);
    const fromIsRecipient = [contact?.id, agent].some((id) => typeof id === 'string' && holds(id));
    if (fromIsRecipient || (await recipientsOf(trx, token.number)).some(holds)) {
      return { thread: await namedThread(trx, token.number), fromIsRecipient };
    }
  }
  return null;
}

/** Programs that answer the envelope (RFC 3834 asks them to) name the thread as well as a reply address does. */
async function bounceToken(trx: Transaction<Schema>, { keys }: MailToPlace, locals: readonly string[], contact: Contact | null): Promise<ThreadFacts['token']> {
  for (const parsed of locals.flatMap((local) => parseBounceAddress(local) ?? [])) {
    const sent = (await ourMailsOf(trx, parsed.number)).find(({ mailId }) => verifyBounceAddress(keys, parsed, mailId));
    if (sent !== undefined) return { thread: await namedThread(trx, sent.number), fromIsRecipient: contact?.id === sent.recipient };
  }
  return null;
}

/** The mails that this one says it answers, by their Message-IDs; a machine's may stand in what it says, as mail servers quote what they bring back. */
function namedMailIds({ mail, keys }: MailToPlace, machine: boolean): string[] {
  return [...mail.referenced, ...(machine ? ourMailIdsIn(keys, mail.fullText ?? mail.text, QUOTED_IDS) : [])];
}

/** The conversation that the mail says it answers. An id that looks like ours counts only when we signed it. */
async function referenceOf(
  trx: Transaction<Schema>,
  { keys }: MailToPlace,
  mailIds: readonly string[],
  email: string | null,
): Promise<ThreadFacts['reference']> {
  for (const mailId of mailIds) {
    const ours = isOurMailId(keys, mailId);
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

/**
 * Whether the mail is a robot's answer to one that we wrote by ourselves to its author, about the conversation that it names as only our mail
 * does: by our Message-ID or number. Somebody who has forgotten a file answers their own mail, and quickly.
 */
async function answersAsRobot(trx: Transaction<Schema>, { row, mail }: MailToPlace, contact: Contact | null, about: number | null): Promise<boolean> {
  if (contact === null || about === null) return false;
  const at = row.receivedAt.getTime();
  const since = new Date(at - 2 * ECHO_WITHIN_MS);
  return isRobotAnswer(at, mail, await automaticMailsTo(trx, { contactId: contact.id, number: about, since, limit: ECHOES }));
}

/** Whether a participant's mail has used up its conversation's reopen budget; see intake/reopen-budget.ts. */
export async function hasNoReopensLeft(trx: Transaction<Schema>, number: number, row: WaitingRow, contact: Contact): Promise<boolean> {
  const at = row.receivedAt.getTime();
  const since = new Date(at - REOPEN_WINDOW_MS - AT_ONCE_MS);
  const automatic = await automaticMailsTo(trx, { contactId: contact.id, number, since, limit: EXCHANGES });
  if (!comesWithin(at, automatic, AT_ONCE_MS)) return false;
  return isPingPong(at, { automatic, answers: await messagesBy(trx, number, contact.id, since) });
}
