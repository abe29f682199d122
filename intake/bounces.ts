import type { Transaction } from 'kysely';
import { notifyRelay } from '../db/inbox';
import { insertEvent } from '../db/incoming-messages';
import { projectedState } from '../db/conversation-input';
import { hasReached, isChatCopy, markBounced, ourMailById, ourMailsOf, type OurMail } from '../db/our-mail';
import type { Schema } from '../db/schema';
import { lockThread, type LockedThread } from '../db/threads';
import { isOurMailId, ourMailIdsIn, parseBounceAddress, verifyBounceAddress, type SigningKeys } from '../messages/addresses';
import type { BounceEvent } from '../policy/events';
import { firstResponseBy } from '../policy/merge';
import type { PolicySnapshot } from '../policy/snapshot';
import { moveOn } from './join-conversation';
import type { ParsedMail } from './parse/parsed-mail';

const REPORT_BYTES = 65_536;
const TEXT_LENGTH = 20_000;
const OUR_IDS = 5;

/** What a delivery report says of a mail: it failed for good, or it is late and still being tried. */
export type Bounce = 'failed' | 'delayed';

/** Subjects under which servers report; anchored, because people write about bounces too. */
const FAILED_SUBJECT =
  /^(undeliver(ed|able)|unzustellbar|failure notice|mail delivery fail|delivery (status notification \(failure\)|failure|has failed|to the following)|mail system error|returned mail|return(ed)? to sender|message (could not be|not) delivered|nicht zustellbar|zustellung (fehlgeschlagen|nicht möglich)|fehlerhafte zustellung|nachricht (konnte )?nicht zugestellt)/i;
const DELAYED_SUBJECT =
  /^(delivery (status notification \(delay\)|delayed|delay)|warning: (message|could not send)|message delayed|delayed mail|zustellung verzögert|verzögerte zustellung)/i;
/** How reports of servers that know no RFC 3464 speak. */
const DELAYED_TEXT =
  /(not yet been delivered|will (continue|keep) (trying|to try)|will be re-?tried|still being (re)?tried|delivery attempts will continue|no action is required|noch nicht zugestellt|weitere zustellversuche)/i;

/**
 * What a machine's mail reports of an earlier one; null when it reports no delivery (a vacation reply, a reading receipt, a complaint).
 * RFC 3464 where the report has its machine-readable part: `failed` is for good whatever its status; else the words that servers use.
 */
export function readBounce(mail: ParsedMail): Bounce | null {
  const told = mail.files.filter(({ mediaType }) => mediaType === 'message/delivery-status' || mediaType === 'message/global-delivery-status').slice(0, 5);
  if (told.length > 0) return readStatus(told.map(({ content }) => Buffer.from(content.subarray(0, REPORT_BYTES)).toString('latin1')).join('\n'));
  const type = mail.headers['content-type'] ?? '';
  if (/^multipart\/report/i.test(type) && /report-type\s*=\s*"?(?!delivery-status)[a-z-]+/i.test(type)) return null;
  const text = (mail.fullText ?? mail.text).slice(0, TEXT_LENGTH);
  if (DELAYED_SUBJECT.test(mail.subject)) return 'delayed';
  const isReport = FAILED_SUBJECT.test(mail.subject) || mail.headers['x-failed-recipients'] !== undefined || /report-type\s*=\s*"?delivery-status/i.test(type);
  if (!isReport) return null;
  if (DELAYED_TEXT.test(text)) return 'delayed';
  return /(^|[^\d.])4\.\d{1,3}\.\d{1,3}\b/.test(text) && !/(^|[^\d.])5\.\d{1,3}\.\d{1,3}\b|\b55\d\b/.test(text) ? 'delayed' : 'failed';
}

/** The fields of RFC 3464, section 2.3, of every recipient together: our mails have one recipient each. */
function readStatus(report: string): Bounce | null {
  const actions = [...report.matchAll(/^action:\s*([a-z]+)/gim)].map(([, action = '']) => action.toLowerCase());
  if (actions.includes('failed')) return 'failed';
  if (actions.length > 0) return actions.includes('delayed') ? 'delayed' : null;
  const [, statusClass] = /^status:\s*([245])\.\d{1,3}\.\d{1,3}/im.exec(report) ?? [];
  if (statusClass === '2') return null;
  return statusClass === '4' ? 'delayed' : 'failed';
}

/**
 * The mail of ours that a report is about: by the envelope that we signed for it, or by a Message-ID that we signed. What anybody could
 * have written names nothing.
 */
export async function reportedMail(
  trx: Transaction<Schema>,
  keys: SigningKeys,
  { mail, recipients }: { mail: ParsedMail; recipients: readonly string[] },
): Promise<OurMail | null> {
  for (const local of recipients) {
    const parsed = parseBounceAddress(local);
    if (parsed === null) continue;
    const sent = (await ourMailsOf(trx, parsed.number)).find(({ mailId }) => verifyBounceAddress(keys, parsed, mailId));
    if (sent !== undefined) return sent;
  }
  const named = mail.referenced.filter((mailId) => isOurMailId(keys, mailId)).map((mailId) => mailId.toLowerCase());
  for (const mailId of [...named, ...ourMailIdsIn(keys, mail.fullText ?? mail.text, OUR_IDS)].slice(0, 2 * OUR_IDS)) {
    const sent = await ourMailById(trx, mailId);
    if (sent !== null) return sent;
  }
  return null;
}

/**
 * Tells the conversation of a mail, in the transaction that stores the report in it, that its answer came back for good: once a mail. What
 * carries nobody's answer is shown only, and so is a report that came to another conversation than its mail's. One that has become a part of
 * another is told as well, for as long as that can be undone, and what it owes again is owed by the other. `at` in milliseconds.
 */
export async function tellBounce(
  trx: Transaction<Schema>,
  policy: PolicySnapshot,
  { number, sent, at }: { number: number; sent: OurMail; at: number },
): Promise<void> {
  if (sent.messageRef === null) return;
  const home = await lockThread(trx, sent.number);
  if (home === null || (home.number !== number && home.mergedInto !== number)) return;
  const thread = home.number === number ? home : await lockThread(trx, number);
  if (thread === null || !(await markBounced(trx, sent, new Date(at)))) return;
  const copy = (await isChatCopy(trx, sent)) && { copy: true as const };
  const bounce = { type: 'bounce', at, messageId: sent.messageRef, hard: true, ...copy, policy: policy.hash } as const;
  const tell = async ({ number: told, lastSeq }: LockedThread, owed?: BounceEvent['owed']): Promise<void> => {
    const seq = lastSeq + 1;
    await insertEvent(trx, told, { ...bounce, seq, ...(owed && { owed }) });
    await moveOn(trx, told, seq, new Date(at));
  };
  if (home === thread) return tell(home);
  if (home.status !== 'closed') {
    await tell(home);
    await notifyRelay(trx, home.number);
  }
  await tell(thread, copy ? undefined : ((await owedAgain(trx, home.number, sent.messageRef)) ?? undefined));
}

/** What a merged conversation owes again because a message of its own has come back from everybody; null when it owes nothing for that. */
async function owedAgain(trx: Transaction<Schema>, from: number, messageId: string): Promise<BounceEvent['owed'] | null> {
  if (await hasReached(trx, messageId)) return null;
  const state = await projectedState(trx, from);
  const due = state && firstResponseBy(state, messageId);
  return due ? { from, due } : null;
}
