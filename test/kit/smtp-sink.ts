import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** What the sink does with the next mail to an address. */
export type SinkAnswer =
  | { readonly do: 'accept' }
  /** Refuses at a step with a code: 4xx for now, 5xx for good. */
  | { readonly do: 'refuse'; readonly at: 'recipient' | 'data'; readonly code: number }
  /** Takes it, but only after a while. */
  | { readonly do: 'slow'; readonly forMs: number }
  /** Has it, and breaks the connection instead of saying so. */
  | { readonly do: 'hangUp' };

/** A mail that the sink has read to its end, taken or not. */
export interface SinkMail {
  /** Empty for a null sender. */
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
  readonly accepted: boolean;
  readonly at: number;
}

/** A mail server of the outside world for tests: does what it is told, and takes nothing that the test does not expect. */
export interface SmtpSink {
  /** `smtp://127.0.0.1:<port>`, also while it is down. */
  readonly url: string;
  /** From now on, mail to this address is expected; the answers are used up in order, then everything is accepted. */
  expect(address: string, ...answers: SinkAnswer[]): void;
  /** Everything that was taken, in order; of one address or of all. */
  mails(address?: string): SinkMail[];
  /** Everything that came, also what was refused or cut off. */
  attempts(address?: string): SinkMail[];
  /** Waits until that many mails to the address were taken; fails with what there is when the time is over. */
  wait(address: string, count: number, withinMs?: number): Promise<SinkMail[]>;
  /** Resolves as soon as a client has announced a mail to the address. */
  announced(address: string): Promise<void>;
  /** Stops listening: connections are refused until {@link SmtpSink.up}. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Ends it; throws when a mail came that nobody expected, or a told answer was never given. */
  close(): Promise<void>;
}

/** Starts a sink on a free port of 127.0.0.1, which wants a sign-in if it is given one. */
export async function startSmtpSink({ signIn }: { signIn?: { user: string; password: string } } = {}): Promise<SmtpSink> {
  const expected = new Map<string, SinkAnswer[]>();
  const received: SinkMail[] = [];
  const unexpected: string[] = [];
  const slow = new Set<NodeJS.Timeout>();
  const announced = new Set<string>();
  /** Those who wait for something to happen; they look again by themselves. */
  let waiting: (() => void)[] = [];
  const wakeAll = () => {
    const sleepers = waiting;
    waiting = [];
    for (const wake of sleepers) wake();
  };
  const current = new WeakMap<SMTPServerSession, SinkAnswer>();

  const newServer = () =>
    new SMTPServer({
      banner: 'sink',
      disabledCommands: signIn === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
      allowInsecureAuth: true,
      closeTimeout: 200,
      onAuth({ username, password }, _session, callback) {
        if (username === signIn?.user && password === signIn?.password) callback(null, { user: username });
        else callback(smtpError(535, 'Not with this password'));
      },
      onRcptTo({ address }, session, callback) {
        const answers = expected.get(address.toLowerCase());
        if (answers === undefined) {
          unexpected.push(address);
          callback(smtpError(550, 'Nobody here expects mail'));
          return;
        }
        const answer = answers.shift() ?? { do: 'accept' };
        current.set(session, answer);
        announced.add(address.toLowerCase());
        wakeAll();
        if (answer.do === 'refuse' && answer.at === 'recipient') callback(smtpError(answer.code, `No <${address}> as told`));
        else callback();
      },
      onData(stream, session, callback) {
        const answer = current.get(session) ?? { do: 'accept' };
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.once('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const note = (accepted: boolean) => {
            received.push({
              from: mailFrom === false ? '' : mailFrom.address,
              to: rcptTo[0]?.address.toLowerCase() ?? '',
              raw: Buffer.concat(chunks),
              accepted,
              at: Date.now(),
            });
            wakeAll();
          };
          switch (answer.do) {
            case 'accept':
              note(true);
              callback(null, 'Taken');
              break;
            case 'refuse':
              note(false);
              callback(smtpError(answer.code, 'Not this one, as told'));
              break;
            case 'slow':
              slow.add(
                setTimeout(() => {
                  note(true);
                  callback(null, 'Taken at last');
                }, answer.forMs),
              );
              break;
            case 'hangUp':
              note(true);
              for (const connection of server.connections) connection.close();
              break;
            default:
              throw new Error(`The sink cannot ${JSON.stringify(answer satisfies never)}.`);
          }
        });
      },
    });

  let server = newServer();
  let port = 0;
  let listening = false;
  const up = async () => {
    if (listening) return;
    server = newServer();
    // A client that breaks off is part of the tests.
    server.on('error', () => undefined);
    server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    port = (server.server.address() as AddressInfo).port;
    listening = true;
  };
  const down = async () => {
    if (!listening) return;
    listening = false;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const attempts = (address?: string) => received.filter((mail) => address === undefined || mail.to === address.toLowerCase());
  const mails = (address?: string) => attempts(address).filter((mail) => mail.accepted);
  await up();

  return {
    url: `smtp://127.0.0.1:${port}`,
    expect(address, ...answers) {
      const key = address.toLowerCase();
      expected.set(key, [...(expected.get(key) ?? []), ...answers]);
    },
    mails,
    attempts,
    async wait(address, count, withinMs = 10_000) {
      const until = Date.now() + withinMs;
      while (mails(address).length < count) {
        const leftMs = until - Date.now();
        if (leftMs <= 0) throw new Error(`${mails(address).length} of ${count} mails to ${address} came within ${withinMs} ms.`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, leftMs);
          waiting.push(() => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
      return mails(address);
    },
    async announced(address) {
      while (!announced.has(address.toLowerCase())) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    down,
    up,
    async close() {
      for (const timer of slow) clearTimeout(timer);
      await down();
      const untold = [...expected].filter(([, answers]) => answers.length > 0).map(([address]) => address);
      if (unexpected.length > 0) throw new Error(`Mail that nobody expected came for ${unexpected.join(', ')}.`);
      if (untold.length > 0) throw new Error(`No mail came for a told answer of ${untold.join(', ')}.`);
    },
  };
}

/** Reads a mail the way a mail program would; the same mail once only. */
export function readMail(mail: { raw: Buffer }): Promise<Email> {
  const read = alreadyRead.get(mail) ?? PostalMime.parse(mail.raw);
  alreadyRead.set(mail, read);
  return read;
}

const alreadyRead = new WeakMap<object, Promise<Email>>();

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
