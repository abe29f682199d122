/** Workflow id of a conversation: `conversation/1042`. */
export function conversationWorkflowId(number: number): string {
  return `conversation/${number}`;
}

/** Workflow id of a conversation's n-th page: `conversation/1042/page/3`. */
export function pageWorkflowId(number: number, page: number): string {
  return `conversation/${number}/page/${page}`;
}

/** Id of a page in URLs and tables: `p1042-3`. */
export function pageId(number: number, page: number): string {
  return `p${number}-${page}`;
}

/** The number and page that a page id names, or null when it is none. */
export function parsePageId(id: string): { number: number; page: number } | null {
  const match = /^p([1-9]\d{0,14})-([1-9]\d{0,5})$/.exec(id);
  return match ? { number: Number(match[1]), page: Number(match[2]) } : null;
}
