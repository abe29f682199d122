import { createTransport } from 'nodemailer';
import { countedCall, type ProviderOutcome } from '../../config/metrics';
import type { MailIntent } from '../../db/outgoing-mail';

/** A dead or overloaded server is noticed well within the activity's 60 s. */
const CONNECT_WITHIN_MS = 10_000;
const SILENT_FOR_MS = 30_000;

/**
 * What a server said. `problem` is for people who may read mail (it can name an address); `code` is safe anywhere.
 * `refused` is for good: a 5xx answer to this mail. Trouble with our own sign-in or connection is never the mail's fault.
 */
export type SmtpAnswer = { readonly outcome: 'sent' } | { readonly outcome: 'refused' | 'later'; readonly code: string; readonly problem: string };

/** Hands mails to the server of a URL, `smtp://user:password@host:port`; a connection each, so that none goes stale. */
export function createSmtpSender(smtpUrl: string): (mail: MailIntent, signal: AbortSignal) => Promise<SmtpAnswer> {
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: CONNECT_WITHIN_MS,
    greetingTimeout: CONNECT_WITHIN_MS,
    dnsTimeout: CONNECT_WITHIN_MS,
    socketTimeout: SILENT_FOR_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const send = async (mail: MailIntent, signal: AbortSignal): Promise<SmtpAnswer> => {
    try {
      await transport.sendMail({ envelope: { from: mail.envelopeFrom, to: [mail.envelopeTo] }, raw: mail.raw, signal });
      return { outcome: 'sent' };
    } catch (error) {
      return judge(error as SmtpError);
    }
  };
  return (mail, signal) => countedCall('smtp', () => send(mail, signal), outcomeOf);
}

function outcomeOf(ended: { readonly answer: SmtpAnswer } | { readonly error: unknown }): ProviderOutcome {
  if (!('answer' in ended)) return 'failed';
  const { answer } = ended;
  if (answer.outcome !== 'later') return answer.outcome === 'sent' ? 'ok' : 'refused';
  if (/^4/.test(answer.code)) return 'throttled';
  return /^5/.test(answer.code) ? 'failed' : 'unreachable';
}

/** The parts of nodemailer's errors that we read. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}

/** Steps that are about this mail; what fails before them is about us and the server. */
const ABOUT_THE_MAIL: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);
/** 5xx answers that ask for a sign-in, or say that the session went wrong. */
const ABOUT_THE_SESSION: ReadonlySet<number> = new Set([503, 530, 535, 538]);

function judge(error: SmtpError): SmtpAnswer {
  const { responseCode, command = '' } = error;
  const code = responseCode === undefined ? (error.code ?? error.name) : `${responseCode}${command === '' ? '' : ` to ${command}`}`;
  const answer = { code, problem: error.message };
  const permanent = responseCode !== undefined && responseCode >= 500 && !ABOUT_THE_SESSION.has(responseCode);
  // Without an answer: nodemailer itself found the address unfit for SMTP, or the mail larger than the server takes.
  const unfit = responseCode === undefined && (error.code === 'EENVELOPE' || (error.code === 'EMESSAGE' && command === 'MAIL FROM'));
  return (permanent && ABOUT_THE_MAIL.has(command)) || unfit ? { outcome: 'refused', ...answer } : { outcome: 'later', ...answer };
}
