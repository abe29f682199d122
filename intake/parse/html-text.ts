import { compile, type FormatCallback } from 'html-to-text';

/** Marks around a quotation, and before one that goes on to the end of the mail. No mail has them: they are taken out before. */
const BEGIN = '\u0001';
const END = '\u0002';
const REST = '\u0003';
const MARKS = /[\u0001-\u0003]/g;

/** A block with marks of ours on lines of their own. */
function marked(before: string, after: string): FormatCallback {
  return (element, walk, builder) => {
    const mark = (text: string): void => {
      if (text === '') return;
      builder.openBlock({ leadingLineBreaks: 1 });
      builder.addInline(text);
      builder.closeBlock({ trailingLineBreaks: 1 });
    };
    mark(before);
    builder.openBlock({ leadingLineBreaks: 1 });
    walk(element.children, builder);
    builder.closeBlock({ trailingLineBreaks: 1 });
    mark(after);
  };
}

/** Gmail, Yahoo, Proton, GMX; Apple Mail and Thunderbird with the line that says who wrote. */
const QUOTATIONS = [
  ...['div.gmail_quote', 'div.gmail_attr', 'div.yahoo_quoted', 'div.protonmail_quote', 'div[name="quote"]', 'blockquote[type="cite"]'],
  'div.moz-cite-prefix',
];
/** Outlook on the web and on phones, and older ones for Windows: what follows is the earlier mail, unmarked. */
const HEADINGS = ['div#divRplyFwdMsg', 'div#appendonsend', 'hr#stopSpelling', 'div.OutlookMessageHeader'];

const toText = compile({
  wordwrap: false,
  limits: { maxDepth: 100, maxChildNodes: 10_000 },
  formatters: { quotation: marked(BEGIN, END), quotedFromHere: marked(REST, '') },
  selectors: [
    { selector: 'img', format: 'skip' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: false } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    ...QUOTATIONS.map((selector) => ({ selector, format: 'quotation' })),
    ...HEADINGS.map((selector) => ({ selector, format: 'quotedFromHere' })),
  ],
});

/** The text of a mail that has only HTML: all of it, and what stands before a quotation that its program has marked (all, if there is none). */
export function htmlText(html: string): { readonly full: string; readonly before: string } {
  const text = toText(html.replace(MARKS, ''));
  const full = text
    .replace(/\n?[\u0001-\u0003]/g, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  const begin = text.search(MARKS);
  if (begin < 0 || saysMoreAfter(text.slice(begin))) return { full, before: full };
  return { full, before: text.slice(0, begin).trim() };
}

/** Whether there is something between or below quotations: an answer that only makes sense together with them. */
function saysMoreAfter(text: string): boolean {
  let depth = 0;
  for (const part of text.split(/(?<=[\u0001-\u0003])|(?=[\u0001-\u0003])/)) {
    if (part === REST) return false;
    if (part === BEGIN) depth += 1;
    else if (part === END) depth = Math.max(0, depth - 1);
    else if (depth === 0 && part.trim() !== '') return true;
  }
  return false;
}
