/**
 * Whether a domain that has proven itself speaks for the domain of From: the same one, or one of the two is a part of the other. Narrower
 * than DMARC's relaxed alignment (RFC 7489, section 3.1), which needs a list of public suffixes to know relatives.
 */
export function isAligned(from: string, proven: string): boolean {
  const [one, other] = [from.toLowerCase(), proven.toLowerCase()];
  if (!one.includes('.') || !other.includes('.')) return false;
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}
