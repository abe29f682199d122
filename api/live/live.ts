import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { liveConnected } from '../../config/metrics';
import { credentialKey } from '../../db/live-access';
import { markRead } from '../../db/read-marks';
import { codeOf } from '../../intake/woken-loop';
import { may } from '../auth/authorize';
import type { ApiContext } from '../context';
import { Announcer } from './announcer';
import { Expectations } from './expectations';
import { LiveFeed } from './feed';
import { clientFrame, CLOSE, type ClientFrame, type SaidFrame } from './frames';
import { Hub } from './hub';
import { Listening } from './listening';
import { passing, type Passing } from './passing';
import { Peer, type Wire } from './peer';
import { Tabs } from './tabs';
import { credentialOf, holdingOf, whoIs } from './who';

/** How long a connection may be open without saying who it is, in milliseconds. */
const HELLO_MS = 10_000;
/** How often it is looked for those who have not, and for tokens that have run out, in milliseconds. No query. */
const LOOK_EVERY_MS = 2_000;
/** Most conversations that one connection listens to. */
const SUBSCRIPTIONS = { visitor: 50, agent: 300 } as const;
/** Most connections of one visitor, and of one address as far as they are visitors' or nobody's yet. */
const VISITOR_CONNECTIONS = 20;
const ADDRESS_CONNECTIONS = 200;

/** Connections of one address that were refused for what they said of who they are, in a minute; beyond it none are opened. */
const WRONG_TOKENS = 120;
const MINUTE_MS = 60_000;

