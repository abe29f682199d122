import { judgePresence, type PresenceFound, type PresencePolicy } from '../../policy/presence';

interface Message {
  readonly id: string;
  readonly at: number;
  seenAt?: number;
  mailedAt?: number;
}

/**
 * The customer's side of a chat in tests: when they were there, what agents have written, what of it they have seen. It stands in for the
 * presence rows; the rules of the desk judge it. Times in milliseconds.
 */
export class ChatVisitor {
  readonly messages: Message[] = [];
  readonly stays: { from: number; to: number }[] = [];

  constructor(private readonly goneAfterMs: number) {}

  /** They have the chat before them from then on, or only until then. */
  isThere(from: number, to = Infinity): this {
    this.stays.push({ from, to });
    return this;
  }

  /** They have read everything that was said by then. */
  reads(at: number): void {
    for (const message of this.messages) if (message.at <= at) message.seenAt ??= at;
  }

  /** An agent writes; answers whether the customer has gone by then, as the API tells the rules. */
  hasGoneAs(id: string, at: number): boolean {
    const presentAt = this.presentAt(at);
    this.messages.push({ id, at });
    return presentAt === null || presentAt + this.goneAfterMs <= at;
  }

  /** What the database answers. A repeated look claims the same. */
  look({ at, messages, ...policy }: PresencePolicy & { readonly at: number; readonly messages?: readonly string[] }): PresenceFound {
    const presentAt = this.presentAt(at);
    const claimedBefore = this.messages.filter(({ mailedAt }) => mailedAt === at);
    if (claimedBefore.length > 0) return { found: 'gone', claimed: claimedBefore.map(({ id }) => id), presentAt };
    const unseen = this.messages
      .filter(({ seenAt = Infinity, mailedAt }) => mailedAt === undefined && seenAt > at)
      .filter(({ id }) => messages?.includes(id) ?? true);
    const judged = judgePresence({ at, presentAt, unseenSince: unseen[0]?.at ?? null }, policy);
    if (judged.found !== 'gone') return { ...judged, claimed: [], presentAt };
    for (const message of unseen) message.mailedAt = at;
    return { ...judged, claimed: unseen.map(({ id }) => id), presentAt };
  }

  /** When they were last there, `at` at most. */
  presentAt(at: number): number | null {
    const past = this.stays.filter(({ from }) => from <= at).map(({ to }) => Math.min(to, at));
    return past.length === 0 ? null : Math.max(...past);
  }
}
