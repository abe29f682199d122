import { useRef, useState } from 'preact/hooks';
import type { Priority as PriorityName } from '../api-types';
import { Icon } from './icon';
import { useChat } from './use-chat';

const PRIORITIES: readonly PriorityName[] = ['urgent', 'high', 'normal', 'low'];

/** How urgent it is, in the handbook's words; one small line until somebody needs it. */
export function Priority() {
  const { chat, state, words } = useChat();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { priority } = state;
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      class="priority"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      {open && (
        <fieldset class="card">
          <legend>{words.priority}</legend>
          {PRIORITIES.map((name) => (
            <label key={name} class="choice">
              <input type="radio" name="priority" checked={priority === name} onChange={() => chat.setPriority(name)} />
              <span>
                <strong>{words.priorities[name].name}</strong> {words.priorities[name].about}
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <button type="button" ref={button} class={priority === 'urgent' ? 'link hot' : 'link'} aria-expanded={open} onClick={() => setOpen(!open)}>
        {priority === 'normal' && !open ? (
          <>
            <Icon name="alert" /> {words.productionDown}
          </>
        ) : (
          words.priorityChosen(words.priorities[priority].name)
        )}
      </button>
    </div>
  );
}
