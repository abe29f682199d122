import type { Request, Response } from 'express';
import { addressOf } from '../rate-limits';
import { CLOSE, type ServerFrame } from './frames';
import type { Live } from './live';
import type { Wire } from './peer';
import { bearerOf } from './who';

/** How often something is sent on a silent stream, so that nobody on the way closes it, in milliseconds. */
const STILL_HERE_EVERY_MS = 25_000;

/** What a stream listens to, as its address says it: a number or `queue`, with the cursor that it has come to. */
export interface Wanted {
  readonly subject: number | 'queue';
  readonly after: string | undefined;
}

/**
 * A live connection by server-sent events (HTML, section 9.2), for where WebSockets are blocked: the same frames, one an event. The last
 * one says why it ends, as a WebSocket's close code does.
 */
export function serveEvents(live: Live, request: Request, response: Response, given: { readonly tab: string; readonly wanted: readonly Wanted[] }): void {
  const write = (frame: ServerFrame | { readonly type: 'closed'; readonly code: number }): void => {
    if (!response.writableEnded) response.write(`data: ${JSON.stringify(frame)}\n\n`);
  };
  const end = (): void => {
    clearInterval(timer);
    response.end();
  };
  const wire: Wire = {
    transport: 'sse',
    address: addressOf(request),
    send: write,
    backlog: () => response.writableLength,
    close(code) {
      if (code === CLOSE.tooSlow) response.destroy();
      write({ type: 'closed', code });
      end();
    },
  };
  // Of what a browser on a phone has behind a closed lid nobody hears: what is written to it tells.
  const timer = setInterval(() => {
    if (!response.writableEnded) response.write(': still here\n\n');
  }, STILL_HERE_EVERY_MS);
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const peer = live.open(wire);
  if (peer === null) return;
  response.on('close', () => {
    clearInterval(timer);
    live.ended(peer);
  });
  void listen();

  async function listen(): Promise<void> {
    if (peer === null) return;
    const frames = [
      { type: 'hello', token: bearerOf(request), tab: given.tab },
      ...given.wanted.map(({ subject, after }) => ({ type: 'subscribe', ...(subject === 'queue' ? { queue: true } : { number: subject }), after })),
    ];
    for (const frame of frames) await live.receive(peer, JSON.stringify(frame), request);
  }
}
