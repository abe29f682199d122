import { useEffect, useRef, useState } from 'preact/hooks';
import { useChat } from './use-chat';

/** Asked once, kindly, when the first message is written and before it goes out: where may we answer? */
export function Introduce() {
  const { chat, words } = useChat();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = (event: Event) => {
    event.preventDefault();
    const isAddress = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(email.trim());
    setWrong(!isAddress);
    if (isAddress) void chat.introduce(email.trim(), name.trim());
    else field.current?.focus();
  };
  return (
    <form class="card" noValidate onSubmit={send} aria-labelledby="who">
      <p id="who">
        <strong>{words.whoAreYou}</strong>
        <br />
        {words.whoAreYouWhy}
      </p>
      <label for="email">{words.email}</label>
      <input
        id="email"
        ref={field}
        type="email"
        inputMode="email"
        autocomplete="email"
        maxLength={254}
        required
        aria-invalid={wrong}
        aria-describedby={wrong ? 'email-wrong' : undefined}
        value={email}
        onInput={(event) => setEmail(event.currentTarget.value)}
      />
      {wrong && (
        <p id="email-wrong" class="wrong" role="alert">
          {words.emailWrong}
        </p>
      )}
      <label for="name">
        {words.name} <span class="quiet">{words.optional}</span>
      </label>
      <input id="name" type="text" autocomplete="name" maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <div class="actions">
        <button type="button" class="link" onClick={() => void chat.takeBack()}>
          {words.keepWriting}
        </button>
        <button class="primary">{words.sendNow}</button>
      </div>
    </form>
  );
}
