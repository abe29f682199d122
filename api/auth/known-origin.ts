import type { Request } from 'express';
import { HoldfastError } from '../../messages/errors';
import type { ApiContext } from '../context';
import { isOwnOrigin } from './origin';

/** Whether pages of this origin may embed the chat: our own, and those of HOLDFAST_EMBED_ORIGINS. */
export function mayEmbed(context: Pick<ApiContext, 'environment'>, origin: string): boolean {
  const { HOLDFAST_PUBLIC_URL, HOLDFAST_EMBED_ORIGINS = [] } = context.environment;
  return origin === new URL(HOLDFAST_PUBLIC_URL).origin || HOLDFAST_EMBED_ORIGINS.includes(origin);
}

/**
 * Refuses what a page of a stranger's origin asks of the chat in somebody's browser; what is no browser names no origin.
 * Errors: E_FORBIDDEN.
 */
export function requireKnownOrigin(context: Pick<ApiContext, 'environment'>, request: Request): void {
  const { origin } = request.headers;
  if (origin === undefined || isOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL) || mayEmbed(context, origin)) return;
  throw new HoldfastError('E_FORBIDDEN', 'This site may not embed the chat. Whoever runs this desk can add it to HOLDFAST_EMBED_ORIGINS.');
}
