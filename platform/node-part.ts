import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { HoldfastError } from '../messages/errors';
import type { ErrorCode } from '../messages/errors';
import type { LogFile } from './log-file';
import { readLines } from './output-lines';
import { describeExit } from './part';
import type { Exit, Part } from './part';
import { endProcess } from './processes';

const KEPT_LINES = 20;
const READY_WITHIN_MS = 60_000;
/** What is in hand may finish in this time. */
const STOP_STEPS = [
  { signal: 'SIGTERM', waitMs: 6_500 },
  { signal: 'SIGKILL', waitMs: 1_000 },
] as const;

/** What one of our processes tells whoever started it, over Node's own channel. */
export type PartMessage = { readonly type: 'ready' } | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string; readonly fix?: string };

/** One of our own processes: which command, with which environment, and where its output goes. */
export interface NodePart {
  readonly command: 'api' | 'worker' | 'catcher';
  readonly options?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: LogFile;
  /** Hears each warning and error that it logs. */
  readonly onWarning: (message: string) => void;
}

/**
 * Starts `holdfast <command>` as a process of its own and resolves when it says that it is ready.
 * It leads its own process group, so that a Ctrl-C at the terminal reaches only us and we stop everything in order;
 * it ends by itself when we are gone, because the channel between us then closes.
 * Rejects with the error that it tells, or with `E_CHILD_FAILED` and its last lines.
 */
export async function startNodePart({ command, options = [], env, logFile, onWarning }: NodePart): Promise<Part> {
  const child = spawn(process.execPath, ['--enable-source-maps', join(__dirname, '..', 'cli', 'main.js'), command, ...options], {
    env: { ...env, HOLDFAST_SUPERVISED: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const lastLines: string[] = [];
  readLines([child.stdout], (line) => {
    logFile.write(line);
    const warning = warningIn(line);
    if (warning !== null) onWarning(warning);
  });
  readLines([child.stderr], (line) => {
    logFile.write(line);
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
  });

  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, lastLines: [error.message] }));
    child.once('close', (code, signal) => resolve({ code, signal, lastLines }));
  });
  const { pid } = child;
  const stop = () => (pid === undefined ? Promise.resolve() : endProcess(pid, STOP_STEPS));

  await new Promise<void>((resolve, reject) => {
    const tooLong = setTimeout(() => {
      void stop();
      reject(
        new HoldfastError('E_CHILD_FAILED', `holdfast ${command} was not ready after ${READY_WITHIN_MS / 1000} s.`, {
          fix: `Its log tells more: ${logFile.path}`,
        }),
      );
    }, READY_WITHIN_MS);
    child.on('message', (message: PartMessage) => {
      clearTimeout(tooLong);
      if (message.type === 'ready') resolve();
      else reject(new HoldfastError(message.code, message.message, message.fix === undefined ? {} : { fix: message.fix }));
    });
    void exited.then((exit) => {
      clearTimeout(tooLong);
      const tail = exit.lastLines.length === 0 ? '' : ` It said:\n${exit.lastLines.map((line) => `  ${line}`).join('\n')}`;
      reject(
        new HoldfastError('E_CHILD_FAILED', `holdfast ${command} ${describeExit(exit)} before it was ready.${tail}`, {
          fix: `Its log tells more: ${logFile.path}`,
        }),
      );
    });
  });
  return { pid: pid ?? 0, exited, stop };
}

/** The message of a log line that a person should see: a warning or worse. */
function warningIn(line: string): string | null {
  if (!line.startsWith('{')) return null;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { level, msg, sdkComponent } = entry as { level?: unknown; msg?: unknown; sdkComponent?: unknown };
  // Temporal's SDK warns of what is meant to be, such as a worker without workflows; its errors count.
  const worst = sdkComponent === undefined ? ['warn', 'error', 'fatal'] : ['error', 'fatal'];
  return worst.includes(String(level)) && typeof msg === 'string' ? msg : null;
}
