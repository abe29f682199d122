import { randomUUID } from 'node:crypto';
import { liveEventsSent } from '../../config/metrics';
import type { LiveChange } from '../../db/live-events';
import type { Agent, Visitor } from '../auth/actor';
import { CLOSE, type CloseCode, type ServerFrame } from './frames';
import type { Known } from './who';

/** What waits to be sent to one connection at most, in bytes; who takes in less comes back and goes on from its cursor. */
const BACKLOG_BYTES = 1024 * 1024;
/** Frames that may come at once, and how many more each second. */
const BURST = 60;
const FRAMES_A_SECOND = 10;

/** How frames reach a client: a WebSocket, or a stream of server-sent events. */
export interface Wire {
  readonly transport: 'websocket' | 'sse';
  /** One key per address it comes from. */
  readonly address: string;
  send(frame: ServerFrame): void;
  /** Bytes that wait to be sent. */
  backlog(): number;
  close(code: CloseCode): void;
}

/** What a connection hears of: one conversation by its number, or all of them for the queue. */
export interface Subscription {
  readonly peer: Peer;
  readonly subject: number | 'queue';
  /** Conversations whose changes it is told: the one, and what that is a part of. */
  readonly numbers: Set<number>;
  /** The number that the conversation goes by now: where somebody is present, types and reads. 0 for the queue. */
  root: number;
  /** Changes up to this one are told, or are not its business. */
  position: number;
  /** While it catches up: changes that came meanwhile. */
  waiting: LiveChange[] | null;
}

/** One live connection. */
export class Peer {
  readonly id = randomUUID();
  readonly subscriptions = new Map<number | 'queue', Subscription>();
  /** Conversations that it has before it, in an open and visible tab. */
  readonly present = new Set<number>();
  /** Conversations that it types in. */
  readonly typing = new Set<number>();
  known: Known | null = null;
  tab = '';
  /** No more can be sent to it. */
  over = false;
  #frames = BURST;
  #countedAt: number;

  constructor(
    readonly wire: Wire,
    /** Milliseconds of a clock that only goes on. */
    readonly since: number,
  ) {
    this.#countedAt = since;
  }

  get actor(): Agent | Visitor | null {
    return this.known?.actor ?? null;
  }

  /** As whom it reads and is present: `agent:<id>` or `contact:<id>`. */
  get reader(): `agent:${string}` | `contact:${string}` | null {
    const { actor } = this;
    return actor === null ? null : actor.kind === 'agent' ? `agent:${actor.id}` : `contact:${actor.contactId}`;
  }

  /** Sends a frame, unless the client does not take in what it was sent. */
  send(frame: ServerFrame): void {
    if (this.over) return;
    if (this.wire.backlog() > BACKLOG_BYTES) return this.close(CLOSE.tooSlow);
    this.wire.send(frame);
    if (frame.type === 'event') liveEventsSent(1);
  }

  close(code: CloseCode): void {
    this.over = true;
    this.wire.close(code);
  }

  /** Counts a frame that came; false when there are too many. */
  takes(now: number): boolean {
    this.#frames = Math.min(BURST, this.#frames + ((now - this.#countedAt) / 1000) * FRAMES_A_SECOND);
    this.#countedAt = now;
    if (this.#frames < 1) return false;
    this.#frames -= 1;
    return true;
  }
}
