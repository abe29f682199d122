import { convert } from 'html-to-text';
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import { mailAddress } from '../mail-address';
import { cleanText, oneLine } from './clean-text';
import { withLineFeeds } from './mail-bytes';
import type { MailFile, MailPerson, ParsedMail, TellingHeaders } from './parsed-mail';

const FILES = 100;
const PEOPLE = 200;
const REFERENCES = 50;
const TEXT_LENGTH = 500_000;
const HTML_LENGTH = 2_000_000;
const REPORT_HEAD = 65_536;

const TELLING = [
  'list-id',
  'precedence',
  'auto-submitted',
  'x-auto-response-suppress',
  'x-autoreply',
  'x-autorespond',
  'x-failed-recipients',
  'return-path',
  'content-type',
  'x-priority',
  'importance',
];

/**
 * Reads a mail. Runs in a worker thread only (intake/parse/mail-parser.ts), because a hostile mail can keep a parser busy for seconds.
 * Throws when the mail is nested too deeply or its header is too large.
 */
export async function parseMail(raw: Uint8Array): Promise<ParsedMail> {
  const mail = await PostalMime.parse(withLineFeeds(raw), {
    // A mail within a mail is a file: nothing in it speaks for the sender, and chains of them cannot keep us busy.
    forceRfc822Attachments: true,
    maxNestingDepth: 50,
  });
  const html = typeof mail.html === 'string' && mail.html.trim() !== '' ? cleanText(mail.html) : null;
  const inReplyTo = mailIds(mail.inReplyTo)[0] ?? null;
  return {
    from: people(mail.from === undefined ? [] : [mail.from])[0] ?? people(mail.sender === undefined ? [] : [mail.sender])[0] ?? null,
    to: people([...(mail.to ?? []), ...(mail.cc ?? [])]).slice(0, PEOPLE),
    subject: oneLine(mail.subject ?? '').slice(0, 500),
    mailId: mailIds(mail.messageId)[0] ?? null,
    inReplyTo,
    referenced: [...(inReplyTo === null ? [] : [inReplyTo]), ...mailIds(mail.references).reverse(), ...reportedIds(mail.attachments)].slice(0, REFERENCES),
    text: textOf(mail.text, html).slice(0, TEXT_LENGTH),
    html: html !== null && html.length <= HTML_LENGTH ? html : null,
    files: mail.attachments.slice(0, FILES).map(fileOf),
    filesLeftOut: mail.attachments.length > FILES,
    headers: tellingHeaders(mail.headers),
  };
}

function textOf(plain: string | undefined, html: string | null): string {
  const text = cleanText(plain ?? '');
  if (text.trim() !== '' || html === null) return text;
  return cleanText(
    convert(html.slice(0, HTML_LENGTH), {
      wordwrap: false,
      limits: { maxDepth: 100, maxChildNodes: 10_000 },
      selectors: [
        { selector: 'img', format: 'skip' },
        { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: false } },
      ],
    }),
  );
}

/** Groups are opened; what is no address is left out. */
function people(addresses: readonly Address[]): MailPerson[] {
  return addresses.flatMap((entry) => {
    if (entry.group !== undefined) return people(entry.group);
    const address = mailAddress(entry.address);
    return address === null ? [] : [{ address, name: oneLine(entry.name).slice(0, 200) || null }];
  });
}

function mailIds(value: string | undefined): string[] {
  const text = oneLine(value ?? '');
  const bracketed = [...text.matchAll(/<([^<>\s]{1,500})>/g)].map((match) => match[1] ?? '');
  // Some programs leave the brackets out.
  return bracketed.length > 0 ? bracketed : text.split(' ').filter((word) => word.includes('@') && word.length <= 500);
}

/** The id of the mail that a bounce brings back. */
function reportedIds(attachments: readonly Attachment[]): string[] {
  return attachments
    .filter(({ mimeType }) => mimeType === 'message/rfc822' || mimeType === 'text/rfc822-headers')
    .slice(0, 3)
    .flatMap(({ content }) => {
      const head = bytesOf(content).subarray(0, REPORT_HEAD).toString('latin1');
      const [, id] = /^message-id:\s*<([^<>\s]{1,500})>/im.exec(head) ?? [];
      return id === undefined ? [] : [id];
    });
}

function fileOf(attachment: Attachment, index: number): MailFile {
  const mediaType = /^[\w.+-]+\/[\w.+-]+$/.test(attachment.mimeType) ? attachment.mimeType : 'application/octet-stream';
  const name = oneLine(attachment.filename ?? '').slice(0, 200);
  return { name: name || `file-${index + 1}`, mediaType, content: bytesOf(attachment.content) };
}

function bytesOf(content: Attachment['content']): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof ArrayBuffer ? Buffer.from(content) : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

function tellingHeaders(headers: readonly { key: string; value: string }[]): TellingHeaders {
  const told: Record<string, string> = {};
  for (const { key, value } of headers) {
    if (TELLING.includes(key) && told[key] === undefined) told[key] = oneLine(value).slice(0, 500);
  }
  return told;
}
