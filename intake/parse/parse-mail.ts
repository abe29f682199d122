import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';
import { MACHINE_HEADERS } from '../machine-mail';
import { mailAddress } from '../mail-address';
import { cleanText, oneLine } from './clean-text';
import { htmlText } from './html-text';
import { withLineFeeds, withoutBrokenUtf8 } from './mail-bytes';
import type { MailFile, MailPerson, ParsedMail, TellingHeaders } from './parsed-mail';
import { safeHtml } from './safe-html';
import { trimQuote } from './trim-quote';

const FILES = 100;
const PEOPLE = 200;
const REFERENCES = 50;
const TEXT_LENGTH = 500_000;
const HTML_LENGTH = 2_000_000;
const REPORT_HEAD = 65_536;

const TELLING = [...MACHINE_HEADERS, 'x-spam-flag', 'x-priority', 'importance'];

/**
 * Reads a mail. Runs in a worker thread only (intake/parse/mail-parser.ts), because a hostile mail can keep a parser busy for seconds.
 * Throws when the mail is nested too deeply or its header is too large.
 */
export async function parseMail(raw: Uint8Array): Promise<ParsedMail> {
  const mail = await readMime(withLineFeeds(raw));
  const html = typeof mail.html === 'string' && mail.html.trim() !== '' ? cleanText(mail.html) : null;
  const inReplyTo = mailIds(mail.inReplyTo)[0] ?? null;
  const subject = line(mail.subject, 500);
  const whole = wholeText(mail.text, html);
  const to = people([...(mail.to ?? []), ...(mail.cc ?? [])]).slice(0, PEOPLE);
  const answers = inReplyTo !== null || mailIds(mail.references).length > 0 || to.some(({ address }) => address.startsWith('reply+'));
  const { text, full } = trimQuote(whole, { subject, answers });
  const files = [...tooLong(whole.full, html), ...mail.attachments.map(fileOf)];
  const safe = html !== null && html.length <= HTML_LENGTH ? safeHtml(html).trim() : null;
  return {
    from: people(mail.from === undefined ? [] : [mail.from])[0] ?? people(mail.sender === undefined ? [] : [mail.sender])[0] ?? null,
    to,
    subject,
    mailId: mailIds(mail.messageId)[0] ?? null,
    inReplyTo,
    referenced: [...(inReplyTo === null ? [] : [inReplyTo]), ...mailIds(mail.references).reverse(), ...reportedIds(mail.attachments)].slice(0, REFERENCES),
    text: cut(text),
    fullText: full === null ? null : cut(full),
    html: safe === '' ? null : safe,
    files: files.slice(0, FILES),
    filesLeftOut: files.length > FILES,
    headers: tellingHeaders(mail.headers),
  };
}

const MIME = {
  // A mail within a mail is a file: nothing in it speaks for the sender, and chains of them cannot keep us busy.
  forceRfc822Attachments: true,
  maxNestingDepth: 50,
};

/**
 * Reads the parts. Where characters could not be told (text that calls itself UTF-8, or says nothing, and is ISO 8859-1 or Windows-1252),
 * the words are taken from a second reading; bytes of files never are.
 */
async function readMime(bytes: Uint8Array): Promise<Email> {
  const mail = await PostalMime.parse(bytes, MIME);
  const broken = (text: string | undefined): boolean => text?.includes('\ufffd') ?? false;
  if (![mail.subject, mail.text, mail.html, mail.from?.name, ...mail.attachments.map(nameOf)].some(broken)) return mail;
  const mended = withoutBrokenUtf8(bytes);
  if (mended === null) return mail;
  const again = await PostalMime.parse(mended, MIME);
  const better = (key: 'subject' | 'text' | 'html') => (broken(mail[key]) && again[key] !== undefined ? { [key]: again[key] } : {});
  // Only the name: who wrote is what the bytes say, here as everywhere.
  const from = mail.from !== undefined && again.from !== undefined ? { from: { ...mail.from, name: again.from.name } } : {};
  const attachments = mail.attachments.map((file, index) =>
    broken(nameOf(file)) ? { ...file, filename: again.attachments[index]?.filename ?? file.filename } : file,
  );
  return { ...mail, ...better('subject'), ...better('text'), ...better('html'), ...from, attachments };
}

const nameOf = ({ filename }: Attachment): string | undefined => filename ?? undefined;

/** The text part, else the HTML's text; of that also what stands before a quotation that the HTML marks. */
function wholeText(plain: string | undefined, html: string | null): { readonly full: string; readonly before: string } {
  const text = cleanText(plain ?? '').trim();
  if (text !== '' || html === null) return { full: text, before: text };
  const { full, before } = htmlText(html.slice(0, HTML_LENGTH));
  return { full: cleanText(full), before: cleanText(before) };
}

/** Text that is longer than a message may be comes as files too: nothing of a mail is out of reach. */
function tooLong(text: string, html: string | null): MailFile[] {
  return [
    ...(text.length > TEXT_LENGTH ? [{ name: 'message.txt', mediaType: 'text/plain', content: Buffer.from(text) }] : []),
    ...(html !== null && html.length > HTML_LENGTH ? [{ name: 'message.html', mediaType: 'text/html', content: Buffer.from(html) }] : []),
  ];
}

/** Text on one line, cut without breaking a character in two. */
function line(text: string | null | undefined, length: number): string {
  return cleanText(oneLine(text ?? '').slice(0, length));
}

function cut(text: string): string {
  return text.length > TEXT_LENGTH ? cleanText(text.slice(0, TEXT_LENGTH)) : text;
}

/** Groups are opened; what is no address is left out. */
function people(addresses: readonly Address[]): MailPerson[] {
  return addresses.flatMap((entry) => {
    if (entry.group !== undefined) return people(entry.group);
    const address = mailAddress(entry.address);
    return address === null ? [] : [{ address, name: line(entry.name, 200) || null }];
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

/** Names for files that came without one; what a report, an invitation or a mail within the mail is should be seen. */
const NAMES: Readonly<Record<string, string>> = {
  'message/rfc822': 'message.eml',
  'text/rfc822-headers': 'headers.txt',
  'message/delivery-status': 'delivery-status.txt',
  'message/disposition-notification': 'disposition.txt',
  'text/calendar': 'invitation.ics',
  'application/ics': 'invitation.ics',
  'application/ms-tnef': 'winmail.dat',
  'application/pgp-signature': 'signature.asc',
  'application/pkcs7-signature': 'smime.p7s',
  'image/png': 'picture.png',
  'image/jpeg': 'picture.jpg',
  'image/gif': 'picture.gif',
  'image/webp': 'picture.webp',
  'text/plain': 'text.txt',
  'text/html': 'page.html',
};

function fileOf(attachment: Attachment, index: number): MailFile {
  const mediaType = /^[\w.+-]+\/[\w.+-]+$/.test(attachment.mimeType) ? attachment.mimeType.slice(0, 200) : 'application/octet-stream';
  const name = line(attachment.filename, 200);
  const contentId = line(attachment.contentId, 500).replace(/^<|>$/g, '');
  return {
    name: name || NAMES[mediaType] || `file-${index + 1}`,
    mediaType,
    content: bytesOf(attachment.content),
    contentId: contentId === '' ? null : contentId,
  };
}

function bytesOf(content: Attachment['content']): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof ArrayBuffer ? Buffer.from(content) : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

function tellingHeaders(headers: readonly { key: string; value: string }[]): TellingHeaders {
  const told: Record<string, string> = {};
  for (const { key, value } of headers) {
    if (TELLING.includes(key) && told[key] === undefined) told[key] = line(value, 500);
  }
  return told;
}
