import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { crashPoint } from '../config/crash-points';
import type { ListenAddress } from '../config/environment';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { currentPolicy } from '../db/policies';
import { HoldfastError } from '../messages/errors';
import type { PolicySnapshot } from '../policy/snapshot';
import { acceptMail, isOurRecipient } from './accept';
import { isDemoAddress } from './demo';
import { RemoteCounter, type RemoteLimits } from './remote-limits';
import type { SmtpCertificate } from './smtp-certificate';

const MAIL_BYTES = 25 * 1024 * 1024;
/** Mail in the making, of all connections together: beyond it senders are asked to come back. */
const HELD_BYTES = 256 * 1024 * 1024;
/** One address holds no more than this part of it, so that mail from everywhere else still comes in. */
const HELD_BY_ONE = 0.5;
/** Each costs a look at the database; every server splits a mail for more (RFC 5321 wants at least 100 taken). */
const RECIPIENTS = 100;
const CLIENTS = 100;
const IDLE_MS = 60_000;
/** However busy, no connection lasts longer: a sender who trickles in byte by byte holds nothing for good. */
const CONNECTION_MS = 30 * 60_000;
const CLOSE_MS = 5_000;
const POLICY_FRESH_MS = 1_000;
/** PostgreSQL's code for a disk without room. */
const DISK_FULL = '53100';

/** What the listener needs. `policy` defaults to the published one, `now` to the clock. */
export interface SmtpOptions {
  readonly listen: ListenAddress;
  readonly db: Database;
  /** The domain of our addresses. */
  readonly domain: string;
  readonly log: Logger;
  readonly policy?: () => Promise<PolicySnapshot>;
  readonly now?: () => number;
  /** How many bytes of mail in the making are held for all connections together; 256 MB unless a test has less. */
  readonly heldBytes?: number;
  /** With it senders may encrypt (STARTTLS, RFC 3207). */
  readonly certificate?: SmtpCertificate | null;
  readonly limits?: RemoteLimits;
  /** When a silent connection ends, and when every one does, in milliseconds; 1 and 30 minutes unless a test has less. */
  readonly idleMs?: number;
  readonly connectionMs?: number;
}

/** A listener that runs; `address` has the port that it really got. */
export interface SmtpListener {
  readonly address: ListenAddress;
  /** Takes no new connection, lets mail in hand finish for a few seconds, and frees the port. */
  close(): Promise<void>;
}

/** An answer to the sending server. 4xx: it tries again later and keeps the mail; 5xx: it tells its user. */
class SmtpAnswer extends Error {
  constructor(
    readonly responseCode: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Accepts mail for our addresses. The sender hears 250 only after the raw bytes are committed; while the database is away it hears 451 and
 * keeps the mail. Errors: E_PORT_BUSY.
 */
export async function startSmtp(options: SmtpOptions): Promise<SmtpListener> {
  const { listen, db, domain, log, now = Date.now, heldBytes = HELD_BYTES, certificate = null } = options;
  const policy = briefly(options.policy ?? (() => currentPolicy(db)), now);
  const remotes = new RemoteCounter(now, { heldBytes: heldBytes * HELD_BY_ONE, ...options.limits });
  let held = 0;

  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> => {
    const { remoteAddress } = session;
    const chunks: Buffer[] = [];
    let length = 0;
    let whole = true;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        // A mail that we do not take is read to its end, so that the answer reaches the sender, but not kept.
        if (stream.sizeExceeded || held > heldBytes || remotes.holdsTooMuch(remoteAddress)) whole = false;
        if (!whole) continue;
        chunks.push(chunk);
        length += chunk.length;
        held += chunk.length;
        remotes.holds(remoteAddress, chunk.length);
      }
      if (stream.sizeExceeded) throw new SmtpAnswer(552, 'This mail is larger than the 25 MB that we take.');
      if (!whole) throw new SmtpAnswer(451, 'Too much mail at once. Please try again in a moment.');
      const { mailFrom, rcptTo } = session.envelope;
      await crashPoint('accept:read', mailFrom === false ? '' : mailFrom.address);
      const { inboxId } = await acceptMail(db, await policy(), {
        raw: Buffer.concat(chunks, length),
        envelope: {
          from: mailFrom === false ? '' : mailFrom.address.toLowerCase(),
          to: rcptTo.map(({ address }) => address.toLowerCase()),
          ip: remoteAddress,
          helo: session.hostNameAppearsAs,
        },
        receivedAt: now(),
      });
      await crashPoint('accept:committed', mailFrom === false ? '' : mailFrom.address);
      log.info({ inbox: inboxId, bytes: length }, 'mail accepted');
      return `Accepted as ${inboxId}`;
    } finally {
      held -= length;
      remotes.holds(remoteAddress, -length);
    }
  };

