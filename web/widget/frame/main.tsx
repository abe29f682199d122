import { render } from 'preact';
import { unseal, type Sealed, type ToFrame, type ToHost } from '../protocol';
import { Chat } from './chat';
import './style.css';
import { Root } from './view/app';
import { provideChat } from './view/use-chat';

/** The one origin that this frame was made for; the desk has checked it, and no other may show the frame. */
const host = document.querySelector<HTMLMetaElement>('meta[name=holdfast-host]')?.content ?? location.origin;

function tell(message: ToHost): void {
  const sealed: Sealed<ToHost> = { holdfast: message };
  if (window.parent !== window) window.parent.postMessage(sealed, host);
}

const chat = new Chat(tell);
chat.api.site = host;

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = unseal<ToFrame>(event, window.parent, host);
  switch (message?.type) {
    case 'boot':
      void chat.boot(message.settings, message.open);
      break;
    case 'shown':
      chat.show(message.open);
      break;
    case 'identity':
      chat.setIdentity(message.identity);
      break;
    case 'forget':
      void chat.forget();
      break;
    case undefined:
  }
});

provideChat(chat);
render(<Root />, document.body);
tell({ type: 'ready' });

// Opened by itself, in a tab of its own.
if (window.parent === window) {
  const locale = /^de/i.test(navigator.language) ? 'de' : 'en';
  void chat.boot({ identity: null, locale, cluster: null, website: null }, true);
}
