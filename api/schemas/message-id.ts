import { z } from './openapi-zod';

/** The id of a message: what does not look like one is not asked of the database, which could not even store some of it. */
export const messageId = z.string().regex(/^[\w-]{1,100}$/, 'must be the id of a message');

/** Whether a text looks like the id of a message. */
export function isMessageId(id: string): boolean {
  return messageId.safeParse(id).success;
}
