import { createHash } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { HoldfastError } from '../messages/errors';

/** The bytes of a request, and what its sender calls their type. */
export interface Upload {
  readonly content: Buffer;
  readonly mediaType: string;
  /** SHA-256 in hex. */
  readonly hash: string;
}

const MEDIA_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;

/**
 * Reads a request's body as bytes, whatever its Content-Type says.
 * Errors: E_TOO_LARGE beyond `limitBytes`; E_INVALID for an empty body.
 */
export async function readUpload(request: Request, response: Response, limitBytes: number): Promise<Upload> {
  const read = express.raw({ type: () => true, limit: limitBytes });
  await new Promise<void>((resolve, reject) => {
    read(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(isTooLarge(error) ? tooLarge(limitBytes) : (error as Error));
    });
  });
  const content: unknown = request.body;
  if (!Buffer.isBuffer(content) || content.length === 0) throw new HoldfastError('E_INVALID', 'The file is empty. Send its bytes as the body of the request.');
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
  return {
    content,
    mediaType: MEDIA_TYPE.test(mediaType) ? mediaType : 'application/octet-stream',
    hash: createHash('sha256').update(content).digest('hex'),
  };
}

function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'type' in error && error.type === 'entity.too.large';
}

function tooLarge(limitBytes: number): HoldfastError {
  const kilobytes = Math.floor(limitBytes / 1024);
  const most = kilobytes < 1024 ? `${kilobytes} KB` : `${Math.floor(kilobytes / 1024)} MB, or a link to it`;
  return new HoldfastError('E_TOO_LARGE', `The file is too large. Send at most ${most}.`);
}
