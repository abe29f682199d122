import { API_BASE } from './route';

/** Where an attachment is downloaded. */
export function attachmentUrl(id: string): string {
  return `${API_BASE}/attachments/${id}`;
}

/** Where an agent's picture is, by the hash of its bytes; null without one. */
export function avatarUrl(hash: string | null): string | null {
  return hash === null ? null : `${API_BASE}/avatars/${hash}`;
}

/** Where a message is seen as its author has formatted it; made for a sandboxed frame. */
export function messageHtmlPath(number: number, messageId: string): string {
  return `/conversations/${number}/messages/${messageId}/html`;
}
