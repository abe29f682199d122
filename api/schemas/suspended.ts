import { z } from './openapi-zod';
import { line, time } from './text';

/** The id of a suspended mail in a path. */
export const suspendedParams = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'must be the id of a suspended mail')
    .transform(Number)
    .openapi({ type: 'integer', minimum: 1, example: 17 }),
});

/** What authentication says about a mail's From. */
export const verdict = z.enum(['pass', 'none', 'fail', 'reject']).openapi({
  description: 'pass: proven. none: nothing could be checked. fail: not proven. reject: not proven, and its domain asks to refuse such mail.',
});

/** Mail that is kept aside. */
export const suspendedMail = z
  .strictObject({
    id: z.number().int(),
    reason: z.string().openapi({ description: 'Why it was kept aside: machine, bounce, loop, dmarcReject, flaggedSpam, blocked, spam, noSender, ownMail, …' }),
    from: z.string().nullable(),
    subject: z.string().nullable(),
    preview: z.string().nullable(),
    receivedAt: time,
    verdict: verdict.nullable(),
    number: z.number().int().nullable().openapi({ description: 'The conversation that it was taken out of as spam.' }),
  })
  .openapi('SuspendedMail');

/** Where a mail has gone after a person's decision. */
export const suspendedDecided = z
  .strictObject({
    state: z.enum(['resolved', 'suspended', 'failed']),
    number: z.number().int().nullable(),
    url: z.string().nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it is kept aside again.' }),
  })
  .openapi('SuspendedDecided');

/** A decision that is kept, and carried out as soon as a worker comes to it. */
export const suspendedQueued = z.strictObject({ state: z.literal('queued') }).openapi('SuspendedQueued');

const LOCAL = '[^\\s@<>"(),:;\\\\[\\]]{1,64}';
const DOMAIN = '[\\p{L}\\p{N}-]{1,63}(\\.[\\p{L}\\p{N}-]{1,63})+';

/** An address such as spam@example.org, or all of a domain: @example.org. */
export const sender = line(254)
  .regex(new RegExp(`^(${LOCAL})?@${DOMAIN}$`, 'u'), 'must be an address such as spam@example.org or a domain such as @example.org')
  .toLowerCase()
  .openapi({ example: '@example.org' });

export const senderParams = z.strictObject({ sender });
export const blockBody = z.strictObject({ sender }).openapi('NewBlockedSender');
export const blockedSender = z.strictObject({ sender: z.string(), blockedBy: z.string(), blockedAt: time }).openapi('BlockedSender');
