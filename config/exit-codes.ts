import { HoldfastError } from '../messages/errors';
import type { ErrorCode } from '../messages/errors';
import { PolicyError } from '../policy/errors';

/** How every `holdfast` command ends. */
export const EXIT = {
  done: 0,
  /** Something failed that may go better next time, or a check found something. */
  failed: 1,
  /** The command line, the environment, the policy or this machine must be changed first. */
  mustChange: 2,
} as const;

/** Codes that stay until a person changes something: trying again is no use. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_ENVIRONMENT',
  'E_USAGE',
  'E_PORT_BUSY',
  'E_DATA_UNWRITABLE',
  'E_DATA_UNREACHABLE',
  'E_DISK_FULL',
  'E_ALREADY_RUNNING',
  'E_POSTGRES_ACCOUNT',
  'E_TEMPORAL_CLI',
  'E_POLICY_UNREADABLE',
  'E_POLICY_SYNTAX',
  'E_POLICY_INVALID',
]);

/** Codes of a part's own settings: while Holdfast runs nothing can change them, so even a restart later is no use. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['E_ENVIRONMENT', 'E_USAGE', 'E_POLICY_UNREADABLE', 'E_POLICY_SYNTAX', 'E_POLICY_INVALID']);

/** An error that left us with a code, whichever module it came from. */
export type CodedError = HoldfastError | PolicyError;

/** Whether an error carries one of our codes, and so a message that is meant for people. */
export function isCoded(error: unknown): error is CodedError {
  return error instanceof HoldfastError || error instanceof PolicyError;
}

/** Whether an error stays until a person changes something. */
export function isLasting(error: unknown): boolean {
  return isCoded(error) && LASTING.has(error.code);
}

/** Whether a part that fails like this fails again at every restart. */
export function isHopeless(error: unknown): boolean {
  return isCoded(error) && HOPELESS.has(error.code);
}

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: unknown): number {
  return isLasting(error) ? EXIT.mustChange : EXIT.failed;
}
