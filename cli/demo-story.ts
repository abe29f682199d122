import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createTransport } from 'nodemailer';
import type { z } from 'zod';
import type { conversation, conversationRow } from '../api/schemas/conversation';
import type { Database } from '../db/connection';
import { HoldfastError } from '../messages/errors';
import { conversationWorkflowId, pageWorkflowId, parsePageId } from '../messages/ids';
import type { MailKind } from '../policy/effects';
import type { Running } from '../platform/running';
import type { DemoNarrator } from './demo-narrator';
import type { Desk } from './desk';

const LOOK_EVERY_MS = 200;
const QUIET_MS = 15_000;

/** What `POST /demo` answers. */
export interface Begun {
  readonly address: string;
  readonly timezone: string;
  readonly customer: { readonly domain: string; readonly website: string; readonly cluster: string };
}

type Conversation = z.output<typeof conversation>;
type Promised = Conversation['promises'][number];

interface PageAnswer {
  readonly id: string;
  readonly state: 'paging' | 'acknowledged' | 'over';
  readonly summary: string;
  readonly level: number;
  readonly attempts: readonly {
    readonly ring: number;
    readonly level: number;
    readonly method: string;
    readonly dueAt: string;
    readonly decidedAt: string;
    readonly sentAt: string | null;
  }[];
}

/** How a demonstration ended, for programs. */
export interface DemoResult {
  readonly kept: { readonly number: number; readonly promises: readonly Promised[] };
  readonly broken: { readonly number: number; readonly promises: readonly Promised[]; readonly page: string };
  /** Where to look, by name. */
  readonly links: Readonly<Record<string, string>>;
}

interface StoryParts {
  readonly desk: Desk;
  /** For a look at the mails that went out. */
  readonly db: Database;
  readonly running: Running & { smtp: string };
  readonly begun: Begun;
  readonly customer: string;
  readonly narrator: DemoNarrator;
}

/** The screenplay of `holdfast demo`: two mails, a promise kept, a promise broken. */
export class DemoStory {
  readonly #parts: StoryParts;
  /** Conversations that are not solved yet. */
  readonly #open = new Set<number>();
  #stop: AbortSignal = new AbortController().signal;

  constructor(parts: StoryParts) {
    this.#parts = parts;
  }

