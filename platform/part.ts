/** How a process ended, for whoever has to understand it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines that it wrote to stderr, oldest first. */
  readonly lastLines: readonly string[];
}

/** A process that belongs to a running Holdfast and answers already. */
export interface Part {
  readonly pid: number;
  /** Resolves when it ends, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>;
  /** Ends it in good order, by force when it takes too long; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a process ended, in a few words: `killed by SIGKILL`, `ended with code 1`. */
export function describeExit({ code, signal }: Pick<Exit, 'code' | 'signal'>): string {
  return signal === null ? `ended with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
}
