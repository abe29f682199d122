import type { Client } from '@temporalio/client';
import type { Database } from '../../db/connection';
import { Customer } from './customer';
import type { FakePagerDuty } from './pagerduty';
import type { FakeSlack } from './slack';
import type { SmtpSink } from './smtp-sink';

/** A running Holdfast and the world around it, whoever started it. */
export interface DeskParts {
  /** `http://127.0.0.1:<port>`, no slash at its end. */
  readonly url: string;
  readonly adminToken: string;
  readonly smtpPort: number;
  readonly db: Database;
  readonly temporal: Client;
  /** The customers' mail server. */
  readonly sink: SmtpSink;
  /** Absent when pages go to the built-in inbox. */
  readonly pagerduty?: FakePagerDuty;
  /** Absent when notices go to the built-in inbox. */
  readonly slack?: FakeSlack;
}

/** An answer of the API. */
export interface ApiAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** A conversation as the API shows it: what these tests read of it. */
export interface ShownConversation {
  readonly number: number;
  readonly subject: string;
  readonly status: string;
  readonly priority: string;
  readonly assignee: { readonly id: string } | null;
  readonly receivedAt: string;
  readonly linkedFrom: number | null;
  readonly page: string | null;
  readonly promises: readonly {
    readonly kind: string;
    readonly state: string;
    readonly dueAt: string;
    readonly metAt?: string;
    readonly breachedAt?: string;
    readonly reason?: string;
  }[];
}

/** A message as the API shows it. */
export interface ShownMessage {
  readonly direction: 'in' | 'out' | 'note';
  readonly author: { readonly kind: string; readonly id: string | null };
  readonly body: string;
  readonly state: string;
}

/** A page as the API shows it. */
export interface ShownPage {
  readonly id: string;
  readonly number: number;
  readonly state: string;
  readonly urgency: string;
  readonly summary: string;
  readonly causes: readonly { readonly kind: string; readonly reason: string; readonly at: string; readonly overAt: string | null }[];
  readonly acknowledgedBy: { readonly id: string } | null;
  readonly attempts: readonly {
    readonly ring: number;
    readonly method: string;
    readonly dueAt: string;
    readonly sentAt: string | null;
    readonly outcome: string | null;
  }[];
}

/** The desk did not answer, or not with success. */
export class NoSuccess extends Error {}

/** What a test does with a running desk: mail as a customer, the API as the admin. */
export class DeskUnderTest {
  constructor(readonly parts: DeskParts) {}

  /** A customer whose mail the sink expects from now on. */
  customer(name: string, address: string): Customer {
    return new Customer(name, address, this.parts);
  }

  /** Calls the API as the admin, or with another token; `key` is the Idempotency-Key. Throws {@link NoSuccess} when nobody answers. */
  async call<Body>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    more: { key?: string; token?: string } = {},
  ): Promise<ApiAnswer<Body>> {
    const response = await fetch(`${this.parts.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${more.token ?? this.parts.adminToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(more.key !== undefined && { 'idempotency-key': more.key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    }).catch((cause: unknown) => {
      throw new NoSuccess(`${method} ${path}: ${String(cause)}`, { cause });
    });
    const text = await response.text().catch((cause: unknown) => {
      throw new NoSuccess(`${method} ${path}: the answer broke off`, { cause });
    });
    return { status: response.status, body: JSON.parse(text) as Body };
  }

  /** Calls the API; throws {@link NoSuccess}, with the problem, unless it succeeded. */
  async must<Body>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, more: { key?: string } = {}): Promise<Body> {
    const answer = await this.call<Body>(method, path, body, more);
    if (answer.status >= 300) throw new NoSuccess(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** One conversation. */
  conversation(number: number): Promise<ShownConversation> {
    return this.must('GET', `/conversations/${number}`);
  }

  /** Its thread, oldest first. */
  async messages(number: number): Promise<readonly ShownMessage[]> {
    return (await this.must<{ items: ShownMessage[] }>('GET', `/conversations/${number}/messages`)).items;
  }

  /** The types of what happened in it, oldest first. */
  async story(number: number): Promise<readonly string[]> {
    return (await this.must<{ items: { type: string }[] }>('GET', `/conversations/${number}/timeline?limit=100`)).items.map(({ type }) => type);
  }

  /** One page with its attempts. */
  page(id: string): Promise<ShownPage> {
    return this.must('GET', `/pages/${id}`);
  }
}

/** Waits in real time until something holds that a running desk brings about; fails with what is missing. */
export async function inTheEnd<Value>(
  what: string,
  read: () => Promise<Value | undefined | null | false> | Value | undefined | null | false,
  withinMs = 20_000,
  everyMs = 50,
): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`This did not happen within ${withinMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
