import type { MessageRecord } from '../../db/messages';
import { isEmojiOnly } from '../../policy/emoji-only';
import { attachmentUrl, messageHtmlPath } from '../file-links';
import { html, type Html } from './html';
import { moment } from './time';
import { chip, reasonWords } from './words';

/** Messages and notes of the thread of `number` as a list; a note looks different, and says so, as does what another conversation brought. */
export function messageList(messages: readonly MessageRecord[], zone: string, number: number): Html {
  if (messages.length === 0) return html`<p class="empty">No message yet.</p>`;
  return html`<ol class="thread">
    ${messages.map(
      (message) =>
        html`<li class="message ${message.direction}">
          <p class="who">
            <strong>${message.authorName ?? 'Someone'}</strong> ${kindOf(message)} ${chatMarks(message)}
            ${message.number !== number && chip(`from #${message.number}`)}
            <span class="quiet">${moment(message.at, zone)}</span>
          </p>
          <div class="${isEmojiOnly(message.body) ? 'words emoji' : 'words'}">${message.body}</div>
          ${quotedToo(message)} ${asFormatted(message)} ${files(message)} ${message.hint !== null && html`<p class="quiet">${reasonWords(message.hint)}</p>`}
        </li>`,
    )}
  </ol>`;
}

/** What the author quoted, for whoever wants to read it. */
function quotedToo({ fullBody }: MessageRecord): Html | null {
  if (fullBody === null) return null;
  return html`<details class="more">
    <summary>With what it quotes</summary>
    <div class="words">${fullBody}</div>
  </details>`;
}

/** The message as its author has formatted it, in a frame where nothing runs; pictures from elsewhere would tell their owner that it was read. */
function asFormatted({ id, number, hasHtml }: MessageRecord): Html | null {
  if (!hasHtml) return null;
  const path = messageHtmlPath(number, id);
  return html`<details class="more">
    <summary>As it was formatted</summary>
    <iframe
      class="mail"
      name="html-${id}"
      title="The message as it was formatted"
      loading="lazy"
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      src="${path}"
    ></iframe>
    <p class="quiet">
      Pictures from elsewhere are not loaded: their owner would see that the message was read.
      <a href="${path}?images=remote" target="html-${id}">Load them</a>
    </p>
  </details>`;
}

function files({ attachments }: MessageRecord): Html | null {
  if (attachments.length === 0) return null;
  return html`<ul class="files">
    ${attachments.map(({ id, name, bytes }) => html`<li><a href="${attachmentUrl(id)}" download>${name}</a> <span class="quiet">${size(bytes)}</span></li>`)}
  </ul>`;
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function kindOf(message: MessageRecord): Html {
  if (message.direction === 'note') return chip('internal note', 'warn');
  if (message.direction === 'in')
    return message.machine
      ? chip('automatic')
      : message.authenticated
        ? html``
        : chip(message.channel === 'chat' ? 'address not proven' : UNPROVEN[message.verdict ?? 'none'], 'warn');
  const states = {
    received: null,
    shown: null,
    waiting: 'leaves in a moment',
    sent: 'sent',
    failed: 'came back',
    withdrawn: 'never left',
  } as const;
  const state = states[message.state];
  return state === null ? html`` : chip(state, message.state === 'failed' ? 'bad' : message.state === 'sent' ? 'good' : 'plain');
}

/** What became of words in a chat: read there, or mailed because nobody did. */
function chatMarks({ direction, channel, seenAt, mailedAt }: MessageRecord): Html | null {
  if (channel !== 'chat' || direction === 'note') return null;
  return html`${chip('chat')} ${mailedAt !== null && chip('sent by e-mail', 'warn')} ${direction === 'out' && seenAt !== null && chip('seen', 'good')}`;
}

/** Why a sender is not proven. */
const UNPROVEN = {
  pass: 'sender not proven here',
  none: 'sender not checked',
  fail: 'sender not proven',
  reject: 'sender’s domain asks to refuse this',
} as const;
