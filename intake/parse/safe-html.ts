import sanitize from 'sanitize-html';
import { cleanText } from './clean-text';

const TAGS = [
  ...['a', 'abbr', 'address', 'b', 'bdi', 'bdo', 'big', 'blockquote', 'br', 'caption', 'center', 'cite', 'code', 'col', 'colgroup', 'dd', 'del', 'dfn'],
  ...['div', 'dl', 'dt', 'em', 'font', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img', 'ins', 'kbd', 'li', 'mark', 'ol', 'p', 'pre', 'q', 's'],
  ...[
    'samp',
    'section',
    'small',
    'span',
    'strike',
    'strong',
    'sub',
    'sup',
    'table',
    'tbody',
    'td',
    'tfoot',
    'th',
    'thead',
    'tr',
    'tt',
    'u',
    'ul',
    'var',
    'wbr',
  ],
];
const TABLE = ['align', 'valign', 'bgcolor', 'width', 'height', 'border', 'cellpadding', 'cellspacing', 'colspan', 'rowspan'];
/** What is in them is not meant to be read. */
const WITHOUT_THEIR_TEXT = [
  'script',
  'style',
  'title',
  'textarea',
  'option',
  'select',
  'noscript',
  'template',
  'xml',
  'svg',
  'math',
  'iframe',
  'object',
  'noframes',
];

/** Lengths and words, never anything with a bracket: no `url(`, no `expression(`, no `var(`. */
const PLAIN = /^[#%.,\w\s"'+-]{1,200}$/;
const COLOUR = /^(#[0-9a-f]{3,8}|[a-z]{3,30}|rgba?\([\d\s.,%]{1,40}\))$/i;
const STYLES: Readonly<Record<string, RegExp[]>> = {
  ...Object.fromEntries(['color', 'background-color', 'background', 'border-color'].map((name) => [name, [COLOUR]])),
  ...Object.fromEntries(
    [
      ...['font', 'font-family', 'font-size', 'font-style', 'font-weight', 'line-height', 'letter-spacing', 'text-align', 'text-decoration', 'text-indent'],
      ...['vertical-align', 'white-space', 'width', 'height', 'max-width', 'list-style-type', 'border-collapse', 'border-spacing', 'direction'],
      ...['margin', 'margin-top', 'margin-right', 'margin-bottom', 'margin-left', 'padding', 'padding-top', 'padding-right', 'padding-bottom', 'padding-left'],
      ...['border', 'border-top', 'border-right', 'border-bottom', 'border-left', 'border-width', 'border-style'],
    ].map((name) => [name, [PLAIN]]),
  ),
};

/** Deeper than any mail program writes; what is deeper loses its tags and keeps its text. */
const NESTING = 200;
const OWN_PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i;

/**
 * The HTML of a mail as far as our allow-list goes: formatting, tables, links and pictures, nothing that runs, loads or leaves its place.
 * Pictures of the mail itself (`cid:`) and from elsewhere have no `src`: it stands in `data-cid` and `data-src`, for whoever shows it.
 */
export function safeHtml(html: string): string {
  return sanitize(html, {
    allowedTags: TAGS,
    nonTextTags: WITHOUT_THEIR_TEXT,
    allowedAttributes: {
      '*': ['style', 'dir', 'lang', 'align', 'title'],
      a: ['href', 'target', 'rel'],
      img: ['src', 'data-cid', 'data-src', 'alt', 'width', 'height', 'border'],
      font: ['color', 'size', 'face'],
      ol: ['start', 'type'],
      ul: ['type'],
      ...Object.fromEntries(['table', 'tbody', 'thead', 'tfoot', 'tr', 'td', 'th', 'col', 'colgroup'].map((tag) => [tag, TABLE])),
    },
    allowedStyles: { '*': STYLES },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['data'] },
    allowedSchemesAppliedToAttributes: ['href', 'src'],
    allowProtocolRelative: false,
    nestingLimit: NESTING,
    transformTags: {
      a: (tagName, attribs) => ({ tagName, attribs: { ...attribs, target: '_blank', rel: 'noopener noreferrer nofollow' } }),
      img: (tagName, attribs) => ({ tagName, attribs: pictureOf(attribs) }),
    },
  });
}

/** A picture without a `src` that would load anything; what its sender wrote into our own attributes is gone. */
function pictureOf({ src = '', alt, width, height, title, style }: sanitize.Attributes): sanitize.Attributes {
  const kept = Object.entries({ alt, width, height, title, style }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(kept), ...sourceOf(src.trim()) };
}

function sourceOf(src: string): sanitize.Attributes {
  const [, cid] = /^cid:(.{1,500})$/is.exec(src) ?? [];
  if (cid !== undefined) return { 'data-cid': decoded(cid) };
  if (/^https?:\/\//i.test(src)) return { 'data-src': src };
  if (src.startsWith('//')) return { 'data-src': `https:${src}` };
  return OWN_PICTURE.test(src) ? { src } : {};
}

/** The id in a `cid:` address is percent-encoded (RFC 2392); what no id has, such as NUL, which cannot be stored, is left out. */
function decoded(cid: string): string {
  return cleanText(cid.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(parseInt(code.slice(1), 16))));
}
