import { condition, setHandler } from '@temporalio/workflow';
import { addCauseSignal, causeOverSignal, nextLevelSignal, type EscalationInput } from '../../messages/escalation';

/**
 * The conversation as it is, with an escalation that only waits for its causes to be over. For tests of weeks in moved time: the
 * time-skipping server stands still when an activity is cancelled before it was started (`ACTIVITY_UNKNOWN`), which the real
 * escalation does when a second cause comes due at the same instant.
 */
export { conversationWorkflow } from '../../workflows/conversation';

export async function escalationWorkflow(input: EscalationInput): Promise<void> {
  const open = new Set([input.cause.key]);
  setHandler(addCauseSignal, ({ cause }) => void open.add(cause.key));
  setHandler(causeOverSignal, ({ key }) => void open.delete(key));
  setHandler(nextLevelSignal, ({ key }) => void open.add(key));
  await condition(() => open.size === 0);
}
