import type { Database } from '../db/connection';
import { numbersOfMails } from '../db/seed';
import { acceptMail } from '../intake/accept';
import { addSeededPeople, openSeedAddress, type PeopleCounted } from '../intake/seed/desk';
import { bytesOfMail } from '../intake/seed/mail';
import { agentId, ORGANIZATIONS } from '../intake/seed/people';
import { CHATS, type ChatAct, type SeededChat } from '../intake/seed/chats';
import { STORIES } from '../intake/seed/stories';
import type { Act, Story } from '../intake/seed/story';
import { replyAddress } from '../messages/addresses';
import { HoldfastError } from '../messages/errors';
import type { Desk } from './desk';
import { SeedChats } from './seed-chats';
import { forgetTokens, SEED_SETTING, seededAgents, sideBySide, until, type SeedDesk } from './seed-desk';

const SIDE_BY_SIDE = 8;
const RESOLVED_WITHIN_MS = 120_000;
const DONE_WITHIN_MS = 60_000;
/** A page that is going out goes out within this time. */
const PAGED_WITHIN_MS = 8_000;
const MINUTE_MS = 60_000;

/** What seeding needs; `tell` hears of each step that is done. */
export interface SeedingParts {
  readonly db: Database;
  readonly desk: SeedDesk;
  readonly tell: (line: string) => void;
}

/** What is there now, and how much of it is new. */
export interface SeededDesk extends PeopleCounted {
  readonly conversations: number;
  readonly added: number;
}

/** Fills a desk: people first, then mails of the last days through the real intake, then what agents did with them. */
export class Seeding {
  readonly #parts: SeedingParts;
  /** Keys of the stories that have been told to their end. */
  #told = new Set<string>();

  constructor(parts: SeedingParts) {
    this.#parts = parts;
  }

