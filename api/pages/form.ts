import type { Request } from 'express';
import type { z } from 'zod';
import { invalid } from '../problem';

/** A field of a posted form, or undefined. */
export function field(request: Request, name: string): string | undefined {
  const value = fields(request)[name];
  return typeof value === 'string' ? value : undefined;
}

/** A posted form as its schema reads it; empty fields count as left out. Errors: E_INVALID. */
export function readForm<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(fields(request)).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (!result.success) throw invalid(result.error, 'form');
  return result.data;
}

function fields(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
