import { useEffect, useRef } from 'preact/hooks';
import { past } from '../when';
import { Icon } from './icon';
import { useChat } from './use-chat';

/** The customer's conversations; the earlier ones only when their address is known to be theirs. */
export function Chats() {
  const { chat, state, words, telling } = useChat();
  const { chats, visitor, number } = state;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  const mayBegin = !chats.some(({ closed, ticket, status }) => !closed && !ticket && status !== 'done');
  return (
    <div class="thread chats" ref={box} tabIndex={-1}>
      {chats.length === 0 && <p class="ended">{words.noChats}</p>}
      <ul>
        {chats.map((each) => (
          <li key={each.number}>
            <button type="button" aria-current={each.number === number ? 'true' : undefined} onClick={() => chat.choose(each.number)}>
              <span class="chat-title">
                {each.subject ?? (each.assignee === null ? words.title : words.chatWith(each.assignee.name))}
                {each.unread > 0 && <b>{words.unread(each.unread)}</b>}
              </span>
              <span class="chat-facts">
                <span class={`status ${each.status}`}>{words.statuses[each.status]}</span>
                {each.ticket ? words.ticketNumber(each.number) : words.chatNumber(each.number)}
                <time dateTime={each.lastMessageAt}>{past(Date.parse(each.lastMessageAt), telling)}</time>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {visitor?.proof === 'claimed' && (
        <div class="card">
          <p>{words.proveWhy}</p>
          <div class="actions">
            <button type="button" class="primary" onClick={() => chat.go('prove')}>
              {words.prove}
            </button>
          </div>
        </div>
      )}
      {mayBegin && (
        <button type="button" class="wide" onClick={() => chat.choose(null)}>
          <Icon name="pen" /> {words.newChat}
        </button>
      )}
    </div>
  );
}
