import type { MailSource } from '../../db/mail-source';
import type { LinkPurpose } from '../../messages/addresses';
import { SAID_FOR_AGENTS } from '../../messages/said-for-agents';
import { zoneToTell } from '../../messages/zone-words';
import type { ContentInput, MailContent, Paragraph } from './content';
import { tellTime, type ToldTime } from './told-time';

/** What a person says, set like a letter; signed with their name, and below it what the policy adds for the address. */
export function letter(input: ContentInput, paragraphs: readonly Paragraph[], { signed = true }: { signed?: boolean } = {}): MailContent {
  const { number, source, sentences } = input;
  const signature = addressPolicy(source)?.signature?.trim() ?? '';
  const below = [signed ? authorToSign(source) : null, signature].filter((part) => part !== null && part !== '').join('\n');
  return {
    template: 'letter',
    language: sentences.language,
    title: `#${number}`,
    headline: '',
    paragraphs,
    promise: null,
    action: null,
    other: null,
    closing: below === '' ? [] : [{ words: below }],
    footer: [{ said: sentences.letterFooter(number) }, ...demo(input)],
  };
}

/** What the desk says by itself. */
export function notice(
  input: ContentInput,
  headline: string,
  paragraphs: readonly Paragraph[],
  more: Partial<Pick<MailContent, 'promise' | 'action' | 'other' | 'closing'>>,
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
    other: more.other ?? null,
    closing: more.closing ?? [],
    footer: [{ said: sentences.footer(number) }, ...demo(input)],
  };
}

/** A button that leads to one of our pages; none for an address that is only claimed, since every link acts as its contact. */
export function actionOf(input: ContentInput, lead: readonly Paragraph[], label: string, purpose: LinkPurpose): MailContent['action'] {
  return input.source.recipient.claimed ? null : { lead, label, url: input.link(purpose) };
}

/** The agent's own words if there are any, else what we say instead; what an agent has had said by one key is said in the mail's language. */
export function words({ source }: ContentInput, instead: Paragraph[]): Paragraph[] {
  const body = source.messages
    .map((message) => message.body.trim())
    .join('\n\n')
    .trim();
  return body === '' || (instead.length > 0 && SAID_FOR_AGENTS.has(body)) ? instead : [{ words: body }];
}

/** Until when the customer hears from us again, if that was promised. */
export function update(input: ContentInput): Paragraph[] {
  const by = told(input, 'updateBy');
  return by === null ? [] : [{ said: input.sentences.update(by) }];
}

/** The agent's name, unless the agent's own words end with it already ("Best, Anna"). */
function authorToSign({ messages }: MailSource): string | null {
  const message = messages.at(-1);
  const name = message?.authorName ?? null;
  const last = message?.body.trim().split('\n').at(-1) ?? '';
  return name === null || last.includes(name.split(' ')[0] ?? name) ? null : name;
}

function demo({ source, sentences }: ContentInput): Paragraph[] {
  return source.demo ? [{ said: sentences.demo }] : [];
}

/** A name as people are called in a letter; anything that does not look like one is left out. */
const NAME = /^[\p{L}\p{M}][\p{L}\p{M}'’ .-]{0,59}$/u;

/** Greets by name, unless the address may be anyone's: then the name is words of a stranger. */
export function greeting({ source, sentences }: ContentInput): Paragraph {
  const { name, known } = source.recipient;
  const whole = known && name !== null && NAME.test(name.trim()) ? name.trim() : null;
  const first = whole?.split(' ')[0] ?? null;
  return { words: sentences.hello(first === null || first.endsWith('.') ? whole : first) };
}

/** What the policy adds for the address that the customer wrote to. */
export function addressPolicy({ address, policy }: MailSource): MailSource['policy']['addresses'][string] | undefined {
  return address === null ? undefined : policy.addresses[address];
}

/** A time that the conversation states as a fact, as this recipient is told it; null where it states none. */
export function told(input: ContentInput, fact: string): ToldTime | null {
  const at = input.effect.facts[fact];
  return typeof at === 'number' ? toldAt(input, at) : null;
}

/** An instant (milliseconds) as this recipient is told it. */
export function toldAt({ source, sentences }: ContentInput, at: number): ToldTime {
  return tellTime(at, zoneToTell(source.recipient.zone, source.policy.timezone), sentences.language);
}