  const isOurs = async (address: string): Promise<boolean> =>
    isOurRecipient(await policy(), domain, address) || (await isDemoAddress(db, domain, address, now()));

  const server = new SMTPServer({
    banner: 'Holdfast',
    size: MAIL_BYTES,
    maxRecipients: RECIPIENTS,
    maxClients: CLIENTS,
    socketTimeout: options.idleMs ?? IDLE_MS,
    closeTimeout: CLOSE_MS,
    disableReverseLookup: true,
    authOptional: true,
    // Without a certificate of ours STARTTLS would prove nothing.
    ...(certificate === null ? { disabledCommands: ['AUTH', 'STARTTLS'] } : { disabledCommands: ['AUTH'], ...certificate, minVersion: 'TLSv1.2' as const }),
    onConnect(session, done) {
      const tooMany = remotes.connected(session.remoteAddress);
      if (tooMany === null) return done();
      const what = tooMany === 'atOnce' ? 'Too many connections from your address' : 'Too many connections from your address in one minute';
      done(new SmtpAnswer(421, `${what}. Please try again in a moment.`));
    },
    onClose: (session) => remotes.closed(session.remoteAddress),
    onMailFrom(_address, session, done) {
      if (remotes.mail(session.remoteAddress)) done();
      else done(new SmtpAnswer(451, 'Too many mails from your address in one minute. Please try again in a moment.'));
    },
    onRcptTo({ address }, _session, done) {
      isOurs(address).then(
        (ours) => done(ours ? null : new SmtpAnswer(550, 'Nobody here has this address.')),
        (error: unknown) => done(later(error, log)),
      );
    },
    onData(stream, session, done) {
      receive(stream, session).then(
        (answer) => done(null, answer),
        (error: unknown) => done(error instanceof SmtpAnswer ? error : later(error, log)),
      );
    },
  });
  // Senders that hang up or talk nonsense are everyday; the listener goes on.
  server.server.on('connection', (socket: Socket) => {
    const end = setTimeout(() => socket.destroy(), options.connectionMs ?? CONNECTION_MS);
    end.unref();
    socket.once('close', () => clearTimeout(end));
  });
  const onError = (error: Error & { code?: string }): void => log.warn({ code: error.code }, 'a mail connection failed');

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => reject(listenError(error, listen)));
    server.listen(listen.port, listen.host, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', onError);
  const { port } = server.server.address() as AddressInfo;
  return {
    address: { host: listen.host, port },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Nothing has been committed, so the sender keeps the mail. */
function later(error: unknown, log: Logger): SmtpAnswer {
  const { code } = (error ?? {}) as { code?: unknown };
  log.warn({ code }, 'mail could not be accepted for now');
  if (code === DISK_FULL) return new SmtpAnswer(452, 'We have no room for mail at this moment. Please try again later.');
  return new SmtpAnswer(451, 'We cannot take mail at this moment. Please try again shortly.');
}

function listenError(error: Error & { code?: string }, { host, port }: ListenAddress): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new HoldfastError('E_PORT_BUSY', `Another program listens on ${host}:${port}, where mail should come in.`, {
    fix: 'Stop that program, or set SMTP_LISTEN to another address.',
    cause: error,
  });
}

/** Asks for the policy at most once a second: a mail with many recipients needs it often. */
function briefly(read: () => Promise<PolicySnapshot>, now: () => number): () => Promise<PolicySnapshot> {
  let last: { readonly at: number; readonly policy: PolicySnapshot } | null = null;
  return async () => {
    if (last === null || now() - last.at >= POLICY_FRESH_MS || now() < last.at) last = { at: now(), policy: await read() };
    return last.policy;
  };
}
