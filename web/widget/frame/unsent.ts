import type { Priority } from './api-types';

/** A message that was written here and that the desk has not confirmed yet. */
export interface Unsent {
  /** Its Idempotency-Key, made when it was written: however often it is sent, it counts once. */
  readonly key: string;
  /** Whose it is; see `ownerOf`. */
  readonly owner: string;
  /** The chat that it belongs to; null opens one. */
  readonly number: number | null;
  readonly body: string;
  readonly files: readonly UnsentFile[];
  readonly priority: Priority | null;
  /** Who writes, as they said; for a chat that is opened without a signed identity. */
  readonly who: { readonly email: string; readonly name: string } | null;
  /** When it was written; milliseconds since the epoch. */
  readonly at: number;
  readonly state: 'asking' | 'waiting' | 'sending' | 'refused';
  /** With `refused`: why, in the desk's words. */
  readonly why?: string;
  /** Cursor of the last message that was there when it was sent. */
  readonly after?: string;
}

/** A file that goes with it; once uploaded it has an id. */
export interface UnsentFile {
  readonly key: string;
  readonly file: File;
  readonly id: string | null;
}

const STORE = 'unsent';

/** Messages that are kept on this device until they are sent, so that a closed tab loses none. */
export class UnsentStore {
  readonly #memory = new Map<string, Unsent>();
  readonly #database: Promise<IDBDatabase | null>;

  constructor() {
    this.#database = open();
  }

  /** All of this owner's, in the order in which they were written. */
  async all(owner: string): Promise<readonly Unsent[]> {
    const database = await this.#database;
    const kept = database === null ? [...this.#memory.values()] : await answer(database.transaction(STORE).objectStore(STORE).getAll() as IDBRequest<Unsent[]>);
    return kept.filter((entry) => entry.owner === owner).sort((a, b) => a.at - b.at);
  }

  async put(entry: Unsent): Promise<void> {
    const database = await this.#database;
    if (database === null) this.#memory.set(entry.key, entry);
    else await answer(database.transaction(STORE, 'readwrite').objectStore(STORE).put(entry));
  }

  async remove(key: string): Promise<void> {
    const database = await this.#database;
    this.#memory.delete(key);
    if (database !== null) await answer(database.transaction(STORE, 'readwrite').objectStore(STORE).delete(key));
  }
}

function answer<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the browser keeps nothing'));
  });
}

/** Null where the browser refuses, as in some private windows: then messages are kept until the page is left. */
async function open(): Promise<IDBDatabase | null> {
  try {
    const request = indexedDB.open('holdfast', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
    return await answer(request);
  } catch {
    return null;
  }
}
