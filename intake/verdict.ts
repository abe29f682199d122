import type { Verdict } from './threading';

/**
 * What authentication says about a mail's From. Nothing can be checked here: the default install has neither DNS nor a server in front of
 * it whose Authentication-Results it could believe, so no mail is taken for proven, and none for forged.
 */
export function verdictOf(): Verdict {
  return 'none';
}
