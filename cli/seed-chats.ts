import type { Database } from '../db/connection';
import { findOrCreateContact, type Contact } from '../db/contacts';
import { markRead } from '../db/read-marks';
import { joinChat } from '../intake/chat-message';
import { openChat } from '../intake/open-chat';
import { identityOf, type SeededChat } from '../intake/seed/chats';
import { openSeedAddress } from '../intake/seed/desk';
import { ORGANIZATIONS } from '../intake/seed/people';
import { until } from './seed-desk';

const MINUTE_MS = 60_000;
const TOLD_WITHIN_MS = 60_000;

/** The customers' side of the seeded chats: what the widget does for somebody whom a dashboard has signed in. */
export class SeedChats {
  constructor(private readonly db: Database) {}

  /** Says the first words of those that have not begun, the oldest first; answers all numbers by key. */
  async begin(chats: readonly SeededChat[]): Promise<Map<string, number>> {
    const { db } = this;
    const now = Date.now();
    const { policy } = await openSeedAddress(db, now);
    const numbers = new Map<string, number>();
    for (const chat of [...chats].sort((a, b) => b.minutesAgo - a.minutesAgo)) {
      const at = now - chat.minutesAgo * MINUTE_MS;
      const there = await db.selectFrom('chats').select('number').where('identity', '=', identityOf(chat)).executeTakeFirst();
      const { number } = there ?? (await openChat(db, policy, await this.#author(chat), { body: chat.text, openedFrom: null }, at));
      numbers.set(chat.key, number);
    }
    await until('begin the seeded chats', TOLD_WITHIN_MS, async () => ((await this.#allTold([...numbers.values()])) ? true : undefined));
    return numbers;
  }

  /** The customer says more; once, however often this is called. */
  async writes(chat: SeededChat, number: number, body: string): Promise<void> {
    const { db } = this;
    const said = await db
      .selectFrom('messages')
      .select('id')
      .where('number', '=', number)
      .where('direction', '=', 'in')
      .where('body', '=', body)
      .executeTakeFirst();
    if (said === undefined) {
      const { policy_hash: hash } = await db.selectFrom('conversations').select('policy_hash').where('number', '=', number).executeTakeFirstOrThrow();
      const { snapshot } = await db.selectFrom('policies').select('snapshot').where('hash', '=', hash).executeTakeFirstOrThrow();
      const contact = await this.#contact(chat);
      await db.transaction().execute((trx) => joinChat(trx, snapshot, { contact, proof: 'signed' }, number, { body }, Date.now()));
    }
    await until(`tell #${number} of it`, TOLD_WITHIN_MS, async () => ((await this.#allTold([number])) ? true : undefined));
  }

  /** The customer has had everything in view. */
  async reads(chat: SeededChat, number: number): Promise<void> {
    const last = await this.db
      .selectFrom('messages')
      .select('id')
      .where('number', '=', number)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    const { id } = await this.#contact(chat);
    await markRead(this.db, { number, reader: `contact:${id}`, upTo: last.id, at: new Date() });
  }

  async #author(chat: SeededChat) {
    const contact = await this.#contact(chat);
    const organization = ORGANIZATIONS.find(({ domain }) => chat.from.endsWith(`@${domain}`));
    return {
      contact,
      proof: 'signed' as const,
      identity: identityOf(chat),
      locale: 'en' as const,
      timeZone: null,
      organizationId: contact.organizationId,
      clusters: organization?.clusters ?? [],
      websites: organization?.websites ?? [],
    };
  }

  /** It is there since the people were seeded. */
  async #contact({ from }: SeededChat): Promise<Contact> {
    return this.db.transaction().execute(async (trx) => (await findOrCreateContact(trx, { email: from, phone: null, name: null }, new Date())).contact);
  }

  async #allTold(numbers: readonly number[]): Promise<boolean> {
    const waiting = this.db.selectFrom('conversations').select('number').where('number', 'in', numbers).whereRef('applied_seq', '<', 'last_seq');
    return (await waiting.limit(1).executeTakeFirst()) === undefined;
  }
}
