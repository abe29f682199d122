import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { HoldfastError } from '../messages/errors';

/** A certificate with its chain, and its private key, both as PEM. */
export interface SmtpCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads the certificate for STARTTLS; null when none is configured.
 * Errors: E_ENVIRONMENT that names the variable whose file cannot be read, or says that the two do not fit each other.
 */
export async function readSmtpCertificate(paths: { cert: string | undefined; key: string | undefined }): Promise<SmtpCertificate | null> {
  if (paths.cert === undefined || paths.key === undefined) return null;
  const certificate = { cert: await fileOf('SMTP_TLS_CERT', paths.cert), key: await fileOf('SMTP_TLS_KEY', paths.key) };
  try {
    createSecureContext(certificate);
  } catch (error) {
    // OpenSSL's words name no key material.
    const reason = error instanceof Error ? error.message : String(error);
    throw new HoldfastError('E_ENVIRONMENT', `The files of SMTP_TLS_CERT and SMTP_TLS_KEY are not a certificate and its private key: ${reason}.`, {
      fix: 'Both are PEM files, the certificate with its chain, the key without a passphrase. Leave both out to take mail without STARTTLS.',
      cause: error,
    });
  }
  return certificate;
}

async function fileOf(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as { code?: string };
    throw new HoldfastError('E_ENVIRONMENT', `${variable}: ${path} cannot be read (${code ?? 'no reason given'}).`, {
      fix: 'Name a file that the account which runs Holdfast may read.',
      cause: error,
    });
  }
}
