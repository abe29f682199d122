import type { Request } from 'express';
import { mayEmbed } from '../auth/known-origin';
import type { ApiContext } from '../context';

/**
 * The origin of the page that wants to embed us, from the query `host`, when it may: our own always, others when HOLDFAST_EMBED_ORIGINS names them.
 * Without `host` it is our own; null when that site may not.
 */
export function embeddingHost(context: ApiContext, request: Request): string | null {
  const own = ownOrigin(request);
  const { host = own } = request.query;
  return typeof host === 'string' && (host === own || mayEmbed(context, host)) ? host : null;
}

/** The origin that the browser asked, which behind a proxy or on another port may differ from the public one. */
export function ownOrigin(request: Request): string {
  const host = request.get('host') ?? '';
  // Only what a browser would send as a Host: it goes into a policy.
  return /^[\w.:[\]-]{1,255}$/.test(host) ? `${request.protocol}://${host}` : 'null';
}

/** Where this page's sockets go: the same host, in the notation of a policy. */
export function socketOrigin(request: Request): string {
  return ownOrigin(request).replace(/^http/, 'ws');
}
