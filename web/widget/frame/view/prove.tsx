import { useEffect, useRef, useState } from 'preact/hooks';
import { useChat } from './use-chat';

/** Shows by a mailed code that an address is the customer's own. */
export function Prove() {
  const { chat, words } = useChat();
  const [email, setEmail] = useState('');
  const [asked, setAsked] = useState(false);
  const [code, setCode] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), [asked]);
  const ask = async () => {
    if (await chat.acts.askForCode(email.trim())) setAsked(true);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void (asked ? chat.prove(email.trim(), code.replace(/\D/g, '')) : ask());
  };
  return (
    <div class="thread">
      <form class="card" onSubmit={submit}>
        {asked ? (
          <>
            <p role="status">{words.proveSent(email.trim())}</p>
            <label for="code">{words.code}</label>
            <input
              id="code"
              key="code"
              ref={field}
              class="code"
              inputMode="numeric"
              autocomplete="one-time-code"
              pattern="[0-9 ]{6,7}"
              maxLength={7}
              required
              value={code}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
          </>
        ) : (
          <>
            <p>{words.proveWhy}</p>
            <label for="prove-email">{words.email}</label>
            <input
              id="prove-email"
              key="email"
              ref={field}
              type="email"
              autocomplete="email"
              maxLength={254}
              required
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          </>
        )}
        <div class="actions">
          {asked && (
            <button type="button" class="link" onClick={() => void ask()}>
              {words.proveAgain}
            </button>
          )}
          <button class="primary">{asked ? words.proveCheck : words.proveSend}</button>
        </div>
      </form>
    </div>
  );
}
