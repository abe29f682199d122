import { newId } from '../../db/new-id';
import type { Command } from '../../policy/events';
import { answerCommand, type CommandMessage, type CommandRequest } from '../commands';
import type { Answer, Checked } from '../route';
import { numberParams } from '../schemas/conversation';

/** What every command's route has in common: who may, where it is documented, and how a repeat is recognised. */
export const commandRoute = { action: 'conversation.act', tag: 'Commands', idempotency: 'command', params: numberParams } as const;

/** What a command needs of its request. */
export type NumberRequest = Pick<Checked<{ number: number }, unknown, unknown>, 'context' | 'actor' | 'params' | 'idempotency'>;

/** Carries a command out for the agent who asks; see {@link answerCommand}. */
export function run(request: NumberRequest, make: CommandRequest['make'], options: { status?: 200 | 201; notLate?: boolean } = {}): Promise<Answer> {
  const { context, actor, params, idempotency } = request;
  return answerCommand(context, { number: params.number, actor, idempotency, make, notLate: options.notLate ?? false }, options.status ?? 200);
}

/** A command that needs nothing of the database. */
export const only = (command: Command) => () => Promise.resolve({ command });

/** Words that never leave the desk. */
export function internal(body: string, channel: CommandMessage['channel']): CommandMessage {
  return { id: newId('m'), direction: 'note', channel, body, state: 'shown' };
}
