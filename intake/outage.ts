import { codeOf } from './woken-loop';

/** Codes that say nothing against the mail: PostgreSQL's classes 08, 40, 53, 57, the network's, a desk that is not set up, a broken install. */
const OUTAGE_CODE = /^((08|40|53|57)[0-9A-Z]{3}|E[A-Z]+|E_NOT_FOUND|MODULE_NOT_FOUND)$/;
/** The database client's own errors have no code. */
const OUTAGE_TEXT = /connection terminated|connection error|timeout exceeded when trying to connect|not queryable/i;

/** Whether an error says that a server or the network is gone for now, and nothing against what was asked of it. */
export function isOutage(error: unknown): boolean {
  return OUTAGE_CODE.test(codeOf(error)) || (error instanceof Error && OUTAGE_TEXT.test(error.message));
}
