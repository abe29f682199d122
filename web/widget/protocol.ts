/** What a host page may tell the chat about its visitor. */
export interface HostSettings {
  /** The identity that the host's server has signed, or null for an anonymous visitor. */
  readonly identity: string | null;
  readonly locale: Locale;
  /** The cluster and website that the page is about; the desk tags the conversation with them. */
  readonly cluster: string | null;
  readonly website: string | null;
}

/** Languages that the chat speaks. */
export type Locale = 'de' | 'en';

/** From the host page's loader to the frame. */
export type ToFrame =
  | { readonly type: 'boot'; readonly settings: HostSettings; readonly open: boolean }
  | { readonly type: 'shown'; readonly open: boolean }
  | { readonly type: 'identity'; readonly identity: string | null }
  | { readonly type: 'forget' };

/** From the frame to the host page's loader. */
export type ToHost =
  | { readonly type: 'ready' }
  | { readonly type: 'close' }
  | { readonly type: 'unread'; readonly count: number }
  /** The signed identity has expired: is there a fresh one? Answered with `identity`. */
  | { readonly type: 'identityWanted' };

/** Each message carries this, so that others on the page are not mistaken for ours. */
export interface Sealed<Message> {
  readonly holdfast: Message;
}

/** The message that an event from the expected window and origin carries; null for anything else. */
export function unseal<Message>(event: MessageEvent<unknown>, source: Window | null, origin: string): Message | null {
  if (source === null || event.source !== source || event.origin !== origin) return null;
  const data = event.data;
  return typeof data === 'object' && data !== null && 'holdfast' in data ? (data as Sealed<Message>).holdfast : null;
}
