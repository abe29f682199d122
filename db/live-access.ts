import { sql } from 'kysely';
import type { Database } from './connection';

/** What somebody has been let in with: the SHA-256 of an agent's token, of a session's cookie, or of a visitor's token. */
export interface Credential {
  readonly kind: 'token' | 'session' | 'visitor';
  readonly hash: Buffer;
}

/** A credential that holds. */
export interface Holding {
  /** When it ends by itself; null for never. */
  readonly expiresAt: Date | null;
  /** Who it stands for and what they may: the same for as long as nothing of that changes. */
  readonly standsFor: string;
}

/** A credential as a key. */
export function credentialKey({ kind, hash }: Credential): string {
  return `${kind} ${hash.toString('hex')}`;
}

/** Those of the credentials that hold at `now`, by their keys; `admin` is the hash of the token that acts as the first agent, if there is one. */
export async function holdingCredentials(
  db: Database,
  credentials: readonly Credential[],
  { admin, now }: { admin: Buffer | null; now: Date },
): Promise<Map<string, Holding>> {
  const hashes = (kind: Credential['kind']) => credentials.filter((credential) => credential.kind === kind).map(({ hash }) => hash);
  const { rows } = await sql<{ kind: Credential['kind']; hash: Buffer; expiresAt: Date | null; standsFor: string }>`
    WITH tokens AS (
      SELECT t.hash, t.expires_at, concat_ws(' ', a.id, a.role, array_to_string(t.scopes, ',')) AS stands_for
        FROM api_tokens AS t JOIN agents AS a ON a.id = t.agent_id
        WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ${now}) AND a.disabled_at IS NULL
      UNION ALL
      SELECT ${admin}::bytea, NULL, (SELECT a.id FROM agents AS a WHERE a.disabled_at IS NULL ORDER BY a.created_at, a.id LIMIT 1) WHERE ${admin !== null}
    )
    SELECT 'token' AS kind, hash, expires_at AS "expiresAt", stands_for AS "standsFor" FROM tokens WHERE hash = ANY (${hashes('token')}::bytea[])
    UNION ALL
    SELECT 'session', s.hash, least(s.expires_at, t.expires_at), t.stands_for FROM sessions AS s JOIN tokens AS t ON t.hash = s.credential
      WHERE s.hash = ANY (${hashes('session')}::bytea[]) AND s.expires_at > ${now}
    UNION ALL
    SELECT 'visitor', token_hash, expires_at, concat_ws(' ', id, contact_id, proof, identity) FROM visitors
      WHERE token_hash = ANY (${hashes('visitor')}::bytea[]) AND revoked_at IS NULL AND expires_at > ${now}`.execute(db);
  return new Map(
    rows.flatMap(({ kind, hash, expiresAt, standsFor }) => (standsFor === null ? [] : [[credentialKey({ kind, hash }), { expiresAt, standsFor }] as const])),
  );
}
