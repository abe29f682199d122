import { z } from './openapi-zod';

/** How often or how far something has come, as a column of PostgreSQL's type `integer` can hold it. */
export const count = z.number().int().min(0).max(2_147_483_647);
