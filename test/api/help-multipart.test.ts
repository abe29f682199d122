import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
let server: Server;
let port: number;
beforeAll(async () => {
  api = await openTestApi();
  server = createServer(api.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await api.close();
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Posts these very bytes; `hangUp` breaks the connection off after so many of them. */
function post(body: Buffer, contentType: string, options: { chunked?: boolean; hangUpAfter?: number } = {}): Promise<Answer | null> {
  return new Promise((resolve) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/help/requests',
        headers: { origin: PUBLIC_URL, 'content-type': contentType, ...(options.chunked === true ? {} : { 'content-length': String(body.length) }) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        incoming.on('error', () => resolve(null));
      },
    );
    // Whoever hangs up hears nothing.
    outgoing.on('error', () => resolve(null));
    if (options.hangUpAfter === undefined) outgoing.end(body);
    else outgoing.write(body.subarray(0, options.hangUpAfter), () => setTimeout(() => outgoing.destroy(), 20));
  });
}

const BOUNDARY = 'b0undary';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const FIELDS = { email: 'ada@example.org', subject: 'The shop is slow', body: 'Since this morning.', priority: 'normal' };

interface Part {
  readonly disposition: string;
  readonly type?: string;
  readonly content: Buffer | string;
}
const field = (name: string, content: Buffer | string): Part => ({ disposition: `form-data; name="${name}"`, content });
const file = (name: string, content: Buffer | string, type = 'application/octet-stream'): Part => ({
  disposition: `form-data; name="files"; filename="${name}"`,
  type,
  content,
});
const fields = (given: Record<string, string> = FIELDS): Part[] => Object.entries(given).map(([name, value]) => field(name, value));
function form(parts: readonly Part[], end = `--${BOUNDARY}--\r\n`): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ disposition, type, content }) => [
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(end),
  ]);
}
const count = async (): Promise<number> =>
  Number(
    (
      await api.db
        .selectFrom('conversations')
        .select((eb) => eb.fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  );

test('a hundred and one files, or too many bytes, are told of with everything that was typed', async () => {
  const before = await count();
  const many = await post(form([...fields(), ...Array.from({ length: 101 }, (_, n) => file(`${n}.txt`, 'x'))]), TYPE);
  expect(many).toMatchObject({ status: 400 });
  expect(many?.text).toContain('too many files');
  expect(many?.text).toContain('Since this morning.');
  for (const chunked of [false, true]) {
    const large = await post(form([...fields(), file('large.bin', Buffer.alloc(19 * 1024 * 1024, 1))]), TYPE, { chunked });
    expect(large).toMatchObject({ status: 400 });
    expect(large?.text).toContain('too large together');
    expect(large?.text).toContain('Since this morning.');
  }
  const text = await post(form(fields({ ...FIELDS, body: 'x'.repeat(2 * 1024 * 1024) })), TYPE);
  expect(text).toMatchObject({ status: 400 });
  expect(await count()).toBe(before);
}, 90_000);

test('what is not worth reading to its end is cut off', async () => {
  const answer = await post(Buffer.alloc(0), TYPE, { chunked: true });
  expect(answer?.status).toBe(400);
  const huge = form([...fields(), file('huge.bin', Buffer.alloc(65 * 1024 * 1024, 1))]);
  expect([413, undefined]).toContain((await post(huge, TYPE))?.status);
  expect([413, undefined]).toContain((await post(huge, TYPE, { chunked: true }))?.status);
  // It goes on answering.
  expect((await post(form(fields()), TYPE))?.status).toBe(200);
}, 90_000);

test.each<[string, Buffer, string, number]>([
  ['no boundary', form(fields()), 'multipart/form-data', 400],
  ['another boundary', form(fields()), 'multipart/form-data; boundary=other', 400],
  ['an empty boundary', form(fields()), 'multipart/form-data; boundary=""', 400],
  ['a boundary of a thousand characters', form(fields()), `multipart/form-data; boundary=${'x'.repeat(1_000)}`, 400],
  ['no end', form(fields(), ''), TYPE, 400],
  ['half a last boundary', form(fields(), `--${BOUNDARY}-`), TYPE, 400],
  ['no parts', form([]), TYPE, 400],
  ['nothing but the beginning', Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data`), TYPE, 400],
  ['parts without names', form([{ disposition: 'form-data', content: 'x' }, ...fields()]), TYPE, 200],
  ['a part of a million header lines', form([{ disposition: `form-data; name="x"\r\n${'X-A: b\r\n'.repeat(20_000)}X-C: d`, content: 'x' }]), TYPE, 400],
  ['a thousand fields', form([...fields(), ...Array.from({ length: 1_000 }, (_, n) => field(`f${n}`, 'x'))]), TYPE, 400],
  ['names of the language itself', form([field('__proto__', 'x'), field('constructor', 'y'), field('toString', 'z'), ...fields()]), TYPE, 200],
  ['the same field twice', form([...fields(), field('subject', 'Another')]), TYPE, 200],
  ['NUL in a text', form(fields({ ...FIELDS, body: 'a\0b' })), TYPE, 400],
  ['NUL in the subject', form(fields({ ...FIELDS, subject: 'a\0b' })), TYPE, 400],
  ['NUL in an address', form(fields({ ...FIELDS, email: 'a\0@example.org' })), TYPE, 400],
  ['line breaks in the subject', form(fields({ ...FIELDS, subject: 'a\r\nBcc: x@example.org' })), TYPE, 400],
  [
    'bytes that are no UTF-8',
    form([...fields({ ...FIELDS, body: '' }).filter(({ disposition }) => !disposition.includes('body')), field('body', Buffer.from([0xff, 0xfe, 0xc3, 0x28]))]),
    TYPE,
    200,
  ],
  ['a charset that nobody knows', form([...fields(), { ...field('name', 'Ada'), type: 'text/plain; charset=klingon' }]), TYPE, 400],
  ['a file whose type is none', form([...fields(), file('x', 'x', '\u0001/;;;')]), TYPE, 400],
  ['a file whose name leads elsewhere', form([...fields(), file('../../etc/passwd', 'x')]), TYPE, 200],
  [
    'a file whose name has NUL and line breaks in RFC 5987',
    form([...fields(), { ...file('x', 'x'), disposition: 'form-data; name="files"; filename*=utf-8\'\'a%00%0d%0ab%ff' }]),
    TYPE,
    200,
  ],
  [
    'a file without a name',
    form([...fields(), { disposition: 'form-data; name="files"; filename=""', type: 'application/octet-stream', content: '' }]),
    TYPE,
    200,
  ],
  ['a cluster with NUL', form(fields({ ...FIELDS, cluster: 'a\0' })), TYPE, 400],
  ['JSON', Buffer.from('{"email":1,"subject":{}}'), 'application/json', 400],
  ['JSON that is none', Buffer.from('{'), 'application/json', 400],
  ['text', Buffer.from('email=x'), 'text/plain', 400],
])('%s is answered, and never by a failure', async (_name, body, type, status) => {
  const answer = await post(body, type);
  expect([answer?.status, api.logged.filter((line) => line.includes('"code":"E_INTERNAL"'))]).toEqual([status, []]);
});

test('whoever hangs up in the middle leaves nothing behind', async () => {
  const before = await count();
  const body = form([...fields(), file('a.bin', Buffer.alloc(300_000, 1))]);
  await Promise.all([1, 50, 200, 5_000, 250_000].map((hangUpAfter) => post(body, TYPE, { hangUpAfter })));
  expect((await post(form(fields()), TYPE))?.status).toBe(200);
  expect(await count()).toBe(before + 1);
});

test('mutated forms are answered as documented, whatever they are', async () => {
  const whole = form([...fields(), file('a.txt', 'hello', 'text/plain'), field('key', 'k'.repeat(20))]);
  const mutations = fc.array(
    fc.record({
      at: fc.nat(whole.length - 1),
      cut: fc.nat(30),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        fc.constantFrom(...['\r\n', '\0', `--${BOUNDARY}`, '"', ';', '--', 'filename*=', '\r\n\r\n'].map((text) => Buffer.from(text))),
      ),
    }),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(mutations, fc.boolean(), async (changes, chunked) => {
      let body = whole;
      for (const { at, cut, put } of changes) body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)]);
      const answer = await post(body, TYPE, { chunked });
      expect([200, 400, 413]).toContain(answer?.status);
    }),
    { numRuns: 300, seed: Number(process.env['HOLDFAST_TEST_SEED'] ?? 1), endOnFailure: true },
  );
}, 60_000);
