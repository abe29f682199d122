const LOCAL_PART = 64;
const WHOLE = 254;

/** An e-mail address in lower case, or null when the text is none that mail could be sent to. */
export function mailAddress(text: string): string | null {
  const address = text.trim().toLowerCase();
  const at = address.lastIndexOf('@');
  if (at < 1 || at > LOCAL_PART || address.length > WHOLE) return null;
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  // \p{C} covers control characters, lone surrogates and NUL; letters beyond ASCII are allowed (SMTPUTF8, IDN).
  if (/[\s\p{C}@<>()[\]\\,;:"]/u.test(local)) return null;
  return /^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?)+$/u.test(domain) ? address : null;
}

/** The part before the last `@`, lower case. */
export function localPartOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf('@'))).toLowerCase();
}

/** The part after the last `@`, lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
