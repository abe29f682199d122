import type { Logger } from '../config/log';
import type { MailEnvelope } from '../db/inbox';
import { verdictByDns, type DnsLookup } from './authenticate-by-dns';
import { verdictByHeaders } from './authentication-results';
import type { Verdict } from './threading';

/**
 * How the desk learns who wrote; source: docs/mail-in.md, "Senders". `dns`: by looking up SPF, DKIM and DMARC itself. `authserv`: by the
 * Authentication-Results of a server in front of us. `off`: not at all, so every mail counts as "none".
 */
export type SenderChecks =
  { readonly by: 'off' } | { readonly by: 'authserv'; readonly authserv: string } | { readonly by: 'dns'; readonly lookup?: DnsLookup };

/** What the environment says about checking senders. */
export interface SenderChecksSettings {
  readonly MAIL_AUTHENTICATE?: 'on' | 'off' | undefined;
  readonly MAIL_TRUSTED_AUTHSERV?: string | undefined;
  readonly SMTP_LISTEN: { readonly host: string };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/**
 * A trusted server's word counts before our own checks. These are made when they are switched on, or, without a word on it, when mail comes
 * straight from the world: at a listener on loopback it comes from a relay, whose address says nothing about the sender.
 */
export function senderChecks({ MAIL_AUTHENTICATE, MAIL_TRUSTED_AUTHSERV, SMTP_LISTEN }: SenderChecksSettings): SenderChecks {
  if (MAIL_AUTHENTICATE === 'off') return { by: 'off' };
  if (MAIL_TRUSTED_AUTHSERV !== undefined) return { by: 'authserv', authserv: MAIL_TRUSTED_AUTHSERV };
  return MAIL_AUTHENTICATE === 'on' || !LOOPBACK.test(SMTP_LISTEN.host) ? { by: 'dns' } : { by: 'off' };
}

/**
 * What authentication says about a mail's From. Never throws for what a mail contains or for what DNS does not answer: whatever cannot be
 * checked is "none".
 */
export async function verdictOf(checks: SenderChecks, mail: { raw: Uint8Array; envelope: MailEnvelope }, log: Logger): Promise<Verdict> {
  switch (checks.by) {
    case 'off':
      return 'none';
    case 'authserv':
      return verdictByHeaders(mail.raw, checks.authserv);
    case 'dns':
      return verdictByDns(mail, log, checks.lookup);
    default:
      return checks satisfies never;
  }
}
