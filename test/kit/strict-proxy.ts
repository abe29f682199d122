import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A company's proxy: it fetches pages, and lets no tunnel through, which a WebSocket would need. */
export interface StrictProxy {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** How many tunnels were refused. */
  readonly refused: () => number;
  close(): Promise<void>;
}

/** Starts one. */
export async function startStrictProxy(): Promise<StrictProxy> {
  let refused = 0;
  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    const outgoing = request(incoming.url ?? '', { method: incoming.method, headers: incoming.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    // Whoever leaves takes the connection behind along.
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connect', (_request, socket) => {
    refused += 1;
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
