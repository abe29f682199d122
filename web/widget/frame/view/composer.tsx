import { useEffect, useRef, useState } from 'preact/hooks';
import { size } from './file';
import { Icon } from './icon';
import { Priority } from './priority';
import { useChat } from './use-chat';

/** What the desk takes: api/schemas/attachment.ts. */
const FILE_BYTES = 18 * 1024 * 1024;
const FILES = 20;
const EMOJIS = ['🙂', '😄', '😍', '👍', '🙏', '🎉', '🚀', '🤔', '😢', '👋', '✅', '❤️'];
/** Who pauses this long is no longer typing, in milliseconds. */
const PAUSE_MS = 3_000;

/** Where the customer writes: words, emojis, files by button, paste and drop. */
export function Composer() {
  const { chat, state, words } = useChat();
  const { draft, number, unsent, open, screen } = state;
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [wrong, setWrong] = useState<string | null>(null);
  const asking = unsent.some((entry) => entry.state === 'asking');
  const { body, files } = draft;

  useEffect(() => {
    if (open && !asking) field.current?.focus({ preventScroll: true });
  }, [open, asking, number, screen]);
  useEffect(() => {
    const { current } = field;
    if (current === null) return;
    current.style.height = 'auto';
    current.style.height = `${Math.min(current.scrollHeight, 160)}px`;
  }, [body]);
  useEffect(() => onFiles((more) => add(more)), [draft]);

  const add = (more: readonly File[]) => {
    const large = more.find((file) => file.size > FILE_BYTES);
    const fitting = [...files, ...more.filter((file) => file.size <= FILE_BYTES)];
    setWrong(large !== undefined ? words.tooLarge(large.name, size(FILE_BYTES, words.intl)) : fitting.length > FILES ? words.tooMany(FILES) : null);
    chat.setDraft(body, fitting.slice(0, FILES));
    field.current?.focus();
  };
  const typed = (text: string) => {
    chat.setDraft(text, files);
    clearTimeout(pause.current);
    chat.typing(text !== '');
    pause.current = setTimeout(() => chat.typing(false), PAUSE_MS);
  };
  const empty = body.trim() === '' && files.length === 0;
  const send = () => {
    if (empty || asking) return;
    clearTimeout(pause.current);
    chat.typing(false);
    setWrong(null);
    void chat.write();
    field.current?.focus();
  };
  const insert = (emoji: string) => {
    const { current } = field;
    const [from, to] = [current?.selectionStart ?? body.length, current?.selectionEnd ?? body.length];
    typed(body.slice(0, from) + emoji + body.slice(to));
    requestAnimationFrame(() => {
      current?.focus();
      current?.setSelectionRange(from + emoji.length, from + emoji.length);
    });
  };

  return (
    <form
      class="composer"
      aria-label={words.message}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {number === null && !asking && <Priority />}
      {files.length > 0 && (
        <ul class="chosen">
          {files.map((file, index) => (
            <li key={`${file.name}-${index}`} class="file">
              <Icon name="file" />
              <span class="file-name">{file.name}</span>
              <span class="file-size">{size(file.size, words.intl)}</span>
              <button
                type="button"
                class="tool tiny"
                aria-label={words.removeFile(file.name)}
                onClick={() =>
                  chat.setDraft(
                    body,
                    files.filter((other) => other !== file),
                  )
                }
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {wrong !== null && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
      <div class="write">
        <label class="only-read" for="write">
          {words.message}
        </label>
        <textarea
          id="write"
          ref={field}
          rows={1}
          maxLength={10_000}
          placeholder={words.write}
          value={body}
          onInput={(event) => typed(event.currentTarget.value)}
          onKeyDown={(event) => {
            // Enter that chooses a character of an input method is not meant for us.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <Emojis insert={insert} />
        <button type="button" class="tool" aria-label={words.attach} onClick={() => picker.current?.click()}>
          <Icon name="attach" />
        </button>
        <button class="send" aria-label={words.send} disabled={empty || asking}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

/** Calls back with files that are pasted or dropped anywhere on the widget. */
function onFiles(take: (files: readonly File[]) => void): () => void {
  const drop = (event: DragEvent) => {
    event.preventDefault();
    document.body.classList.remove('drops');
    if (event.dataTransfer !== null && event.dataTransfer.files.length > 0) take([...event.dataTransfer.files]);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    document.body.classList.toggle('drops', event.dataTransfer?.types.includes('Files') === true);
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null) document.body.classList.remove('drops');
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  };
  const until = new AbortController();
  document.addEventListener('drop', drop, until);
  document.addEventListener('dragover', over, until);
  document.addEventListener('dragleave', leave, until);
  document.addEventListener('paste', paste, until);
  return () => until.abort();
}

/** The dozen that a chat needs; every keyboard of today has the rest. */
function Emojis({ insert }: { readonly insert: (emoji: string) => void }) {
  const { words } = useChat();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('.emojis button')?.focus();
  }, [open]);
  return (
    <span
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.preventDefault();
        event.stopPropagation();
        setOpen(false);
        box.current?.querySelector('button')?.focus();
      }}
    >
      <button type="button" class="tool" aria-label={words.emoji} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="emoji" />
      </button>
      {open && (
        <>
          <div class="behind" onClick={() => setOpen(false)} />
          <div class="emojis" role="group" aria-label={words.emoji}>
            {EMOJIS.map((emoji, index) => (
              <button
                key={emoji}
                type="button"
                aria-label={words.emojiNames[index]}
                onClick={() => {
                  setOpen(false);
                  insert(emoji);
                }}
              >
                {emoji}
              </button>
            ))}
          </div>
        </>
      )}
    </span>
  );
}
