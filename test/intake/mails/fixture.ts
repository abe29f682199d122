/** What must become of a mail. */
export interface Expected {
  /** `opened`: a conversation; `suspended`: kept aside, with this reason. */
  readonly becomes: 'opened' | { readonly suspended: string };
  /** Address of the author; by default the one of {@link mail}. */
  readonly author?: string | null;
  readonly name?: string | null;
  readonly subject?: string;
  /** What its author wrote, exactly; or a pattern of it. */
  readonly text?: string | RegExp;
  /** Words that only the full text has: something was quoted. Null: nothing was cut. */
  readonly quoted?: string | RegExp | null;
  /** Names of the files. */
  readonly files?: readonly string[];
  readonly html?: RegExp | null;
  /** Its header alone can be read; by default all of it can. */
  readonly read?: 'header';
  /** The two verdicts of intake/machine-mail.ts. */
  readonly machine?: boolean;
  readonly noAutoMail?: boolean;
}

/** A hard mail, and what must become of it. */
export interface Fixture {
  readonly name: string;
  readonly raw: Buffer;
  /** Sender on the envelope; empty is the null return path. */
  readonly envelopeFrom?: string;
  readonly expected: Expected;
}

/** What differs from an everyday mail. `null` leaves a header out. */
export interface Parts {
  readonly from?: string | null;
  readonly subject?: string | null;
  readonly mailId?: string | null;
  readonly headers?: readonly string[];
  /** Content-Type, without its name. */
  readonly type?: string | null;
  readonly body?: string | Buffer;
}

let made = 0;

/** The bytes of a mail by a person whose domain we know; each has a Message-ID of its own. */
export function mail({ from, subject, mailId, headers = [], type, body = 'Something is wrong.' }: Parts = {}): Buffer {
  made += 1;
  const fields = [
    ['From', from === undefined ? 'Jane Doe <jane@acme.test>' : from],
    ['To', 'info@example.test'],
    ['Subject', subject === undefined ? 'Help' : subject],
    ['Message-ID', mailId === undefined ? `<${made}@fixtures.acme.test>` : mailId],
    ['MIME-Version', '1.0'],
    ['Content-Type', type === undefined ? 'text/plain; charset=utf-8' : type],
  ] as const;
  const head = [...fields.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`])), ...headers].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), typeof body === 'string' ? crlf(body) : body, Buffer.from('\r\n')]);
}

/** Text as it travels. */
export function crlf(text: string): Buffer {
  return Buffer.from(text.replace(/\r?\n/g, '\r\n'));
}

/** A part of a multipart body. */
export function part(headers: readonly string[], body: string): string {
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** The body of a multipart with this boundary. */
export function parts(boundary: string, ...all: readonly string[]): string {
  return `${all.map((one) => `--${boundary}\r\n${one}\r\n`).join('')}--${boundary}--`;
}

/** A mail with a text, its HTML twin, or HTML alone. */
export function twins({ text, html, ...rest }: Parts & { readonly text?: string; readonly html: string }): Buffer {
  if (text === undefined) return mail({ ...rest, type: 'text/html; charset=utf-8', body: html });
  return mail({
    ...rest,
    type: 'multipart/alternative; boundary=alt',
    body: parts('alt', part(['Content-Type: text/plain; charset=utf-8'], text), part(['Content-Type: text/html; charset=utf-8'], html)),
  });
}
