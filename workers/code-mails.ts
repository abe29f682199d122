import { writeCodeMail } from '../activities/mail/code-mail';
import { createSmtpSender } from '../activities/mail/smtp';
import type { MailIdentity } from '../activities/mail/write-mail';
import type { Logger } from '../config/log';
import { CODES_CHANNEL, lockUnmailedCode, noteCodeMailed } from '../db/codes';
import type { Database } from '../db/connection';
import { startWokenLoop } from '../intake/woken-loop';
import { HoldfastError } from '../messages/errors';
import { digitsOfCode } from '../messages/mailed-code';

/** What a lost notification delays, in milliseconds. */
const SWEEP_MS = 5_000;
/** A code that takes longer to hand over is tried again, in milliseconds. */
const HAND_OVER_MS = 20_000;

/** What mailing codes needs; `url` is the database's. */
export interface CodeMailsOptions extends Pick<MailIdentity, 'keys' | 'mailDomain'> {
  readonly db: Database;
  readonly url: string;
  readonly smtpUrl: string;
  readonly log: Logger;
  /** The computer's clock unless a test moves time; milliseconds. */
  readonly now?: () => number;
}

/**
 * Mails the codes that customers ask for, as soon as they are asked for, and again while the mail server does not take them and they are
 * still good. Somebody waits for it and it belongs to no conversation, so no workflow stands behind it: its row does.
 */
export function startCodeMails({ db, url, smtpUrl, keys, mailDomain, log, now = Date.now }: CodeMailsOptions): { close(): Promise<void> } {
  const send = createSmtpSender(smtpUrl);

  /** One code; false when none waits. */
  const mailOne = (): Promise<boolean> =>
    db.transaction().execute(async (trx) => {
      const code = await lockUnmailedCode(trx, now());
      if (code === null) return false;
      const digits = digitsOfCode(keys, code, code.hash);
      if (digits === null) {
        log.warn({ codeId: code.id }, 'a code was made with a signing key that is not here any more');
        await noteCodeMailed(trx, code.id, now());
        return true;
      }
      const answer = await send(await writeCodeMail({ keys, mailDomain }, code, digits), AbortSignal.timeout(HAND_OVER_MS));
      if (answer.outcome === 'later') {
        throw new HoldfastError('E_PROVIDER_UNAVAILABLE', `The mail server did not take a code (${answer.code}); it is tried again.`);
      }
      if (answer.outcome === 'refused') log.warn({ codeId: code.id, code: answer.code }, 'the mail with a code was refused');
      await noteCodeMailed(trx, code.id, now());
      return true;
    });

  return startWokenLoop({ name: 'code mails', url, channel: CODES_CHANNEL, sweepMs: SWEEP_MS, lanes: 2, log, work: mailOne });
}
