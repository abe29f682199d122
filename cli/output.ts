import { styleText } from 'node:util';
import { isCoded } from '../config/exit-codes';

type Style = Parameters<typeof styleText>[0];

/** Colours text for this stream; plain where it goes to a file, or when NO_COLOR is set (https://no-color.org). */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = (process.env['NO_COLOR'] ?? '') === '' && (stream.isTTY || (process.env['FORCE_COLOR'] ?? '') !== '');
  return wanted ? styleText(style, text) : text;
}

/** Prints one line for people. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints data for programs: what `--json` answers with. */
export function sayJson(data: unknown): void {
  process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
}

/** Says on stderr what went wrong, with its code and what to change; the stack of an unexpected error only when asked for. */
export function complain(error: unknown, { verbose }: { verbose: boolean }): void {
  const red = (text: string) => styled(['red', 'bold'], text, process.stderr);
  const lines = [];
  if (isCoded(error)) {
    lines.push(`${red(error.code)}: ${error.message}`);
    if ('fix' in error && error.fix !== undefined) lines.push(`What to do: ${error.fix}`);
  } else {
    lines.push(`${red('E_INTERNAL')}: ${error instanceof Error ? error.message : String(error)}`);
    if (!verbose) lines.push('What to do: this should not happen. Add --verbose to see where it came from, and please report it.');
  }
  if (verbose && error instanceof Error) lines.push(error.stack ?? '', ...causes(error));
  process.stderr.write(`${lines.join('\n')}\n`);
}

function causes(error: Error): string[] {
  return error.cause instanceof Error ? [`Caused by: ${error.cause.stack ?? error.cause.message}`, ...causes(error.cause)] : [];
}
