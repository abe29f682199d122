import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { crashPoint } from '../../config/crash-points';
import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import {
  countAttempt,
  findOutgoingMail,
  finishMail,
  keepIntent,
  noteMailError,
  notWithdrawn,
  type MailOutcome,
  type OutgoingMail,
} from '../../db/outgoing-mail';
import { readMailSource } from '../../db/mail-source';
import { readTranscript } from '../../db/transcript';
import { signedMailId } from '../../messages/addresses';
import type { MailActivities } from '../../messages/activities';
import type { MailEffect } from '../../policy/effects';
import { carriedMessages, PROVEN_ONLY } from './content';
import { deliveryProjectedBefore, projectDelivery } from './project-delivery';
import { HeaderRefused } from './raw-mail';
import { createSmtpSender } from './smtp';
import { whileAlive } from './while-alive';
import { writeMail, type MailIdentity } from './write-mail';

/** What mail out needs. */
export interface MailActivitiesOptions extends MailIdentity {
  readonly db: Database;
  /** `smtp://…` or `smtps://…` */
  readonly smtpUrl: string;
  readonly log: Logger;
  /** Reads when a server took a mail, in milliseconds; the computer's clock unless a test moves time. */
  readonly now?: () => number;
}

/**
 * Mail out. Each mail is written once, kept as bytes under the effect's key, sent, and marked: a crash anywhere in between repeats the
 * same bytes with the same Message-ID, never another mail. What may succeed later throws a retryable failure; a message that may not
 * leave the desk, or is not there, fails for good.
 */
export function createMailActivities(options: MailActivitiesOptions): MailActivities {
  const { db, log, now = Date.now } = options;
  const send = createSmtpSender(options.smtpUrl);

  async function finish(mail: OutgoingMail, outcome: MailOutcome): Promise<{ outcome: MailOutcome; at: number }> {
    const at = now();
    await finishMail(db, mail, outcome, at);
    await crashPoint('mail:noted', mail.number);
    return { outcome, at };
  }

  const sendMail: MailActivities['sendMail'] = async ({ number, effect, before }) => {
    const mail = (await findOutgoingMail(db, effect.key)) ?? (await decide(options, number, effect));
    // The conversation that a delivery meets, where the delivery is to be projected along with the mail.
    const delivery = before !== undefined && mail.messageRef !== null ? { number, messageId: mail.messageRef, before } : null;
    if (mail.finished !== null) return { ...mail.finished, ...(delivery && { projected: await deliveryProjectedBefore(db, delivery) }) };
    if (mail.carries.length > 0 && (await notWithdrawn(db, mail.carries)).length === 0) return finish(mail, 'withdrawn');
    if (mail.envelopeTo === '') return finish(mail, 'refused');
    await countAttempt(db, mail.key);
    const context = Context.current();
    await crashPoint('mail:kept', number);
    const answer = await send(mail, context.cancellationSignal);
    if (answer.outcome === 'sent') {
      await crashPoint('mail:taken', number);
      const sent = await finish(mail, 'sent');
      return { ...sent, ...(delivery && { projected: await projectDelivery(db, log, { ...delivery, at: sent.at }) }) };
    }
    // Cancelled: whether the server has it nobody knows, and a repeat would be the same mail.
    if (context.cancellationSignal.aborted) return context.cancelled;
    await noteMailError(db, mail.key, answer.problem);
    log.warn({ number, kind: mail.kind, code: answer.code, outcome: answer.outcome }, 'A mail was not taken');
    if (answer.outcome === 'refused') return finish(mail, 'refused');
    throw ApplicationFailure.create({
      type: 'E_PROVIDER_UNAVAILABLE',
      message: `The mail server did not take the mail (${answer.code}); it is tried again.`,
    });
  };

  // All of it: writing it down before and after can take as long as the mail server does.
  return { sendMail: (input) => whileAlive(() => sendMail(input)) };
}

/** Writes the mail and keeps it; one that may not leave is kept empty, so that it can be seen that nobody was reached, and why. */
async function decide(options: MailActivitiesOptions, number: number, effect: MailEffect): Promise<OutgoingMail> {
  const { db, keys, mailDomain } = options;
  const named = carriedMessages(effect);
  // Of several, one may have been taken back since they were claimed for this mail: the others leave all the same.
  const left = await notWithdrawn(db, named);
  const messageIds = left.length === 0 ? named : left;
  const source = await readMailSource(db, { number, recipient: effect.recipient, messageIds, at: effect.at });
  if (source === null) {
    throw ApplicationFailure.create({
      type: 'E_NOT_FOUND',
      nonRetryable: true,
      message: `#${number} has no such recipient, or no such message that may be mailed.`,
    });
  }
  const to = source.recipient.email;
  const transcript = effect.mail === 'transcript' ? await readTranscript(db, { number, contact: effect.recipient, at: effect.at }) : null;
  if (to !== null && !(source.recipient.claimed && PROVEN_ONLY.has(effect.mail))) {
    const written = await writeMail(options, { number, effect, source, transcript, to }).catch(refuseForGood);
    return keepIntent(db, { ...written, carries: messageIds });
  }
  const kept = await keepIntent(db, {
    key: effect.key,
    number,
    kind: effect.mail,
    messageRef: named.at(-1) ?? null,
    carries: messageIds,
    recipient: effect.recipient,
    mailId: signedMailId(keys, effect.key, mailDomain),
    envelopeFrom: '',
    envelopeTo: '',
    raw: Buffer.alloc(0),
    at: effect.at,
  });
  await noteMailError(db, effect.key, to === null ? 'The contact has no mail address.' : 'The address is only claimed, not proven.');
  return kept;
}

/** No later attempt makes such a header fit to leave. */
function refuseForGood(error: unknown): never {
  if (!(error instanceof HeaderRefused)) throw error;
  throw ApplicationFailure.create({ type: 'E_MAIL_REFUSED', nonRetryable: true, message: error.message, cause: error });
}