  /** Plays it from the first mail to the end of the page; rejects when the desk does not do its part in time, or `stop` is given. */
  async play(stop: AbortSignal): Promise<DemoResult> {
    this.#stop = stop;
    const { narrator, begun } = this.#parts;
    narrator.chapter('Holdfast demo: the handbook’s promises, in seconds');
    narrator.remark(`Times are ${begun.timezone}. Everything here is marked as a demo and rings nobody for real.`);
    narrator.chapter('1. A promise kept');
    const kept = await this.#keepPromise();
    narrator.chapter('2. A promise broken');
    const { broken, page } = await this.#breakPromise();
    await this.end();
    const links = await this.#links(kept, broken, page);
    narrator.chapter('Where to look');
    for (const [name, url] of Object.entries(links)) narrator.link(name, url);
    narrator.remark('');
    narrator.remark(`Why it went like this: npx holdfast explain ${broken}`);
    narrator.remark('');
    return {
      kept: { number: kept, promises: (await this.#conversation(kept)).promises },
      broken: { number: broken, promises: (await this.#conversation(broken)).promises, page },
      links,
    };
  }

  /** Solves what is still open, so that nothing rings on. */
  async end(): Promise<void> {
    for (const number of this.#open) {
      await this.#parts.desk.put(`/conversations/${number}/status`, { status: 'solved' });
      this.#open.delete(number);
    }
  }

  async #keepPromise(): Promise<number> {
    const { desk, narrator, begun } = this.#parts;
    const number = await this.#mailIn(
      'The checkout is slow',
      `Hello, since this morning the checkout of ${begun.customer.website} takes ten seconds. Can you look?`,
    );
    await this.#promised(number);
    await this.#mailOut(number, 'receipt', (at) => narrator.tell(at, `The customer has a receipt with the promised time.`));
    await desk.post(`/conversations/${number}/replies`, {
      body: 'Hello Ada, I have found the cause: a cache was off. It is on again. Is it fast now?',
      status: 'pending',
    });
    narrator.tell(Date.now(), `An agent answers #${number}; it leaves in 2 s, so that it could be taken back.`);
    const dispatch = await this.#promise(number, 'dispatch', ({ metAt }) => metAt !== undefined);
    narrator.tell(at(dispatch.metAt), `Kept: somebody has taken it, ${before(dispatch)}.`, 'kept');
    await this.#mailOut(number, 'reply', (sentAt) => narrator.tell(sentAt, 'The customer’s mail server has the answer.'));
    const first = await this.#promise(number, 'firstResponse', ({ metAt }) => metAt !== undefined);
    narrator.tell(at(first.metAt), `Kept: the first answer, ${before(first)}.`, 'kept');
    return number;
  }

  async #breakPromise(): Promise<{ broken: number; page: string }> {
    const { desk, narrator, begun } = this.#parts;
    const number = await this.#mailIn('Production is down', `Nothing works on ${begun.customer.website} (${begun.customer.cluster}). Please help!`);
    await this.#promised(number);
    narrator.tell(Date.now(), 'Nobody takes it. From here on the desk acts by itself.');
    const notice = await this.#until('a notice', async () => {
      const { items } = await desk.get<{ items: { number: number | null; text: string; at: string }[] }>('/notices?limit=50');
      return items.find((one) => one.number === number);
    });
    narrator.tell(at(notice.at), `Notice to the team: ${notice.text}`);
    const id = await this.#until('a page', async () => (await this.#conversation(number)).page ?? undefined);
    const ringing = await this.#until('the first ring', async () => sentOnce(await this.#page(id)));
    const [ring] = ringing.attempts;
    if (ring !== undefined) narrator.tell(at(ring.sentAt ?? ring.decidedAt), `On-call is paged${late(ring)}: ${ringing.summary}`, 'paged');
    for (const kind of ['dispatch', 'firstResponse'] as const) {
      const promise = await this.#promise(number, kind, ({ breachedAt }) => breachedAt !== undefined);
      narrator.tell(at(promise.breachedAt), `Broken: ${WORDS[kind]}, promised by ${narrator.time(at(promise.dueAt))}.`, 'broken');
    }
    const next = await this.#until('the next level', async () => {
      const page = await this.#page(id);
      return page.attempts.find(({ level, sentAt }) => level > 1 && sentAt !== null);
    });
    narrator.tell(at(next.sentAt ?? next.decidedAt), `The next level of on-call is rung${late(next)}.`, 'paged');
    await desk.post(`/pages/${id}/acknowledgement`);
    narrator.tell(Date.now(), 'On-call acknowledges: it stops ringing. (That meets no promise; only an answer does.)');
    await desk.put(`/conversations/${number}/status`, { status: 'solved' });
    this.#open.delete(number);
    await this.#until('the end of the page', async () => ((await this.#page(id)).state === 'over' ? true : undefined));
    narrator.tell(Date.now(), 'The demo solves both tickets, so that nothing rings on. The page is over.');
    return { broken: number, page: id };
  }

  /** Mails a request and answers the number it became. */
  async #mailIn(subject: string, text: string): Promise<number> {
    const { desk, running, begun, customer, narrator } = this.#parts;
    const { hostname, port } = new URL(running.smtp);
    const transport = createTransport({ host: hostname, port: Number(port), secure: false, ignoreTLS: true });
    try {
      await transport.sendMail({ from: { name: 'Ada Demo', address: customer }, to: begun.address, subject, text });
    } finally {
      transport.close();
    }
    narrator.tell(Date.now(), `A mail comes in by SMTP: "${subject}"`);
    const search = `/conversations?sort=received&snoozed=include&q=${encodeURIComponent(customer)}`;
    const row = await this.#until('the ticket', async () => {
      const { items } = await desk.get<{ items: z.output<typeof conversationRow>[] }>(search);
      return items.find((one) => one.subject === subject && !this.#open.has(one.number) && one.demo && one.status === 'new');
    });
    this.#open.add(row.number);
    narrator.tell(
      at(row.receivedAt),
      `It is ticket #${row.number}: priority ${row.priority}, plan ${row.plan}${row.website[0] === undefined ? '' : `, ${row.website[0]}`}.`,
    );
    return row.number;
  }

  async #promised(number: number): Promise<void> {
    const { narrator } = this.#parts;
    const { promises } = await this.#conversation(number);
    const told = promises.map(
      (promise) => `${WORDS[promise.kind] ?? promise.kind} by ${narrator.time(at(promise.dueAt))} (${Math.round(promise.lengthMs / 1000)} s)`,
    );
    narrator.tell(Date.now(), `Promised, each a durable timer: ${told.join(', ')}.`);
  }

  /** Waits until a mail of this kind has left, and tells when. */
  async #mailOut(number: number, kind: MailKind, tell: (at: number) => void): Promise<void> {
    const { db } = this.#parts;
    const sent = await this.#until(`the mail "${kind}"`, () =>
      db
        .selectFrom('outgoing_mails')
        .select('finished_at')
        .where('number', '=', number)
        .where('kind', '=', kind)
        .where('state', '=', 'sent')
        .executeTakeFirst(),
    );
    tell(sent.finished_at?.getTime() ?? Date.now());
  }

  #promise(number: number, kind: Promised['kind'], is: (promise: Promised) => boolean): Promise<Promised> {
    return this.#until(`${kind} of #${number}`, async () =>
      (await this.#conversation(number)).promises.find((promise) => promise.kind === kind && is(promise)),
    );
  }

  #conversation(number: number): Promise<Conversation> {
    return this.#parts.desk.get(`/conversations/${number}`);
  }

  #page(id: string): Promise<PageAnswer> {
    return this.#parts.desk.get(`/pages/${id}`);
  }

  async #links(kept: number, broken: number, page: string): Promise<Record<string, string>> {
    const { running, desk } = this.#parts;
    const links: Record<string, string> = {};
    if (running.mailCatcher !== undefined) {
      for (const [name, kind] of [
        ['Receipt of the kept one', 'receipt'],
        ['Its answer', 'reply'],
      ] as const) {
        const id = await this.#caught(kept, kind);
        if (id !== null) links[name] = `${desk.url}/mails/${id}`;
      }
      links['All caught mails'] = `${desk.url}/mails`;
    }
    links[`Ticket #${kept}, kept`] = `${desk.url}/conversations/${kept}`;
    links[`Ticket #${broken}, broken`] = `${desk.url}/conversations/${broken}`;
    links['The page'] = `${desk.url}/pages/${page}`;
    const { temporalUi, temporalNamespace } = running;
    const parsed = parsePageId(page);
    if (temporalUi !== undefined && parsed !== null) {
      const workflow = (id: string) => `${temporalUi}/namespaces/${temporalNamespace ?? 'default'}/workflows/${encodeURIComponent(id)}`;
      links[`Workflow of #${kept}`] = workflow(conversationWorkflowId(kept));
      links[`Workflow of #${broken}`] = workflow(conversationWorkflowId(broken));
      links['Workflow of the page'] = workflow(pageWorkflowId(parsed.number, parsed.page));
    }
    return links;
  }

  /** The catcher's id of a mail that we sent, found by its Message-ID. */
  async #caught(number: number, kind: MailKind): Promise<number | null> {
    const row = await this.#parts.db
      .selectFrom('outgoing_mails as o')
      .innerJoin('caught_mails as c', (join) => join.on(sql<boolean>`position(convert_to(o.mail_id, 'UTF8') in c.raw) > 0`))
      .select('c.id')
      .where('o.number', '=', number)
      .where('o.kind', '=', kind)
      .orderBy('c.id')
      .executeTakeFirst();
    return row?.id ?? null;
  }

  /** Looks again and again until there is something; a desk that is silent for too long is said to be. */
  async #until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
    // Thresholds of the demonstration's policy are at most 20 s away.
    for (const deadline = performance.now() + QUIET_MS + 20_000; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
      if (this.#stop.aborted) throw new HoldfastError('E_UNAVAILABLE', 'The demonstration was stopped.');
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new HoldfastError('E_UNAVAILABLE', `The demonstration waited too long for ${what}.`, {
      fix: 'Run npx holdfast doctor, and look at the logs in the data folder.',
    });
  }
}

const WORDS: Partial<Record<Promised['kind'], string>> = { dispatch: 'somebody takes it', firstResponse: 'the first answer' };

function at(time: string | undefined): number {
  return time === undefined ? Date.now() : Date.parse(time);
}

/** How much of the time was left. */
function before({ metAt, dueAt }: Promised): string {
  return `${((at(dueAt) - at(metAt)) / 1000).toFixed(1)} s before it was due`;
}

function sentOnce(page: PageAnswer): PageAnswer | undefined {
  return page.attempts.some(({ sentAt }) => sentAt !== null) ? page : undefined;
}

/** How long after its due time a ring was sent. */
function late({ dueAt, sentAt }: { readonly dueAt: string; readonly sentAt: string | null }): string {
  return sentAt === null ? '' : `, ${Math.max(0, at(sentAt) - at(dueAt))} ms after it was due`;
}
