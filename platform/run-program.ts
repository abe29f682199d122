import { spawn } from 'node:child_process';

/** How a program that we ran to its end went. */
export interface ProgramResult {
  /** Its exit code; null when it could not start or was ended by a signal. */
  readonly code: number | null;
  /** What it wrote, on both streams. */
  readonly output: string;
  readonly timedOut: boolean;
}

/** Runs a program to its end and answers with how it went; one that takes longer than allowed is killed. Never throws for the program's sake. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; timeoutMs: number; cwd?: string },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(file, args, { env: options.env, cwd: options.cwd ?? '/', stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    const add = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ code: null, output: error.message, timedOut });
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output, timedOut });
    });
  });
}
