import { getConversation } from '../../db/conversations';
import { chatMessages } from '../../db/chat-messages';
import type { LiveChange } from '../../db/live-events';
import { listMessages } from '../../db/messages';
import { ownConversation, type OwnConversation } from '../../db/own-conversations';
import { readMark } from '../../db/read-marks';
import type { Agent, Visitor } from '../auth/actor';
import { may } from '../auth/authorize';
import { chatMessageAnswer } from '../chat-answers';
import type { ApiContext } from '../context';
import { summariesFor } from '../own-chat';
import { messageAnswer } from '../routes/answers';
import { conversationRowAnswers, rowFacts } from '../routes/row-answers';
import type { LiveEvent } from './frames';

/** What somebody may hear of a conversation: for customers, the parts of its thread that are theirs. */
export type Hears = { readonly actor: Agent } | { readonly actor: Visitor; readonly own: OwnConversation };

/**
 * What some changes are to those who listen, made as the GET routes make it, from what is in the database now. Asked for once however many
 * listen; made anew for every batch of changes, so nobody is told what they may no longer see.
 */
export class Told {
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(private readonly context: ApiContext) {}

  /** What this actor may hear of a conversation at this moment; null for nothing. */
  hears(actor: Agent | Visitor, number: number): Promise<Hears | null> {
    if (actor.kind === 'agent') return Promise.resolve(may(actor, 'conversation.read') ? { actor } : null);
    return this.#once(`own ${actor.id} ${number}`, async () => {
      const own = await ownConversation(this.context.db, actor, number);
      return own === null ? null : { actor, own };
    });
  }

  /** A change of conversation `number` as an event, or null when it is nothing to this listener. */
  async event(hears: Hears, number: number, change: LiveChange): Promise<LiveEvent | null> {
    switch (change.kind) {
      case 'message':
        return this.#message(hears, number, change);
      case 'state':
        return this.state(hears, number);
      case 'read':
        return this.#read(hears, change);
      case 'people':
        return this.state(hears, number);
      default:
        return change.kind satisfies never;
    }
  }

  /** The conversation as lists show it. */
  async state(hears: Hears, number: number): Promise<LiveEvent | null> {
    const chat = await ('own' in hears
      ? this.#once(`chat ${hears.actor.id} ${hears.own.number}`, () => this.#chat(hears.actor, hears.own.number))
      : this.#once(`row ${number}`, () => this.#row(number)));
    return chat === null ? null : { kind: 'state', chat };
  }

  async #message(hears: Hears, number: number, { ref }: LiveChange): Promise<LiveEvent | null> {
    const message = await ('own' in hears
      ? this.#once(`message ${hears.actor.contactId} ${hears.own.parts.join(' ')} ${ref}`, () => this.#chatMessage(hears.actor, hears.own, ref))
      : this.#once(`message ${number} ${ref}`, async () => {
          const [record] = await listMessages(this.context.db, number, { ids: [ref], limit: 1 });
          return record === undefined ? null : messageAnswer(record, number);
        }));
    return message === null ? null : { kind: 'message', message };
  }

  async #read(hears: Hears, { number, ref }: LiveChange): Promise<LiveEvent | null> {
    const mark = await this.#once(`read ${number} ${ref}`, () => readMark(this.context.db, number, ref));
    if (mark === null) return null;
    const { actor } = hears;
    const mine = actor.kind === 'agent' ? `agent:${actor.id}` : `contact:${actor.contactId}`;
    if (ref === mine) return { kind: 'read', by: 'you', upTo: mark.upTo };
    // That somebody of the desk has read something is nothing to customers, nor where other agents are: what they have to read is each one's own.
    if (ref.startsWith('agent:') || actor.kind === 'visitor') return null;
    return { kind: 'read', by: 'customer', upTo: mark.upTo };
  }

  #once<Result>(key: string, ask: () => Promise<Result>): Promise<Result> {
    const asked = (this.#asked.get(key) as Promise<Result> | undefined) ?? ask();
    this.#asked.set(key, asked);
    return asked;
  }

  async #row(number: number) {
    const record = await getConversation(this.context.db, number);
    const [row] = record === null ? [] : await conversationRowAnswers(this.context.db, [record], rowFacts(this.context), null);
    return row ?? null;
  }

  async #chat(visitor: Visitor, number: number) {
    const [summary] = await summariesFor(this.context, this.context.db, visitor, { limit: 1, number });
    return summary ?? null;
  }

  async #chatMessage(visitor: Visitor, own: OwnConversation, id: string) {
    const [record] = await chatMessages(this.context.db, visitor.contactId, own.parts, { limit: 1, ids: [id] });
    return record === undefined ? null : chatMessageAnswer(record, visitor.contactId);
  }
}
