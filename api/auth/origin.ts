import type { Request } from 'express';
import { HoldfastError } from '../../messages/errors';

/**
 * Refuses a browser's mutation that another site set off: its Origin must be ours.
 * Errors: E_FORBIDDEN.
 */
export function requireOwnOrigin(request: Request, publicUrl: string): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const own = origin === undefined ? site === 'same-origin' : origin === new URL(publicUrl).origin || sameHost(origin, host);
  if (!own) throw new HoldfastError('E_FORBIDDEN', 'This request came from another site. Open Holdfast itself and try again there.');
}

function sameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
