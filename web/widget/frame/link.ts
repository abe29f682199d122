import { connectLive, type LiveConnection, type LiveEvent, type LiveState, type Subject } from '../../live/connection';
import type { ChatMessage, ChatSummary, Expectation, Face } from './api-types';
import { freshKey } from './device';

/** What the link tells of: the chat, as far as it takes part. */
export interface Linked {
  readonly token: () => string | null;
  /** Somebody could look now. */
  readonly present: () => boolean;
  readonly onMessage: (number: number, message: ChatMessage) => void;
  readonly onSummary: (chat: ChatSummary) => void;
  readonly onExpectation: (expectation: Expectation) => void;
  readonly onTyping: (number: number, who: Face | null) => void;
  /** The same person has read it elsewhere. */
  readonly onRead: (number: number) => void;
  /** Something may have been missed; `all` if more than what is new. */
  readonly onMissed: (number: number, all: boolean) => void;
  readonly onState: (state: 'connected' | 'broken' | 'resting') => void;
  /** The token holds no longer. */
  readonly onRefused: () => void;
}

/** A break that is over sooner than this is not worth a word, in milliseconds. */
const BREAK_MS = 2_500;
/** Typing is over when nothing more is heard of it, in milliseconds; docs/live.md tells it to everybody who listens. */
const TYPING_MS = 6_000;
/** So it is said again while it lasts, in milliseconds. */
const TYPING_AGAIN_MS = 3_000;
/** Conversations that are listened to besides the one that is shown, for the badge. */
const OTHERS = 5;

/** This tab's live connection: opened with the first chat, so a page on which nobody chats costs nothing. */
export class Link {
  readonly #tab = freshKey();
  readonly #heard = new Set<number>();
  #connection: LiveConnection | null = null;
  #shown: number | null = null;
  /** Conversations whose first reset is over. */
  readonly #begun = new Set<number>();
  #state: LiveState = 'connecting';
  /** When it was last said that the visitor types; null while they do not. */
  #typingSaidAt: number | null = null;
  #breakTimer: ReturnType<typeof setTimeout> | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly chat: Linked) {
    addEventListener('online', () => {
      // A socket may outlive a network that was away for a moment.
      if (this.#state === 'open') chat.onState('connected');
      this.#connection?.resume();
    });
    addEventListener('offline', () => chat.onState('broken'));
  }

  /** Listens to the chat that is shown, and to these others. */
  follow(shown: number | null, others: readonly number[]): void {
    if (this.#shown !== shown && this.#shown !== null) this.#connection?.presence(this.#shown, 'away');
    this.#shown = shown;
    const wanted = new Set([...(shown === null ? [] : [shown]), ...others.slice(0, OTHERS)]);
    if (wanted.size === 0) return this.leave();
    this.#connection ??= this.#connect();
    for (const number of this.#heard) {
      if (wanted.has(number)) continue;
      this.#heard.delete(number);
      this.#begun.delete(number);
      this.#connection.unsubscribe(number);
    }
    for (const number of wanted) {
      if (this.#heard.has(number)) continue;
      this.#heard.add(number);
      this.#connection.subscribe(number);
    }
    this.attend();
  }

  /** Says whether somebody could look. */
  attend(): void {
    if (this.#shown !== null) this.#connection?.presence(this.#shown, this.chat.present() ? 'present' : 'away');
    // What seems open may have broken while the tab slept.
    if (this.chat.present() && this.#state !== 'connecting') this.#connection?.resume();
  }

  typing(on: boolean): void {
    const saidAt = this.#typingSaidAt;
    if (this.#shown === null || (on ? saidAt !== null && Date.now() - saidAt < TYPING_AGAIN_MS : saidAt === null)) return;
    this.#typingSaidAt = on ? Date.now() : null;
    this.#connection?.typing(this.#shown, on);
  }

  seen(upTo: string): void {
    if (this.#shown !== null) this.#connection?.seen(this.#shown, upTo);
  }

  /** There is another token. */
  resume(): void {
    this.#connection?.resume();
  }

  leave(): void {
    clearTimeout(this.#breakTimer);
    this.#connection?.close();
    this.#connection = null;
    this.#shown = null;
    this.#heard.clear();
    this.#begun.clear();
  }

  #connect(): LiveConnection {
    this.#state = 'connecting';
    return connectLive({
      url: `${location.origin}/api/v1`,
      tab: this.#tab,
      token: this.chat.token,
      onEvent: (subject, event) => this.#heardOf(subject, event),
      onReset: (subject) => {
        if (subject === 'queue') return;
        this.chat.onMissed(subject, this.#begun.has(subject));
        this.#begun.add(subject);
      },
      onState: (state) => this.#stateChanged(state),
    });
  }

  #stateChanged(state: LiveState): void {
    this.#state = state;
    switch (state) {
      case 'open':
        clearTimeout(this.#breakTimer);
        this.chat.onState('connected');
        break;
      case 'waiting':
        clearTimeout(this.#breakTimer);
        this.#breakTimer = setTimeout(() => this.chat.onState('broken'), navigator.onLine ? BREAK_MS : 0);
        break;
      case 'refused':
        this.chat.onRefused();
        break;
      case 'closed':
        this.chat.onState('resting');
        break;
      case 'connecting':
    }
  }

  /** The desk sends what the GET routes answer; the kinds that concern agents only are none of ours. */
  #heardOf(subject: Subject, event: LiveEvent): void {
    if (subject === 'queue') return;
    switch (event.kind) {
      case 'message':
        this.chat.onMessage(subject, event['message'] as ChatMessage);
        break;
      case 'state':
        this.chat.onSummary(event['chat'] as ChatSummary);
        break;
      case 'expectation':
        this.chat.onExpectation(event['expectation'] as Expectation);
        break;
      case 'typing':
        this.#typed(subject, event['who'] as Face & { readonly agent: boolean }, event['on'] === true);
        break;
      case 'read':
        if (event['by'] === 'you') this.chat.onRead(subject);
        break;
      case 'presence':
      case 'viewing':
    }
  }

  #typed(number: number, who: Face & { readonly agent: boolean }, on: boolean): void {
    if (number !== this.#shown || !who.agent) return;
    clearTimeout(this.#typingTimer);
    this.chat.onTyping(number, on ? who : null);
    if (on) this.#typingTimer = setTimeout(() => this.chat.onTyping(number, null), TYPING_MS);
  }
}