  /** Does what has not been done yet. Errors: E_UNAVAILABLE when the desk does not do its part; what was done stays. */
  async seed(): Promise<SeededDesk> {
    const { db, desk, tell } = this.#parts;
    const people = await addSeededPeople(db, new Date());
    tell(`${people.agents} agents in ${people.teams} teams, ${people.contacts} customers of ${people.organizations} organizations`);
    this.#told = await toldStories(db);
    const untold = STORIES.filter(({ key }) => !this.#told.has(key));
    const untoldChats = CHATS.filter(({ key }) => !this.#told.has(key));
    const conversations = STORIES.length + CHATS.length;
    const added = untold.length + untoldChats.length;
    if (added === 0) {
      tell(`${conversations} conversations are there already: nothing was to do`);
      return { ...people, conversations, added };
    }
    const numbers = await this.#mailIn(untold);
    tell(`${untold.length} requests came in by mail and have their workflows`);
    const chats = new SeedChats(db);
    const chatNumbers = await chats.begin(untoldChats);
    tell(`${untoldChats.length} customers began a chat`);
    const agents = await seededAgents(db, desk.url, Date.now());
    try {
      let done = 0;
      await sideBySide(SIDE_BY_SIDE, untold, async (story) => {
        const number = numbers.get(mailIdOf(story));
        if (number === undefined) throw new HoldfastError('E_INTERNAL', `The story "${story.key}" has no conversation.`);
        await this.#tell(story, number, agents);
        await this.#note(story.key);
        done += 1;
        if (done % 10 === 0) tell(`${done} of ${untold.length} requests have gone their way`);
      });
      await sideBySide(SIDE_BY_SIDE, untoldChats, async (chat) => {
        for (const [index, act] of chat.acts.entries()) await this.#chatAct(chats, chat, chatNumbers.get(chat.key) ?? 0, index, act, agents);
        await this.#note(chat.key);
      });
    } finally {
      await forgetTokens(db);
    }
    tell('All have gone their way; the answers are with their customers');
    return { ...people, conversations, added };
  }

  /** Hands in the first mails as a mail server would, the oldest first, and waits for their conversations; answers numbers by Message-ID. */
  async #mailIn(stories: readonly Story[]): Promise<Map<string, number>> {
    const { db } = this.#parts;
    const mailIds = stories.map(mailIdOf);
    const known = await numbersOfMails(db, mailIds);
    const now = Date.now();
    const { localPart, policy } = await openSeedAddress(db, now);
    for (const story of [...stories].sort((a, b) => b.minutesAgo - a.minutesAgo)) {
      const mailId = mailIdOf(story);
      if (known.has(mailId)) continue;
      const at = now - story.minutesAgo * MINUTE_MS;
      await this.#accept(story, policy, { at, mailId, subject: story.subject, text: story.text, envelopeTo: `${localPart}@${this.#domain}` });
    }
    return until('turn the seeded mails into conversations', RESOLVED_WITHIN_MS, async () => {
      const numbers = await numbersOfMails(db, mailIds);
      if (numbers.size < mailIds.length) return undefined;
      const waiting = await db
        .selectFrom('conversations')
        .select('number')
        .where('number', 'in', [...numbers.values()])
        .whereRef('relayed_seq', '<', 'last_seq')
        .limit(1)
        .executeTakeFirst();
      return waiting === undefined ? numbers : undefined;
    });
  }

  async #accept(
    story: Story,
    policy: Parameters<typeof acceptMail>[1],
    mail: { at: number; mailId: string; subject: string; text: string; envelopeTo: string; inReplyTo?: string },
  ): Promise<void> {
    const { envelopeTo, ...words } = mail;
    const raw = await bytesOfMail({ ...words, from: { name: nameOf(story.from), address: story.from }, to: `${story.to}@${this.#domain}` });
    await acceptMail(this.#parts.db, policy, { raw, envelope: { from: story.from, to: [envelopeTo.toLowerCase()] }, receivedAt: mail.at });
  }

  async #tell(story: Story, number: number, agents: ReadonlyMap<string, Desk>): Promise<void> {
    for (const [index, act] of story.acts.entries()) {
      if ('customer' in act) await this.#customerWrites(story, number, index, act.customer);
      else {
        const desk = agents.get(act.by);
        if (desk === undefined) throw new HoldfastError('E_INTERNAL', `The story "${story.key}" names an agent whom nobody knows: ${act.by}.`);
        await this.#act(desk, number, `seed-${number}-${index}`, act);
      }
    }
    await this.#answersLeft(number);
  }

