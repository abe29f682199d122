import type { LinkPurpose } from '../../messages/addresses';
import type { MailEffect, MailKind } from '../../policy/effects';
import type { MailSource } from '../../db/outgoing-mail';
import type { Sentences } from './sentences';
import { tellTime, zoneToTell, type ToldTime } from './told-time';

/** Our own sentence, in which `**…**` is bold, or words that a person wrote, which are shown exactly as they are. */
export type Paragraph = { readonly said: string } | { readonly words: string };

/** What a mail says, before it becomes HTML and plain text: both say the same. */
export interface MailContent {
  readonly template: 'notice' | 'letter';
  readonly language: string;
  readonly title: string;
  readonly headline: string;
  readonly paragraphs: readonly Paragraph[];
  /** When the customer hears from us. */
  readonly promise: { readonly label: string; readonly due: ToldTime } | null;
  /** A link that opens a page with a button; nothing happens by following it. */
  readonly action: { readonly lead: readonly Paragraph[]; readonly label: string; readonly url: string } | null;
  /** The other answer to what `action` asks, as a quieter link. */
  readonly other: { readonly label: string; readonly url: string } | null;
  readonly closing: readonly Paragraph[];
  readonly footer: readonly Paragraph[];
}

/** Who speaks in a mail of each kind: a person to a person, or the desk by itself. */
export const MAIL_VOICE: Readonly<Record<MailKind, 'person' | 'desk'>> = {
  receipt: 'desk',
  reply: 'person',
  feedback: 'person',
  solved: 'desk',
  reminder: 'desk',
  converted: 'desk',
  beRightBack: 'person',
  closingQuestion: 'person',
  chatUnseen: 'person',
};

/** The messages whose words a mail carries, oldest first. A receipt only knows the message that it is for. */
export function carriedMessages({ mail, messageId, facts }: MailEffect): readonly string[] {
  if (mail === 'receipt' || messageId === undefined) return [];
  return mail === 'chatUnseen' && typeof facts.messages === 'string' ? facts.messages.split(' ') : [messageId];
}

/** What a mail's text is made from. */
export interface ContentInput {
  readonly number: number;
  readonly effect: MailEffect;
  readonly source: MailSource;
  readonly sentences: Sentences;
  /** The URL of a signed link for this recipient. */
  readonly link: (purpose: LinkPurpose) => string;
}

/** Puts together what a mail of any kind says. */
export function mailContent(input: ContentInput): MailContent {
  const { effect, sentences } = input;
  switch (effect.mail) {
    case 'receipt':
      return receipt(input);
    case 'reply':
      return letter(input, [...words(input, []), ...update(input, 'updateBy')]);
    case 'feedback':
      return letter(input, feedback(input));
    case 'beRightBack':
      return letter(input, [...words(input, [{ said: sentences.beRightBack }]), ...update(input, 'backAt')]);
    case 'closingQuestion':
      return {
        ...letter(input, words(input, [{ said: sentences.closingQuestion.ask }])),
        action: { lead: [], label: sentences.closingQuestion.thatsAll, url: input.link('thatsAll') },
        other: { label: sentences.closingQuestion.somethingElse, url: input.link('somethingElse') },
      };
    case 'chatUnseen':
      return letter(input, [{ said: sentences.chatUnseen }, ...words(input, [])]);
    case 'solved':
      return notice(input, sentences.solved.headline, [{ said: sentences.solved.body }], {
        closing: [{ said: sentences.solved.thanks }],
      });
    case 'reminder':
      return notice(input, sentences.reminder.headline, [{ said: sentences.reminder.body }], {
        action: { lead: [{ said: sentences.reminder.orDone }], label: sentences.reminder.done, url: input.link('thatsAll') },
      });
    case 'converted': {
      const by = told(input, 'updateBy');
      return notice(input, sentences.converted.headline, [{ said: sentences.converted.body(input.number) }, ...words(input, [])], {
        promise: by === null ? null : { label: sentences.promiseLabel, due: by },
      });
    }
    default:
      return unknownKind(effect.mail);
  }
}

function unknownKind(kind: never): never {
  throw new Error(`There is no mail of the kind ${JSON.stringify(kind)}.`);
}

