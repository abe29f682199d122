import { SignJWT } from 'jose';
import { IDENTITY_ALGORITHM, IDENTITY_AUDIENCE, IDENTITY_LASTS_S } from './identity';

/** What a host's dashboard says of its user. Source: docs/chat.md, "Identity". */
export interface IdentityClaims {
  readonly sub: string;
  readonly email: string;
  readonly name?: string;
  /** Id of an organization of the desk. */
  readonly organization?: string;
  readonly clusters?: readonly string[];
  readonly websites?: readonly string[];
}

/** Signs an identity as a host's dashboard does (JWT, HS256): good for `seconds`, an hour at most. `now` in milliseconds. */
export async function mintIdentity(secret: string, claims: IdentityClaims, now: number, seconds = IDENTITY_LASTS_S): Promise<string> {
  const iat = Math.floor(now / 1_000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: IDENTITY_ALGORITHM, typ: 'JWT' })
    .setAudience(IDENTITY_AUDIENCE)
    .setIssuedAt(iat)
    .setExpirationTime(iat + seconds)
    .sign(Buffer.from(secret, 'utf8'));
}