/** Live connections of this process: what they say, what they are told, and who of them is let in. */
export class Live {
  readonly #peers = new Set<Peer>();
  readonly #feed: LiveFeed;
  readonly #hub: Hub;
  readonly #announcer: Announcer;
  readonly #expectations: Expectations;
  readonly #tabs: Tabs;
  readonly #listening: Listening;
  #timer: NodeJS.Timeout | null = null;
  #closing = false;
  readonly #wrongTokens = new Map<string, number>();
  #countedSince = performance.now();
  #looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ApiContext,
    databaseUrl: string,
    /** What this process is called among the others. */
    readonly instance: string = `api-${randomUUID()}`,
  ) {
    const { db, log, now } = context;
    this.#hub = new Hub(
      context,
      () => this.#feed.position,
      ({ peer, root }) => this.#tabs.leave(peer, root),
    );
    this.#expectations = new Expectations(context, this.#hub);
    this.#announcer = new Announcer(context, this.#hub);
    this.#tabs = new Tabs(instance, { db, log, now });
    this.#feed = new LiveFeed(
      { url: databaseUrl, db, log },
      {
        wanted: () => this.#listening.on,
        changes: async (changes) => {
          await this.#hub.take(changes);
          this.#expectations.mayHaveChanged();
        },
        passing: (told) => this.#heard(told),
        access: () => void this.checkAccess(),
        back: () => this.#listening.renew(),
        gap: () => this.#hub.reset(),
      },
    );
    this.#listening = new Listening(
      { db, api: instance, log, now },
      () => [...this.#peers].some((peer) => peer.known !== null),
      (last) => {
        this.#feed.goTo(last);
        this.#hub.reset();
      },
    );
  }

  /** Begins to listen; rejects when the database cannot be reached. */
  async start(): Promise<this> {
    try {
      await this.#feed.start();
      await this.#tabs.start();
      this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Sends everybody to another process, or to this one when it is back: nobody has left for that. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const peer of this.#peers) peer.close(CLOSE.restart);
    await this.#feed.close();
    await this.#listening.close();
    await this.#looking;
    await this.#announcer.close();
    await this.#expectations.close();
    await this.#tabs.stop();
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#peers.size;
  }

  /** Says that this process lives, with all that is connected to it; it does so by itself every 20 s. */
  beat(): Promise<void> {
    return this.#tabs.beat();
  }

  /** A connection that has been opened; null when there are too many of its kind. */
  open(wire: Wire): Peer | null {
    const sameAddress = [...this.#peers].filter((peer) => peer.wire.address === wire.address && peer.actor?.kind !== 'agent').length;
    if (this.#closing || sameAddress >= ADDRESS_CONNECTIONS || (this.#wrongTokens.get(wire.address) ?? 0) >= WRONG_TOKENS) {
      wire.close(this.#closing ? CLOSE.restart : CLOSE.tooMany);
      return null;
    }
    const peer = new Peer(wire, performance.now());
    this.#peers.add(peer);
    return peer;
  }

  /** A connection has ended, however it did. When this process stops, whoever was there still is. */
  ended(peer: Peer): void {
    if (!this.#peers.delete(peer)) return;
    peer.over = true;
    const { known } = peer;
    if (known !== null) liveConnected({ transport: peer.wire.transport, actor: known.actor.kind }, -1);
    this.#hub.drop(peer);
    for (const number of peer.typing) this.#types(peer, number, false);
    if (this.#closing) return;
    for (const number of [...peer.present]) this.#tabs.leave(peer, number);
    this.#listening.leave();
  }

  /** Carries out what a connection has sent, as text; `request` is the one that it was opened with. */
  async receive(peer: Peer, text: string, request: Request): Promise<void> {
    if (peer.over) return;
    if (!peer.takes(performance.now())) return peer.close(CLOSE.tooMany);
    const frame = parsed(text);
    if (frame === null) return peer.close(CLOSE.badFrame);
    try {
      await this.carryOut(peer, frame, request);
    } catch (error) {
      this.context.log.warn({ code: codeOf(error) }, 'a live frame could not be carried out; the connection is closed and comes back');
      peer.close(CLOSE.tooSlow);
    }
  }

  /** Lets a connection in with the token that it says, or the cookie that came with it; a second hello changes nothing. */
  async hello(peer: Peer, { token, tab }: { token: string | undefined; tab: string }, request: Request): Promise<void> {
    if (peer.known !== null) return;
    const credential = credentialOf(token, request, this.context.environment.HOLDFAST_PUBLIC_URL);
    const known = credential && (await whoIs(this.context, credential, token));
    if (peer.over) return;
    if (known === null) {
      this.#wrongTokens.set(peer.wire.address, (this.#wrongTokens.get(peer.wire.address) ?? 0) + 1);
      return peer.close(CLOSE.unauthenticated);
    }
    const { actor } = known;
    const others = [...this.#peers].filter((other) => other.actor?.kind === 'visitor' && other.actor.id === actor.id).length;
    if (actor.kind === 'visitor' && others >= VISITOR_CONNECTIONS) return peer.close(CLOSE.tooMany);
    await this.#listening.begin();
    if (peer.over) return;
    peer.known = known;
    peer.tab = tab;
    liveConnected({ transport: peer.wire.transport, actor: actor.kind }, 1);
    peer.send({
      type: 'welcome',
      actor: { kind: actor.kind, id: actor.id, ...(actor.kind === 'agent' ? { name: actor.name } : {}) },
      cursor: String(this.#feed.position),
    });
  }

  /** Carries out a frame. */
  async carryOut(peer: Peer, frame: ClientFrame, request: Request): Promise<void> {
    if (frame.type === 'ping') return peer.send({ type: 'pong' });
    if (frame.type === 'hello') return this.hello(peer, { token: frame.token, tab: frame.tab }, request);
    const { actor } = peer;
    if (actor === null) return peer.close(CLOSE.unauthenticated);
    switch (frame.type) {
      case 'subscribe':
      case 'unsubscribe': {
        const subject = frame.queue === true ? 'queue' : frame.number;
        if (subject === undefined) return peer.close(CLOSE.badFrame);
        if (frame.type === 'unsubscribe') return this.#unsubscribe(peer, subject);
        if (!peer.subscriptions.has(subject) && peer.subscriptions.size >= SUBSCRIPTIONS[actor.kind]) return peer.close(CLOSE.tooMany);
        await this.#hub.subscribe(peer, subject, frame.after);
        const subscription = peer.subscriptions.get(subject);
        if (actor.kind === 'visitor') this.#expectations.mayHaveChanged();
        return subscription === undefined ? undefined : this.#announcer.greet(subscription);
      }
      default:
        return this.#said(peer, frame);
    }
  }

  /** Tells whichever process a tab is connected to what it has said by another way. */
  async say(reader: string, tab: string, frame: SaidFrame): Promise<void> {
    await this.#announcer.tell({ about: 'said', reader, tab, frame });
  }

  /** Closes the connections of those who are not let in any more, and has those come back who may now do other things. */
  checkAccess(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const peers = [...this.#peers].filter((peer) => peer.known !== null);
      if (peers.length === 0) return;
      const holding = await holdingOf(
        this.context,
        peers.flatMap(({ known }) => (known === null ? [] : [known.credential])),
      );
      for (const peer of peers) {
        if (peer.known === null) continue;
        const now = holding.get(credentialKey(peer.known.credential));
        if (now === undefined) peer.close(CLOSE.unauthenticated);
        else if (now.standsFor !== peer.known.holding.standsFor) peer.close(CLOSE.restart);
        else peer.known = { ...peer.known, holding: now };
      }
    });
    this.#looking = this.#looking.catch((error: unknown) => {
      this.context.log.warn({ code: codeOf(error) }, 'it could not be looked who is still let in; every live connection is closed and comes back');
      for (const peer of this.#peers) peer.close(CLOSE.tooSlow);
    });
    return this.#looking;
  }

  async #said(peer: Peer, frame: SaidFrame): Promise<void> {
    const { actor, reader } = peer;
    const subscription = peer.subscriptions.get(frame.number);
    // Only where it listens, which is where it may.
    if (actor === null || reader === null || subscription === undefined) return;
    const number = subscription.root;
    switch (frame.type) {
      case 'typing':
        if (actor.kind === 'visitor' || may(actor, 'conversation.act')) this.#types(peer, number, frame.on);
        return;
      case 'presence':
        if (frame.state === 'present') this.#tabs.enter(peer, number);
        else this.#tabs.leave(peer, number);
        return;
      case 'seen':
        await markRead(this.context.db, { number, reader, upTo: frame.upTo, at: new Date(this.context.now()) });
        return;
      default:
        return frame satisfies never;
    }
  }

  #types(peer: Peer, number: number, on: boolean): void {
    if (peer.reader === null || (!on && !peer.typing.has(number))) return;
    if (on) peer.typing.add(number);
    else peer.typing.delete(number);
    this.context.background.run('telling who types', () => this.#announcer.tell({ about: 'typing', number, by: peer.reader ?? '', on }));
  }

  #unsubscribe(peer: Peer, subject: number | 'queue'): void {
    const number = peer.subscriptions.get(subject)?.root;
    this.#hub.unsubscribe(peer, subject);
    if (number !== undefined) this.#tabs.leave(peer, number);
  }

  #heard(told: unknown): void {
    const read = passing.safeParse(told);
    // What only a newer process says.
    if (!read.success) return;
    const heard: Passing = read.data;
    if (heard.about !== 'said') return this.#announcer.heard(heard);
    for (const peer of this.#peers) {
      if (peer.reader !== heard.reader || peer.tab !== heard.tab || peer.wire.transport !== 'sse') continue;
      this.context.background.run('what a tab has said', () => this.#said(peer, heard.frame));
    }
  }

  #look(): void {
    const now = this.context.now();
    if (performance.now() - this.#countedSince > MINUTE_MS) {
      this.#wrongTokens.clear();
      this.#countedSince = performance.now();
    }
    for (const peer of this.#peers) {
      if (peer.known === null) {
        if (performance.now() - peer.since > HELLO_MS) peer.close(CLOSE.noHello);
      } else if ((peer.known.holding.expiresAt?.getTime() ?? Infinity) <= now) {
        // It may hold for longer by now.
        void this.checkAccess();
      }
    }
  }
}

function parsed(text: string): ClientFrame | null {
  try {
    return clientFrame.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
