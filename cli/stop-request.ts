/** npm passes on a Ctrl-C that the terminal has sent to everyone already: the echo of the first one is not a second one. */
const ECHO_MS = 700;

/**
 * Resolves at the first Ctrl-C, SIGTERM or SIGHUP, after which there is time to end in good order.
 * Another one, later than npm's echo, means "at once": `atOnce` must end the process.
 */
export function stopRequest(atOnce: () => never): Promise<'asked to stop'> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = () => {
      if (askedAt !== null && performance.now() - askedAt > ECHO_MS) atOnce();
      askedAt ??= performance.now();
      resolve('asked to stop');
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  });
}
