import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks';
import type { Words } from '../../words/en';
import type { Chat } from '../chat';
import type { State } from '../state';
import type { Telling } from '../when';

let chat: Chat | null = null;

/** The one chat of this frame, for all of its screens; before they are drawn. */
export function provideChat(provided: Chat): void {
  chat = provided;
}

/** The one chat of this frame. */
export function theChat(): Chat {
  if (chat === null) throw new Error('There is no chat in this frame yet.');
  return chat;
}

/** How often times on the screen are told anew, in milliseconds. */
const TOLD_EVERY_MS = 20_000;

/** What a screen works with: the chat, what is to be shown, and how. */
export interface Shown {
  readonly chat: Chat;
  readonly state: State;
  readonly words: Words;
  readonly telling: Telling;
}

/** The chat and its state; the component is drawn again when that changes. */
export function useChat(): Shown {
  const shown = theChat();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => shown.store.subscribe(() => redraw(undefined)), []);
  const now = useNow();
  const { words, timeZone } = shown;
  return { chat: shown, state: shown.store.get(), words, telling: { words, timeZone, now } };
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TOLD_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
