/** Providers of mail for everybody: an address there says nothing about a customer, whatever an organization's record claims. */
const FREEMAIL: ReadonlySet<string> = new Set([
  ...['gmail.com', 'googlemail.com', 'outlook.com', 'outlook.de', 'hotmail.com', 'hotmail.de', 'live.com', 'live.de', 'msn.com'],
  ...['yahoo.com', 'yahoo.de', 'yahoo.co.uk', 'ymail.com', 'aol.com', 'icloud.com', 'me.com', 'mac.com'],
  ...['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com', 'web.de', 't-online.de', 'freenet.de', 'arcor.de', 'mail.de', 'posteo.de', 'mailbox.org'],
  ...['proton.me', 'protonmail.com', 'pm.me', 'tutanota.com', 'tutanota.de', 'fastmail.com', 'zoho.com', 'mail.com', 'hey.com'],
  ...['mail.ru', 'yandex.ru', 'qq.com', '163.com', 'free.fr', 'orange.fr', 'laposte.net', 'libero.it', 'wp.pl', 'o2.pl', 'seznam.cz', 'bluewin.ch'],
]);

/** Whether a mail domain (lower case) is one where everybody can have an address. */
export function isFreemail(domain: string): boolean {
  return FREEMAIL.has(domain);
}
