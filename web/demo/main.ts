import './demo.css';

/** What the server says about this showing; see api/pages/demo.ts. */
interface Settings {
  readonly signedIn: boolean;
  readonly locale: string;
  readonly cluster: string;
  readonly website: string;
}

interface Holdfast {
  (command: string, value?: unknown): void;
  q?: unknown[][];
}

const settings = JSON.parse(document.querySelector('#settings')?.textContent ?? '{}') as Settings;
const page = window as Window & { holdfast?: Holdfast };

async function identity(): Promise<string> {
  const answer = await fetch('/demo/identity');
  return answer.text();
}

// The same few lines that docs/widget.md asks a host to paste.
page.holdfast ??= ((...call: [string, unknown?]) => {
  const { holdfast } = page;
  if (holdfast !== undefined) (holdfast.q ??= []).push(call);
}) as Holdfast;
const holdfast = (command: string, value?: unknown) => page.holdfast?.(command, value);
const { locale, cluster, website } = settings;
holdfast('boot', { ...(settings.signedIn && { identity }), locale, cluster, website });
holdfast('onUnread', (count: number) => {
  const place = document.querySelector('#unread');
  if (place !== null) place.textContent = count > 0 ? `(${count} new)` : '';
});

document.querySelector('#chat')?.addEventListener('click', () => holdfast('open'));

const button = document.querySelector<HTMLButtonElement>('#form');
const place = document.querySelector<HTMLElement>('#form-place');
button?.addEventListener('click', () => void toggleForm());

/** The contact form in a frame, as a host embeds it. */
async function toggleForm(): Promise<void> {
  if (place === null || button === null) return;
  place.hidden = !place.hidden;
  button.ariaExpanded = String(!place.hidden);
  if (place.hidden || place.querySelector('iframe') !== null) return;
  const frame = document.createElement('iframe');
  frame.title = 'Contact form';
  frame.name = 'holdfast-form';
  place.append(frame);
  if (settings.signedIn) {
    // Posted, so that the identity stands in no address.
    const form = document.createElement('form');
    form.method = 'post';
    form.action = `/help/enter?lang=${locale}`;
    form.target = frame.name;
    const field = document.createElement('input');
    field.name = 'identity';
    field.value = await identity();
    form.hidden = true;
    form.append(field);
    document.body.append(form);
    form.submit();
    form.remove();
  } else frame.src = `/help?lang=${locale}`;
  place.scrollIntoView({ block: 'start' });
}
