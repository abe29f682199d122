import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTransport } from 'nodemailer';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** What a robot writes back to a mail; null for nothing. */
export type RobotAnswer = (
  mail: Email,
) => { readonly to: string; readonly subject: string; readonly text: string; readonly headers?: Record<string, string> } | null;

/** Mailboxes of the outside world that answer every mail at once, with new Message-IDs and without a word that a machine wrote it. */
export interface Robots {
  readonly smtpUrl: string;
  /** How many mails one of them was sent, or all. */
  received(address?: string): number;
  /** One of them writes first. */
  writes(from: string, mail: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>;
  /** Ends them; fails when a desk refused an answer, or wrote to nobody here. */
  close(): Promise<void>;
}

/** Starts robots, one an address, whose answers go to a desk's listener. */
export async function startRobots(deskPort: () => number, robots: Readonly<Record<string, RobotAnswer>>): Promise<Robots> {
  const received: string[] = [];
  const answering = new Set<Promise<void>>();
  const send = async (address: string, mail: NonNullable<ReturnType<RobotAnswer>>): Promise<void> => {
    const transport = createTransport({ host: '127.0.0.1', port: deskPort(), ignoreTLS: true });
    try {
      await transport.sendMail({ from: address, messageId: `<${randomBytes(8).toString('hex')}@robot.test>`, ...mail });
    } finally {
      transport.close();
    }
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 200,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const address = session.envelope.rcptTo[0]?.address ?? '';
        received.push(address);
        done(null, 'Taken');
        const work = PostalMime.parse(Buffer.concat(chunks)).then(async (mail) => {
          const answer = robots[address];
          if (answer === undefined) throw new Error(`No robot lives at ${address}.`);
          const said = answer(mail);
          if (said !== null) await send(address, said);
        });
        answering.add(work);
        void work.finally(() => answering.delete(work));
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    smtpUrl: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received: (address) => received.filter((one) => address === undefined || one === address).length,
    writes: send,
    async close() {
      // A refused answer fails the test.
      await Promise.all(answering);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
