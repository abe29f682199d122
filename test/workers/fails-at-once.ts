import { ApplicationFailure } from '@temporalio/workflow';

/** A workflow with the id of a conversation that fails, as only a fault of ours could make it. */
export function conversationWorkflow(): Promise<void> {
  return Promise.reject(ApplicationFailure.nonRetryable('A fault'));
}
