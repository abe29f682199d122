/** Remembers over page loads of the host that the chat was open. */
const OPEN_KEY = 'holdfast-open';

const STYLE = `
:host{all:initial;--h:#0b6480;color-scheme:light dark}
button{all:unset;box-sizing:border-box;position:fixed;right:20px;bottom:20px;z-index:2147483001;width:56px;height:56px;border-radius:28px;background:var(--h);color:#fff;cursor:pointer;box-shadow:0 6px 20px #0003,0 2px 6px #0003;display:grid;place-items:center;transition:transform .18s}
button:hover{transform:scale(1.06)}
button:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px var(--h)}
svg{grid-area:1/1;width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;transition:opacity .18s,transform .18s}
.o .a,button:not(.o) .b{opacity:0;transform:rotate(40deg) scale(.6)}
b{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;box-sizing:border-box;padding:0 6px;border-radius:11px;border:2px solid #fff;background:#c81e1e;color:#fff;font:700 12px/18px system-ui,sans-serif;text-align:center}
b:empty{display:none}
iframe{position:fixed;right:20px;bottom:92px;z-index:2147483000;width:400px;height:min(700px,calc(100dvh - 112px));max-width:calc(100vw - 40px);border:0;border-radius:16px;background:Canvas;box-shadow:0 12px 48px #0000004d,0 2px 8px #0000001f;transform-origin:bottom right;transition:opacity .18s,transform .18s,visibility .18s}
iframe:not(.o){opacity:0;visibility:hidden;transform:translateY(12px) scale(.98)}
@media(max-width:480px),(max-height:480px){iframe{inset:0;width:100vw;height:100dvh;max-width:none;border-radius:0}button.o{display:none}}
@media(prefers-reduced-motion){*{transition:none!important}}
@media print{*{display:none!important}}`;

/** What the launcher says, in one language. */
export interface LauncherWords {
  readonly chat: string;
  readonly open: string;
  readonly close: string;
  readonly unread: (count: number) => string;
}

/** The button on the host page and the frame that it opens; in a shadow tree, so that neither's style reaches the other's. */
export class Launcher {
  readonly #root = document.createElement('aside');
  readonly #button = document.createElement('button');
  readonly #badge = document.createElement('b');
  frame: HTMLIFrameElement | null = null;
  isOpen = false;
  #unread = 0;

  constructor(
    private readonly address: string,
    private words: LauncherWords,
    show: (open: boolean) => void,
  ) {
    const shadow = this.#root.attachShadow({ mode: 'open' });
    // Not a style element: the host's content security policy may forbid those.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    this.#button.type = 'button';
    this.#button.append(icon('a', 'M4 12a8 7.5 0 1 1 3.6 6.3L4 20l1-3.4A7 7 0 0 1 4 12ZM9 10.5h6M9 13.8h3.6'), icon('b', 'M6 9.5l6 6 6-6'), this.#badge);
    this.#badge.ariaHidden = 'true';
    this.#button.onclick = () => show(!this.isOpen);
    this.#button.onkeydown = (event) => {
      if (event.key === 'Escape' && this.isOpen) show(false);
    };
    shadow.append(this.#button);
    this.#label();
    document.body.append(this.#root);
    (window.requestIdleCallback ?? setTimeout)(() => this.#load());
  }

  /** It was open on the page before this one. */
  get wasOpen(): boolean {
    return kept('getItem', OPEN_KEY) === '1';
  }

  rename(words: LauncherWords): void {
    this.words = words;
    this.#label();
  }

  badge(count: number): void {
    this.#unread = count;
    this.#badge.textContent = count > 0 ? (count > 9 ? '9+' : String(count)) : '';
    this.#label();
  }

  show(open: boolean): void {
    const changed = open !== this.isOpen;
    this.isOpen = open;
    if (open) this.#load();
    for (const element of [this.#button, this.frame]) element?.classList.toggle('o', open);
    kept('setItem', OPEN_KEY, open ? '1' : '0');
    this.#label();
    if (changed) (open ? this.frame : this.#button)?.focus();
  }

  remove(): void {
    this.#root.remove();
  }

  #load(): void {
    if (this.frame !== null) return;
    this.frame = document.createElement('iframe');
    this.frame.allow = 'clipboard-write';
    this.frame.src = this.address;
    this.#root.shadowRoot?.prepend(this.frame);
    this.#label();
  }

  #label(): void {
    const { chat, open, close, unread } = this.words;
    this.#root.ariaLabel = chat;
    if (this.frame !== null) this.frame.title = chat;
    this.#button.ariaExpanded = String(this.isOpen);
    this.#button.ariaLabel = this.isOpen ? close : this.#unread > 0 ? `${open}, ${unread(this.#unread)}` : open;
  }
}

function icon(name: string, path: string): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', name);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.ariaHidden = 'true';
  const shape = document.createElementNS(space, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/** Session storage, which a browser may refuse: then the chat is closed after each page load, no more. */
function kept(method: 'getItem' | 'setItem', ...[key, value]: [string, string?]): string | null {
  try {
    if (method === 'getItem') return sessionStorage.getItem(key);
    sessionStorage.setItem(key, value ?? '');
  } catch {
    return null;
  }
  return null;
}
