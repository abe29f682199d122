import { UNSTORABLE } from '../unstorable';
import { z } from './openapi-zod';

const STORABLE = 'contains characters that cannot be stored; remove NUL and broken surrogates';

/** Text that can be stored, as it stands. */
export const storable = z.string().refine((value) => !UNSTORABLE.test(value), STORABLE);

/** Text of `min`…`max` characters that can be stored; surrounding white space does not count. */
export function text(max: number, min = 1): z.ZodString {
  return z
    .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be text') })
    .trim()
    .min(min, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine((value) => !UNSTORABLE.test(value), STORABLE);
}

/** Text on one line: a subject, a name, a label. */
export function line(max: number, min = 1): z.ZodString {
  return text(max, min).refine((value) => !/[\r\n\u0000-\u001f]/.test(value), 'must stand on one line');
}

/** An e-mail address, in lower case. */
export const emailAddress = line(254)
  .refine((value) => /^[^\s@<>"(),:;\\[\]]+@[^\s@<>"(),:;\\[\]]+\.[^\s@.]+$/.test(value), 'must be an e-mail address such as ada@example.org')
  .toLowerCase()
  .openapi({ example: 'ada@example.org' });

/** A phone number in international form. */
export const phoneNumber = line(20)
  .regex(/^\+[1-9]\d{4,14}$/, 'must be a phone number with its country code, such as +4930123456')
  .openapi({ example: '+4930123456' });

/** An instant: RFC 3339 with an offset comes in, milliseconds since the epoch go on. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-03-27T18:30:00Z, with its offset' })
  .transform((value) => Date.parse(value))
  .openapi({ type: 'string', format: 'date-time' });

/** An instant as it is answered: RFC 3339 in UTC. */
export const time = z.iso.datetime().openapi({ format: 'date-time', example: '2026-03-27T18:30:00.000Z' });

/** An instant in milliseconds, as the API answers it. */
export function rfc3339(at: number | Date): string {
  return new Date(at).toISOString();
}

/** Like {@link rfc3339}, with null for no time. */
export function rfc3339OrNull(at: number | Date | null): string | null {
  return at === null ? null : rfc3339(at);
}
