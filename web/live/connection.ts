/**
 * A live connection to the desk, for the widget and the console: by WebSocket, by server-sent events where that is blocked, back again after
 * every break, going on where it was. It knows no page, so whoever uses it says when the network is back or the tab visible (`resume`).
 * docs/live.md tells the protocol.
 */

/** What is listened to: a conversation by its number, or all of them. */
export type Subject = number | 'queue';

/** Something that has happened; messages, chats and conversations are as the GET routes answer them. */
export interface LiveEvent {
  readonly kind: 'message' | 'state' | 'expectation' | 'typing' | 'presence' | 'viewing' | 'read';
  readonly [field: string]: unknown;
}

/** How the connection stands. `refused`: the token is not valid (any more); it stays so until `resume`. */
export type LiveState = 'connecting' | 'open' | 'waiting' | 'refused' | 'closed';

/** What it works with, and whom it tells. */
export interface LiveOptions {
  /** Where the API is: `https://desk.example.org/api/v1`. */
  readonly url: string;
  /** A name that this tab gives itself: letters, digits, - and _, the same for as long as it is open. */
  readonly tab: string;
  /** The token to say hello with; null where the browser's cookie says it. */
  readonly token: () => string | null;
  /** Something happened. */
  readonly onEvent: (subject: Subject, event: LiveEvent, number: number) => void;
  /** Too much was missed, or nothing is known yet to go on from: read everything anew. */
  readonly onReset?: (subject: Subject) => void;
  /** It may not be listened to (any more). */
  readonly onRefused?: (subject: Subject, code: string) => void;
  readonly onState?: (state: LiveState) => void;
  /** From 0 to 1; Math.random unless a test says otherwise. */
  readonly random?: () => number;
  /** The first pause after a break, in milliseconds; later ones double, up to half a minute. */
  readonly firstPauseMs?: number;
  readonly WebSocket?: SocketClass;
  readonly fetch?: typeof fetch;
}

/** As much of the class WebSocket as is needed. */
export type SocketClass = new (url: string, protocol: string) => Socket;

/** As much of a WebSocket as is needed. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** The connection as it is used. */
export interface LiveConnection {
  /** Listens to something, perhaps going on from a cursor of an earlier page. */
  subscribe(subject: Subject, after?: string): void;
  unsubscribe(subject: Subject): void;
  typing(number: number, on: boolean): void;
  /** The conversation is in front of somebody: open, visible. Said again after every break. */
  presence(number: number, state: 'present' | 'away'): void;
  /** Everything up to this message was in view. Said again after every break, in case that came first. */
  seen(number: number, upTo: string): void;
  /** The network is back, the tab is visible again, or there is another token: tries at once, and looks whether what seems open is. */
  resume(): void;
  close(): void;
}

interface Frame {
  readonly type: string;
  readonly number?: number;
  readonly queue?: true;
  readonly cursor?: string;
  readonly code?: string | number;
  readonly event?: LiveEvent;
}

/** After so many failures in a row the other way is tried. */
const TRIES = 2;
const LONGEST_PAUSE_MS = 30_000;
/** A connection that does not answer within this time leads nowhere. */
const ANSWER_MS = 8_000;
/** A stream says that it is there every 25 s. */
const SILENCE_MS = 60_000;
const UNAUTHENTICATED = 4401;
const TOO_MANY = 4429;
/** "Come back": the process stops, or too much waited for us. */
const COME_BACK = [1012, 1013];

