import { Fragment } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatMessage } from '../api-types';
import { expectationText } from '../expectation-text';
import { groups, isAfter, stillUnsent } from '../thread';
import { day, deadline } from '../when';
import { Avatar } from './avatar';
import { Ending } from './ending';
import { Icon } from './icon';
import { Introduce } from './introduce';
import { MessageGroup, UnsentMessage } from './message';
import { useChat } from './use-chat';

/** Nearer to the end than this counts as reading along, in pixels. */
const NEAR = 120;

/** The thread, what was promised in it, and what the customer can say with one button. */
export function Thread() {
  const { chat, state, words, telling } = useChat();
  const { messages, number, unsent, typing, lookedAt, loaded, present, open, earlier } = state;
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  /** Something was said below what is being read. */
  const [below, setBelow] = useState(false);
  /** How far from the end the reader was when earlier messages were asked for, in pixels. */
  const fromEnd = useRef<number | null>(null);
  useSeen(box, messages, present);

  const waiting = stillUnsent(unsent, number, messages);
  const asking = waiting.some((entry) => entry.state === 'asking');
  const last = messages.at(-1);
  const unsentBefore = useRef(0);
  const lastBefore = useRef(last?.id);
  const toEnd = () => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  };
  // Whoever comes back, or goes to another chat, begins where it has got to.
  useLayoutEffect(() => {
    atEnd.current = true;
    setBelow(false);
  }, [open, number]);
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    // One’s own words are always in view when they are sent.
    if (waiting.length > unsentBefore.current) atEnd.current = true;
    unsentBefore.current = waiting.length;
    const line = current.querySelector('.new-line');
    if (line !== null && atEnd.current) line.scrollIntoView({ block: 'center' });
    else if (atEnd.current) toEnd();
    else if (last?.from !== 'you' && last?.id !== lastBefore.current) setBelow(true);
    lastBefore.current = last?.id;
  }, [last?.id, waiting.length, typing, asking, open, loaded]);
  useLayoutEffect(() => {
    const { current } = box;
    // What is put above does not move what is being read.
    if (current !== null && fromEnd.current !== null) current.scrollTop = current.scrollHeight - fromEnd.current;
    fromEnd.current = null;
  }, [messages[0]?.id]);
  const loadEarlier = () => {
    if (box.current !== null) fromEnd.current = box.current.scrollHeight - box.current.scrollTop;
    void chat.attempt(() => chat.loadEarlier());
  };
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    // A picture arrives, a question appears, the keyboard of a phone takes half of the screen: who was at the end stays there.
    const resized = new ResizeObserver(() => {
      if (atEnd.current && current.querySelector('.new-line') === null) toEnd();
    });
    for (const element of [current, ...current.children]) resized.observe(element);
    return () => resized.disconnect();
  }, []);
  const scrolled = () => {
    const { current } = box;
    if (current === null) return;
    atEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR;
    if (atEnd.current) setBelow(false);
  };

  const dayOf = (at: number) => day(at, telling);
  const made = groups(messages, (before, after) => dayOf(before) !== dayOf(after));
  const newFrom = lookedAt === null ? undefined : messages.find(({ cursor, from }) => from !== 'you' && isAfter(cursor, lookedAt))?.id;
  return (
    <div class="thread" ref={box} onScroll={scrolled} tabIndex={0}>
      <div class="content">
        {!loaded && number !== null && <Loading />}
        {earlier !== null && (
          <button type="button" class="link earlier" onClick={loadEarlier}>
            {words.earlier}
          </button>
        )}
        <div class="log" role="log" aria-live={loaded ? 'polite' : 'off'} aria-label={words.messagesOf}>
          <ol>
            {made.map((group, index) => (
              <Fragment key={group.key}>
                {dayOf(group.at) !== dayOf(made[index - 1]?.at ?? 0) && <li class="day">{dayOf(group.at)}</li>}
                {group.messages[0]?.id === newFrom && <li class="new-line">{words.newMessages}</li>}
                <MessageGroup group={group} />
              </Fragment>
            ))}
            {waiting.map((entry) => (
              <UnsentMessage key={entry.key} entry={entry} />
            ))}
          </ol>
        </div>
        {asking && <Introduce />}
        {typing !== null && (
          <p class="typing">
            <Avatar face={typing} />
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <span class="only-read" role="status">
              {words.typing(typing.name)}
            </span>
          </p>
        )}
        <Promised />
        <About />
        <Known />
        <Ending />
      </div>
      {below && (
        <button type="button" class="below" onClick={toEnd}>
          {words.newMessages} ↓
        </button>
      )}
    </div>
  );
}

