import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The only routing key that the fake takes. */
export const ROUTING_KEY = 'f'.repeat(32);

/** What the fake does with the next request instead of taking it. */
export type Fault =
  /** Answers so; `retryAfter` in seconds. */
  | { readonly status: number; readonly retryAfter?: number }
  /** Takes it, and breaks the connection instead of saying so. */
  | { readonly takeAndHangUp: true }
  /** Breaks the connection without taking it. */
  | { readonly hangUp: true }
  /** Answers nothing for so long, then takes it if the caller is still there. */
  | { readonly silentForMs: number };

/** An incident as PagerDuty keeps it. */
export interface FakeIncident {
  readonly key: string;
  state: 'triggered' | 'acknowledged' | 'resolved';
  /** The text that rang. */
  readonly summary: string;
  readonly severity: string;
  readonly openedAt: number;
  /** Later triggers on the open key: they make no sound. */
  updates: number;
}

/** One request, as it came. */
export interface FakeRequest {
  readonly at: number;
  readonly action: string;
  readonly key: string;
  readonly body: Record<string, unknown>;
  readonly answered: number | null;
}

/** PagerDuty's Events API v2 for tests: keeps incidents by dedup key, and takes nothing that the real one would not. */
export interface FakePagerDuty {
  /** `http://127.0.0.1:<port>`, also while it is down. */
  readonly url: string;
  /** Every incident, first opened first; a key that is triggered after its resolve opens another one. */
  incidents(): readonly FakeIncident[];
  /** Those that are not resolved. */
  open(): readonly FakeIncident[];
  requests(action?: string): readonly FakeRequest[];
  /** The next requests meet these faults, in order. */
  failNext(...faults: Fault[]): void;
  /** From now on every request is answered so, until `failAlways(null)`. */
  failAlways(fault: Fault | null): void;
  /** Waits until the condition holds; fails with what there is when the time is over. */
  wait(what: string, holds: () => boolean, withinMs?: number): Promise<void>;
  /** Connections are refused until {@link FakePagerDuty.up}. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Throws when something came that the real one would refuse, or that nobody expected. */
  assertExpected(): void;
  /** Ends it, then {@link FakePagerDuty.assertExpected}. */
  close(): Promise<void>;
}

const FIELDS = new Set(['routing_key', 'event_action', 'dedup_key', 'payload', 'client', 'client_url', 'links', 'images']);
const PAYLOAD_FIELDS = new Set(['summary', 'source', 'severity', 'timestamp', 'component', 'group', 'class', 'custom_details']);
const SEVERITIES = new Set(['critical', 'error', 'warning', 'info']);

