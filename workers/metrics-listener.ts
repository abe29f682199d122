import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ListenAddress } from '../config/environment';
import type { Logger } from '../config/log';
import { processMetrics } from '../config/metrics';
import { HoldfastError } from '../messages/errors';

const TEMPORAL_MS = 2_000;

/**
 * Answers `GET /metrics` for this worker: what it counts itself, and what Temporal's library measures, which it tells on a port of its
 * own at this machine. No token: it says nothing about anybody, and whoever runs the desk decides where it listens. Errors: E_PORT_BUSY.
 */
export async function startMetricsListener(options: {
  readonly listen: ListenAddress;
  /** Where Temporal's library answers. */
  readonly temporalPort: number;
  readonly log: Logger;
}): Promise<{ close(): Promise<void> }> {
  const { listen, temporalPort, log } = options;
  const all = async (): Promise<string> => `${await processMetrics.metrics()}\n${await temporalMetrics(temporalPort, log)}`;
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is GET /metrics here.\n');
      return;
    }
    all().then(
      (text) => response.writeHead(200, { 'content-type': processMetrics.contentType }).end(text),
      (error: unknown) => {
        log.warn({ err: error }, 'Metrics could not be told');
        response.writeHead(500).end();
      },
    );
  });
  server.listen(listen.port, listen.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HoldfastError('E_PORT_BUSY', `Another program listens on ${listen.host}:${listen.port}, where this worker should tell its metrics.`, {
      fix: 'Stop that program, or give each worker a HOLDFAST_METRICS_LISTEN of its own.',
      cause: error,
    });
  }
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What Temporal's library measures; without it the rest is worth telling all the same. */
async function temporalMetrics(port: number, log: Logger): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(TEMPORAL_MS) });
    return await response.text();
  } catch (error) {
    log.warn({ err: error }, "Temporal's own metrics could not be read");
    return '';
  }
}
