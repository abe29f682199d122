import { parentPort } from 'node:worker_threads';
import { parseMail } from './parse-mail';
import type { ParsedMail } from './parsed-mail';

/** What the parsing thread is asked. */
export interface ParseRequest {
  readonly id: number;
  readonly raw: Uint8Array;
}

/** What it answers: the mail, or why it could not be read (the parser's words, which may quote the mail: never logged). */
export type ParseAnswer = { readonly id: number; readonly mail: ParsedMail } | { readonly id: number; readonly error: string } | 'ready';

const port = parentPort;
port?.on('message', ({ id, raw }: ParseRequest) => {
  parseMail(raw).then(
    (mail) => port.postMessage({ id, mail } satisfies ParseAnswer),
    (error: unknown) => port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies ParseAnswer),
  );
});
// From now on time counts: loading all this is not the mail's doing.
port?.postMessage('ready' satisfies ParseAnswer);
