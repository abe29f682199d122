import { errors, jwtVerify } from 'jose';
import { HoldfastError } from '../../messages/errors';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line } from '../schemas/text';

/** Whom a host's dashboard says its user is, checked. Source of the claims: docs/chat.md, "Identity". */
export interface SignedIdentity {
  /** The dashboard's own id of its user. */
  readonly sub: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string | null;
  /** Id of an organization of this desk, if it has one. */
  readonly organization: string | null;
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
  /** Milliseconds. */
  readonly expiresAt: number;
}

/** The audience that a token must name (RFC 7519, 4.1.3). */
export const IDENTITY_AUDIENCE = 'holdfast';
/** Signatures of anything else are refused, whatever the token says of itself. */
export const IDENTITY_ALGORITHM = 'HS256';
/** How far ahead a token may expire, in seconds. */
export const IDENTITY_LASTS_S = 3_600;
/** How far two clocks may be apart, in seconds. */
const SKEW_S = 30;
/** Longer ones are nobody's identity. */
export const IDENTITY_LENGTH = 8_192;

const nothing = z.null().transform(() => undefined);
const optional = <S extends z.ZodType>(schema: S) => schema.optional().or(nothing);

/** What else a token says is its dashboard's own affair. */
const claims = z.object({
  sub: line(255),
  email: emailAddress,
  name: optional(line(200, 0)),
  organization: optional(line(100)),
  clusters: optional(z.array(line(100)).max(100, 'must be at most 100')),
  websites: optional(z.array(line(255)).max(100, 'must be at most 100')),
  iat: z.number('must be a time in seconds'),
  exp: z.number('must be a time in seconds'),
});

/**
 * Checks a customer's identity that the host's dashboard has signed (a JWT, HS256). `now` in milliseconds. Errors: E_IDENTITY_OFF without a
 * secret; E_IDENTITY_INVALID, which says what is wrong and nothing of the token; E_IDENTITY_EXPIRED.
 */
export async function verifyIdentity(secret: string | undefined, token: string, now: number): Promise<SignedIdentity> {
  if (secret === undefined) {
    throw new HoldfastError('E_IDENTITY_OFF', 'This desk has no secret that would verify a signed identity.', { fix: 'Set DASHBOARD_JWT_SECRET.' });
  }
  const verified = await jwtVerify(token, Buffer.from(secret, 'utf8'), {
    algorithms: [IDENTITY_ALGORITHM],
    audience: IDENTITY_AUDIENCE,
    currentDate: new Date(now),
    clockTolerance: SKEW_S,
    requiredClaims: ['sub', 'iat', 'exp'],
  }).catch((error: unknown) => {
    throw asProblem(error);
  });
  const parsed = claims.safeParse(verified.payload);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => `"${issue.path.join('.')}" ${issue.message}`).join('; '));
  const { sub, email, name, organization, clusters = [], websites = [], iat, exp } = parsed.data;
  const nowS = now / 1_000;
  if (iat > nowS + SKEW_S) throw invalid('"iat" lies in the future');
  if (exp - iat > IDENTITY_LASTS_S || exp > nowS + IDENTITY_LASTS_S + SKEW_S) throw invalid(`"exp" is more than ${IDENTITY_LASTS_S / 60} minutes ahead`);
  return { sub, email, name: name ?? null, organization: organization ?? null, clusters, websites, expiresAt: exp * 1_000 };
}

function asProblem(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new HoldfastError('E_IDENTITY_EXPIRED', 'The signed identity has expired.', { fix: 'Ask the dashboard for a new one.' });
  }
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(`"${error.claim}" is not as agreed`);
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid(`it must be signed with ${IDENTITY_ALGORITHM}`);
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('its signature is not right');
  // Whatever is no token at all: other errors of the library, and those of JSON and base64 beneath it.
  if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) return invalid('it is not a signed JWT');
  return error;
}

function invalid(reason: string): HoldfastError {
  return new HoldfastError('E_IDENTITY_INVALID', `The signed identity cannot be trusted: ${reason}.`);
}
