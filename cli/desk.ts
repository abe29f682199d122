import type { Environment } from '../config/environment';
import { HoldfastError } from '../messages/errors';
import type { ErrorCode } from '../messages/errors';
import { ERROR_CODES } from '../messages/errors';
import { adminTokenOf } from '../platform/generated-secrets';
import type { Running } from '../platform/running';

const ANSWER_MS = 15_000;

/** The API of a running desk, as its first agent. */
export class Desk {
  constructor(
    /** No slash at its end. */
    readonly url: string,
    private readonly token: string,
  ) {}

  get<Answer>(path: string): Promise<Answer> {
    return this.call<Answer>('GET', path);
  }

  /** With a key a repeat is answered like the first time, and nothing happens twice. */
  post<Answer>(path: string, body: object = {}, key?: string): Promise<Answer> {
    return this.call<Answer>('POST', path, body, key);
  }

  put<Answer>(path: string, body: object, key?: string): Promise<Answer> {
    return this.call<Answer>('PUT', path, body, key);
  }

  /** Throws the problem that the API answers, with its code. */
  private async call<Answer>(method: string, path: string, body?: object, key?: string): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (cause) {
      throw new HoldfastError('E_UNAVAILABLE', `${this.url} does not answer.`, { fix: 'See what npm start says, and its api.log.', cause });
    }
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return answer as Answer;
    const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown };
    const known = typeof code === 'string' && ERROR_CODES.includes(code) ? (code as ErrorCode) : 'E_INTERNAL';
    throw new HoldfastError(known, typeof detail === 'string' ? detail : `${method} ${path} was answered with ${response.status}.`, {
      ...(known === 'E_UNAUTHENTICATED' && { fix: 'Set HOLDFAST_ADMIN_TOKEN to the token that npm start was given.' }),
    });
  }
}

/** The API of the `npm start` that runs on a data folder. */
export function deskOf(running: Running, dataDir: string, environment: Environment): Desk {
  return new Desk(running.url, environment.HOLDFAST_ADMIN_TOKEN ?? adminTokenOf(dataDir));
}
