import type { MessageRecord } from '../../db/conversations';
import { html, type Html } from './html';
import { moment } from './time';
import { chip } from './words';

/** Messages and notes as a list; a note looks different, and says so. */
export function messageList(messages: readonly MessageRecord[], zone: string): Html {
  if (messages.length === 0) return html`<p class="empty">No message yet.</p>`;
  return html`<ol class="thread">
    ${messages.map(
      (message) =>
        html`<li class="message ${message.direction}">
          <p class="who"><strong>${message.authorName ?? 'Someone'}</strong> ${kindOf(message)} <span class="quiet">${moment(message.at, zone)}</span></p>
          <div class="words">${message.body}</div>
          ${message.attachments.length > 0 && html`<p class="quiet">Files: ${message.attachments.map(({ name }) => name).join(', ')}</p>`}
          ${message.hint !== null && html`<p class="quiet">${message.hint}</p>`}
        </li>`,
    )}
  </ol>`;
}

function kindOf(message: MessageRecord): Html {
  if (message.direction === 'note') return chip('internal note', 'warn');
  if (message.direction === 'in') return message.machine ? chip('automatic') : message.authenticated ? html`` : chip('sender not proven', 'warn');
  const states = {
    received: null,
    shown: null,
    waiting: 'leaves in a moment',
    sent: 'sent',
    failed: 'came back',
    withdrawn: 'taken back, never left',
  } as const;
  const state = states[message.state];
  return state === null ? html`` : chip(state, message.state === 'failed' ? 'bad' : message.state === 'sent' ? 'good' : 'plain');
}
