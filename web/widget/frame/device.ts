/** What a browser that refuses storage keeps, until the page is left. */
const inMemory = new Map<string, string>();

const PREFIX = 'holdfast:';

/** Text that this device keeps under a name, or null. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return inMemory.get(name) ?? null;
  }
}

/** Keeps text under a name; null forgets it. */
export function remember(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, text);
  } catch {
    if (text === null) inMemory.delete(name);
    else inMemory.set(name, text);
  }
}

/** Whose things are kept: the subject of a signed identity, else whoever uses this browser. The desk verifies the signature; here it is only a name. */
export function ownerOf(identity: string | null): string {
  if (identity === null) return 'visitor';
  try {
    const payload = (identity.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { sub } = JSON.parse(atob(payload)) as { sub?: unknown };
    return typeof sub === 'string' ? `dashboard:${sub}` : 'visitor';
  } catch {
    return 'visitor';
  }
}

/** A random key that no other message will ever have. */
export function freshKey(): string {
  // randomUUID is missing where the page came without encryption.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
