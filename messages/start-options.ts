import { WorkflowIdReusePolicy, TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';
import type { Priority } from '../policy/words';
import { conversationWorkflowId } from './ids';
import { SEARCH_ATTRIBUTES } from './searchAttributes';
import { conversationQueue, taskPriority } from './taskQueues';

/** What a conversation's start shows to ops; no personal data. */
export interface StartFacts {
  readonly number: number;
  readonly kind: string;
  readonly status: string;
  readonly priority: Priority;
  readonly plan: string;
  readonly assignee: string | null;
  readonly organization: string | null;
  readonly cluster: readonly string[];
  readonly website: readonly string[];
  readonly nextDueAt: number | null;
  readonly breached: boolean;
}

/** Name of the workflow type. */
export const CONVERSATION_WORKFLOW = 'conversationWorkflow';

/**
 * Options with which every start of a conversation is made, by relay and by reconcile. A completed id is never revived; one that
 * failed, timed out or was terminated is.
 */
export function conversationStartOptions(facts: StartFacts) {
  const attributes: SearchAttributePair[] = [
    { key: SEARCH_ATTRIBUTES.kind, value: facts.kind },
    { key: SEARCH_ATTRIBUTES.status, value: facts.status },
    { key: SEARCH_ATTRIBUTES.priority, value: facts.priority },
    { key: SEARCH_ATTRIBUTES.plan, value: facts.plan },
    { key: SEARCH_ATTRIBUTES.cluster, value: [...facts.cluster] },
    { key: SEARCH_ATTRIBUTES.website, value: [...facts.website] },
    { key: SEARCH_ATTRIBUTES.breached, value: facts.breached },
  ];
  if (facts.assignee !== null) attributes.push({ key: SEARCH_ATTRIBUTES.assignee, value: facts.assignee });
  if (facts.nextDueAt !== null) attributes.push({ key: SEARCH_ATTRIBUTES.dueAt, value: new Date(facts.nextDueAt) });
  return {
    workflowId: conversationWorkflowId(facts.number),
    taskQueue: conversationQueue(facts.priority),
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    workflowTaskTimeout: '5s' as const,
    priority: taskPriority(facts.priority),
    typedSearchAttributes: new TypedSearchAttributes(attributes),
    staticSummary: `#${facts.number} · ${facts.kind} · ${facts.organization ?? 'no organization'}`,
  };
}