/** What the customer was told about when they will hear again. */
function Promised() {
  const { state, words, telling } = useChat();
  const { number } = state;
  const summary = state.chats.find((each) => each.number === number);
  if (summary === undefined || summary.closed || summary.status === 'done') return null;
  const { promised, ticket, answerBy, assignee, beRightBack, expectation } = summary;
  const lines: string[] = [];
  if (ticket) lines.push(words.becameTicket(summary.number));
  if (promised !== null && promised.kind === 'update') {
    const when = deadline(Date.parse(promised.dueAt), telling);
    lines.push(beRightBack && assignee !== null ? words.beRightBack(assignee.name, when) : words.updateBy(when));
  } else if (answerBy !== null && ticket) lines.push(words.weAnswerBy(deadline(Date.parse(answerBy), telling)));
  else if (expectation !== null) lines.push(...expectationText(answerBy === null ? expectation : { ...expectation, answerBy }, state.visitor, telling, true));
  if (lines.length === 0) return null;
  return (
    <p class="promised">
      <Icon name={ticket ? 'ticket' : 'clock'} />
      <span>{lines.join(' ')}</span>
    </p>
  );
}

/** What the host's page is about goes with the first message; so it is said. */
function About() {
  const { state, words } = useChat();
  const { cluster, website } = state.settings;
  const what = [cluster, website].filter((each) => each !== null && each !== '').join(' · ');
  return state.number === null && state.unsent.length === 0 && what !== '' ? <p class="about">{words.about(what)}</p> : null;
}

/** Whoever has written before, on another device or by mail, finds it here again. */
function Known() {
  const { chat, state, words } = useChat();
  const { started, visitor, settings, number, unsent } = state;
  if (!started || visitor !== null || settings.identity !== null || number !== null || unsent.length > 0) return null;
  return (
    <button type="button" class="link earlier" onClick={() => chat.go('prove')}>
      {words.wroteBefore}
    </button>
  );
}

function Loading() {
  const { words } = useChat();
  return (
    <div class="loading">
      <span class="only-read" role="status">
        {words.loading}
      </span>
      <i />
      <i />
      <i />
    </div>
  );
}

/** Tells the desk which message was in view while somebody could look: open, tab visible, on the screen. */
function useSeen(box: { readonly current: HTMLDivElement | null }, messages: readonly ChatMessage[], present: boolean): void {
  const { chat } = useChat();
  const inView = useRef(new Set<string>());
  const tell = useRef(() => undefined as void);
  tell.current = () => {
    const seen = messages.findLast(({ id, from }) => from !== 'you' && inView.current.has(id));
    if (present && seen !== undefined && seen.seenAt === null) chat.seen(seen);
  };
  useEffect(() => {
    inView.current.clear();
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, intersectionRatio, boundingClientRect, rootBounds } of entries) {
          const id = (target as HTMLElement).dataset['message'] ?? '';
          const isLong = boundingClientRect.height > (rootBounds?.height ?? 0);
          if (intersectionRatio >= 0.5 || (isLong && intersectionRatio > 0)) inView.current.add(id);
          else inView.current.delete(id);
        }
        tell.current();
      },
      // Half of a message, or for one that is longer than the screen any of it.
      { root: box.current, threshold: [0.01, 0.5] },
    );
    for (const element of box.current?.querySelectorAll('[data-message]') ?? []) observer.observe(element);
    return () => observer.disconnect();
  }, [messages]);
  useEffect(() => tell.current(), [present]);
}
