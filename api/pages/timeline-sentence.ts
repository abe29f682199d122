import { NOTHING, promiseWords, reasonWords } from './words';

/** What a timeline entry's data may hold. */
type Data = Readonly<Record<string, unknown>>;

/** How a sentence names people and times. */
export interface Names {
  readonly agent: (id: string) => string;
  readonly time: (at: number) => string;
}

/** What a silence brings by itself. */
const SILENCE: Readonly<Record<string, string>> = {
  remind: 'the reminder to the customer',
  solve: 'solving after silence',
  close: 'closing after silence',
  askRating: 'asking the customer how it went',
};

/** One line of the timeline in words; a type that has no sentence yet is shown as it is. */
export function timelineSentence(type: string, data: Data, names: Names): string {
  const who = (key: string) => (typeof data[key] === 'string' ? names.agent(data[key]) : 'nobody');
  const time = (key: string) => (typeof data[key] === 'number' ? names.time(data[key]) : NOTHING);
  const word = (key: string) => (typeof data[key] === 'string' ? reasonWords(data[key]) : NOTHING);
  // Who sets a status is its reason; else it is a code.
  const reason = () => (typeof data['reason'] === 'string' && names.agent(data['reason']) !== data['reason'] ? `by ${who('reason')}` : word('reason'));
  const promise = () => promiseWords(String(data['kind']));
  switch (type) {
    case 'assigned':
      return data['to'] === null ? `${who('by')} took it from ${who('from')}; nobody has it now` : `Assigned to ${who('to')} by ${who('by')}`;
    case 'conversation.started':
      return 'It began';
    case 'call':
      return `${who('by')} called: ${word('outcome')}`;
    case 'feedback':
      return `${who('by')} told the customer: ${word('word')}`;
    case 'note':
      return `${who('by')} wrote a note`;
    case 'message.received':
      return `A message came in by ${word('channel')} from ${word('author')}`;
    case 'page.cause':
      return `On-call is paged (${word('reason')}, ${word('urgency')} urgency)`;
    case 'page.nextLevel':
      return `The next level is rung (${word('reason')})`;
    case 'page.escalated':
      return `${who('by')} asked for the next level`;
    case 'page.acknowledged':
      return `${who('by')} acknowledged the page`;
    case 'page.over':
      return `The page is over (${word('reason')})`;
    case 'priority':
      return `Priority ${word('from')} → ${word('to')}`;
    case 'promise.started':
      return `Promised: ${promise()} by ${time('dueAt')}`;
    case 'promise.met':
      return `Kept: ${promise()}`;
    case 'promise.breached':
      return `Broken: ${promise()}, due ${time('dueAt')}`;
    case 'promise.cancelled':
      return `No longer owed: ${promise()} (${word('reason')})`;
    case 'promise.paused':
      return `Waiting for the customer: ${promise()}`;
    case 'promise.resumed':
      return `Running again: ${promise()}, due ${time('dueAt')}`;
    case 'promise.recounted':
      return `Counted anew: ${promise()}, due ${time('dueAt')}`;
    case 'scheduled.cancelled':
      return `${who('by')} called off: ${SILENCE[String(data['action'])] ?? NOTHING}`;
    case 'scheduled.advanced':
      return `${who('by')} did not wait: ${SILENCE[String(data['action'])] ?? NOTHING}`;
    case 'team':
      if (typeof data['deleted'] === 'string') return `${who('by')} deleted its team, ${data['deleted']}`;
      return data['to'] === null ? `${who('by')} took it from its team` : `${who('by')} gave it to a team`;
    case 'reply.said':
      return `${who('by')} answered`;
    case 'reply.undone':
      return `${who('by')} took the answer back`;
    case 'reply.released':
      return 'The answer left';
    case 'reply.delivered':
      return 'The answer was accepted by the customer’s mail server';
    case 'reply.bounced':
      return 'The answer came back';
    case 'status':
      return `${word('from')} → ${word('to')} (${reason()})`;
    case 'promise.metLate':
      return `Kept late: ${promise()}`;
    case 'merge.into':
      return `${who('by')} made it a part of #${String(data['into'])}`;
    case 'merge.undone':
      return `${who('by')} took it out of #${String(data['into'])} again`;
    case 'merge.from':
      return `#${String(data['from'])} became a part of it`;
    case 'merge.out':
      return `#${String(data['from'])} was taken out of it again`;
    case 'participants':
      return `${who('by')} changed who is written to`;
    case 'requester':
      return `${who('by')} changed who asked`;
    case 'snooze':
      return data['until'] === null ? `${who('by')} put it back into the queue` : `${who('by')} put it aside until ${time('until')}`;
    case 'snooze.over':
      return 'It is back in the queue';
    case 'tags':
      return `${who('by')} changed the tags`;
    case 'customer.productionDown':
      return 'The customer pressed “Production down”';
    case 'customer.thatsAll':
      return 'The customer pressed “No, that’s all”';
    case 'customer.reminded':
      return 'The customer was reminded';
    case 'customer.askedForRating':
      return 'The customer was asked how it went';
    case 'customer.rated':
      return data['score'] === 'good' ? 'The customer was happy with it' : 'The customer was not happy with it';
    case 'customer.proven':
      return 'The customer has proven that the address is theirs';
    case 'customer.transcript':
      return 'The customer asked for the whole thread by mail';
    case 'chat.delivered':
      return 'The customer is back in the chat, where the answer is';
    case 'chat.mailed':
      return 'The customer had gone: what they had not seen was mailed';
    case 'chat.notMailed':
      return 'The customer had gone, and no more mails may go to an address that nobody has proven';
    case 'chat.copied':
      return 'What was said in the chat left by mail for the others in the thread';
    case 'chat.copiesUndone':
      return `${who('by')} took back the mails to the others; in the chat the answer stays`;
    case 'chat.copyBounced':
      return 'A copy of an answer in the chat, for somebody else in the thread, came back';
    case 'plan':
      return `Plan ${word('from')} → ${word('to')}`;
    case 'command.refused':
      return `${who('by')} asked for something that could not be done (${word('command')})`;
    default:
      return reasonWords(type.replaceAll('.', ': '));
  }
}
