import { randomBytes } from 'node:crypto';

/** A new opaque id that is safe in URLs: `c` contact, `m` message, `f` file, `a` agent, `t` token, `o` organization, `cmd` command, `pr` proposal, `mg` merge, `tm` team, `cr` canned reply, `code` mailed code, `v` visitor, each with 20 hex digits. */
export function newId(prefix: 'c' | 'm' | 'f' | 'a' | 't' | 'o' | 'cmd' | 'pr' | 'mg' | 'tm' | 'cr' | 'code' | 'v'): string {
  return prefix + randomBytes(10).toString('hex');
}
