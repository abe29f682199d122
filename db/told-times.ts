import { sql, type RawBuilder } from 'kysely';

/**
 * Whether the customer is told when the promise `p` of the conversation `c` is due: not when a lower priority has made it later than what they
 * were told before (`isToldTo` in policy/keeping.ts).
 */
export const IS_TOLD: RawBuilder<boolean> = sql<boolean>`NOT EXISTS (
  SELECT 1 FROM jsonb_array_elements(c.carried -> 'state' -> 'promises') AS known
  WHERE known ->> 'key' = p.key AND (known ->> 'told')::float8 < (known ->> 'dueAt')::float8)`;
