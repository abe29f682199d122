import type { Effect, Ringing } from '../../../policy/effects';

/** An effect in a few words, without its time and key: what happens to on-call, the desk or the customer. */
export function line(effect: Effect): string {
  switch (effect.type) {
    case 'openPage':
      return `page ${effect.page} opens: ${short(effect.cause.key)} ${effect.cause.reason}, ${effect.urgency}${how(effect)}`;
    case 'addCause':
      return `page ${effect.page} joined by: ${short(effect.cause.key)} ${effect.cause.reason}, ${effect.urgency}${how(effect)}`;
    case 'causeOver':
      return `page ${effect.page} no more for: ${short(effect.cause)} ${effect.reason}`;
    case 'nextLevel':
      return `page ${effect.page} next level: ${short(effect.cause)} ${effect.reason}`;
    case 'notice':
      return ['notice', effect.notice, effect.promise, effect.to && `to ${effect.to}`].filter(Boolean).join(' ');
    case 'mail':
      return ['mail', effect.mail, `to ${effect.recipient}`].join(' ');
    case 'claimClose':
      return 'claim closing';
    case 'checkPresence':
      return 'look at presence';
    default:
      return effect satisfies never;
  }
}

/** What is unusual about how it rings: `, again`, `, unacknowledged`, `, acknowledged by a1`. */
function how({ ring, acknowledged }: Ringing): string {
  return [ring, acknowledged && `acknowledged by ${acknowledged.by}`].map((words) => (words === undefined ? '' : `, ${words}`)).join('');
}

/** `conversation/7:dispatch:1` → `dispatch:1`. */
export function short(key: string): string {
  return key.replace(/^conversation\/\d+:/, '');
}
