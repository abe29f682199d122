import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What ops filter by in the Temporal UI; no personal data. Names are fixed. */
export const SEARCH_ATTRIBUTES = {
  kind: defineSearchAttributeKey('HoldfastKind', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('HoldfastStatus', SearchAttributeType.KEYWORD),
  priority: defineSearchAttributeKey('HoldfastPriority', SearchAttributeType.KEYWORD),
  plan: defineSearchAttributeKey('HoldfastPlan', SearchAttributeType.KEYWORD),
  assignee: defineSearchAttributeKey('HoldfastAssignee', SearchAttributeType.KEYWORD),
  cluster: defineSearchAttributeKey('HoldfastCluster', SearchAttributeType.KEYWORD_LIST),
  website: defineSearchAttributeKey('HoldfastWebsite', SearchAttributeType.KEYWORD_LIST),
  dueAt: defineSearchAttributeKey('HoldfastDueAt', SearchAttributeType.DATETIME),
  breached: defineSearchAttributeKey('HoldfastBreached', SearchAttributeType.BOOL),
} as const;
