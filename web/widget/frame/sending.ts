import { Refused, Unreached, type Api } from './api';
import type { ChatMessage, OpenedChat, Session } from './api-types';
import { refusalText } from './refusal-text';
import type { State, Store } from './state';
import type { Unsent, UnsentFile, UnsentStore } from './unsent';

/** Pauses between tries, in milliseconds; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/** What sending needs from the rest. */
export interface SendingParts {
  readonly api: Api;
  readonly store: Store<State>;
  readonly kept: UnsentStore;
  readonly owner: () => string;
  /** Calls with the visitor's token, and once more with a fresh one when that has expired. */
  readonly call: <Answer>(work: () => Promise<Answer>) => Promise<Answer>;
  readonly timeZone: string;
  /** A chat was opened, or words went into one. */
  readonly onDelivered: (number: number, message: ChatMessage | null) => Promise<void>;
  readonly onToken: (token: string) => void;
  /** Whether the desk could be reached just now. */
  readonly onReach: (reached: boolean) => void;
}

/** Sends what is kept on this device, in order, each message once. */
export class Sending {
  #busy = false;
  #again = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: SendingParts) {}

  /** Keeps a message and sends it as soon as that is possible. */
  async add(entry: Unsent): Promise<void> {
    const { kept, store } = this.parts;
    store.set({ unsent: [...store.get().unsent, entry] });
    await kept.put(entry);
    if (entry.state === 'waiting') void this.flush();
  }

  /** Changes a message that is kept, such as one whose author now said who they are. */
  async change(key: string, change: Partial<Unsent>): Promise<void> {
    const entry = this.parts.store.get().unsent.find((other) => other.key === key);
    if (entry === undefined) return;
    const changed = { ...entry, ...change };
    this.#show(changed);
    // What is being sent right now is, for whoever reads it after a crash, still waiting.
    await this.parts.kept.put({ ...changed, state: changed.state === 'sending' ? 'waiting' : changed.state });
  }

  async discard(key: string): Promise<void> {
    const { kept, store } = this.parts;
    store.set({ unsent: store.get().unsent.filter((entry) => entry.key !== key) });
    await kept.remove(key);
  }

  /** Reads what this device keeps for the owner, perhaps written in another tab. */
  async read(): Promise<void> {
    const { kept, store, owner } = this.parts;
    store.set({ unsent: await kept.all(owner()) });
  }

  /** Sends what waits. One tab at a time does so, where the browser can tell. */
  async flush(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      const locks = 'locks' in navigator ? navigator.locks : undefined;
      if (locks === undefined) await this.#sendAll();
      else await locks.request(`holdfast-unsent-${this.parts.owner()}`, () => this.#sendAll());
      if (this.#tries > 0) this.parts.onReach(true);
      this.#tries = 0;
    } catch (error) {
      if (!(error instanceof Unreached)) throw error;
      this.#timer = setTimeout(() => void this.flush(), PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)]);
      this.#tries += 1;
      this.parts.onReach(false);
    } finally {
      this.#busy = false;
    }
    if (this.#again) {
      this.#again = false;
      await this.flush();
    }
  }

  async #sendAll(): Promise<void> {
    // Another tab may have sent some meanwhile.
    await this.read();
    for (;;) {
      const entry = this.parts.store.get().unsent.find(({ state }) => state === 'waiting');
      if (entry === undefined) return;
      const { messages, number, words } = this.parts.store.get();
      const after = entry.number === number ? messages.at(-1)?.cursor : undefined;
      this.#show({ ...entry, state: 'sending', ...(after === undefined ? {} : { after }) });
      try {
        await this.parts.call(() => this.#deliver(entry.key));
      } catch (error) {
        if (error instanceof Unreached) {
          await this.change(entry.key, { state: 'waiting' });
          throw error;
        }
        if (!(error instanceof Refused)) throw error;
        await this.change(entry.key, { state: 'refused', why: words === null ? error.message : refusalText(error, words) });
      }
    }
  }

  async #deliver(key: string): Promise<void> {
    const { api, store, onDelivered } = this.parts;
    const entry = store.get().unsent.find((other) => other.key === key);
    if (entry === undefined) return;
    const attachments: string[] = [];
    for (const file of entry.files) attachments.push(await this.#upload(entry, file));
    const said = { body: wordsOf(entry), ...(attachments.length > 0 && { attachments }) };
    if (entry.number === null) return this.#openChat(entry, said);
    const answer = await api.call<{ message: ChatMessage; number?: number }>('POST', `/chats/${entry.number}/messages`, { key: entry.key, body: said });
    await onDelivered(answer.number ?? entry.number, answer.message);
    await this.discard(entry.key);
  }

  async #openChat(entry: Unsent, said: object): Promise<void> {
    const { api, store, kept, onToken, onDelivered } = this.parts;
    const { cluster, website } = store.get().settings;
    const opened = await api.call<OpenedChat>('POST', '/chats', {
      key: entry.key,
      body: {
        ...this.#whoOf(entry),
        ...(entry.priority !== null && { priority: entry.priority }),
        ...(cluster !== null && { cluster }),
        ...(website !== null && { website }),
        ...said,
        openedFrom: api.site,
      },
    });
    onToken(opened.visitorToken);
    const { number } = opened;
    // What was written after it belongs into the same chat.
    const moved = store
      .get()
      .unsent.filter((other) => other.number === null && other.key !== entry.key)
      .map((other) => ({ ...other, number, state: other.state === 'asking' ? ('waiting' as const) : other.state }));
    for (const other of moved) await kept.put(other);
    await kept.remove(entry.key);
    store.set({ number: store.get().number ?? number, expectation: opened.expectation });
    await onDelivered(number, null);
    store.set({ unsent: [...store.get().unsent.filter((other) => other.number !== null && other.key !== entry.key), ...moved] });
  }

  /** Who writes, as the desk is told. */
  #whoOf({ who }: Unsent): object {
    const { store, timeZone } = this.parts;
    const { locale, identity } = store.get().settings;
    return { ...(identity !== null ? { identity } : who !== null && { email: who.email, ...(who.name !== '' && { name: who.name }) }), locale, timeZone };
  }

  async #upload(entry: Unsent, file: UnsentFile): Promise<string> {
    if (file.id !== null) return file.id;
    const { api, store, onToken } = this.parts;
    // Files are somebody's, also before the first words.
    if (api.token === null) {
      const { visitorToken } = await api.call<Session>('POST', '/chat/sessions', { body: this.#whoOf(entry) });
      if (visitorToken !== null) onToken(visitorToken);
    }
    const progress = (part: number) => store.set({ uploads: { ...store.get().uploads, [file.key]: part } });
    const { id } = await api.upload<{ id: string }>(`/chat${entry.number === null ? '' : `s/${entry.number}`}/attachments`, file.file, file.key, progress);
    const current = store.get().unsent.find(({ key }) => key === entry.key) ?? entry;
    await this.change(entry.key, { files: current.files.map((other) => (other.key === file.key ? { ...other, id } : other)) });
    return id;
  }

  #show(entry: Unsent): void {
    const { store } = this.parts;
    store.set({ unsent: store.get().unsent.map((other) => (other.key === entry.key ? entry : other)) });
  }
}

/** A message of files only still says something: what it brings. */
function wordsOf({ body, files }: Unsent): string {
  return body.trim() === '' ? files.map(({ file }) => `📎 ${file.name}`).join('\n') : body;
}
