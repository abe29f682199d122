import type { MailContent, Paragraph } from './content';

/** The plain-text twin of a mail: says exactly what the HTML says. */
export function plainText(content: MailContent): string {
  const blocks = [
    content.headline,
    ...content.paragraphs.map(plain),
    content.code ?? '',
    content.promise === null ? '' : `${content.promise.label}\n${content.promise.due.text}`,
    content.action === null ? '' : [...content.action.lead.map(plain), `${content.action.label}:\n${content.action.url}`].join('\n'),
    content.other === null ? '' : `${content.other.label}:\n${content.other.url}`,
    ...content.closing.map(plain),
    ['-- ', ...content.footer.map(plain)].join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function plain(paragraph: Paragraph): string {
  if ('by' in paragraph) return [`${paragraph.by}:`, paragraph.words, ...(paragraph.files === null ? [] : [paragraph.files])].join('\n');
  if ('event' in paragraph) return `* ${paragraph.event}`;
  return 'words' in paragraph ? paragraph.words : paragraph.said.replaceAll('**', '');
}
