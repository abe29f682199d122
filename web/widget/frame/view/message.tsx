import type { ChatMessage } from '../api-types';
import { pieces } from '../rich-text';
import type { Group } from '../thread';
import type { Unsent } from '../unsent';
import { clock } from '../when';
import { Avatar } from './avatar';
import { File } from './file';
import { Icon } from './icon';
import { useChat } from './use-chat';

/** The words of a message: links can be followed, code keeps its form. */
export function Words({ body }: { readonly body: string }) {
  return (
    <>
      {pieces(body).map((piece) => {
        switch (piece.kind) {
          case 'text':
            return piece.text;
          case 'code':
            return <code>{piece.text}</code>;
          case 'block':
            return <pre tabIndex={0}>{piece.text}</pre>;
          case 'link':
            return (
              <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                {piece.text}
              </a>
            );
        }
      })}
    </>
  );
}

/** One author’s messages that stand together. */
export function MessageGroup({ group }: { readonly group: Group }) {
  const { words, telling } = useChat();
  const { from, author } = group;
  const name = from === 'you' ? words.you : (author?.name ?? (from === 'desk' ? words.desk : words.support));
  if (from === 'desk') {
    return (
      <li class="desk">
        <span class="only-read">{words.fromAt(words.desk, clock(group.at, telling))}</span>
        {group.messages.map((message) => (
          <p key={message.id} data-message={message.id}>
            <Words body={message.body} />
          </p>
        ))}
      </li>
    );
  }
  return (
    <li class={`group ${from}`}>
      {from !== 'you' && <Avatar face={author ?? { name, avatar: null }} />}
      <div class="bubbles">
        <p class={from === 'you' ? 'by only-read' : 'by'}>
          {name} <time dateTime={new Date(group.at).toISOString()}>{clock(group.at, telling)}</time>
        </p>
        {group.messages.map((message, index) => (
          <Bubble key={message.id} message={message} isLast={index === group.messages.length - 1} />
        ))}
      </div>
    </li>
  );
}

function Bubble({ message, isLast }: { readonly message: ChatMessage; readonly isLast: boolean }) {
  const { words } = useChat();
  const { body, emojiOnly, attachments, state, from } = message;
  if (state === 'withdrawn') {
    return (
      <p class="bubble withdrawn" data-message={message.id}>
        {words.withdrawn}
      </p>
    );
  }
  const onlyFiles = attachments.length > 0 && /^(📎 .*\n?)*$/u.test(body);
  return (
    <div class="message" data-message={message.id}>
      {body !== '' && !onlyFiles && (
        <div class={emojiOnly ? 'bubble emoji' : 'bubble'}>
          <Words body={(from === 'agent' && words.saidForAgents[body]) || body} />
        </div>
      )}
      {attachments.map((file) => (
        <File key={file.id} file={file} />
      ))}
      <Marks message={message} isLast={isLast && from === 'you'} />
    </div>
  );
}

/** How it went: seen, or gone out by mail as well. */
function Marks({ message, isLast }: { readonly message: ChatMessage; readonly isLast: boolean }) {
  const { words, telling } = useChat();
  const { from, mailedAt, channel, seenAt, at } = message;
  const marks = [
    mailedAt !== null && (
      <span key="mailed">
        <Icon name="mail" /> {words.byMail}
      </span>
    ),
    mailedAt === null && channel === 'email' && (
      <span key="through">
        <Icon name="mail" /> {words.throughMail}
      </span>
    ),
    isLast && (
      <span key="sent">
        <Icon name="check" /> {seenAt === null ? words.sent : words.seen} · <time dateTime={at}>{clock(Date.parse(at), telling)}</time>
      </span>
    ),
  ].filter((mark) => mark !== false);
  if (marks.length === 0) return null;
  return <p class={from === 'you' ? 'marks own' : 'marks'}>{marks}</p>;
}

/** A message that has not arrived yet, and what can be done about it. */
export function UnsentMessage({ entry }: { readonly entry: Unsent }) {
  const { chat, state, words } = useChat();
  const uploads = entry.files.filter(({ id }) => id === null).map(({ key }) => state.uploads[key] ?? 0);
  const part = uploads.length === 0 ? null : uploads.reduce((sum, each) => sum + each, 0) / uploads.length;
  const isOffline = state.connection === 'broken' || !navigator.onLine;
  return (
    <li class="group you unsent">
      <div class="bubbles">
        <p class="only-read">{words.you}</p>
        {entry.body !== '' && (
          <div class="bubble">
            <Words body={entry.body} />
          </div>
        )}
        {entry.files.map(({ key, file }) => (
          <span key={key} class="file">
            <Icon name="file" />
            <span class="file-name">{file.name}</span>
          </span>
        ))}
        {entry.state === 'sending' && part !== null && part > 0 && <progress value={part} max={1} aria-label={words.uploading(Math.round(part * 100))} />}
        <p class={entry.state === 'refused' ? 'marks own bad' : 'marks own'}>
          {entry.state === 'refused' ? (
            <>
              <Icon name="alert" /> {words.notSent} {entry.why}{' '}
              <button type="button" class="link" onClick={() => chat.retry(entry)}>
                {words.tryAgain}
              </button>{' '}
              <button type="button" class="link" onClick={() => chat.discard(entry)}>
                {words.discard}
              </button>
            </>
          ) : (
            <>
              <Icon name="clock" /> {entry.state === 'waiting' && isOffline ? words.waiting : entry.state === 'asking' ? '' : words.sending}
            </>
          )}
        </p>
      </div>
    </li>
  );
}
