import type { Request } from 'express';
import { HoldfastError } from '../../messages/errors';

/**
 * Refuses a browser's mutation that another site set off: its Origin must be ours.
 * Errors: E_FORBIDDEN.
 */
export function requireOwnOrigin(request: Request, publicUrl: string): void {
  if (!isFromOwnPage(request, publicUrl))
    throw new HoldfastError('E_FORBIDDEN', 'This request came from another site. Open Holdfast itself and try again there.');
}

/** Whether a browser says that a page of ours asks: by the Origin, or, where it names none as with what such a page only reads, by Sec-Fetch-Site. */
export function isFromOwnPage(request: Request, publicUrl: string): boolean {
  return request.headers.origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : isOwnOrigin(request, publicUrl);
}

/** Whether the Origin that a browser names is ours, by our public address or by the one that it came to. */
export function isOwnOrigin({ headers: { origin, host } }: Request, publicUrl: string): boolean {
  return origin !== undefined && (origin === new URL(publicUrl).origin || sameHost(origin, host));
}

function sameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
