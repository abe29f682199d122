import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import WebSocket from 'ws';
import { NoSuccess, type ApiAnswer } from './desk-under-test';

/** A message as the API shows it to customers: what these tests read of it. */
export interface SeenMessage {
  readonly id: string;
  readonly cursor: string;
  readonly from: 'you' | 'agent' | 'other' | 'desk';
  readonly author: { readonly name: string } | null;
  readonly body: string;
  readonly emojiOnly: boolean;
  readonly state: string;
  readonly seenAt: string | null;
  readonly mailedAt: string | null;
  readonly channel: string;
}

/** A chat as the API shows it to its customer. */
export interface SeenChat {
  readonly number: number;
  readonly status: 'inProgress' | 'waitingForYou' | 'done';
  readonly answerBy: string | null;
  readonly promised: { readonly kind: string; readonly dueAt: string } | null;
  readonly unread: number;
  readonly ticket: boolean;
  readonly closed: boolean;
  readonly rated: 'good' | 'bad' | null;
  readonly proof: string;
}

/** What the live connection tells of a conversation. */
export interface LiveEvent {
  readonly kind: string;
  readonly message?: SeenMessage;
  readonly chat?: SeenChat;
  readonly state?: string;
  readonly on?: boolean;
  readonly [more: string]: unknown;
}

/** A frame of the live connection, as it comes. */
export interface LiveFrame {
  readonly type: string;
  readonly number?: number;
  readonly cursor?: string;
  readonly event?: LiveEvent;
  readonly code?: string;
  readonly [more: string]: unknown;
}

/** A signed identity as a host's dashboard makes it. */
export async function signIdentity(secret: string, claims: { sub: string; email: string; name?: string; [claim: string]: unknown }): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience('holdfast')
    .setIssuedAt()
    .setExpirationTime('30m')
    .sign(new TextEncoder().encode(secret));
}

/** One open tab of the widget, as the desk sees it: a live connection of its own. */
export class LiveTab {
  readonly frames: LiveFrame[] = [];
  private waiting: (() => void)[] = [];
  private ended = false;

