import type { ToHost } from '../protocol';
import type { State, Store } from './state';
import { unreadOf } from './thread';

/** How many messages are unread, told to the host's page; what one tab has read, the others no longer count. */
export class Badge {
  readonly #tabs = new BroadcastChannel('holdfast-badge');

  constructor(private readonly parts: { readonly store: Store<State>; readonly tell: (message: ToHost) => void; readonly owner: () => string }) {
    this.#tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { owner, read } = data as { owner: string; read: number };
      if (owner === parts.owner()) this.clear(read);
    };
  }

  show(): void {
    this.parts.tell({ type: 'unread', count: unreadOf(this.parts.store.get().chats) });
  }

  /** This conversation has been read here. */
  read(number: number): void {
    this.clear(number);
    this.#tabs.postMessage({ owner: this.parts.owner(), read: number });
  }

  /** It has been read somewhere. */
  clear(number: number): void {
    const { chats } = this.parts.store.get();
    if (!chats.some((chat) => chat.number === number && chat.unread > 0)) return;
    this.parts.store.set({ chats: chats.map((chat) => (chat.number === number ? { ...chat, unread: 0 } : chat)) });
    this.show();
  }
}
