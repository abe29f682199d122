import busboy from 'busboy';
import type { Request } from 'express';
import type { NewFile } from '../db/attachments';
import { HoldfastError } from '../messages/errors';
import { FROM_CUSTOMERS } from './bytes-in-flight';
import { addressOf } from './rate-limits';
import { FILES_BYTES } from '../messages/file-limits';
import { FILES } from './schemas/attachment';

/** A posted form: its texts by name, and the files that came with it. */
export interface PostedForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: readonly NewFile[];
  /** Why some of the files, or part of a text, were left out; null when everything is here. */
  readonly leftOut: 'tooMany' | 'tooLarge' | null;
}

/** Beyond what a form may carry, so that one that is a little too large can still be answered with its texts; in bytes. */
const BODY_BYTES = 64 * 1024 * 1024;
const FIELDS = 40;
const FIELD_BYTES = 1024 * 1024;

/** Whether a request carries `multipart/form-data` (RFC 7578). */
export function isMultipart(request: Request): boolean {
  return request.is('multipart/form-data') === 'multipart/form-data';
}

/**
 * Reads a form with files, within limits; what is beyond them is read past, so that the answer can be seen by its sender and show them their
 * texts again. Errors: E_INVALID for what is no such form or breaks off, E_TOO_LARGE for what is not worth reading to its end,
 * E_UNAVAILABLE when too much is coming in at once.
 */
export async function readMultipart(request: Request): Promise<PostedForm> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) throw endConnection(request, tooLarge());
  const parser = parserOf(request);
  const fields = new Map<string, string>();
  const files: NewFile[] = [];
  let leftOut: PostedForm['leftOut'] = null;
  let filesBytes = 0;
  let bodyBytes = 0;
  const meter = FROM_CUSTOMERS.meter(addressOf(request), request.res ?? request);
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: HoldfastError): void => {
        request.unpipe(parser);
        reject(error);
      };
      const count = (chunk: Buffer): void => {
        bodyBytes += chunk.length;
        if (bodyBytes > BODY_BYTES) fail(endConnection(request, tooLarge()));
      };
      const hold = (bytes: number): void => {
        try {
          meter(bytes);
        } catch (error) {
          fail(endConnection(request, error as HoldfastError));
        }
      };
      request.on('data', count);
      request.once('error', (error) => fail(unreadable(error)));
      request.once('close', () => {
        if (!request.complete) fail(unreadable());
      });
      parser.on('field', (name: string, value: string | undefined, info: { readonly nameTruncated: boolean; readonly valueTruncated: boolean }) => {
        // Of a text whose charset nobody knows, the parser makes nothing.
        if (value === undefined) return fail(unreadable());
        if (info.nameTruncated || fields.has(name)) return;
        if (info.valueTruncated) leftOut = 'tooLarge';
        hold(value.length);
        fields.set(name, value);
      });
      parser.on(
        'file',
        (_field: string, stream: NodeJS.ReadableStream & { truncated?: boolean }, info: { readonly filename?: string; readonly mimeType: string }) => {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => {
            filesBytes += chunk.length;
            if (filesBytes > FILES_BYTES) {
              leftOut ??= 'tooLarge';
              chunks.length = 0;
              return;
            }
            hold(chunk.length);
            chunks.push(chunk);
          });
          // A part that breaks off ends its stream with an error; the parser's own error tells it.
          stream.on('error', (error) => fail(unreadable(error)));
          stream.on('end', () => {
            const content = Buffer.concat(chunks);
            // A field for files that nothing was chosen in comes as an empty file without a name.
            if (content.length === 0) return;
            files.push({ name: nameOf(info.filename), mediaType: mediaTypeOf(info.mimeType), content });
          });
        },
      );
      parser.on('filesLimit', () => (leftOut = 'tooMany'));
      parser.on('partsLimit', () => (leftOut ??= 'tooMany'));
      parser.on('error', (error) => fail(unreadable(error)));
      parser.on('close', resolve);
      request.pipe(parser);
    });
  } finally {
    // Whatever went wrong, the rest is read past, so that the answer arrives.
    request.resume();
  }
  return { fields, files, leftOut };
}

function parserOf(request: Request): busboy.Busboy {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { fieldNameSize: 100, fieldSize: FIELD_BYTES, fields: FIELDS, files: FILES, parts: FIELDS + FILES + 20, headerPairs: 50 },
    });
  } catch (error) {
    // It throws for a boundary that is missing.
    throw endConnection(request, unreadable(error));
  }
}

/** As its sender called it, on one line and without what cannot be stored; data, never a path. */
function nameOf(given: string | undefined): string {
  const name = (given ?? '').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return [...name].slice(0, 200).join('') || 'file';
}

function mediaTypeOf(given: string): string {
  const type = given.trim().toLowerCase();
  return /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type) ? type : 'application/octet-stream';
}

/** Nothing more is read: the connection ends with the answer. */
function endConnection(request: Request, error: HoldfastError): HoldfastError {
  request.res?.setHeader('Connection', 'close');
  return error;
}

function unreadable(cause?: unknown): HoldfastError {
  return new HoldfastError('E_INVALID', 'The form did not arrive in one piece. Go back and send it once more.', { cause });
}

function tooLarge(): HoldfastError {
  return new HoldfastError('E_TOO_LARGE', 'The files are too large. Go back and send at most 18 MB, or a link.');
}
