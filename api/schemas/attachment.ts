import { z } from './openapi-zod';
import { line } from './text';

/** How many files one message takes. */
export const FILES = 20;

/** Whether a text looks like the id of a file. What does not is not asked of the database, which could not even store some of it. */
export function isAttachmentId(id: string): boolean {
  return /^f[0-9a-f]{20}$/.test(id);
}

/** A file of a message. */
export const attachment = z
  .strictObject({
    id: z.string(),
    name: z.string().openapi({ description: 'As its sender called it: text to show, never a path.' }),
    mediaType: z.string().openapi({ description: 'As its sender called it.' }),
    bytes: z.number().int(),
    url: z.string().openapi({ description: 'Where it is downloaded.', example: '/api/v1/attachments/f1a2b3c4' }),
  })
  .openapi('Attachment');

/** The query of an upload. */
export const uploadQuery = z.strictObject({
  name: line(200).optional().openapi({ description: 'What the file is called; "file" when left out.', example: 'screenshot.png' }),
});

/** Uploads that a message takes with it. */
export const attachments = z
  .array(line(100))
  .max(FILES, `must be at most ${FILES} files`)
  .refine((ids) => new Set(ids).size === ids.length, 'must name each file once')
  .optional()
  .openapi({ description: 'Ids of files that you have uploaded with POST /attachments; 18 MB together.' });
