import type { Logger } from '../config/log';
import type { SenderChecksSetting } from '../config/sender-checks';
import type { MailEnvelope } from '../db/inbox';
import { verdictByDns, type DnsLookup } from './authenticate-by-dns';
import { verdictByHeaders } from './authentication-results';
import { authorOf } from './parse/author';
import { headerLines } from './parse/header-lines';
import type { Verdict } from './threading';

/** How senders are checked; tests put name servers of their own in, and say how long to wait for those. */
export type SenderChecks = SenderChecksSetting | { readonly by: 'dns'; readonly lookup: DnsLookup; readonly withinMs?: number };

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
      return 'lookup' in checks ? verdictByDns(mail, log, checks.lookup, checks.withinMs) : verdictByDns(mail, log);
    default:
      return checks satisfies never;
  }
}

/** As far as any check reads a header. */
const HEADER_BYTES = 1_048_576;

/**
 * The verdict as far as it is about the address that the mail is taken to be from (lower case): a check reads the header by itself, and a
 * mail that is written so that its parser sees another author, or none and takes the envelope's sender, has proven nothing for that one.
 */
export function verdictFor(verdict: Verdict, raw: Uint8Array, sender: string | null): Verdict {
  if (verdict !== 'pass') return verdict;
  const found = headerLines(raw, HEADER_BYTES);
  return sender !== null && found !== null && authorOf(found.headers) === sender ? 'pass' : 'none';
}
