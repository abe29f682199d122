import type { EventEmitter } from 'node:events';
import { HoldfastError } from '../messages/errors';

const MEGABYTE = 1024 * 1024;

/**
 * How much of what is being sent to us this process holds at this moment, from somebody's first byte until they have their answer. Nobody
 * alone takes all of it.
 */
export class BytesInFlight {
  readonly #ofEach = new Map<string, number>();
  #together = 0;

  constructor(private readonly most: { readonly together: number; readonly ofOne: number }) {}

  /** Counts what comes in for one answer, as much as is told; `who` sends it. The count's errors: E_UNAVAILABLE beyond a limit, nothing is counted then. */
  meter(who: string, response: Pick<EventEmitter, 'once'>): (bytes: number) => void {
    let held = 0;
    response.once('close', () => {
      this.#add(who, -held);
      held = 0;
    });
    return (bytes) => {
      if (this.#together + bytes > this.most.together || (this.#ofEach.get(who) ?? 0) + bytes > this.most.ofOne) {
        throw new HoldfastError('E_UNAVAILABLE', 'Too many files are coming in at this moment. Try again in a minute.');
      }
      held += bytes;
      this.#add(who, bytes);
    };
  }

  #add(who: string, bytes: number): void {
    this.#together += bytes;
    const left = (this.#ofEach.get(who) ?? 0) + bytes;
    if (left === 0) this.#ofEach.delete(who);
    else this.#ofEach.set(who, left);
  }
}

/** Forms and chats: each of their senders by their address. */
export const FROM_CUSTOMERS = new BytesInFlight({ together: 256 * MEGABYTE, ofOne: 64 * MEGABYTE });
/** Agents' uploads, which no customer gets in the way of. */
export const FROM_AGENTS = new BytesInFlight({ together: 256 * MEGABYTE, ofOne: 128 * MEGABYTE });
