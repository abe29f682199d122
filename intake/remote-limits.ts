import { isIP } from 'node:net';

/** How much one remote address may ask of the mail listener; what is left out stays as it is. */
export interface RemoteLimits {
  /** Open at the same time. */
  readonly connections?: number;
  readonly connectionsPerMinute?: number;
  readonly mailsPerMinute?: number;
  /** Bytes of mail in the making. */
  readonly heldBytes?: number;
  /** Whether this computer's own addresses are limited per minute and in bytes too; by default they are not, a mail server in front of us has limits of its own. */
  readonly loopback?: boolean;
}

const OPEN = 50;
const CONNECTIONS_PER_MINUTE = 600;
const MAILS_PER_MINUTE = 1_200;
const MINUTE_MS = 60_000;

/** What is remembered of a remote address; the counts are those of the minute that began at `since` (milliseconds). */
interface Remote {
  open: number;
  since: number;
  connections: number;
  mails: number;
  held: number;
}

/** Counts what remote addresses do. An IPv6 network of 64 bits counts as one address: whoever has one address of it has them all. */
export class RemoteCounter {
  private readonly remotes = new Map<string, Remote>();
  private sweptAt: number;

  constructor(
    private readonly now: () => number,
    private readonly limits: RemoteLimits = {},
  ) {
    this.sweptAt = now();
  }

  /** A connection opened. Answers whether it is one too many, at the same time or in this minute. */
  connected(address: string): 'atOnce' | 'perMinute' | null {
    const remote = this.remote(address);
    remote.open += 1;
    remote.connections += 1;
    if (remote.open > (this.limits.connections ?? OPEN)) return 'atOnce';
    const limited = remote.connections > (this.limits.connectionsPerMinute ?? CONNECTIONS_PER_MINUTE) && this.isLimited(address);
    return limited ? 'perMinute' : null;
  }

  /** A connection closed. */
  closed(address: string): void {
    const remote = this.remotes.get(networkOf(address));
    if (remote !== undefined) remote.open = Math.max(0, remote.open - 1);
    this.forget();
  }

  /** A mail begins. Answers whether it may. */
  mail(address: string): boolean {
    const remote = this.remote(address);
    remote.mails += 1;
    return remote.mails <= (this.limits.mailsPerMinute ?? MAILS_PER_MINUTE) || !this.isLimited(address);
  }

  /** More bytes of a mail in the making are held, or with a negative count fewer. */
  holds(address: string, bytes: number): void {
    this.remote(address).held += bytes;
  }

  /** Whether more bytes are held of this address than one may have. */
  holdsTooMuch(address: string): boolean {
    return this.remote(address).held > (this.limits.heldBytes ?? Infinity) && this.isLimited(address);
  }

  private remote(address: string): Remote {
    const now = this.now();
    const network = networkOf(address);
    const remote = this.remotes.get(network) ?? { open: 0, since: now, connections: 0, mails: 0, held: 0 };
    if (this.isOver(remote, now)) Object.assign(remote, { since: now, connections: 0, mails: 0 });
    this.remotes.set(network, remote);
    return remote;
  }

  /** Once a minute: what is neither open nor of this minute, and of which nothing is held. */
  private forget(): void {
    const now = this.now();
    if (!this.isOver({ since: this.sweptAt }, now)) return;
    this.sweptAt = now;
    for (const [network, remote] of this.remotes) if (remote.open === 0 && remote.held === 0 && this.isOver(remote, now)) this.remotes.delete(network);
  }

  /** Also after the clock was set back. */
  private isOver({ since }: { readonly since: number }, now: number): boolean {
    return now - since >= MINUTE_MS || now < since;
  }

  private isLimited(address: string): boolean {
    return this.limits.loopback === true || !(address === '::1' || address.startsWith('127.'));
  }
}

/** The address itself, or the first 64 bits of an IPv6 address. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
