import type { MailSource } from '../../db/mail-source';
import type { MailEffect } from '../../policy/effects';
import { voiceOf } from './content';
import { addressPolicy } from './content-parts';
import { oneLine } from './one-line';
import type { Sentences } from './sentences';

/** Local part that mails leave from when the customer did not write to an address of ours (form, API). */
const DEFAULT_ADDRESS = 'support';
const LOCAL_PART = /^[a-z0-9][a-z0-9._+-]{0,63}$/i;
const SUBJECT_LENGTH = 150;

/**
 * The subject: `Re: <what the customer wrote> [#1042]`; the first mail of a conversation that we begin answers nothing. A receipt to an
 * address that may be anyone's repeats no words of the sender, and no mail does to one that is only claimed.
 */
export function mailSubject(number: number, effect: MailEffect, source: MailSource, sentences: Sentences): string {
  const tag = `[#${number}]`;
  const repeats = (effect.mail !== 'receipt' || source.recipient.known) && !source.recipient.claimed;
  const words = repeats ? bareSubject(source.subject, tag) : '';
  if (words === '') return `${source.kind === 'chat' ? sentences.plainChatSubject : sentences.plainSubject} ${tag}`;
  const isFirst = source.initiatedBy === 'agent' && source.threadMailIds.length === 0;
  return isFirst ? `${words} ${tag}` : `Re: ${words} ${tag}`;
}

/** A subject without the prefixes that mail programs pile up, and without our own tag. */
function bareSubject(subject: string, tag: string): string {
  let bare = oneLine(subject.replaceAll(tag, ' '));
  for (let before = ''; bare !== before;) {
    before = bare;
    bare = bare.replace(/^(re|aw|wg|fwd?|sv|antw)\s*(\[\d+\])?\s*:\s*/i, '');
  }
  return [...bare].slice(0, SUBJECT_LENGTH).join('').trim();
}

/** Whom a mail comes from: a person by name, or the desk by the policy's name for it; always from the address that the customer wrote to. */
export function mailSender(effect: MailEffect, source: MailSource, sentences: Sentences, mailDomain: string): { name: string; address: string } {
  const desk = oneLine(addressPolicy(source)?.from ?? '') || null;
  const author = source.messages.at(-1)?.authorName ?? null;
  const localPart = source.address !== null && LOCAL_PART.test(source.address) ? source.address : DEFAULT_ADDRESS;
  return {
    name: voiceOf(effect) === 'person' && author !== null ? sentences.sender(oneLine(author), desk) : (desk ?? sentences.desk),
    address: `${localPart}@${mailDomain}`,
  };
}

/** A Message-ID as it may stand in a header: others' programs write many things into theirs. */
const MAIL_ID = /^[\x21-\x3b\x3d\x3f-\x7e]{1,250}$/;

/** Earlier mails of the thread that may be named in `References`. */
export function references(source: MailSource): readonly string[] {
  return source.threadMailIds.filter((id) => MAIL_ID.test(id));
}
