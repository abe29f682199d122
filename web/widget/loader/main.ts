import { launcherWords as german } from '../words/de';
import { launcherWords as english } from '../words/en';
import { unseal, type HostSettings, type Locale, type Sealed, type ToFrame, type ToHost } from '../protocol';
import { Launcher } from './launcher';

/** A signed identity, or a way to get a fresh one, which is asked for again when it has expired. */
type Identity = string | null | (() => string | null | Promise<string | null>);

/** What `holdfast('boot', …)` takes; everything may be left out. */
interface Boot {
  readonly identity?: Identity;
  readonly locale?: string;
  readonly cluster?: string;
  readonly website?: string;
}

interface Holdfast {
  (command: string, value?: unknown): void;
  /** Calls made before this script had loaded. */
  q?: ArrayLike<unknown>[];
}

const script = document.currentScript as HTMLScriptElement;
const deskOrigin = new URL(script.src).origin;
const page = window as Window & { holdfast?: Holdfast };

let boot: Boot = {};
let launcher: Launcher | null = null;
let ready = false;
let unread = 0;
const listeners: ((count: number) => void)[] = [];

const localeOf = ({ locale = navigator.language }: Boot): Locale => (/^de/i.test(locale) ? 'de' : 'en');

function tell(message: ToFrame): void {
  const sealed: Sealed<ToFrame> = { holdfast: message };
  if (ready) launcher?.frame?.contentWindow?.postMessage(sealed, deskOrigin);
}

async function identity(): Promise<string | null> {
  const { identity: given = null } = boot;
  return typeof given === 'function' ? given() : given;
}

async function settings(): Promise<HostSettings> {
  return { identity: await identity(), locale: localeOf(boot), cluster: boot.cluster ?? null, website: boot.website ?? null };
}

async function begin(): Promise<void> {
  const known = await settings();
  tell({ type: 'boot', settings: known, open: launcher?.isOpen ?? false });
}

function show(open: boolean): void {
  launcher?.show(open);
  tell({ type: 'shown', open });
}

function setUnread(count: number): void {
  unread = count;
  launcher?.badge(count);
  // The tab tells it too, for who is on another one.
  const title = document.title.replace(/^\(\d+\) /, '');
  document.title = count > 0 ? `(${count}) ${title}` : title;
  for (const listener of listeners) listener(count);
}

const commands: Record<string, (value: unknown) => void> = {
  boot(value) {
    boot = value ?? {};
    const words = localeOf(boot) === 'de' ? german : english;
    if (launcher === null) {
      launcher = new Launcher(`${deskOrigin}/widget/frame?host=${encodeURIComponent(location.origin)}`, words, show);
      if (launcher.wasOpen) show(true);
    } else {
      launcher.rename(words);
      void begin();
    }
  },
  identity(value) {
    boot = { ...boot, identity: value as Identity };
    void identity().then((known) => tell({ type: 'identity', identity: known }));
  },
  open: () => show(true),
  close: () => show(false),
  /** Call it when the customer signs out: nothing of theirs stays on this device. */
  shutdown() {
    const leaving = launcher;
    tell({ type: 'forget' });
    setUnread(0);
    leaving?.show(false);
    launcher = null;
    ready = false;
    // The frame forgets first.
    setTimeout(() => leaving?.remove(), 400);
  },
  onUnread(value) {
    listeners.push(value as (count: number) => void);
    (value as (count: number) => void)(unread);
  },
};

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = unseal<ToHost>(event, launcher?.frame?.contentWindow ?? null, deskOrigin);
  switch (message?.type) {
    case 'ready':
      ready = true;
      void begin();
      break;
    case 'close':
      show(false);
      break;
    case 'unread':
      setUnread(message.count);
      break;
    case 'identityWanted':
      void identity().then((known) => tell({ type: 'identity', identity: known }));
      break;
    case undefined:
  }
});

const waiting = page.holdfast?.q ?? [];
page.holdfast = (command, value) => {
  if (Object.hasOwn(commands, command)) commands[command]?.(value);
  else reportError(new Error(`holdfast: there is no "${command}", only ${Object.keys(commands).join(', ')}.`));
};
const { manual, ...attributes } = script.dataset;
if (manual === undefined && !waiting.some((call) => call[0] === 'boot')) page.holdfast('boot', attributes);
for (const call of waiting) page.holdfast(String(call[0]), call[1]);
