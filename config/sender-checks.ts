import type { Environment } from './environment';

/**
 * How the desk learns who wrote a mail; source: docs/mail-in.md, "Senders". `dns`: by looking up SPF, DKIM and DMARC itself. `authserv`:
 * by the Authentication-Results of a server in front of us. `off`: not at all, so every mail counts as "none".
 */
export type SenderChecksSetting = { readonly by: 'off' } | { readonly by: 'authserv'; readonly authserv: string } | { readonly by: 'dns' };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/**
 * A trusted server's word counts before our own look-ups. These are made when they are switched on, or, without a word on it, when mail
 * comes straight from the world: at a listener on loopback it comes from a relay, whose address says nothing about the sender.
 */
export function senderChecks({
  MAIL_AUTHENTICATE,
  MAIL_TRUSTED_AUTHSERV,
  SMTP_LISTEN,
}: Pick<Environment, 'MAIL_AUTHENTICATE' | 'MAIL_TRUSTED_AUTHSERV'> & { readonly SMTP_LISTEN: { readonly host: string } }): SenderChecksSetting {
  if (MAIL_AUTHENTICATE === 'off') return { by: 'off' };
  if (MAIL_TRUSTED_AUTHSERV !== undefined) return { by: 'authserv', authserv: MAIL_TRUSTED_AUTHSERV };
  return MAIL_AUTHENTICATE === 'on' || !LOOPBACK.test(SMTP_LISTEN.host) ? { by: 'dns' } : { by: 'off' };
}