/** Connects, and stays connected until `close`. */
export function connectLive(options: LiveOptions): LiveConnection {
  const { url, tab, token, onEvent, onReset, onRefused, onState, random = Math.random, firstPauseMs = 500 } = options;
  const cursors = new Map<Subject, string | undefined>();
  const present = new Set<number>();
  const seen = new Map<number, string>();
  let state: LiveState = 'connecting';
  /** Says something on what is open now; null while nothing is. */
  let say: ((frame: object) => void) | null = null;
  let hangUp: () => void = () => undefined;
  let failures = 0;
  /** The way that is tried now, and the one that has worked last. */
  let isStream = false;
  let worksByStream = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** What is called back by a connection that was given up means nothing. */
  let attempt = 0;

  const become = (next: LiveState): void => {
    if (next === state) return;
    state = next;
    onState?.(next);
  };
  const after = (ms: number, act: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
  const subscription = (subject: Subject): object => ({
    type: 'subscribe',
    ...(subject === 'queue' ? { queue: true } : { number: subject }),
    after: cursors.get(subject),
  });

  const welcome = (): void => {
    failures = 0;
    worksByStream = isStream;
    clearTimeout(timer);
    become('open');
  };
  /** What the desk does not know of a connection that is new to it. */
  const tellAll = (): void => {
    for (const number of present) say?.({ type: 'presence', number, state: 'present' });
    for (const [number, upTo] of seen) say?.({ type: 'seen', number, upTo });
  };

  const received = (frame: Frame): void => {
    const subject: Subject | undefined = frame.queue ? 'queue' : frame.number;
    if (frame.type === 'closed') return ended(Number(frame.code));
    if (subject === undefined || !cursors.has(subject)) return;
    if (frame.type === 'reset') onReset?.(subject);
    if (frame.type === 'refused') {
      cursors.delete(subject);
      onRefused?.(subject, String(frame.code));
    }
    if (frame.type === 'subscribed') {
      // Whoever has nothing to go on from reads what there is now.
      if (cursors.get(subject) === undefined) onReset?.(subject);
      cursors.set(subject, frame.cursor);
    }
    if (frame.type === 'event' && frame.event) {
      if (frame.cursor !== undefined) {
        if (Number(frame.cursor) <= Number(cursors.get(subject) ?? -1)) return;
        cursors.set(subject, frame.cursor);
      }
      onEvent(subject, frame.event, frame.number ?? 0);
    }
  };

  const ended = (code: number): void => {
    if (state === 'closed') return;
    attempt += 1;
    const wasOpen = state === 'open';
    say = null;
    hangUp();
    if (code === UNAUTHENTICATED) {
      clearTimeout(timer);
      return become('refused');
    }
    become('waiting');
    failures = wasOpen ? 0 : failures + 1;
    const pause =
      code === TOO_MANY ? LONGEST_PAUSE_MS : COME_BACK.includes(code) && wasOpen ? firstPauseMs : Math.min(firstPauseMs * 2 ** failures, LONGEST_PAUSE_MS);
    after(pause * (0.5 + random() / 2), connect);
  };

  const connect = (): void => {
    attempt += 1;
    const mine = attempt;
    const isMine = (): boolean => mine === attempt;
    become('connecting');
    after(ANSWER_MS, () => isMine() && ended(0));
    isStream = (Math.floor(failures / TRIES) % 2 === 1) !== worksByStream;
    if (isStream) void byStream(isMine);
    else bySocket(isMine);
  };

  const bySocket = (isMine: () => boolean): void => {
    const socket = new (options.WebSocket ?? (globalThis as unknown as { WebSocket: SocketClass }).WebSocket)(
      `${url.replace(/^http/, 'ws')}/live`,
      'holdfast.v1',
    );
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    hangUp = () => socket.close();
    socket.onopen = () => {
      if (!isMine()) return;
      send({ type: 'hello', token: token() ?? undefined, tab });
      for (const subject of cursors.keys()) send(subscription(subject));
    };
    socket.onmessage = ({ data }) => {
      if (!isMine()) return;
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === 'welcome') {
        say = send;
        welcome();
        tellAll();
      }
      // Whatever comes answers a ping.
      if (state === 'open') clearTimeout(timer);
      received(frame);
    };
    socket.onclose = ({ code }) => isMine() && ended(code);
  };

  const byStream = async (isMine: () => boolean): Promise<void> => {
    const request = options.fetch ?? fetch;
    const abort = new AbortController();
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    const secret = token();
    if (secret !== null) headers['Authorization'] = `Bearer ${secret}`;
    hangUp = () => abort.abort();
    const wanted = [...cursors].map(([subject, cursor]) => `&subscribe=${subject}${cursor === undefined ? '' : `@${cursor}`}`);
    try {
      const response = await request(`${url}/live/events?tab=${tab}${wanted.join('')}`, { headers, signal: abort.signal });
      if (!isMine()) return;
      const reader = response.ok ? response.body?.getReader() : undefined;
      if (!reader) return ended(response.status === 401 ? UNAUTHENTICATED : 0);
      const decoder = new TextDecoder();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (!isMine()) return;
        if (done) return ended(0);
        const parts = (text + decoder.decode(value, { stream: true })).split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          if (!isMine()) return;
          if (!part.startsWith('data: ')) continue;
          const frame = JSON.parse(part.slice(6)) as Frame;
          if (frame.type === 'welcome') {
            welcome();
            say = (said) => {
              request(`${url}/live/frames`, { method: 'POST', headers, body: JSON.stringify({ tab, frame: said }) }).catch(() => isMine() && ended(0));
            };
          }
          received(frame);
        }
        // Once it listens, so that what is said finds it.
        if (state === 'open') {
          tellAll();
          after(SILENCE_MS, () => isMine() && ended(0));
        }
      }
    } catch {
      if (isMine()) ended(0);
    }
  };

  /** A stream listens to what its address says: another one is opened, and goes on from there. */
  const relisten = (): void => {
    hangUp();
    say = null;
    state = 'connecting';
    connect();
  };

  connect();
  return {
    subscribe(subject, cursor) {
      if (cursors.has(subject)) return;
      cursors.set(subject, cursor);
      if (say === null) return;
      if (isStream) relisten();
      else say(subscription(subject));
    },
    unsubscribe(subject) {
      if (!cursors.delete(subject)) return;
      if (subject !== 'queue') {
        present.delete(subject);
        seen.delete(subject);
      }
      if (say === null) return;
      if (isStream) relisten();
      else say({ type: 'unsubscribe', ...(subject === 'queue' ? { queue: true } : { number: subject }) });
    },
    typing(number, on) {
      say?.({ type: 'typing', number, on });
    },
    presence(number, next) {
      if (next === 'present') present.add(number);
      else present.delete(number);
      say?.({ type: 'presence', number, state: next });
    },
    seen(number, upTo) {
      seen.set(number, upTo);
      say?.({ type: 'seen', number, upTo });
    },
    resume() {
      if (state === 'closed') return;
      if (state !== 'open') {
        failures = 0;
        hangUp();
        return connect();
      }
      if (isStream) return;
      say?.({ type: 'ping' });
      after(ANSWER_MS, () => ended(0));
    },
    close() {
      attempt += 1;
      clearTimeout(timer);
      hangUp();
      say = null;
      become('closed');
    },
  };
}