function receipt(input: ContentInput): MailContent {
  const { number, sentences } = input;
  const { facts } = input.effect;
  const say = sentences.receipt;
  const due = told(input, 'dueAt');
  const urgent = facts.priority === 'urgent';
  const open = facts.officeOpen !== false;
  const paragraphs: Paragraph[] = [{ said: open ? say.open(number) : say.closed(number, told(input, 'opensAt')) }];
  if (urgent) paragraphs.push({ said: say.urgent });
  if (facts.onCallTold === true) paragraphs.push({ said: say.onCallTold });
  return notice(input, say.headline, paragraphs, {
    promise: due === null ? null : { label: sentences.promiseLabel, due },
    action: urgent ? null : { lead: [{ said: say.downLead }], label: say.down, url: input.link('productionDown') },
  });
}

function feedback(input: ContentInput): Paragraph[] {
  const { facts } = input.effect;
  const say = input.sentences.feedback;
  // What on-call typed with the tap comes first; without it the message's text only repeats the tap for the thread.
  const opening = facts.typed === true ? words(input, [greeting(input)]) : [greeting(input)];
  switch (facts.word) {
    case 'workingOnIt':
      return [...opening, { said: say.workingOnIt(told(input, 'updateBy')) }];
    case 'whenOpen': {
      const due = told(input, 'dueAt');
      return [...opening, { said: say.whenOpen(told(input, 'opensAt')) }, ...(due === null ? [] : [{ said: say.due(due) }])];
    }
    default:
      return [...words(input, []), ...update(input, 'updateBy')];
  }
}

/** The agent's own words if there are any, else what we say instead. */
function words({ source }: ContentInput, instead: Paragraph[]): Paragraph[] {
  const body = source.message?.body.trim() ?? '';
  return body === '' ? instead : [{ words: body }];
}

function update(input: ContentInput, fact: 'updateBy' | 'backAt'): Paragraph[] {
  const by = told(input, fact);
  return by === null ? [] : [{ said: input.sentences.update(by) }];
}

function letter(input: ContentInput, paragraphs: readonly Paragraph[]): MailContent {
  const { number, source, sentences } = input;
  const signature = addressPolicy(source)?.signature?.trim() ?? '';
  const signed = [authorToSign(source), signature].filter((part) => part !== null && part !== '').join('\n');
  return {
    template: 'letter',
    language: sentences.language,
    title: `#${number}`,
    headline: '',
    paragraphs,
    promise: null,
    action: null,
    other: null,
    closing: signed === '' ? [] : [{ words: signed }],
    footer: [{ said: sentences.letterFooter(number) }, ...demo(input)],
  };
}

/** The agent's name, unless the agent's own words end with it already ("Best, Anna"). */
function authorToSign({ message }: MailSource): string | null {
  const name = message?.authorName ?? null;
  const last = message?.body.trim().split('\n').at(-1) ?? '';
  return name === null || last.includes(name.split(' ')[0] ?? name) ? null : name;
}

function notice(
  input: ContentInput,
  headline: string,
  paragraphs: readonly Paragraph[],
  more: Partial<Pick<MailContent, 'promise' | 'action' | 'closing'>>,
): MailContent {
  const { number, sentences } = input;
  return {
    template: 'notice',
    language: sentences.language,
    title: `#${number}`,
    headline,
    paragraphs: [greeting(input), ...paragraphs],
    promise: more.promise ?? null,
    action: more.action ?? null,
    other: null,
    closing: more.closing ?? [],
    footer: [{ said: sentences.footer(number) }, ...demo(input)],
  };
}

function demo({ source, sentences }: ContentInput): Paragraph[] {
  return source.demo ? [{ said: sentences.demo }] : [];
}

/** A name as people are called in a letter; anything that does not look like one is left out. */
const NAME = /^[\p{L}\p{M}][\p{L}\p{M}'’ .-]{0,59}$/u;

/** Greets by name, unless the address may be anyone's: then the name is words of a stranger. */
function greeting({ source, sentences }: ContentInput): Paragraph {
  const { name, known } = source.recipient;
  const whole = known && name !== null && NAME.test(name.trim()) ? name.trim() : null;
  const first = whole?.split(' ')[0] ?? null;
  return { words: sentences.hello(first === null || first.endsWith('.') ? whole : first) };
}

/** What the policy adds for the address that the customer wrote to. */
export function addressPolicy({ address, policy }: MailSource): MailSource['policy']['addresses'][string] | undefined {
  return address === null ? undefined : policy.addresses[address];
}

function told({ effect, source }: ContentInput, fact: string): ToldTime | null {
  const at = effect.facts[fact];
  return typeof at === 'number' ? tellTime(at, zoneToTell(source.recipient.zone, source.policy.timezone)) : null;
}
