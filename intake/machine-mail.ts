import { localPartOf } from './mail-address';
import type { TellingHeaders } from './parse/parsed-mail';

/** Two verdicts on who wrote; source: docs/mail-in.md, "Machines". A `machine` reply always is `noAutoMail` too. */
export interface MachineVerdict {
  /** No receipt, reminder or other automatic mail may answer it; a person may well have written it, through a list or a ticket system. */
  readonly noAutoMail: boolean;
  /** A machine answered a mail: stored in its thread, without effect on status or promises. */
  readonly machine: boolean;
}

/** What the verdicts are made from. */
export interface MachineTraits {
  readonly headers: TellingHeaders;
  /** Address of the author, lower case. */
  readonly from: string | null;
  /** Sender on the envelope; empty is the null return path. */
  readonly envelopeFrom: string;
}

/** Judges by the headers of RFC 3834 and by those that programs really send. `Auto-Submitted: no` is a human. */
export function judgeMachine({ headers, from, envelopeFrom }: MachineTraits): MachineVerdict {
  const autoSubmitted = token(headers['auto-submitted']);
  const precedence = token(headers['precedence']);
  const author = from === null ? '' : localPartOf(from);
  const machine =
    autoSubmitted === 'auto-replied' ||
    precedence === 'auto_reply' ||
    says(headers['x-autoreply']) ||
    says(headers['x-autorespond']) ||
    headers['x-failed-recipients'] !== undefined ||
    envelopeFrom.trim() === '' ||
    headers['return-path']?.trim() === '<>' ||
    token(headers['content-type']) === 'multipart/report' ||
    author === 'mailer-daemon' ||
    author === 'postmaster';
  const noAutoMail =
    machine ||
    (autoSubmitted !== '' && autoSubmitted !== 'no') ||
    ['bulk', 'list', 'junk'].includes(precedence) ||
    headers['list-id'] !== undefined ||
    !['', 'none'].includes(token(headers['x-auto-response-suppress']));
  return { noAutoMail, machine };
}

/** A header that is there and does not say no. */
function says(value: string | undefined): boolean {
  return value !== undefined && token(value) !== 'no';
}

/** The first word of a header's value, lower case, without parameters. */
function token(value: string | undefined): string {
  return (value ?? '')
    .split(/[;,\s]/, 1)
    .join('')
    .toLowerCase();
}
