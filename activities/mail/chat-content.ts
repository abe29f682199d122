import type { Transcript, TranscriptMessage } from '../../db/transcript';
import { BE_RIGHT_BACK_WORDS, CLOSING_WORDS } from '../../messages/said-for-agents';
import { actionOf, letter, notice, told, toldAt, update } from './content-parts';
import type { ContentInput, MailContent, Paragraph } from './content';
import { filesThatFit } from './files-that-fit';
import { oneLine } from './one-line';

/** What the mails say that go on where a chat was. */

/** What agents wrote after the customer had left: every message with its author and its time. */
export function chatUnseen(input: ContentInput): MailContent {
  const { source, sentences } = input;
  const say = sentences.chatUnseen;
  const authors = new Set(source.messages.map(({ authorName }) => authorName));
  const [author] = authors.size === 1 ? authors : [null];
  const fits = filesThatFit(source.messages);
  const leftOut = source.messages.some(({ attachments }) => attachments.some((file) => !fits.includes(file)));
  const action = actionOf(input, [{ said: say.answer }], say.goOn, 'status');
  const asked = source.messages.at(-1)?.body.trim() === CLOSING_WORDS && action !== null;
  const elsewhere = leftOut ? [{ said: action === null ? say.filesOnRequest : say.filesInChat }] : [];
  const paragraphs = [
    { said: say.intro(author ?? null) },
    ...messagesOf(input),
    ...elsewhere,
    ...update(input),
    ...(action === null ? [{ said: say.answerOnly }] : []),
  ];
  // Each message names its author; a name below would say whose the last word is, and no more.
  return {
    ...letter(input, paragraphs, { signed: false }),
    action,
    other: asked ? { label: sentences.closingQuestion.thatsAll, url: input.link('thatsAll') } : null,
  };
}

/** The chat is a ticket now: its number, by when we answer, what happens next. */
export function converted(input: ContentInput): MailContent {
  const { number, sentences } = input;
  const say = sentences.converted;
  // Unanswered, the first answer is due as before; else an update was promised.
  const due = told(input, 'updateBy') ?? told(input, 'dueAt');
  return notice(input, say.headline, [{ said: say.body(number) }, ...messagesOf(input), { said: say.next }], {
    promise: due === null ? null : { label: sentences.promiseLabel, due },
    action: actionOf(input, [], say.look, 'status'),
  });
}

/** One question with two answers. */
export function csat(input: ContentInput): MailContent {
  const { number, sentences } = input;
  const say = sentences.csat;
  const action = actionOf(input, [], say.good, 'ratedGood');
  return notice(input, say.headline, [{ said: say.body(number) }], {
    action,
    other: action === null ? null : { label: say.bad, url: input.link('ratedBad') },
    closing: [{ said: say.thanks }],
  });
}

/** Everything that was written for customers to read. */
export function transcript(input: ContentInput): MailContent {
  const { number, sentences } = input;
  const say = sentences.transcript;
  const { entries, leftOut }: Transcript = input.transcript ?? { entries: [], leftOut: 0 };
  const left: Paragraph[] = leftOut === 0 ? [] : [{ event: say.leftOut(leftOut) }];
  const shown = withTimes(
    input,
    entries.map((entry) =>
      entry.type === 'message'
        ? { at: entry.at, name: nameOf(input, entry), body: entry.body.trim() === '' ? sentences.filesOnly : entry.body.trim(), files: entry.files }
        : { at: entry.at, event: say.event(entry.type, number) },
    ),
    say.files,
  );
  return notice(input, say.headline, [{ said: say.intro(number) }, ...left, ...(entries.length === 0 ? [{ event: say.empty }] : shown)], {
    action: actionOf(input, [], say.look, 'status'),
  });
}

/** What agents wrote, each message with its author and its time. */
function messagesOf(input: ContentInput): Paragraph[] {
  const { source, sentences } = input;
  const fits = filesThatFit(source.messages);
  const entries = source.messages.map(({ at, authorName, body, attachments }) => ({
    at,
    name: oneLine(authorName ?? sentences.transcript.desk),
    body: inTheirLanguage(input, body.trim()),
    files: attachments.filter((file) => fits.includes(file)).map(({ name }) => name),
    leftOut: attachments.filter((file) => !fits.includes(file)).map(({ name }) => name),
  }));
  return withTimes(input, entries, sentences.transcript.files);
}

/** An agent's words; what they have had said by one key is said in the mail's language. */
function inTheirLanguage({ sentences }: ContentInput, body: string): string {
  switch (body) {
    case '':
      return sentences.filesOnly;
    case BE_RIGHT_BACK_WORDS:
      return sentences.beRightBack;
    case CLOSING_WORDS:
      return sentences.closingQuestion.ask;
    default:
      return body;
  }
}

function nameOf({ source, sentences }: ContentInput, { from, authorId, authorName }: TranscriptMessage): string {
  const say = sentences.transcript;
  if (authorId !== null && authorId === source.recipient.id) return say.you;
  const name = oneLine(authorName ?? '');
  if (name !== '') return name;
  return from === 'agent' || from === 'system' ? say.desk : say.someone;
}

type Entry = { readonly at: number } & (
  { readonly name: string; readonly body: string; readonly files: readonly string[]; readonly leftOut?: readonly string[] } | { readonly event: string }
);

/** Puts times to entries: in full at first, then only what has changed, so that the words stand out. */
function withTimes(input: ContentInput, entries: readonly Entry[], files: (names: readonly string[]) => string): Paragraph[] {
  let day = '';
  let zone = '';
  return entries.map((entry) => {
    const moment = toldAt(input, entry.at);
    const when = moment.zone !== zone ? moment.text : moment.day !== day ? `${moment.day}, ${moment.time}` : moment.time;
    ({ day, zone } = moment);
    if ('event' in entry) return { event: `${entry.event} · ${when}` };
    const { leftOut = [] } = entry;
    const named = [
      ...(entry.files.length === 0 ? [] : [files(entry.files.map(oneLine))]),
      ...(leftOut.length === 0 ? [] : [input.sentences.chatUnseen.notAttached(leftOut.map(oneLine))]),
    ];
    return { by: `${entry.name} · ${when}`, words: entry.body, files: named.length === 0 ? null : named.join(' · ') };
  });
}
