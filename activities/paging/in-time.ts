/** The database took longer than a page can wait for it. */
export class TookTooLong extends Error {
  constructor(ms: number) {
    super(`Not done within ${ms} ms.`);
    this.name = 'TookTooLong';
  }
}

/** Waits for work at most so long. Work that is given up goes on by itself; how it ends is told to `late`. */
export async function inTime<T>(ms: number, work: Promise<T>, late: (error: unknown) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let givenUp = false;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      givenUp = true;
      reject(new TookTooLong(ms));
    }, ms);
  });
  work.catch((error: unknown) => {
    if (givenUp) late(error);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
