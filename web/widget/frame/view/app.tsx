import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { Chats } from './chats';
import { Composer } from './composer';
import { Header } from './header';
import { Icon } from './icon';
import { Prove } from './prove';
import { Thread } from './thread';
import { theChat, useChat } from './use-chat';

/** The widget, once it has words. */
export function Root() {
  const { store } = theChat();
  const [, redraw] = useState<unknown>(null);
  useLayoutEffect(() => store.subscribe(() => redraw(store.get().words)), []);
  return store.get().words === null ? null : <App />;
}

function App() {
  const { chat, state, words } = useChat();
  const { screen, connection, notice, unsent, settings } = state;
  useEffect(() => {
    document.documentElement.lang = settings.locale;
    document.title = words.title;
  }, [settings.locale]);
  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) chat.close();
    };
    document.addEventListener('keydown', escape);
    return () => document.removeEventListener('keydown', escape);
  }, []);
  const kept = unsent.some((entry) => entry.state === 'waiting');
  return (
    <div class="app">
      <Header />
      <div class="banner" role="status">
        {connection === 'broken' && (
          <p>
            <Icon name="wifi" />
            <span>
              <strong>{words.offline}</strong> {kept ? words.offlineKept : words.reconnecting}
            </span>
          </p>
        )}
      </div>
      <main>
        {screen === 'chat' && <Thread />}
        {screen === 'chats' && <Chats />}
        {screen === 'prove' && <Prove />}
      </main>
      <p class={notice === null ? 'notice' : 'notice shown'} role="status">
        {notice}
      </p>
      {screen === 'chat' && <Composer />}
      <p class="drop-here" aria-hidden="true">
        {words.dropHere}
      </p>
    </div>
  );
}
