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
 * The site that a chat is begun on, as far as it is certain: the page that asks, when it is one that may embed the chat; or the page that the
 * widget's frame says it stands in, which was checked before the frame was shown there, and is once more. Else null.
 */
export function siteOf(context: Pick<ApiContext, 'environment'>, origin: string | null, said: string | undefined): string | null {
  const { HOLDFAST_EMBED_ORIGINS = [] } = context.environment;
  if (origin !== null && HOLDFAST_EMBED_ORIGINS.includes(origin)) return origin;
  return said !== undefined && mayEmbed(context, said) ? said : null;
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
