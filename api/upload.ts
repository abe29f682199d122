import { createHash } from 'node:crypto';
import type { Request } from 'express';
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
 * Reads a request's body as bytes, whatever its Content-Type says; `count` is told of them as they come, and may refuse.
 * Errors: E_TOO_LARGE beyond `limitBytes`; E_INVALID for an empty body or one that breaks off; E_UNSUPPORTED_MEDIA for a compressed one, whose
 * size nobody knows before; those of `count`.
 */
export async function readUpload(request: Request, limitBytes: number, count: (bytes: number) => void): Promise<Upload> {
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw endConnection(request, new HoldfastError('E_UNSUPPORTED_MEDIA', 'Send the bytes of the file as they are, without a Content-Encoding.'));
  }
  const content = await bytesOf(request, limitBytes, count);
  if (content.length === 0) throw new HoldfastError('E_INVALID', 'The file is empty. Send its bytes as the body of the request.');
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
  return {
    content,
    mediaType: MEDIA_TYPE.test(mediaType) ? mediaType : 'application/octet-stream',
    hash: createHash('sha256').update(content).digest('hex'),
  };
}

async function bytesOf(request: Request, limitBytes: number, count: (bytes: number) => void): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw endConnection(request, tooLarge(limitBytes));
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Whoever is refused still gets an answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      count(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    chunks.length = 0;
    if (error instanceof HoldfastError) throw endConnection(request, error);
    throw new HoldfastError('E_INVALID', 'The file did not arrive in one piece. Send it once more.', { cause: error });
  }
  return Buffer.concat(chunks);
}

/** The rest is read past, so that the answer arrives, and the connection ends with it. */
function endConnection(request: Request, error: HoldfastError): HoldfastError {
  request.res?.setHeader('Connection', 'close');
  request.resume();
  return error;
}

function tooLarge(limitBytes: number): HoldfastError {
  const kilobytes = Math.floor(limitBytes / 1024);
  const most = kilobytes < 1024 ? `${kilobytes} KB` : `${Math.floor(kilobytes / 1024)} MB, or a link to it`;
  return new HoldfastError('E_TOO_LARGE', `The file is too large. Send at most ${most}.`);
}
