import { API_BASE } from './route';

/** Where an attachment is downloaded. */
export function attachmentUrl(id: string): string {
  return `${API_BASE}/attachments/${id}`;
}

/** Where a message is seen as its author has formatted it; made for a sandboxed frame. */
export function messageHtmlPath(number: number, messageId: string): string {
  return `/conversations/${number}/messages/${messageId}/html`;
}
