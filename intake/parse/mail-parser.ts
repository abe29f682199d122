import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { headerLength, withLineFeeds } from './mail-bytes';
import type { ParsedMail } from './parsed-mail';
import type { ParseAnswer, ParseRequest } from './worker';

/** Source: docs/mail-in.md, "Reading". */
const TIME_MS = 5_000;
/** Hundreds of times what an everyday mail takes. */
const QUICK_MS = 1_000;
const MEMORY_MB = 256;
/** A thread that has not loaded by then never will. */
const START_MS = 30_000;
const HEADER_BYTES = 262_144;

/** A mail as far as it could be read: `whole`, only its `header`, or `nothing` of it. */
export interface ReadMail {
  readonly mail: ParsedMail;
  readonly read: 'whole' | 'header' | 'nothing';
}

/** Reads mails in a thread of its own, one after the other. */
export interface MailParser {
  /** Never throws for what a mail contains: one that cannot be read whole is read as far as possible. Throws when the thread cannot be started. */
  read(raw: Uint8Array): Promise<ReadMail>;
  /** The same, unless it takes longer than most mails: null then, so that others need not wait, and it can be read elsewhere. */
  readQuickly(raw: Uint8Array): Promise<ReadMail | null>;
  close(): Promise<void>;
}

/** The mail could not be read within its time or memory, or the parser gave up. */
class Unreadable extends Error {}

const OUT_OF_TIME = 'time';

/** Starts the thread with the first mail. A mail that takes too much ends the thread, and the next mail gets a new one. */
export function createMailParser(limits: { timeMs?: number; quickMs?: number; memoryMb?: number } = {}): MailParser {
  const timeMs = limits.timeMs ?? TIME_MS;
  const quickMs = limits.quickMs ?? QUICK_MS;
  const memoryMb = limits.memoryMb ?? MEMORY_MB;
  let thread: Worker | null = null;
  let pending: { id: number; begin(): void; resolve(mail: ParsedMail): void; reject(error: Error): void } | null = null;
  let ready = false;
  let asked = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const start = (): Worker => {
    const worker = new Worker(workerFile(), { resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
    const gone = (reason: string): void => {
      if (thread !== worker) return;
      thread = null;
      pending?.reject(new Unreadable(reason));
    };
    ready = false;
    worker.on('message', (answer: ParseAnswer) => {
      if (thread !== worker) return;
      if (answer === 'ready') {
        ready = true;
        pending?.begin();
        return;
      }
      if (pending?.id !== answer.id) return;
      if ('mail' in answer) pending.resolve(answer.mail);
      else pending.reject(new Unreadable(answer.error));
    });
    worker.on('error', (error: Error & { code?: string }) => {
      // A broken install is ours; whatever else ends the thread (most likely its memory) is the mail's doing.
      if (error.code === 'MODULE_NOT_FOUND') pending?.reject(error);
      else gone('error');
    });
    worker.on('exit', () => gone('exit'));
    // An idle thread keeps no process alive.
    worker.unref();
    return worker;
  };

  const parse = (raw: Uint8Array, forMs: number): Promise<ParsedMail> => {
    const worker = (thread ??= start());
    const id = (asked += 1);
    return new Promise<ParsedMail>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settled = (): void => {
        clearTimeout(timer);
        pending = null;
      };
      const within = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          thread = null;
          settled();
          reject(new Unreadable(OUT_OF_TIME));
          void worker.terminate();
        }, ms);
      };
      pending = {
        id,
        begin: () => within(forMs),
        resolve: (mail) => (settled(), resolve(mail)),
        reject: (error) => (settled(), reject(error)),
      };
      // What a new thread takes to load does not count against the mail.
      within(ready ? forMs : START_MS);
      // A copy of the bytes: the caller keeps the raw mail.
      worker.postMessage({ id, raw: new Uint8Array(raw) } satisfies ParseRequest);
    });
  };

  const readAsFarAsPossible = async (raw: Uint8Array, forMs: number, outOfTime: (error: Unreadable) => void): Promise<ReadMail> => {
    const header = withLineFeeds(raw);
    const attempts = [
      { read: 'whole', bytes: raw },
      { read: 'header', bytes: header.subarray(0, headerLength(header, HEADER_BYTES)) },
    ] as const;
    for (const { read, bytes } of attempts) {
      try {
        return { mail: await parse(bytes, forMs), read };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        if (error.message === OUT_OF_TIME) outOfTime(error);
      }
    }
    return { mail: NOTHING, read: 'nothing' };
  };

  const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(act);
    turn = result.catch(() => undefined);
    return result;
  };

  return {
    read: (raw) => inTurn(() => readAsFarAsPossible(raw, timeMs, () => undefined)),
    readQuickly: (raw) =>
      inTurn(() =>
        readAsFarAsPossible(raw, quickMs, (error) => {
          throw error;
        }).catch((error: unknown) => {
          if (error instanceof Unreadable) return null;
          throw error;
        }),
      ),
    async close() {
      await turn;
      const worker = thread;
      thread = null;
      worker?.removeAllListeners();
      await worker?.terminate();
    },
  };
}

const NOTHING: ParsedMail = {
  from: null,
  to: [],
  subject: '',
  mailId: null,
  inReplyTo: null,
  referenced: [],
  text: '',
  fullText: null,
  html: null,
  files: [],
  filesLeftOut: false,
  headers: {},
};

/** A thread runs compiled code: beside this file in a build; in the build that the tests were given when this file runs as TypeScript. */
function workerFile(): string {
  const beside = path.join(__dirname, 'worker.js');
  if (existsSync(beside)) return beside;
  return path.join(process.env['HOLDFAST_TEST_BUILD_DIR'] ?? '', 'intake', 'parse', 'worker.js');
}
