import { EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type ClientRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BytesInFlight } from '../../api/bytes-in-flight';
import { addVisitor } from './chat-people';
import { openTestApi, PUBLIC_URL, type TestApi } from './test-api';

const MEGABYTE = 1024 * 1024;

describe('the count', () => {
  const answer = () => new EventEmitter();
  const refused = expect.objectContaining({ code: 'E_UNAVAILABLE' }) as unknown as Error;

  test('nobody alone takes all, everybody together no more than all, and what has been answered is forgotten', () => {
    const inFlight = new BytesInFlight({ together: 100, ofOne: 40 });
    const first = answer();
    const ada = inFlight.meter('ada', first);
    ada(40);
    expect(() => ada(1)).toThrow(refused);
    // A second request of hers counts with the first.
    expect(() => inFlight.meter('ada', answer())(1)).toThrow(refused);
    inFlight.meter('bob', answer())(40);
    const eve = inFlight.meter('eve', answer());
    eve(20);
    expect(() => eve(1)).toThrow(refused);
    first.emit('close');
    eve(20);
    inFlight.meter('ada', answer())(20);
  });
});

describe('uploads', () => {
  let api: TestApi;
  let server: Server;
  let token: string;
  beforeAll(async () => {
    api = await openTestApi();
    server = createServer(api.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    token = await addVisitor(api, { email: 'jane@example.org', proof: 'claimed' });
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  interface Sending {
    readonly request: ClientRequest;
    readonly answered: Promise<{ status: number; retryAfter: string | undefined }>;
  }

  function sending(path: string, headers: Record<string, string>): Sending {
    const { port } = server.address() as AddressInfo;
    const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers: { origin: PUBLIC_URL, ...headers } });
    const answered = new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
      request.on('response', (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      });
      request.on('error', reject);
    });
    return { request, answered };
  }

  /** Begins an upload, and sends so many bytes of it. */
  const uploading = async (as: string, bytes: number): Promise<Sending> => {
    const sent = sending('/api/v1/chat/attachments', { authorization: `Bearer ${as}`, 'content-type': 'text/plain' });
    await new Promise((resolve) => sent.request.write(Buffer.alloc(bytes, 'x'), resolve));
    return sent;
  };

  test('many at once from one address hold so much and no more; others, agents and what comes later are taken', async () => {
    const open = await Promise.all([1, 2, 3].map(() => uploading(token, 17 * MEGABYTE)));
    const one = await uploading(token, 17 * MEGABYTE);
    expect(await one.answered).toEqual({ status: 503, retryAfter: '5' });
    const agents = sending('/api/v1/attachments', { authorization: `Bearer ${api.agents.agent.token}` });
    agents.request.end(Buffer.alloc(MEGABYTE));
    expect((await agents.answered).status).toBe(201);
    for (const { request } of open) request.end();
    expect((await Promise.all(open.map(({ answered }) => answered))).map(({ status }) => status)).toEqual([201, 201, 201]);
    const later = await uploading(token, 17 * MEGABYTE);
    later.request.end();
    expect((await later.answered).status).toBe(201);
  }, 60_000);

  test('one that breaks off, and one that says too much of itself, take no room', async () => {
    const earlier = api.logged.length;
    for (let n = 0; n < 5; n += 1) {
      const broken = await uploading(token, 17 * MEGABYTE);
      broken.answered.catch(() => undefined);
      broken.request.destroy();
    }
    const small = sending('/api/v1/chat/attachments', { authorization: `Bearer ${token}`, 'content-length': String(19 * MEGABYTE) });
    small.request.write('x');
    expect((await small.answered).status).toBe(413);
    small.request.destroy();
    const packed = sending('/api/v1/chat/attachments', { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' });
    packed.request.end('x');
    expect((await packed.answered).status).toBe(415);
    const last = await uploading(token, 17 * MEGABYTE);
    last.request.end();
    expect((await last.answered).status).toBe(201);
    await api.settled();
    expect(api.logged.slice(earlier).join('')).not.toContain('a request failed');
  }, 60_000);
});
