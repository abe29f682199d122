const BASE = '/api/v1';

/** The desk said no (RFC 9457); `detail` is its sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** Nobody answered, or the desk is in trouble: the same request may succeed later. */
export class Unreached extends Error {}

/** How a call is made. */
export interface CallOptions {
  readonly body?: unknown;
  /** Idempotency-Key. */
  readonly key?: string;
}

/** How long an answer is waited for, in milliseconds. */
const PATIENCE_MS = 20_000;

/** The desk's HTTP API, as one visitor. */
export class Api {
  /** The visitor's token; null before the desk knows them. */
  token: string | null = null;
  /** Origin of the host page that this frame stands in. */
  site = '';

  /** A call below /api/v1. Errors: {@link Refused}, {@link Unreached}. */
  async call<Answer>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, { body, key }: CallOptions = {}): Promise<Answer> {
    const response = await fetch(BASE + path, {
      method,
      headers: { ...this.#headers(key), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A visitor is known by their token alone, never by a cookie that an agent left in this browser.
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(unreached);
    const text = await response.text().catch(unreached);
    if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as Answer;
    throw refusal(response.status, text);
  }

  /** A file's bytes as an address that this page can show. Errors as {@link call}. */
  async file(url: string): Promise<string> {
    const response = await fetch(url, { headers: this.#headers(), credentials: 'omit' }).catch(unreached);
    if (!response.ok) throw refusal(response.status, '');
    return URL.createObjectURL(await response.blob().catch(unreached));
  }

  /** Sends a file; `progress` is told the part that has gone, 0 to 1. Errors as {@link call}. */
  upload<Answer>(path: string, file: File, key: string, progress: (part: number) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // fetch does not tell how far an upload is.
      const request = new XMLHttpRequest();
      request.open('POST', `${BASE}${path}?name=${encodeURIComponent(file.name)}`);
      for (const [name, value] of Object.entries(this.#headers(key))) request.setRequestHeader(name, value);
      request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => {
        if (request.status < 300) resolve(JSON.parse(request.responseText) as Answer);
        else reject(refusal(request.status, request.responseText));
      };
      request.onerror = () => reject(new Unreached());
      request.send(file);
    });
  }

  #headers(key?: string): Record<string, string> {
    return {
      Accept: 'application/json',
      ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    };
  }
}

function unreached(cause: unknown): never {
  throw new Unreached('', { cause });
}

function refusal(status: number, text: string): Error {
  if (status >= 500 || status === 408 || status === 429) return new Unreached(String(status));
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
    return new Refused(status, code ?? '', detail ?? '');
  } catch {
    return new Refused(status, '', '');
  }
}