  async #chatAct(chats: SeedChats, chat: SeededChat, number: number, index: number, act: ChatAct, agents: ReadonlyMap<string, Desk>): Promise<void> {
    if ('customer' in act) return chats.writes(chat, number, act.customer);
    if ('seen' in act) return chats.reads(chat, number);
    const desk = agents.get(act.by);
    if (desk === undefined) throw new HoldfastError('E_INTERNAL', `The chat "${chat.key}" names an agent whom nobody knows: ${act.by}.`);
    const [path, key] = [`/conversations/${number}`, `seed-${number}-${index}`];
    if ('beRightBack' in act) await this.#done(desk, await desk.post(`${path}/be-right-back`, {}, key));
    else if ('closingQuestion' in act) await this.#done(desk, await desk.post(`${path}/closing-question`, {}, key));
    else if ('convert' in act) await this.#done(desk, await desk.post(`${path}/conversion`, { priority: act.convert, keep: true }, key));
    else await this.#act(desk, number, key, act);
  }

  async #act(desk: Desk, number: number, key: string, act: Exclude<Act, { customer: string }>): Promise<void> {
    const path = `/conversations/${number}`;
    if ('reply' in act) {
      await this.#done(
        desk,
        await desk.post(`${path}/replies`, { body: act.reply, ...(act.status !== undefined && { status: act.status }), force: true }, key),
      );
    } else if ('note' in act) await this.#done(desk, await desk.post(`${path}/notes`, { body: act.note }, key));
    else if ('assign' in act) await this.#done(desk, await desk.put(`${path}/assignment`, { agent: agentId(act.assign), force: true }, key));
    else if ('status' in act) {
      await this.#answersLeft(number);
      await this.#done(desk, await desk.put(`${path}/status`, { status: act.status }, key));
    } else await acknowledge(desk, number);
  }

  /** A command that its workflow had no time for is carried out a little later; the next act waits for it. */
  async #done(desk: Desk, answer: { readonly id?: string; readonly state?: string }): Promise<void> {
    const { id, state } = answer;
    if (state !== 'queued' || id === undefined) return;
    await until('carry out what an agent asked for', DONE_WITHIN_MS, async () =>
      (await desk.get<{ state: string }>(`/commands/${id}`)).state === 'queued' ? undefined : true,
    );
  }

  /** By the reply address that the agent's mail carried, once it has left. */
  async #customerWrites(story: Story, number: number, index: number, text: string): Promise<void> {
    const { db, desk } = this.#parts;
    await this.#answersLeft(number);
    const mailId = `${index}.${mailIdOf(story)}`;
    const asked = async (): Promise<boolean> => (await db.selectFrom('messages').select('id').where('mail_id', '=', mailId).executeTakeFirst()) !== undefined;
    if (await asked()) return;
    const { requester_id: recipient, policy_hash: hash } = await db
      .selectFrom('conversations')
      .select(['requester_id', 'policy_hash'])
      .where('number', '=', number)
      .executeTakeFirstOrThrow();
    const { snapshot } = await db.selectFrom('policies').select('snapshot').where('hash', '=', hash).executeTakeFirstOrThrow();
    const envelopeTo = replyAddress(desk.keys, { number, recipient }, desk.mailDomain);
    await this.#accept(story, snapshot, { at: Date.now(), mailId, subject: `Re: ${story.subject}`, text, envelopeTo, inReplyTo: mailIdOf(story) });
    await until(`put the answer of a customer into #${number}`, DONE_WITHIN_MS, async () => ((await asked()) ? true : undefined));
    await until(`tell #${number} of it`, DONE_WITHIN_MS, async () => {
      const { applied_seq: applied, last_seq: last } = await db
        .selectFrom('conversations')
        .select(['applied_seq', 'last_seq'])
        .where('number', '=', number)
        .executeTakeFirstOrThrow();
      return applied >= last ? true : undefined;
    });
  }

  /** Answers wait some seconds, so that they can be taken back. */
  async #answersLeft(number: number): Promise<void> {
    await until(`mail the answers of #${number}`, DONE_WITHIN_MS, async () => {
      const waiting = await this.#parts.db.selectFrom('messages').select('id').where('number', '=', number).where('state', '=', 'waiting').executeTakeFirst();
      return waiting === undefined ? true : undefined;
    });
  }

  async #note(key: string): Promise<void> {
    this.#told.add(key);
    const value = JSON.stringify({ told: [...this.#told] });
    await this.#parts.db
      .insertInto('settings')
      .values({ key: SEED_SETTING, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
  }

  get #domain(): string {
    return this.#parts.desk.mailDomain;
  }
}

/** If it has gone out at all: in office hours not every promise is in danger yet. */
async function acknowledge(desk: Desk, number: number): Promise<void> {
  for (const deadline = performance.now() + PAGED_WITHIN_MS; performance.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const { page } = await desk.get<{ page: string | null }>(`/conversations/${number}`);
    if (page === null) continue;
    await desk.post(`/pages/${page}/acknowledgement`);
    return;
  }
}

async function toldStories(db: Database): Promise<Set<string>> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', SEED_SETTING).executeTakeFirst();
  const { told } = (row?.value ?? {}) as { told?: readonly string[] };
  return new Set(told ?? []);
}

function mailIdOf({ key, from }: Story): string {
  return `seed.${key}@${from.slice(from.indexOf('@') + 1)}`;
}

function nameOf(address: string): string {
  const [localPart = '', domain = ''] = address.split('@');
  return ORGANIZATIONS.find((organization) => organization.domain === domain)?.people[localPart] ?? localPart;
}
