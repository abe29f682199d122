import type { Contact } from '../db/contacts';
import type { Channel, Priority } from '../policy/words';
import type { MailFile } from './parse/parsed-mail';
import type { Verdict } from './threading';

/** A request or message after parsing, the same whichever way it came. Texts are clean; times are milliseconds. */
export interface Incoming {
  readonly channel: Channel;
  readonly receivedAt: number;
  /** When it counts from, if later: mail that was kept aside counts from a person's decision. */
  readonly takenAt?: number;
  readonly inboxId: number;
  /** Who wrote; null for a machine without an address. */
  readonly contact: Contact | null;
  readonly subject: string;
  readonly text: string;
  /** All of the text, where `text` leaves a quotation out. */
  readonly fullText?: string | null;
  readonly html: string | null;
  readonly files: readonly MailFile[];
  /** Local parts of our addresses that it was written to, lower case. */
  readonly addresses: readonly string[];
  /** Message-ID without angle brackets. */
  readonly mailId: string | null;
  readonly inReplyTo: string | null;
  /** Whether its author has proven to be who they say. */
  readonly authenticated: boolean;
  /** What authentication says about a mail's From; absent for what is no mail. */
  readonly verdict?: Verdict;
  readonly machine: boolean;
  /** No automatic mail may answer it. */
  readonly noAutoMail: boolean;
  /** A code for agents, such as `markedUrgent`. */
  readonly hint: string | null;
}

/** What a new conversation needs beyond its first message. */
export interface Opening extends Incoming {
  readonly contact: Contact;
  /** A contact or mail domain that we know; decides how many receipts they get. */
  readonly known: boolean;
  readonly initiatedBy: 'customer' | 'agent';
  /** The agent who begins it, and has it from then on. */
  readonly agent: string | null;
  /** E-mail addresses beside the requester's that the request names. */
  readonly copied: readonly string[];
  /** What the requester chose. */
  readonly chosen?: Priority;
  /** Systems that the request names, lower case. */
  readonly given: { readonly cluster: string | null; readonly website: string | null };
  /** A conversation that it follows or may belong to; shown to agents. */
  readonly linkedFrom: number | null;
  /** Codes for agents, such as `mayBelong`. */
  readonly flags: readonly string[];
}
