import type { HostSettings, ToHost } from '../protocol';
import type { Words } from '../words/en';
import { wordsOf } from '../words/of';
import { Acts } from './acts';
import { Badge } from './badge';
import { Api, Refused, Unreached } from './api';
import type { ChatMessage, ChatSummary, Expectation, Priority, ThreadPage } from './api-types';
import { freshKey } from './device';
import { Link } from './link';
import { Sending } from './sending';
import { refusalText } from './refusal-text';
import { INITIAL, Store, type Screen, type State } from './state';
import { currentOf, lastSeen, merge, withChat } from './thread';
import { UnsentStore, type Unsent } from './unsent';
import { VisitorSession } from './visitor';

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
  readonly acts = new Acts(this);
  readonly timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #visitor: VisitorSession;
  readonly #link: Link;
  readonly #sending: Sending;
  readonly #badge: Badge;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #expectationTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (message: ToHost) => void) {
    this.#visitor = new VisitorSession({ api: this.api, store: this.store, tell, timeZone: this.timeZone });
    this.#link = new Link({
      token: () => this.api.token,
      present: () => this.present,
      onMessage: (number, message) => this.#received(number, message),
      onSummary: (chat) => this.#summary(chat),
      onExpectation: (expectation) => this.store.set({ expectation }),
      onTyping: (number, typing) => {
        if (number === this.store.get().number) this.store.set({ typing });
      },
      onRead: (number) => this.#badge.clear(number),
      onMissed: (number, all) => void this.#catchUp(number, all),
      onState: (connection) => this.#connected(connection),
      onRefused: () => void this.#comeBack(),
    });
    this.#sending = new Sending({
      api: this.api,
      store: this.store,
      kept: new UnsentStore(),
      owner: () => this.#visitor.owner,
      call: (work) => this.call(work),
      timeZone: this.timeZone,
      onDelivered: (number, message) => this.#delivered(number, message),
      onToken: (token) => this.#visitor.useToken(token),
      onReach: (reached) => {
        // The live connection, where there is one, knows better.
        if (this.store.get().number === null) this.store.set({ connection: reached ? 'resting' : 'broken' });
      },
    });
    this.#badge = new Badge({ store: this.store, tell, owner: () => this.#visitor.owner });
    document.addEventListener('visibilitychange', () => this.#attend());
    addEventListener('online', () => void this.#sending.flush());
  }

  /** In the visitor's language; the first boot loads it, and nothing is drawn before. */
  get words(): Words {
    const { words } = this.store.get();
    if (words === null) throw new Error('The chat has not begun.');
    return words;
  }

  /** Whether the visitor could see a message now: the widget is open and the tab is visible. */
  get present(): boolean {
    return this.store.get().open && document.visibilityState === 'visible';
  }

  /** Begins, or begins anew as another visitor. */
  async boot(settings: HostSettings, open: boolean): Promise<void> {
    if (this.#visitor.become(settings.identity)) {
      this.#link.leave();
      this.store.set({ ...INITIAL, settings, open, words: this.store.get().words, draft: { body: this.#visitor.draft, files: [] } });
      this.#badge.show();
    } else this.store.set({ settings, open });
    this.store.set({ words: await wordsOf(settings.locale) });
    await this.#sending.read();
    await this.#resume();
    // It may have been opened or closed meanwhile.
    this.show(this.store.get().open);
    void this.#sending.flush();
  }

  setIdentity(identity: string | null): void {
    const { settings, open } = this.store.get();
    if (!this.#visitor.answer(identity)) void this.boot({ ...settings, identity }, open);
  }

  /** The customer signed out: this device keeps nothing of theirs. */
  async forget(): Promise<void> {
    this.#link.leave();
    for (const { key } of this.store.get().unsent) await this.#sending.discard(key);
    // The token is void from now on, wherever it may have got to.
    if (this.api.token !== null) await this.#quietly(() => this.api.call('DELETE', '/chat/sessions'));
    this.#visitor.forget();
    this.store.set({ ...INITIAL, settings: this.store.get().settings, words: this.store.get().words });
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
      this.#follow();
      void this.#refreshExpectation();
    } else void this.attempt(() => this.load(number));
  }

  /** What is being written, which outlives the page. */
  setDraft(body: string, files: readonly File[]): void {
    this.store.set({ draft: { body, files } });
    this.#visitor.keepDraft(body);
  }

  /** Takes what was written; it is kept here until the desk has it. */
  async write(): Promise<void> {
    const { number, visitor, settings, priority, draft } = this.store.get();
    const { body, files } = draft;
    this.setDraft('', []);
    const known = settings.identity !== null || visitor !== null;
    await this.#sending.add({
      key: freshKey(),
      owner: this.#visitor.owner,
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
    this.#badge.read(number);
  }

  /** Proves an address by the code that was mailed to it; from then on this device knows all of its conversations. */
  prove(email: string, code: string): Promise<boolean> {
    return this.attempt(async () => {
      const { visitorToken } = await this.api.call<{ visitorToken: string }>('POST', '/help/sessions', { body: { email, code } });
      this.#visitor.useToken(visitorToken);
      // The live connection is still whoever only claimed the address, who may hear of none of it any more.
      this.#link.leave();
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

  /** Does what a person asked for; says so when it did not work. `tooMany`: what is said when it was asked for too often. */
  async attempt(work: () => Promise<unknown>, tooMany = this.words.tooManyTries): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Unreached) this.notice(error.message === '429' ? tooMany : this.words.unreachable);
      else if (error instanceof Refused) this.notice(refusalText(error, this.words));
      else throw error;
      return false;
    }
  }

  /** Calls the desk; comes in anew and calls once more when our token has expired. */
  call<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.#visitor.call(work);
  }

  /** Reads the end of a chat, or what it lacks since we last looked, and follows it from there. */
  async load(number: number): Promise<void> {
    const { loaded, messages } = this.store.get();
    let after = number === this.store.get().number && loaded ? messages.at(-1)?.cursor : undefined;
    const first = after === undefined;
    const read: ChatMessage[] = [];
    let page: ThreadPage;
    do {
      page = await this.#page(number, after === undefined ? '' : `&after=${after}`);
      read.push(...page.items);
      after = page.nextCursor;
    } while (after !== undefined);
    if (this.store.get().number !== number) return;
    this.store.set({ messages: merge(first ? [] : this.store.get().messages, read), loaded: true, ...(first && { earlier: page.earlierCursor ?? null }) });
    if (first) this.#markNew();
    this.#follow();
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
  #received(number: number, message: ChatMessage): void {
    if (number !== this.store.get().number) return;
    this.store.set({ messages: merge(this.store.get().messages, [message]), ...(message.from === 'agent' && { typing: null }) });
    if (message.from !== 'you' && !this.present && this.store.get().lookedAt === null) this.#markNew();
  }

  #summary(chat: ChatSummary): void {
    const { number, chats } = this.store.get();
    this.store.set({ chats: withChat(chats, chat), ...(chat.number === number && chat.expectation !== null && { expectation: chat.expectation }) });
    this.#badge.show();
  }

  /** Reads what may have been missed of a conversation. */
  async #catchUp(number: number, all: boolean): Promise<void> {
    await this.#quietly(async () => {
      if (number === this.store.get().number) {
        if (all) this.store.set({ loaded: false });
        await this.load(number);
      }
      await this.readSummary(number);
    });
  }

  #connected(connection: State['connection']): void {
    this.store.set({ connection });
    // What was written meanwhile goes out.
    if (connection === 'connected') void this.#sending.flush();
  }

  /** The live connection no longer knows us: we come in anew, however long that takes. */
  async #comeBack(): Promise<void> {
    await this.#untilReached(async () => {
      await this.call(() => this.#visitor.open());
      this.#link.resume();
    });
  }

  /** What nobody asked for may fail quietly: it is tried again with the next event. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Unreached || error instanceof Refused)) throw error;
    }
  }

  /** Does what cannot be left out, again and again until the desk answers. */
  async #untilReached(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Unreached || error instanceof Refused)) throw error;
      this.store.set({ connection: 'broken' });
      setTimeout(() => void this.#untilReached(work), EXPECTATION_MS / 6);
    }
  }

  async #resume(): Promise<void> {
    const { settings } = this.store.get();
    await this.#untilReached(async () => {
      if (settings.identity !== null || this.api.token !== null) await this.call(() => this.#visitor.open());
      this.#badge.show();
      const { number, chats } = this.store.get();
      const shown = number ?? currentOf(chats)?.number ?? null;
      this.store.set({ number: shown, loaded: shown === null, ...(shown === null && { connection: 'resting' }) });
      if (shown !== null) await this.load(shown);
    });
    this.store.set({ started: true });
  }

  async #delivered(number: number, message: ChatMessage | null): Promise<void> {
    if (this.store.get().visitor === null) await this.#visitor.open();
    if (number !== this.store.get().number) this.store.set({ number, messages: [], loaded: false });
    if (message === null || !this.store.get().loaded) await this.load(number);
    else this.#received(number, message);
    if (!this.store.get().chats.some((chat) => chat.number === number)) await this.readSummary(number);
  }

  /** Reads how one of their conversations stands. */
  async readSummary(number: number): Promise<void> {
    this.#summary(await this.call(() => this.api.call<ChatSummary>('GET', `/chats/${number}`)));
  }

  async #refreshExpectation(): Promise<void> {
    clearTimeout(this.#expectationTimer);
    await this.#quietly(async () => {
      const expectation = await this.api.call<Expectation>('GET', '/chat/expectation');
      this.store.set({ expectation });
    });
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
    this.store.set({ lookedAt: lastSeen(this.store.get().messages) });
  }

  /** Listens to what is shown, and to what else is under way. */
  #follow(): void {
    const { number, chats } = this.store.get();
    const others = chats.filter(({ closed, status }) => !closed && status !== 'done').map((chat) => chat.number);
    this.#link.follow(number, others);
  }
}
