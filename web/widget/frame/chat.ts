import type { HostSettings, ToHost } from '../protocol';
import { english } from '../words/en';
import { german } from '../words/de';
import { Api, Refused, Unreached } from './api';
import type { ChatMessage, ChatSummary, Expectation, Priority, Session, ThreadPage } from './api-types';
import { freshKey, ownerOf, recall, remember } from './device';
import { Link } from './link';
import { Sending } from './sending';
import { INITIAL, Store, type Screen, type State } from './state';
import { currentOf, isAfter, merge, unreadOf, withChat } from './thread';
import { UnsentStore, type Unsent } from './unsent';

/** How long a notice stays, in milliseconds. */
const NOTICE_MS = 6_000;
/** How old an expectation may become while somebody looks at it, in milliseconds. */
const EXPECTATION_MS = 60_000;
/** Messages fetched at a time. */
const AT_ONCE = 50;

/** The chat of one visitor in one tab: everything that the screens can ask for. The desk has the truth; this shows it. */
export class Chat {
  readonly store = new Store<State>(INITIAL);
  readonly api = new Api();
  readonly timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #link: Link;
  readonly #sending: Sending;
  readonly #badge = new BroadcastChannel('holdfast-badge');
  #owner = 'visitor';
  #freshIdentity: ((identity: string | null) => void) | null = null;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #expectationTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (message: ToHost) => void) {
    this.#link = new Link(this);
    this.#sending = new Sending({
      api: this.api,
      store: this.store,
      kept: new UnsentStore(),
      owner: () => this.#owner,
      call: (work) => this.call(work),
      timeZone: this.timeZone,
      onDelivered: (number, message) => this.#delivered(number, message),
      onToken: (token) => this.#useToken(token),
    });
    this.#badge.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { owner, read } = data as { owner: string; read: number };
      if (owner === this.#owner) this.#markRead(read);
    };
    document.addEventListener('visibilitychange', () => this.#attend());
    addEventListener('online', () => void this.#sending.flush());
  }

  get words() {
    return this.store.get().settings.locale === 'de' ? german : english;
  }

  /** Whether the visitor could see a message now: the widget is open and the tab is visible. */
  get present(): boolean {
    return this.store.get().open && document.visibilityState === 'visible';
  }

  /** Begins, or begins anew as another visitor. */
  async boot(settings: HostSettings, open: boolean): Promise<void> {
    const owner = ownerOf(settings.identity);
    if (owner !== this.#owner || !this.store.get().started) {
      this.#owner = owner;
      this.#link.leave();
      this.api.token = recall(`token:${owner}`);
      this.store.set({ ...INITIAL, settings, open, draft: { body: recall(`draft:${owner}`) ?? '', files: [] } });
      this.#tellUnread();
    } else this.store.set({ settings });
    await this.#sending.read();
    await this.#resume();
    this.show(open);
    void this.#sending.flush();
  }

  setIdentity(identity: string | null): void {
    if (this.#freshIdentity !== null) {
      this.store.set({ settings: { ...this.store.get().settings, identity } });
      this.#freshIdentity(identity);
    } else void this.boot({ ...this.store.get().settings, identity }, this.store.get().open);
  }

  /** The customer signed out: this device keeps nothing of theirs. */
  async forget(): Promise<void> {
    this.#link.leave();
    for (const { key } of this.store.get().unsent) await this.#sending.discard(key);
    for (const kind of ['token', 'draft']) remember(`${kind}:${this.#owner}`, null);
    this.api.token = null;
    this.store.set({ ...INITIAL, settings: this.store.get().settings });
  }

  show(open: boolean): void {
    this.store.set({ open });
    this.#attend();
    if (open) void this.#refreshExpectation();
  }

  close(): void {
    this.tell({ type: 'close' });
  }

  go(screen: Screen): void {
    this.store.set({ screen });
  }

  /** Shows a chat, or with null one that begins with the next message. */
  choose(number: number | null): void {
    this.store.set({ screen: 'chat' });
    if (number === this.store.get().number) return;
    this.store.set({ number, messages: [], loaded: number === null, lookedAt: null, typing: null, priority: 'normal' });
    if (number === null) {
      this.#link.leave();
      void this.#refreshExpectation();
    } else void this.attempt(() => this.load(number));
  }

  /** What is being written, which outlives the page. */
  setDraft(body: string, files: readonly File[]): void {
    this.store.set({ draft: { body, files } });
    remember(`draft:${this.#owner}`, body === '' ? null : body);
  }

  /** Takes what was written; it is kept here until the desk has it. */
  async write(): Promise<void> {
    const { number, visitor, settings, priority, draft } = this.store.get();
    const { body, files } = draft;
    this.setDraft('', []);
    const known = settings.identity !== null || visitor !== null;
    await this.#sending.add({
      key: freshKey(),
      owner: this.#owner,
      number,
      body: body.trim(),
      files: files.map((file) => ({ key: freshKey(), file, id: null })),
      priority: priority === 'normal' ? null : priority,
      who: null,
      at: Date.now(),
      state: number === null && !known ? 'asking' : 'waiting',
    });
    this.store.set({ lookedAt: null, goesOn: null });
  }

  /** Who writes, said before the first message is sent. */
  async introduce(email: string, name: string): Promise<void> {
    for (const entry of this.store.get().unsent) {
      if (entry.state === 'asking') await this.#sending.change(entry.key, { state: 'waiting', who: { email, name } });
    }
    await this.#sending.flush();
  }

  /** Back to writing, with nothing sent. */
  async takeBack(): Promise<void> {
    const asking = this.store.get().unsent.filter(({ state }) => state === 'asking');
    this.setDraft(
      asking.map(({ body }) => body).join('\n'),
      asking.flatMap(({ files }) => files.map(({ file }) => file)),
    );
    for (const { key } of asking) await this.#sending.discard(key);
  }

  retry(entry: Unsent): void {
    void this.#sending.change(entry.key, { state: 'waiting' }).then(() => this.#sending.flush());
  }

  discard(entry: Unsent): void {
    void this.#sending.discard(entry.key);
  }

  setPriority(priority: Priority): void {
    this.store.set({ priority });
  }

  typing(on: boolean): void {
    this.#link.typing(on);
  }

  /** A message of the desk was in view while the visitor was present. */
  seen(message: ChatMessage): void {
    const { number } = this.store.get();
    if (number === null || !this.present) return;
    this.#link.seen(message.id);
    this.#markRead(number);
    this.#badge.postMessage({ owner: this.#owner, read: number });
  }

  /** Something that the customer tells the desk with a button. */
  act(act: 'thatsAll' | 'productionDown' | 'transcript'): Promise<boolean> {
    const { number } = this.store.get();
    return this.attempt(async () => {
      await this.call(() => this.api.call('POST', `/chats/${number}/acts`, { key: freshKey(), body: { act } }));
      await this.#readSummary(number ?? 0);
    });
  }

  rate(score: 'good' | 'bad', words: string): Promise<boolean> {
    const { number } = this.store.get();
    return this.attempt(() => this.call(() => this.api.call('PUT', `/chats/${number}/rating`, { body: { score, ...(words !== '' && { words }) } })));
  }

  askForCode(email: string): Promise<boolean> {
    const { locale } = this.store.get().settings;
    return this.attempt(() => this.api.call('POST', '/help/codes', { key: freshKey(), body: { email, locale } }));
  }

  /** Proves an address by the code that was mailed to it; from then on this device knows all of its conversations. */
  prove(email: string, code: string): Promise<boolean> {
    return this.attempt(async () => {
      const { visitorToken } = await this.api.call<{ visitorToken: string }>('POST', '/help/sessions', { body: { email, code } });
      this.#useToken(visitorToken);
      await this.#resume();
      this.go('chats');
      this.notice(this.words.proved);
    });
  }

  notice(notice: string): void {
    clearTimeout(this.#noticeTimer);
    this.store.set({ notice });
    this.#noticeTimer = setTimeout(() => this.store.set({ notice: null }), NOTICE_MS);
  }

  /** Does what a person asked for; says so when it did not work. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Unreached) this.notice(error.message === '429' ? this.words.tooManyTries : this.words.unreachable);
      else if (error instanceof Refused) this.notice(error.message === '' ? this.words.somethingWrong : error.message);
      else throw error;
      return false;
    }
  }

  /** Calls the desk; with a fresh token once more when ours has expired. */
  async call<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      this.#useToken(null);
      if (this.store.get().settings.identity !== null) await this.#askForIdentity();
      await this.#openSession();
      return work();
    }
  }

  /** Reads the end of a chat, or what it lacks since we last looked, and follows it from there. */
  async load(number: number): Promise<void> {
    const { loaded, messages } = this.store.get();
    let after = number === this.store.get().number && loaded ? messages.at(-1)?.cursor : undefined;
    const first = after === undefined;
    const read: ChatMessage[] = [];
    let earlier: string | null = null;
    for (;;) {
      const page = await this.#page(number, after === undefined ? '' : `&after=${after}`);
      read.push(...page.items);
      earlier = page.earlierCursor ?? null;
      if (page.nextCursor === undefined) break;
      after = page.nextCursor;
    }
    if (this.store.get().number !== number) return;
    this.store.set({ messages: merge(first ? [] : this.store.get().messages, read), loaded: true, ...(first && { earlier }) });
    if (first) this.#markNew();
    this.#link.follow(number);
  }

  /** The messages before those that are shown. */
  async loadEarlier(): Promise<void> {
    const { number, earlier, messages } = this.store.get();
    if (number === null || earlier === null) return;
    const page = await this.#page(number, `&before=${earlier}`);
    if (this.store.get().number === number) this.store.set({ messages: merge(messages, page.items), earlier: page.earlierCursor ?? null });
  }

  #page(number: number, place: string): Promise<ThreadPage> {
    return this.call(() => this.api.call<ThreadPage>('GET', `/chats/${number}/messages?limit=${AT_ONCE}${place}`));
  }

  /** A message is new, or has changed. */
  received(number: number, message: ChatMessage): void {
    if (number !== this.store.get().number) return;
    this.store.set({ messages: merge(this.store.get().messages, [message]), ...(message.from === 'agent' && { typing: null }) });
    if (message.from !== 'you' && !this.present && this.store.get().lookedAt === null) this.#markNew();
  }

  summary(chat: ChatSummary): void {
    this.store.set({ chats: withChat(this.store.get().chats, chat) });
    this.#tellUnread();
  }

  expect(expectation: Expectation): void {
    this.store.set({ expectation });
  }

  /** The connection is there again: what was written meanwhile goes out. */
  connected(): void {
    void this.#sending.flush();
  }

  async #resume(): Promise<void> {
    const { settings } = this.store.get();
    try {
      if (settings.identity !== null || this.api.token !== null) await this.call(() => this.#openSession());
      const { number, chats } = this.store.get();
      const shown = number ?? currentOf(chats)?.number ?? null;
      this.store.set({ number: shown, loaded: shown === null });
      if (shown !== null) await this.load(shown);
    } catch (error) {
      if (!(error instanceof Unreached || error instanceof Refused)) throw error;
      this.store.set({ connection: 'broken' });
      setTimeout(() => void this.#resume(), EXPECTATION_MS / 6);
    }
    this.store.set({ started: true });
  }

  async #openSession(): Promise<void> {
    const { identity, locale } = this.store.get().settings;
    if (identity === null && this.api.token === null) {
      this.store.set({ visitor: null, chats: [] });
      return;
    }
    const session = await this.api.call<Session>('POST', '/chat/sessions', {
      body: { ...(identity !== null && { identity }), locale, timeZone: this.timeZone },
    });
    if (session.visitorToken !== null) this.#useToken(session.visitorToken);
    this.store.set({ visitor: session.visitor, chats: session.chats });
    this.#tellUnread();
  }

  #useToken(token: string | null): void {
    this.api.token = token;
    remember(`token:${this.#owner}`, token);
  }

  /** The host's page may have a younger identity than the one it began with. */
  async #askForIdentity(): Promise<void> {
    const asked = new Promise<void>((resolve) => {
      this.#freshIdentity = () => resolve();
      setTimeout(resolve, 5_000);
    });
    this.tell({ type: 'identityWanted' });
    await asked;
    this.#freshIdentity = null;
  }

  async #delivered(number: number, message: ChatMessage | null): Promise<void> {
    if (this.store.get().visitor === null) await this.#openSession();
    if (number !== this.store.get().number) this.store.set({ number, messages: [], loaded: false });
    if (message === null || !this.store.get().loaded) await this.load(number);
    else this.received(number, message);
    if (!this.store.get().chats.some((chat) => chat.number === number)) await this.#readSummary(number);
  }

  async #readSummary(number: number): Promise<void> {
    this.summary(await this.call(() => this.api.call<ChatSummary>('GET', `/chats/${number}`)));
  }

  async #refreshExpectation(): Promise<void> {
    clearTimeout(this.#expectationTimer);
    try {
      this.expect(await this.api.call<Expectation>('GET', '/chat/expectation'));
    } catch (error) {
      if (!(error instanceof Unreached || error instanceof Refused)) throw error;
    }
    // Once a chat runs its own events tell of changes.
    if (this.present && this.store.get().number === null) this.#expectationTimer = setTimeout(() => void this.#refreshExpectation(), EXPECTATION_MS);
  }

  #attend(): void {
    this.store.set({ present: this.present });
    this.#link.attend();
    if (this.present) {
      if (this.store.get().number === null && this.store.get().started) void this.#refreshExpectation();
    } else this.store.set({ lookedAt: null });
  }

  /** Draws the line above what the visitor has not seen. */
  #markNew(): void {
    const { messages } = this.store.get();
    const first = messages.findIndex(({ from, seenAt }) => from !== 'you' && seenAt === null);
    this.store.set({ lookedAt: first > 0 ? (messages[first - 1]?.cursor ?? null) : null });
  }

  #markRead(number: number): void {
    const { chats, messages } = this.store.get();
    if (chats.some((chat) => chat.number === number && chat.unread > 0)) {
      this.store.set({ chats: chats.map((chat) => (chat.number === number ? { ...chat, unread: 0 } : chat)), messages });
      this.#tellUnread();
    }
  }

  #tellUnread(): void {
    this.tell({ type: 'unread', count: unreadOf(this.store.get().chats) });
  }

  /** What the desk has read of ours. */
  readUpTo(cursor: string, at: string): void {
    const messages = this.store
      .get()
      .messages.map((message) =>
        message.from === 'you' && message.seenAt === null && !isAfter(message.cursor, cursor) ? { ...message, seenAt: at } : message,
      );
    this.store.set({ messages });
  }
}
