import type { Contact } from '../db/contacts';
import type { Channel, Kind, Priority } from '../policy/words';
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
  /** A ticket, unless it is said to be a chat. */
  readonly kind?: Kind;
  /** What lists call it, where its author has given no subject. */
  readonly title?: string;
  /** The organization that a signed identity names; it exists. */
  readonly organizationId?: string | null;
  /** No receipt, where its author has the promised time in front of them. */
  readonly noReceipt?: boolean;
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
  readonly given: {
    readonly cluster: string | null;
    readonly website: string | null;
    /** All those of a signed identity, for a request that names none. */
    readonly clusters?: readonly string[];
    readonly websites?: readonly string[];
  };
  /** A conversation that it follows or may belong to; shown to agents. */
  readonly linkedFrom: number | null;
  /** Codes for agents, such as `mayBelong`. */
  readonly flags: readonly string[];
}
