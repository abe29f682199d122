import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon';
import { useChat } from './use-chat';

/** What ends a chat, or brings it to a head: the closing question's buttons, the customer's verdict, "production is down". */
export function Ending() {
  const { chat, state, words } = useChat();
  const { number, chats, messages, goesOn, asksIfDown, loaded, unsent } = state;
  const summary = chats.find((each) => each.number === number);
  if (summary === undefined || !loaded) return null;
  const lastSaid = messages.findLast(({ from, state: at }) => from !== 'desk' && at !== 'withdrawn');
  const ends = summary.closed || summary.status === 'done';
  const asked = !ends && summary.closingAsked && lastSaid?.from === 'agent' && goesOn !== lastSaid.id && unsent.length === 0;
  return (
    <>
      {asksIfDown && !ends && <ProductionDown />}
      {asked && (
        <div class="choices">
          <button type="button" onClick={() => void chat.acts.say('thatsAll')}>
            {words.thatsAll}
          </button>
          <button
            type="button"
            onClick={() => {
              chat.store.set({ goesOn: lastSaid.id });
              document.querySelector<HTMLElement>('#write')?.focus();
            }}
          >
            {words.somethingElse}
          </button>
        </div>
      )}
      {ends && (
        <p class="ended">
          <strong>{summary.ticket ? `${words.ticketNumber(summary.number)}: ${words.statuses.done}.` : words.ended}</strong> {words.endedMore}
        </p>
      )}
      {ends && <Rating key={summary.number} rated={summary.rated !== null} />}
    </>
  );
}

/** One question, once. */
function Rating({ rated }: { readonly rated: boolean }) {
  const { chat, words } = useChat();
  const [score, setScore] = useState<'good' | 'bad' | null>(null);
  const [text, setText] = useState('');
  const [done, setDone] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), [score]);
  if (done) {
    return (
      <p class="card thanks" role="status">
        <Icon name="check" /> {words.rateThanks}
      </p>
    );
  }
  if (rated && score === null) return null;
  const choose = (chosen: 'good' | 'bad') => async () => {
    if (await chat.acts.rate(chosen, '')) setScore(chosen);
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (score !== null && text.trim() !== '' && !(await chat.acts.rate(score, text.trim()))) return;
    setDone(true);
  };
  return (
    <form class="card" onSubmit={(event) => void send(event)}>
      {score === null ? (
        <fieldset>
          <legend>{words.rate}</legend>
          <div class="scores">
            <button type="button" onClick={() => void choose('good')()}>
              <Icon name="good" /> {words.good}
            </button>
            <button type="button" onClick={() => void choose('bad')()}>
              <Icon name="bad" /> {words.bad}
            </button>
          </div>
        </fieldset>
      ) : (
        <>
          <label for="rate-words">{score === 'good' ? words.rateWordsGood : words.rateWords}</label>
          <textarea id="rate-words" ref={field} rows={3} maxLength={2000} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <div class="actions">
            <button type="button" class="link" onClick={() => setDone(true)}>
              {words.rateSkip}
            </button>
            <button class="primary">{words.rateSend}</button>
          </div>
        </>
      )}
    </form>
  );
}

/** It rings somebody, perhaps at night: so it is asked once more. */
function ProductionDown() {
  const { chat, words } = useChat();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const close = () => {
    chat.store.set({ asksIfDown: false });
    document.querySelector<HTMLElement>('#write')?.focus();
  };
  const yes = async () => {
    if (!(await chat.acts.say('productionDown'))) return;
    close();
    chat.notice(words.productionDownTold);
  };
  return (
    <div class="card urgent" role="group" aria-labelledby="down">
      <p id="down">
        <strong>
          <Icon name="alert" /> {words.productionDown}
        </strong>
        <br />
        {words.productionDownWhy}
      </p>
      <div class="actions">
        <button type="button" class="link" onClick={close}>
          {words.productionDownNo}
        </button>
        <button type="button" class="primary" ref={button} onClick={() => void yes()}>
          {words.productionDownYes}
        </button>
      </div>
    </div>
  );
}
