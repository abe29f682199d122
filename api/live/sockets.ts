import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import { WebSocketServer, type WebSocket } from 'ws';
import { mayEmbed } from '../auth/known-origin';
import { isOwnOrigin } from '../auth/origin';
import type { ApiContext } from '../context';
import { addressOf } from '../rate-limits';
import { API_BASE } from '../route';
import { SUBPROTOCOL, type CloseCode } from './frames';
import type { Live } from './live';
import type { Peer, Wire } from './peer';

/** Where WebSockets are opened. */
export const LIVE_PATH = `${API_BASE}/live`;
/** The longest frame that a client may send, in bytes. */
const FRAME_BYTES = 16 * 1024;
/** How often every connection is asked whether it still leads anywhere, in milliseconds. Proxies close what is silent for a minute. */
const PING_EVERY_MS = 25_000;
/** How long clients get to answer that they are closed, in milliseconds. */
const GOODBYE_MS = 1_000;

/** Live connections by WebSocket (RFC 6455) on an HTTP server; `close` ends them all, before the server itself is closed. */
export function serveSockets(server: Server, app: Express, context: ApiContext, live: Live): { close(): Promise<void> } {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: FRAME_BYTES,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  const answered = new WeakSet<WebSocket>();

  const upgrade = (incoming: IncomingMessage, stream: Duplex, head: Buffer): void => {
    // As Express's own first step does: from here on the request knows its address behind proxies.
    const request = Object.setPrototypeOf(incoming, app.request) as Request;
    stream.on('error', () => stream.destroy());
    if (pathOf(incoming) !== LIVE_PATH) return refuse(stream, '404 Not Found');
    if (!isWelcome(request, context)) return refuse(stream, '403 Forbidden');
    sockets.handleUpgrade(incoming, stream, head, (socket) => accept(socket, request));
  };

  const accept = (socket: WebSocket, request: Request): void => {
    const wire: Wire = {
      transport: 'websocket',
      address: addressOf(request),
      send: (frame) => socket.send(JSON.stringify(frame)),
      backlog: () => socket.bufferedAmount,
      close: (code) => hangUp(socket, code),
    };
    // What a frame is not of the protocol for is not ours to say.
    socket.on('error', () => socket.terminate());
    const peer = live.open(wire);
    if (peer === null) return;
    answered.add(socket);
    socket.on('pong', () => answered.add(socket));
    socket.on('close', () => live.ended(peer));
    receiveInTurn(socket, peer, request, live);
  };

  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!answered.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }, PING_EVERY_MS);

  server.on('upgrade', upgrade);
  return {
    async close() {
      clearInterval(timer);
      server.off('upgrade', upgrade);
      const open = [...sockets.clients];
      const tooLong = setTimeout(() => {
        for (const socket of open) socket.terminate();
      }, GOODBYE_MS);
      await Promise.all(open.filter(({ readyState }) => readyState !== 3).map((socket) => once(socket, 'close')));
      clearTimeout(tooLong);
      sockets.close();
    },
  };
}

/** Where a request goes; what is no address, such as `//`, goes nowhere: nobody would catch what is thrown here. */
function pathOf({ url = '/' }: IncomingMessage): string | null {
  const ours = 'http://of.us';
  return URL.canParse(url, ours) ? new URL(url, ours).pathname : null;
}

/** Pages of strangers open nothing; what is no browser names no origin. */
function isWelcome(request: Request, context: ApiContext): boolean {
  const { origin } = request.headers;
  return origin === undefined || isOwnOrigin(request, context.environment.HOLDFAST_PUBLIC_URL) || mayEmbed(context, origin);
}

/** One frame after the other, each when the one before is carried out. */
function receiveInTurn(socket: WebSocket, peer: Peer, request: Request, live: Live): void {
  let turn = Promise.resolve();
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const text = isBinary ? '' : data.toString('utf8');
    turn = turn.then(() => live.receive(peer, text, request));
  });
}

/** A client that does not take in what it is sent takes in no goodbye either. */
function hangUp(socket: WebSocket, code: CloseCode): void {
  if (socket.bufferedAmount > 0) {
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
  }
  socket.close(code);
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
