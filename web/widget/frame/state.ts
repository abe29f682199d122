import type { HostSettings } from '../protocol';
import type { Words } from '../words/en';
import type { ChatMessage, ChatSummary, Expectation, Face, Priority, Visitor } from './api-types';
import type { Unsent } from './unsent';

/** What is on the screen. */
export type Screen = 'chat' | 'chats' | 'prove';

/** Everything that the screens show. */
export interface State {
  readonly settings: HostSettings;
  /** In the language of the settings; null until the first boot has loaded them. */
  readonly words: Words | null;
  /** The widget is open on the host page. */
  readonly open: boolean;
  /** Open, in a tab that is visible: only then could somebody read. */
  readonly present: boolean;
  /** Whether the first answers of the desk are here. */
  readonly started: boolean;
  readonly screen: Screen;
  readonly visitor: Visitor | null;
  readonly expectation: Expectation | null;
  readonly chats: readonly ChatSummary[];
  /** The chat that is shown; null is one that has not begun. */
  readonly number: number | null;
  readonly messages: readonly ChatMessage[];
  /** Whether `messages` are `number`'s, down to the newest. */
  readonly loaded: boolean;
  /** With it the messages before these are asked for; null when these begin the chat. */
  readonly earlier: string | null;
  readonly unsent: readonly Unsent[];
  /** Part of each file that has been uploaded, by the file's key; 0 to 1. */
  readonly uploads: Readonly<Record<string, number>>;
  /** What is being written. */
  readonly draft: { readonly body: string; readonly files: readonly File[] };
  readonly priority: Priority;
  /** Who of the desk writes just now. */
  readonly typing: Face | null;
  readonly connection: 'resting' | 'connecting' | 'connected' | 'broken';
  /** Cursor of the last message that was there when the customer last looked; what came later is new. */
  readonly lookedAt: string | null;
  /** One sentence that goes away by itself. */
  readonly notice: string | null;
  /** The customer is asked whether production is really down. */
  readonly asksIfDown: boolean;
  /** The closing question that the customer has waved away, by its message's id. */
  readonly goesOn: string | null;
}

/** Before anything is known. */
export const INITIAL: State = {
  settings: { identity: null, locale: 'en', cluster: null, website: null },
  words: null,
  open: false,
  present: false,
  started: false,
  screen: 'chat',
  visitor: null,
  expectation: null,
  chats: [],
  number: null,
  messages: [],
  loaded: false,
  earlier: null,
  unsent: [],
  uploads: {},
  draft: { body: '', files: [] },
  priority: 'normal',
  typing: null,
  connection: 'resting',
  lookedAt: null,
  notice: null,
  asksIfDown: false,
  goesOn: null,
};

/** A value that tells when it has changed. */
export class Store<Value> {
  readonly #listeners = new Set<() => void>();

  constructor(private value: Value) {}

  get = (): Value => this.value;

  set(change: Partial<Value>): void {
    this.value = { ...this.value, ...change };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
