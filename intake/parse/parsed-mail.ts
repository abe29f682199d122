/** An address as a mail names it; `address` is lower case and one that mail can be sent to. */
export interface MailPerson {
  readonly address: string;
  readonly name: string | null;
}

/** A file that came with a mail. */
export interface MailFile {
  /** As the sender called it, on one line; data, never a path. */
  readonly name: string;
  readonly mediaType: string;
  readonly content: Uint8Array;
  /** Content-ID without angle brackets, when the mail's HTML may show it. */
  readonly contentId?: string | null;
}

/** Headers that say whether a machine wrote, and how urgent the sender finds it; names in lower case, first value of each. */
export type TellingHeaders = Readonly<Record<string, string>>;

/** A mail after parsing: every text is clean (no NUL, no lone surrogates), every header value one line. */
export interface ParsedMail {
  readonly from: MailPerson | null;
  readonly to: readonly MailPerson[];
  readonly subject: string;
  /** Message-ID without angle brackets. */
  readonly mailId: string | null;
  readonly inReplyTo: string | null;
  /** In-Reply-To first, then References from the newest on, then the id of a mail that was sent back in a report. */
  readonly referenced: readonly string[];
  /** What its author wrote, without what they quoted. */
  readonly text: string;
  /** All of the text, where `text` leaves something out; else null. */
  readonly fullText: string | null;
  /** What the allow-list has let through (intake/parse/safe-html.ts). */
  readonly html: string | null;
  readonly files: readonly MailFile[];
  /** There were more files than are kept; all of them are in the raw mail. */
  readonly filesLeftOut: boolean;
  readonly headers: TellingHeaders;
}
