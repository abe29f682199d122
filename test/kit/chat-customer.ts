import type { Command } from '../../policy/events';
import { ChatVisitor } from './chat-visitor';
import type { Started } from './workflow-desk';

type Said = Extract<Command, { type: 'reply' | 'beRightBack' | 'closingQuestion' }>;

/** The customer of a chat whose workflow is real. Times in milliseconds. */
export class ChatCustomer extends ChatVisitor {
  constructor(
    readonly chat: Started,
    goneAfterMs: number,
  ) {
    super(goneAfterMs);
  }

  /** An agent's words, said as the API says them: with what is known of the customer's presence. */
  async hears(command: Said, at: number): ReturnType<Started['command']> {
    const gone = this.hasGoneAs(command.messageId, at);
    return this.chat.command({ ...command, ...(gone && { gone }) }, at);
  }
}
