import type { ToHost } from '../protocol';
import { Refused, type Api } from './api';
import type { Session } from './api-types';
import { ownerOf, recall, remember } from './device';
import type { State, Store } from './state';

/** How long a host's page has for a fresh identity, in milliseconds. */
const IDENTITY_MS = 5_000;

/** Who writes in this tab, and how the desk knows: by a token, which this device keeps, or by the identity that the host has signed. */
export class VisitorSession {
  /** Whose things are kept; see `ownerOf`. */
  owner = 'visitor';
  #answered: (() => void) | null = null;

  constructor(
    private readonly parts: { readonly api: Api; readonly store: Store<State>; readonly tell: (message: ToHost) => void; readonly timeZone: string },
  ) {}

  /** Becomes whom this identity names; false when that is who they are already. */
  become(identity: string | null): boolean {
    const owner = ownerOf(identity);
    const changed = owner !== this.owner || !this.parts.store.get().started;
    this.owner = owner;
    if (changed) this.parts.api.token = recall(`token:${owner}`);
    return changed;
  }

  /** The host's page has sent another identity; true when it was asked for. */
  answer(identity: string | null): boolean {
    if (this.#answered === null) return false;
    const { store } = this.parts;
    store.set({ settings: { ...store.get().settings, identity } });
    this.#answered();
    return true;
  }

  useToken(token: string | null): void {
    this.parts.api.token = token;
    remember(`token:${this.owner}`, token);
  }

  /** Nothing of the visitor stays on this device. */
  forget(): void {
    this.useToken(null);
    this.keepDraft('');
  }

  /** What was being written when the page was left. */
  get draft(): string {
    return recall(`draft:${this.owner}`) ?? '';
  }

  keepDraft(body: string): void {
    remember(`draft:${this.owner}`, body === '' ? null : body);
  }

  /** Comes in, or back, and learns which chats there are. Errors: Refused, Unreached. */
  async open(): Promise<void> {
    const { api, store, timeZone } = this.parts;
    const { identity, locale } = store.get().settings;
    if (identity === null && api.token === null) {
      store.set({ visitor: null, chats: [] });
      return;
    }
    const session = await api.call<Session>('POST', '/chat/sessions', { body: { ...(identity !== null && { identity }), locale, timeZone } });
    if (session.visitorToken !== null) this.useToken(session.visitorToken);
    store.set({ visitor: session.visitor, chats: session.chats });
  }

  /** Calls the desk; when our token has expired, comes in anew and calls once more. */
  async call<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      this.useToken(null);
      if (this.parts.store.get().settings.identity !== null) await this.#askHost();
      await this.open();
      return work();
    }
  }

  /** The host's page may have a younger identity than the one that it began with. */
  async #askHost(): Promise<void> {
    const asked = new Promise<void>((resolve) => {
      this.#answered = resolve;
      setTimeout(resolve, IDENTITY_MS);
    });
    this.parts.tell({ type: 'identityWanted' });
    await asked;
    this.#answered = null;
  }
}
