/** All that the workflow bundle contains; the names are the workflow types. */
export { conversationWorkflow } from './conversation';
export { escalationWorkflow } from './escalation';
