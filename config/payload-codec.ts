import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { HoldfastError } from '../messages/errors';
import type { Key } from './keys';

/** Marks a payload as ours; Temporal's UI and CLI show it and ask a codec server when they meet it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what Temporal stores with AES-256-GCM. The first key seals, every key opens, so keys can be exchanged while histories
 * still hold payloads of the old ones. Layout of the data: 12 bytes IV, 16 bytes tag, ciphertext of the whole payload, metadata and all.
 * Errors of decoding: E_ENVIRONMENT, for a key that is missing or another one, and for a payload that was changed.
 */
class EncryptingCodec implements PayloadCodec {
  constructor(private readonly keys: readonly [Key, ...Key[]]) {}

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => this.seal(payload)));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => this.open(payload)));
  }

  private seal(payload: Payload): Payload {
    const [key] = this.keys;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key.secret, iv);
    const sealed = Buffer.concat([cipher.update(pack(payload)), cipher.final()]);
    return {
      metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(key.id) },
      data: Buffer.concat([iv, cipher.getAuthTag(), sealed]),
    };
  }

  private open(payload: Payload): Payload {
    if (text(payload.metadata?.['encoding']) !== ENCODING) return payload;
    const id = text(payload.metadata?.[KEY_ID]);
    const key = this.keys.find((candidate) => candidate.id === id);
    if (!key) {
      throw new HoldfastError('E_ENVIRONMENT', `HOLDFAST_PAYLOAD_KEYS lacks the key "${id}" that a stored payload was encrypted with.`, {
        fix: 'Add it again behind the first key, and keep it as long as histories hold payloads of it.',
      });
    }
    const data = Buffer.from(payload.data ?? []);
    try {
      // Without its length a tag cut to four bytes would do, which can be guessed.
      const decipher = createDecipheriv('aes-256-gcm', key.secret, data.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(data.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return unpack(Buffer.concat([decipher.update(data.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]));
    } catch (error) {
      throw new HoldfastError('E_ENVIRONMENT', `A stored payload cannot be opened with the key "${id}" of HOLDFAST_PAYLOAD_KEYS.`, {
        fix: `Give the key that it was encrypted with, which was another one of that name. If it is the same, the payload was changed.`,
        cause: error,
      });
    }
  }
}

/** The converter that every client and worker of Holdfast uses; without keys payloads stay readable. */
export function payloadConverter(keys: readonly Key[] | undefined): DataConverter {
  const [first, ...others] = keys ?? [];
  if (first === undefined) return {};
  return { payloadCodecs: [new EncryptingCodec([first, ...others])], failureConverterPath: require.resolve('./failure-converter') };
}

/** A payload as bytes: the length of its metadata's JSON, that JSON, the data. */
function pack(payload: Payload): Buffer {
  const metadata = Buffer.from(
    JSON.stringify(Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]))),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(metadata.length);
  return Buffer.concat([length, metadata, Buffer.from(payload.data ?? [])]);
}

function unpack(bytes: Buffer): Payload {
  const end = 4 + bytes.readUInt32BE(0);
  const metadata = JSON.parse(bytes.subarray(4, end).toString('utf8')) as Record<string, string>;
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: bytes.subarray(end),
  };
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}