/** Starts the fake on a free port of 127.0.0.1. */
export async function startFakePagerDuty(): Promise<FakePagerDuty> {
  const incidents: FakeIncident[] = [];
  const requests: FakeRequest[] = [];
  const unexpected: string[] = [];
  const faults: Fault[] = [];
  let always: Fault | null = null;
  let closed = false;

  const take = (body: Record<string, unknown>): void => {
    const { event_action: action, dedup_key: key } = body as { event_action: string; dedup_key: string };
    const current = incidents.find((incident) => incident.key === key && incident.state !== 'resolved');
    if (action === 'trigger') {
      const payload = body['payload'] as { summary: string; severity: string };
      if (current !== undefined) current.updates += 1;
      else incidents.push({ key, state: 'triggered', summary: payload.summary, severity: payload.severity, openedAt: Date.now(), updates: 0 });
    } else if (current !== undefined) {
      current.state = action === 'resolve' ? 'resolved' : 'acknowledged';
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readAll(request);
    const body = JSON.parse(text) as Record<string, unknown>;
    const entry = { at: Date.now(), action: String(body['event_action']), key: String(body['dedup_key']), body };
    const problems = [...problemsOf(request), ...(closed ? ['A call came after the end.'] : []), ...problemsIn(body)];
    const answer = (status: number, content: object, headers: Record<string, string> = {}): void => {
      requests.push({ ...entry, answered: status });
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
    };
    const hangUp = (): void => {
      requests.push({ ...entry, answered: null });
      request.socket.destroy();
    };
    if (problems.length > 0) {
      unexpected.push(...problems);
      return answer(400, { status: 'invalid event', message: 'Event object is invalid', errors: problems });
    }
    const fault = faults.shift() ?? always;
    if (fault !== null) {
      if ('status' in fault) {
        const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
        return answer(fault.status, { status: 'error', message: `Told to answer ${fault.status}` }, headers);
      }
      if ('hangUp' in fault) return hangUp();
      if ('takeAndHangUp' in fault) {
        take(body);
        return hangUp();
      }
      await new Promise((resolve) => setTimeout(resolve, fault.silentForMs));
      if (request.socket.destroyed) {
        requests.push({ ...entry, answered: null });
        return;
      }
    }
    take(body);
    answer(202, { status: 'success', message: 'Event processed', dedup_key: entry.key });
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      unexpected.push(`The fake could not read a request: ${String(error)}`);
      request.socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };

  const fake: FakePagerDuty = {
    url: `http://127.0.0.1:${port}`,
    incidents: () => incidents,
    open: () => incidents.filter((incident) => incident.state !== 'resolved'),
    requests: (action) => requests.filter((request) => action === undefined || request.action === action),
    failNext: (...next) => void faults.push(...next),
    failAlways: (fault) => void (always = fault),
    async wait(what, holds, withinMs = 10_000) {
      const until = Date.now() + withinMs;
      while (!holds()) {
        if (Date.now() > until) throw new Error(`Not within ${withinMs} ms: ${what}. Incidents: ${JSON.stringify(incidents)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    down: stop,
    async up() {
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    assertExpected() {
      if (unexpected.length > 0) throw new Error(`PagerDuty received what it would not take:\n${unexpected.join('\n')}`);
      if (faults.length > 0) throw new Error(`Faults that no request met: ${JSON.stringify(faults)}`);
    },
    async close() {
      closed = true;
      await stop();
      fake.assertExpected();
    },
  };
  return fake;
}

function problemsOf(request: IncomingMessage): string[] {
  const problems: string[] = [];
  if (request.method !== 'POST' || request.url !== '/v2/enqueue') problems.push(`${request.method ?? ''} ${request.url ?? ''} is not POST /v2/enqueue.`);
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) problems.push('The content type is not JSON.');
  return problems;
}

function problemsIn(body: Record<string, unknown>): string[] {
  const problems = Object.keys(body)
    .filter((field) => !FIELDS.has(field))
    .map((field) => `Unknown field ${field}.`);
  const { routing_key: routingKey, event_action: action, dedup_key: key } = body;
  if (routingKey !== ROUTING_KEY) problems.push('The routing key is wrong.');
  if (typeof action !== 'string' || !['trigger', 'acknowledge', 'resolve'].includes(action)) problems.push(`Unknown event_action ${String(action)}.`);
  if (typeof key !== 'string' || key === '' || key.length > 255) problems.push('dedup_key has 1 to 255 characters.');
  if (action !== 'trigger') return 'payload' in body ? [...problems, 'Only a trigger has a payload.'] : problems;

  const payload = (body['payload'] ?? {}) as Record<string, unknown>;
  problems.push(
    ...Object.keys(payload)
      .filter((field) => !PAYLOAD_FIELDS.has(field))
      .map((field) => `Unknown field payload.${field}.`),
  );
  const { summary, source, severity, timestamp } = payload;
  if (typeof summary !== 'string' || summary === '' || summary.length > 1024) problems.push('payload.summary has 1 to 1024 characters.');
  else if (summary.length > 100) problems.push(`A page’s text has at most 100 characters: ${summary}`);
  if (typeof source !== 'string' || source === '') problems.push('payload.source is missing.');
  if (typeof severity !== 'string' || !SEVERITIES.has(severity)) problems.push(`Unknown severity ${String(severity)}.`);
  if (timestamp !== undefined && (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp)))) problems.push('payload.timestamp is no time.');
  const links = body['links'];
  if (links !== undefined && !(Array.isArray(links) && links.every((link: { href?: unknown }) => typeof link.href === 'string' && URL.canParse(link.href)))) {
    problems.push('A link has no usable href.');
  }
  if (/[\w.+-]+@[\w-]+\./.test(JSON.stringify(body))) problems.push('A mail address is in the event.');
  return problems;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
