import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { commandUpdate, type CommandAnswer } from '../../messages/conversation';
import type { CommandEvent } from '../../policy/events';

/**
 * Stands in for a conversation in the tests of the API: refuses in the validator or in the handler, counts what it carried
 * out, and ends when it is told to; an `obliging` one refuses nothing and never ends.
 */
export async function standInWorkflow(number: number, obliging = false): Promise<number> {
  let revision = 0;
  let over = false;
  const handle = (event: CommandEvent): CommandAnswer => {
    revision += 1;
    over = !obliging && event.command.type === 'spam';
    const view: CommandAnswer['view'] = {
      number,
      kind: 'ticket',
      channel: 'email',
      status: 'open',
      priority: 'normal',
      plan: 'standard',
      assignee: event.command.type === 'assign' ? event.command.agent : null,
      revision,
      nextDueAt: event.at + 60_000,
      page: null,
      promises: [{ kind: 'dispatch', cycle: 1, state: 'met', dueAt: event.at + 60_000, metAt: event.at }],
    };
    if (!obliging && event.command.type === 'snooze') return { revision, view, refusal: { code: 'E_NOT_OPEN', message: 'Not while it sleeps.' } };
    return { revision, view };
  };
  const validator = (event: CommandEvent): void => {
    if (!obliging && event.command.type === 'assign' && event.command.away && !event.command.force) {
      throw ApplicationFailure.nonRetryable('This agent is away.', 'E_AGENT_AWAY');
    }
    if (event.command.type === 'status' && event.command.status === 'solved') {
      throw ApplicationFailure.nonRetryable('This came too late.', 'E_TOO_LATE');
    }
  };
  setHandler(commandUpdate, handle, { validator });
  await condition(() => over);
  return revision;
}
