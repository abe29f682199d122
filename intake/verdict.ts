import type { Logger } from '../config/log';
import type { SenderChecksSetting } from '../config/sender-checks';
import type { MailEnvelope } from '../db/inbox';
import { verdictByDns, type DnsLookup } from './authenticate-by-dns';
import { verdictByHeaders } from './authentication-results';
import type { Verdict } from './threading';

/** How senders are checked; tests put name servers of their own in. */
export type SenderChecks = SenderChecksSetting | { readonly by: 'dns'; readonly lookup: DnsLookup };

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
      return verdictByDns(mail, log, 'lookup' in checks ? checks.lookup : undefined);
    default:
      return checks satisfies never;
  }
}
