import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type mjml2html from 'mjml';
import { isEmojiOnly } from '../../policy/emoji-only';
import type { MailContent, Paragraph } from './content';

/** Loaded with the first mail: a worker that has just been started again rings before that. */
const load = createRequire(__filename);

type TemplateName = MailContent['template'];

const compiled = new Map<TemplateName, Promise<string>>();

/** The HTML of a mail. Templates are compiled once a process and know nothing of data: values are escaped and put in afterwards. */
export async function html(content: MailContent): Promise<string> {
  let template = compiled.get(content.template);
  if (template === undefined) {
    template = compile(content.template);
    compiled.set(content.template, template);
  }
  const parts = { code: content.code !== undefined, promise: content.promise !== null, action: content.action !== null, other: content.other !== null };
  return fill(keepParts(await template, parts), values(content));
}

/** Reads a template with the head that all share, and makes mail-proof HTML of it; any fault in it is an error. */
async function compile(name: TemplateName): Promise<string> {
  const read = (file: string) => readFile(path.join(__dirname, 'templates', file), 'utf8');
  const [template, head] = await Promise.all([read(`${name}.mjml`), read('head.mjml')]);
  const whole = template.replace('<!-- head.mjml -->', () => head);
  const toHtml = load('mjml') as typeof mjml2html;
  // No fonts: a mail fetches nothing.
  const { html: result } = await toHtml(whole, { ignoreIncludes: true, validationLevel: 'strict', fonts: {}, keepComments: true });
  return result;
}

/** Leaves out the parts that this mail has not. */
function keepParts(template: string, parts: Readonly<Record<string, boolean>>): string {
  return template.replace(/<!-- part: (\w+) -->([\s\S]*?)<!-- end: \1 -->/g, (_all, name: string, inside: string) => (parts[name] === true ? inside : ''));
}

/** Puts values, which are HTML already, into their places: once, so that a value which looks like a place stays text. */
function fill(template: string, places: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => {
    const value = places[name];
    if (value === undefined) throw new Error(`The template names a value that no mail has: ${name}.`);
    return value;
  });
}

function values(content: MailContent): Record<string, string> {
  const { promise, action } = content;
  return {
    language: escape(content.language),
    title: escape(content.title),
    preview: escape(preview(content)),
    headline: escape(content.headline),
    paragraphs: paragraphs(content.paragraphs),
    code: escape(content.code ?? ''),
    promiseLabel: escape(promise?.label ?? ''),
    promiseDay: escape(promise?.due.day ?? ''),
    promiseTime: escape(promise?.due.time ?? ''),
    promiseZone: escape(promise?.due.zone ?? ''),
    actionLead: paragraphs(action?.lead ?? []),
    actionLabel: escape(action?.label ?? ''),
    actionUrl: escape(action?.url ?? ''),
    otherLabel: escape(content.other?.label ?? ''),
    otherUrl: escape(content.other?.url ?? ''),
    closing: paragraphs(content.closing),
    footer: paragraphs(content.footer),
  };
}

const PREVIEW_LENGTH = 120;

/** What a mail program shows beside the subject: the promise if there is one, else how the mail begins. */
function preview({ promise, headline, paragraphs: all, language }: MailContent): string {
  if (promise !== null) return `${promise.label} ${promise.due.text}`;
  const start = headline === '' ? all.map(text).join(' ') : headline;
  const graphemes = new Intl.Segmenter(language).segment(start.replace(/\s+/g, ' ').slice(0, 4 * PREVIEW_LENGTH));
  return Array.from(graphemes, ({ segment }) => segment)
    .slice(0, PREVIEW_LENGTH)
    .join('');
}

function text(one: Paragraph): string {
  if ('words' in one) return one.words;
  return 'event' in one ? one.event : one.said.replaceAll('**', '');
}

function paragraphs(all: readonly Paragraph[]): string {
  return all.map(paragraph).join('');
}

function paragraph(one: Paragraph): string {
  if ('said' in one) return `<p>${escape(one.said).replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')}</p>`;
  if ('event' in one) return `<p class="event">${escape(one.event)}</p>`;
  if (!('by' in one)) return blocks(one.words);
  const files = one.files === null ? '' : `<p class="files">${escape(one.files)}</p>`;
  return `<p class="by">${escape(one.by)}</p><div class="${isEmojiOnly(one.words) ? 'said emoji' : 'said'}">${blocks(one.words)}${files}</div>`;
}

function blocks(words: string): string {
  return words
    .split(/\n{2,}/)
    .map((block) => `<p>${escape(block).replaceAll('\n', '<br>')}</p>`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
