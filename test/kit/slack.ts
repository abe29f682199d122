import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The only token and channel that the fake takes. */
export const SLACK_TOKEN = 'xoxb-0000-test';
export const SLACK_CHANNEL = 'C0SUPPORT';

/** What the fake answers instead of taking the next message: Slack's own error, or a status of HTTP. */
export type SlackFault = { readonly error: string } | { readonly status: number; readonly retryAfter?: number } | { readonly takeAndHangUp: true };

/** Slack's `chat.postMessage` for tests; takes nothing that the real one would not, and nothing personal. */
export interface FakeSlack {
  /** The base of the API: `http://127.0.0.1:<port>/api`. */
  readonly url: string;
  /** Texts in order. */
  messages(): readonly string[];
  failNext(...faults: SlackFault[]): void;
  assertExpected(): void;
  /** Ends it, then {@link FakeSlack.assertExpected}. */
  close(): Promise<void>;
}

const FIELDS = new Set(['channel', 'text', 'unfurl_links', 'unfurl_media']);

/** Starts the fake on a free port of 127.0.0.1. */
export async function startFakeSlack(): Promise<FakeSlack> {
  const messages: string[] = [];
  const unexpected: string[] = [];
  const faults: SlackFault[] = [];

  const server = createServer((request, response) => {
    readAll(request)
      .then((text) => {
        const problems = problemsOf(request, text);
        unexpected.push(...problems);
        const answer = (status: number, body: object, headers: Record<string, string> = {}) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
        if (problems.length > 0) return answer(200, { ok: false, error: 'invalid_arguments' });
        const fault = faults.shift();
        if (fault !== undefined && 'error' in fault) return answer(200, { ok: false, error: fault.error });
        if (fault !== undefined && 'status' in fault) {
          const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
          return answer(fault.status, { ok: false, error: fault.status === 429 ? 'ratelimited' : 'internal_error' }, headers);
        }
        messages.push((JSON.parse(text) as { text: string }).text);
        if (fault !== undefined) return request.socket.destroy();
        return answer(200, { ok: true, channel: SLACK_CHANNEL, ts: `1700000000.${String(messages.length).padStart(6, '0')}` });
      })
      .catch((error: unknown) => {
        unexpected.push(`The fake could not read a request: ${String(error)}`);
        request.socket.destroy();
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const fake: FakeSlack = {
    url: `http://127.0.0.1:${port}/api`,
    messages: () => messages,
    failNext: (...next) => void faults.push(...next),
    assertExpected() {
      if (unexpected.length > 0) throw new Error(`Slack received what it would not take:\n${unexpected.join('\n')}`);
      if (faults.length > 0) throw new Error(`Faults that no request met: ${JSON.stringify(faults)}`);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      fake.assertExpected();
    },
  };
  return fake;
}

function problemsOf(request: IncomingMessage, text: string): string[] {
  const problems: string[] = [];
  if (request.method !== 'POST' || request.url !== '/api/chat.postMessage')
    problems.push(`${request.method ?? ''} ${request.url ?? ''} is not chat.postMessage.`);
  if (request.headers.authorization !== `Bearer ${SLACK_TOKEN}`) problems.push('The token is wrong.');
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) problems.push('The content type is not JSON.');
  const body = JSON.parse(text) as Record<string, unknown>;
  problems.push(
    ...Object.keys(body)
      .filter((field) => !FIELDS.has(field))
      .map((field) => `Unknown argument ${field}.`),
  );
  if (body['channel'] !== SLACK_CHANNEL) problems.push('The channel is wrong.');
  if (typeof body['text'] !== 'string' || body['text'] === '' || body['text'].length > 4_000) problems.push('The text has 1 to 4000 characters.');
  if (/[\w.+-]+@[\w-]+\./.test(text)) problems.push('A mail address is in the message.');
  return problems;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
