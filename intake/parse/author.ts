import { addressParser, type Address } from 'postal-mime';
import { mailAddress } from '../mail-address';
import type { HeaderLine } from './header-lines';

/**
 * The one author that a mail's From names, lower case, read the way intake/parse/parse-mail.ts reads it. Null for none and for several: a
 * proof for one of them would be taken for a proof of another.
 */
export function authorOf(headers: readonly HeaderLine[]): string | null {
  const [from, ...others] = headers.filter(({ name }) => name === 'from');
  if (from === undefined || others.length > 0) return null;
  const [author, ...more] = addresses(addressParser(Buffer.from(from.value, 'latin1').toString('utf8')));
  return author === undefined || more.length > 0 ? null : mailAddress(author);
}

function addresses(entries: readonly Address[]): string[] {
  return entries.flatMap((entry) => (entry.group === undefined ? [entry.address] : addresses(entry.group)));
}
