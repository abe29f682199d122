import { createServer } from 'node:net';
import { HoldfastError } from '../messages/errors';

/** Makes sure that we can listen there; throws `E_PORT_BUSY`, or `E_ENVIRONMENT` when this machine has no such address, naming the variable that decides it. */
export async function checkListen({ host, port, variable, what }: { host: string; port: number; variable: string; what: string }): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new HoldfastError('E_PORT_BUSY', `Port ${port} of ${host}, meant for ${what}, is taken by another program.`, {
        fix: `Stop that program, or choose another port with ${variable}.`,
      });
    }
    throw new HoldfastError('E_ENVIRONMENT', `${what} cannot listen on ${host}:${port}: ${message}`, { fix: `Change ${variable}.` });
  }
  await new Promise((resolve) => server.close(resolve));
}
