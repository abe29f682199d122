import { useEffect, useRef, useState } from 'preact/hooks';
import { expectationText } from '../expectation-text';
import { Avatar } from './avatar';
import { Icon } from './icon';
import { useChat } from './use-chat';

/** Who is there, and when an answer can be expected. */
export function Header() {
  const { chat, state, words, telling } = useChat();
  const { screen, expectation, number, chats, visitor, unsent } = state;
  const summary = chats.find((each) => each.number === number) ?? null;
  const welcome = screen === 'chat' && number === null && unsent.length === 0;
  const sentences = expectation === null ? [] : expectationText(expectation, visitor, telling);
  const assignee = summary?.assignee ?? null;
  // Once somebody talks, how soon somebody would is no news.
  const answered = summary !== null && summary.expectation === null;
  const faces = assignee === null ? (expectation?.agents ?? []) : [assignee];
  const title = screen === 'chats' ? words.yourChats : screen === 'prove' ? words.prove : (assignee?.name ?? words.title);
  const name = visitor?.name?.split(' ')[0];
  return (
    <header class={welcome ? 'head welcome' : 'head'}>
      <div class="head-row">
        {screen !== 'chat' ? (
          <button type="button" class="tool" aria-label={words.back} onClick={() => chat.go(screen === 'prove' && visitor !== null ? 'chats' : 'chat')}>
            <Icon name="back" />
          </button>
        ) : (
          visitor !== null && (
            <button type="button" class="tool" aria-label={words.yourChats} onClick={() => chat.go('chats')}>
              <Icon name="chats" />
            </button>
          )
        )}
        {!welcome && (
          <>
            {screen === 'chat' && faces.length > 0 && (
              <span class="faces">
                {faces.map((face) => (
                  <Avatar key={face.name} face={face} />
                ))}
              </span>
            )}
            <div class="head-text">
              <h1>{title}</h1>
              {screen === 'chat' && <p class={answered ? 'rest' : ''}>{answered ? sentences.at(-1) : sentences[0]}</p>}
            </div>
          </>
        )}
        <span class="grow" />
        {screen === 'chat' && number !== null && <Menu />}
        <button type="button" class="tool" aria-label={words.close} onClick={() => chat.close()}>
          <Icon name="close" />
        </button>
      </div>
      {welcome && (
        <>
          {faces.length > 0 && (
            <>
              <span class="faces">
                {faces.map((face) => (
                  <Avatar key={face.name} face={face} size="large" />
                ))}
              </span>
              <p class="only-read">{words.teamOf(faces.map((face) => face.name).join(', '))}</p>
            </>
          )}
          <h1>{name === undefined || name === '' ? words.greeting : words.greetingTo(name)}</h1>
          <ul class="estimate">
            {sentences.map((sentence, index) => (
              <li key={sentence} class={index === 0 ? 'first' : ''}>
                {sentence}
              </li>
            ))}
          </ul>
        </>
      )}
    </header>
  );
}

/** What is needed rarely. */
function Menu() {
  const { chat, state, words } = useChat();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const summary = state.chats.find(({ number }) => number === state.number);
  useEffect(() => {
    if (open) list.current?.querySelector<HTMLElement>('button')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const choose = (action: () => void) => () => {
    close();
    action();
  };
  const move = (event: KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.stopPropagation();
      if (event.key === 'Escape') event.preventDefault();
      close();
    } else if (step !== 0) {
      event.preventDefault();
      items[(items.indexOf(document.activeElement as HTMLElement) + step + items.length) % items.length]?.focus();
    }
  };
  return (
    <span class="menu">
      <button type="button" ref={button} class="tool" aria-label={words.menu} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="more" />
      </button>
      {open && (
        <>
          <div class="behind" onClick={close} />
          <div class="menu-list" role="menu" aria-label={words.menu} ref={list} onKeyDown={move}>
            <button type="button" role="menuitem" onClick={choose(() => void chat.acts.transcript())}>
              <Icon name="mail" /> {words.transcript}
            </button>
            {summary !== undefined && !summary.closed && summary.status !== 'done' && (
              <button type="button" role="menuitem" onClick={choose(() => chat.store.set({ asksIfDown: true }))}>
                <Icon name="alert" /> {words.productionDown}
              </button>
            )}
            {state.visitor?.proof === 'claimed' && (
              <button type="button" role="menuitem" onClick={choose(() => chat.go('prove'))}>
                <Icon name="check" /> {words.prove}
              </button>
            )}
            {(summary === undefined || summary.closed || summary.ticket) && (
              <button type="button" role="menuitem" onClick={choose(() => chat.choose(null))}>
                <Icon name="pen" /> {words.newChat}
              </button>
            )}
          </div>
        </>
      )}
    </span>
  );
}