  private constructor(
    private readonly socket: WebSocket,
    private readonly number: number,
  ) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as LiveFrame);
      this.wake();
    });
    socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
    // Why it ended shows in what is waited for.
    socket.on('error', () => undefined);
  }

  /** Connects, says who it is, and subscribes; resolves when the desk has agreed. */
  static async open(url: string, given: { token: string; number: number; after?: string; tab?: string }): Promise<LiveTab> {
    const { token, number, after, tab = randomUUID() } = given;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, ['holdfast.v1'], { origin: url });
    const open = new LiveTab(socket, number);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    open.send({ type: 'hello', token, tab });
    await open.frame('it is welcome', ({ type }) => type === 'welcome');
    open.send({ type: 'subscribe', number, ...(after !== undefined && { after }) });
    const answer = await open.frame('it is subscribed', ({ type }) => type === 'subscribed' || type === 'refused');
    if (answer.type === 'refused') {
      open.close();
      throw new Error(`The subscription to #${number} was refused: ${answer.code ?? ''}`);
    }
    return open;
  }

  /** Whether the connection has ended. */
  get isOver(): boolean {
    return this.ended;
  }

  /** The widget is open, and its tab is in front; or it is not. */
  presence(state: 'present' | 'away'): void {
    this.send({ type: 'presence', number: this.number, state });
  }

  /** The customer has this message in view. */
  seen(upTo: string): void {
    this.send({ type: 'seen', number: this.number, upTo });
  }

  typing(on: boolean): void {
    this.send({ type: 'typing', number: this.number, on });
  }

  /** Waits for an event, also one that came already. */
  async event(what: string, matches: (event: LiveEvent) => boolean, withinMs?: number): Promise<LiveEvent> {
    const found = await this.frame(what, ({ type, event }) => type === 'event' && event !== undefined && matches(event), withinMs);
    return found.event ?? { kind: '' };
  }

  /** Waits for the message with these words. */
  async message(words: string, withinMs?: number): Promise<SeenMessage> {
    const { message } = await this.event(`"${words}" arrives`, (event) => event.kind === 'message' && event.message?.body === words, withinMs);
    if (message === undefined) throw new Error('An event without its message.');
    return message;
  }

  /** Waits for a frame, also one that came already. */
  async frame(what: string, matches: (frame: LiveFrame) => boolean, withinMs = 15_000): Promise<LiveFrame> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = this.frames.find(matches);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (this.ended || leftMs <= 0) {
        throw new Error(`${this.ended ? 'The connection ended' : `Not within ${withinMs / 1000} s`}: ${what}. There is ${JSON.stringify(this.frames)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Ends the connection as a closed window does. */
  close(): void {
    this.socket.terminate();
  }

  private send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  private wake(): void {
    const sleepers = this.waiting;
    this.waiting = [];
    for (const wake of sleepers) wake();
  }
}

/** A customer with the widget, without its looks: what it sends and receives. */
export class ChattingCustomer {
  private token: string | null = null;

  constructor(
    private readonly url: string,
    private readonly who: { readonly identity: string } | { readonly email: string; readonly name?: string },
  ) {}

  /** The visitor token, once there is one. */
  get visitorToken(): string {
    if (this.token === null) throw new Error('This customer has not written yet.');
    return this.token;
  }

  /** Writes the first words. */
  async opens(body: string, more: object = {}, key?: string): Promise<{ number: number; expectation: Record<string, unknown>; message: { id: string } }> {
    const answer = await this.must<{ number: number; visitorToken: string; expectation: Record<string, unknown>; message: { id: string } }>(
      'POST',
      '/chats',
      {
        ...this.who,
        body,
        ...more,
      },
      key,
    );
    this.token = answer.visitorToken;
    return answer;
  }

  /** Opens the widget again, without a word: who is known, and which chats there are. */
  async resumes(): Promise<readonly SeenChat[]> {
    const answer = await this.must<{ visitorToken: string | null; chats: SeenChat[] }>('POST', '/chat/sessions', 'identity' in this.who ? this.who : {});
    this.token = answer.visitorToken ?? this.token;
    return answer.chats;
  }

  writes(number: number, body: string, key: string = randomUUID()): Promise<{ message: SeenMessage; number?: number }> {
    return this.must('POST', `/chats/${number}/messages`, { body }, key);
  }

  chat(number: number): Promise<SeenChat> {
    return this.must('GET', `/chats/${number}`);
  }

  async messages(number: number): Promise<readonly SeenMessage[]> {
    return (await this.must<{ items: SeenMessage[] }>('GET', `/chats/${number}/messages?limit=100`)).items;
  }

  acts(number: number, act: string): Promise<unknown> {
    return this.must('POST', `/chats/${number}/acts`, { act });
  }

  rates(number: number, score: string, words?: string): Promise<unknown> {
    return this.must('PUT', `/chats/${number}/rating`, { score, ...(words !== undefined && { words }) });
  }

  /** Has the widget open on this chat, in front. */
  async looks(number: number, more: { after?: string; tab?: string } = {}): Promise<LiveTab> {
    const tab = await LiveTab.open(this.url, { token: this.visitorToken, number, ...more });
    tab.presence('present');
    return tab;
  }

  /** Calls the API with what the widget has. Throws {@link NoSuccess} when nobody answers. */
  async call<Body>(method: string, path: string, body?: unknown, key?: string): Promise<ApiAnswer<Body>> {
    try {
      const response = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: {
          origin: this.url,
          ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(method === 'POST' && { 'idempotency-key': key ?? randomUUID() }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as Body };
    } catch (cause) {
      throw new NoSuccess(`${method} ${path}: ${String(cause)}`, { cause });
    }
  }

  private async must<Body>(method: string, path: string, body?: unknown, key?: string): Promise<Body> {
    const answer = await this.call<Body>(method, path, body, key);
    if (answer.status >= 300) throw new NoSuccess(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}
