import { randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import fc from 'fast-check';
import type { Key } from '../../config/keys';
import { payloadConverter } from '../../config/payload-codec';

const key = (id: string): Key => ({ id, secret: randomBytes(32) });
const FIRST = key('first');
const SECOND = key('second');

function codec(...keys: Key[]): PayloadCodec {
  const [only] = payloadConverter(keys).payloadCodecs ?? [];
  if (!only) throw new Error('With keys there is a codec.');
  return only;
}

async function seal(payload: Payload, ...keys: Key[]): Promise<Payload> {
  const [sealed] = await codec(...keys).encode([payload]);
  return sealed ?? {};
}

/** As Temporal calls it: a codec that throws and one that rejects are the same to it. */
async function open(payload: Payload, ...keys: Key[]): Promise<Payload> {
  const [opened] = await codec(...keys).decode([payload]);
  return opened ?? {};
}

function plain(payload: Payload) {
  return {
    metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])),
    data: Buffer.from(payload.data ?? []).toString('base64'),
  };
}

function changed(payload: Payload, at: number): Payload {
  const data = Buffer.from(payload.data ?? []);
  data[at] = (data[at] ?? 0) ^ 1;
  return { ...payload, data };
}

const SAMPLE: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"subject":"Production is down"}') };

describe('payload encryption', () => {
  test('without keys there is no codec, so payloads stay readable', () => {
    expect(payloadConverter(undefined)).toEqual({});
    expect(payloadConverter([])).toEqual({});
  });

  test('any payload comes back as it was: binary data and metadata, empty ones too', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ maxLength: 20 }), bytes, { noNullPrototype: true }), bytes, async (metadata, data) => {
        const payload: Payload = { metadata, data };
        expect(plain(await open(await seal(payload, FIRST), FIRST))).toEqual(plain(payload));
      }),
    );
  });

  test('a payload without metadata or data comes back empty', async () => {
    expect(plain(await open(await seal({}, FIRST), FIRST))).toEqual({ metadata: {}, data: '' });
    expect(plain(await open(await seal({ metadata: null, data: null }, FIRST), FIRST))).toEqual({ metadata: {}, data: '' });
  });

  test('several are sealed each by itself and stay in order', async () => {
    const payloads = ['a', 'b', 'c'].map((text): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) }));
    const sealed = await codec(FIRST).encode(payloads);
    expect((await codec(FIRST).decode(sealed)).map(plain)).toEqual(payloads.map(plain));
  });

  test('shows nothing but that it is encrypted and with which key, and never the same twice', async () => {
    const [a, b] = await Promise.all([seal(SAMPLE, FIRST), seal(SAMPLE, FIRST)]);
    expect(Object.fromEntries(Object.entries(a?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]))).toEqual({
      encoding: 'binary/encrypted',
      'encryption-key-id': 'first',
    });
    expect(Buffer.from(a?.data ?? []).toString('latin1')).not.toMatch(/subject|Production|json/);
    expect(plain(a ?? {}).data).not.toBe(plain(b ?? {}).data);
  });

  test('keys can be exchanged: the first seals, every key opens', async () => {
    const old = await seal(SAMPLE, FIRST);
    const fresh = await seal(SAMPLE, SECOND, FIRST);
    expect(Buffer.from(fresh.metadata?.['encryption-key-id'] ?? []).toString()).toBe('second');
    expect(plain(await open(old, SECOND, FIRST))).toEqual(plain(SAMPLE));
    expect(plain(await open(fresh, SECOND, FIRST))).toEqual(plain(SAMPLE));
    expect(plain(await open(fresh, FIRST, SECOND))).toEqual(plain(SAMPLE));
  });

  test('a key that has been taken away is named', async () => {
    await expect(async () => open(await seal(SAMPLE, FIRST), SECOND)).rejects.toMatchObject({
      code: 'E_ENVIRONMENT',
      message: 'HOLDFAST_PAYLOAD_KEYS lacks the key "first" that a stored payload was encrypted with.',
      fix: expect.any(String) as string,
    });
  });

  test('another key of the same name is told from a missing one, and quotes no secret', async () => {
    const impostor = key('first');
    const error = await seal(SAMPLE, FIRST)
      .then((sealed) => open(sealed, impostor))
      .then(
        () => null,
        (reason: unknown) => reason as Error,
      );
    expect(error).toMatchObject({ code: 'E_ENVIRONMENT', message: 'A stored payload cannot be opened with the key "first" of HOLDFAST_PAYLOAD_KEYS.' });
    expect(String(error?.stack)).not.toContain(impostor.secret.toString('base64'));
  });

  test('a payload that was changed is refused, wherever it was changed', async () => {
    const sealed = await seal(SAMPLE, FIRST);
    const length = sealed.data?.length ?? 0;
    expect(length).toBeGreaterThan(60);
    for (let at = 0; at < length; at += 1) {
      await expect(async () => open(changed(sealed, at), FIRST)).rejects.toMatchObject({ code: 'E_ENVIRONMENT' });
    }
  });

  test('a payload that was cut is refused: no shorter tag does', async () => {
    const sealed = await seal(SAMPLE, FIRST);
    const data = Buffer.from(sealed.data ?? []);
    for (let length = 0; length < data.length; length += 1) {
      await expect(async () => open({ ...sealed, data: data.subarray(0, length) }, FIRST)).rejects.toMatchObject({ code: 'E_ENVIRONMENT' });
    }
    await expect(async () => open({ metadata: sealed.metadata ?? {} }, FIRST)).rejects.toMatchObject({ code: 'E_ENVIRONMENT' });
  });

  test('what was stored before there were keys still opens', async () => {
    expect(await open(SAMPLE, FIRST)).toBe(SAMPLE);
    expect(await open({}, FIRST)).toEqual({});
  });
});
