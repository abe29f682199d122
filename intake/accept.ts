import PostalMime from 'postal-mime';
import { crashPoint } from '../config/crash-points';
import type { Database } from '../db/connection';
import { insertInbox, type MailEnvelope } from '../db/inbox';
import type { PolicySnapshot } from '../policy/snapshot';
import { choosePriority } from '../policy/triage';
import { domainOf, localPartOf } from './mail-address';
import { oneLine } from './parse/clean-text';
import { headerLength, withLineFeeds } from './parse/mail-bytes';

const HEADER_BYTES = 65_536;
const SUBJECT_LENGTH = 2_000;

/** A mail as a server or mailbox handed it over. */
export interface ArrivedMail {
  readonly raw: Buffer;
  readonly envelope: MailEnvelope;
  /** Milliseconds: promises count from here. */
  readonly receivedAt: number;
}

/**
 * Takes a mail into our keeping: once this resolves it is committed and will find its conversation, and only then may the sender hear so.
 * Rejects with the database's error when it is not.
 */
export async function acceptMail(db: Database, policy: PolicySnapshot, mail: ArrivedMail): Promise<{ inboxId: number }> {
  const inboxId = await db.transaction().execute(async (trx) => {
    const id = await insertInbox(trx, {
      channel: 'email',
      receivedAt: new Date(mail.receivedAt),
      raw: mail.raw,
      envelope: { ...mail.envelope },
      urgent: looksUrgent(policy, mail.raw, mail.envelope.to),
    });
    await crashPoint('accept:written', mail.envelope.from);
    return id;
  });
  return { inboxId };
}

/** Whether a mail's address or Subject makes it urgent, read without parsing it: such mail is resolved and started first. */
export function looksUrgent(policy: PolicySnapshot, raw: Uint8Array, recipients: readonly string[]): boolean {
  const addresses = recipients.map(localPartOf);
  return choosePriority(policy, { channel: 'email', addresses, subject: subjectOf(raw) }).priority === 'urgent';
}

/** The Subject without a parser, which a hostile mail could keep busy. */
function subjectOf(raw: Uint8Array): string {
  const head = withLineFeeds(raw.subarray(0, HEADER_BYTES));
  const header = Buffer.from(head.subarray(0, headerLength(head, HEADER_BYTES))).toString('utf8');
  const [, value = ''] = /^subject:((?:.*)(?:\r?\n[ \t].*)*)/im.exec(header) ?? [];
  return oneLine(PostalMime.decodeWords(value.slice(0, SUBJECT_LENGTH).replace(/\r?\n/g, '')));
}

/** Whether mail to this address (any case) is ours to take: an address of the policy, a reply address, or one that takes bounces, at our domain. */
export function isOurRecipient(policy: PolicySnapshot, domain: string, address: string): boolean {
  const local = localPartOf(address);
  return domainOf(address) === domain.toLowerCase() && (Object.hasOwn(policy.addresses, local) || local.startsWith('reply+') || local.startsWith('bounce+'));
}
