import type { Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import { msToTs } from '@temporalio/common/lib/time';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../messages/errors';
import { SEARCH_ATTRIBUTES } from '../messages/searchAttributes';

/** How long Temporal keeps a closed conversation, in days; relay relies on it to recognise a number that is closed. */
export const RETENTION_DAYS = 30;

const MS_PER_DAY = 86_400_000;
const VISIBLE_WITHIN_MS = 15_000;

/** gRPC status codes that we tell apart. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/**
 * Makes sure that the namespace exists and keeps what is closed for at least so many days. Where others look after
 * namespaces (a cloud), one that exists stays as it is. Throws E_TEMPORAL.
 */
export async function ensureNamespace(connection: Connection, namespace: string, retentionDays: number = RETENTION_DAYS): Promise<void> {
  const { workflowService } = connection;
  const retention = msToTs(retentionDays * MS_PER_DAY);
  try {
    const found = await unless(NOT_FOUND, workflowService.describeNamespace({ namespace }));
    if (found === undefined) {
      await unless(ALREADY_EXISTS, workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention }));
      // Every service of the server learns of it a little later; this one asks the last to know.
      await until(async () => (await unless(NOT_FOUND, connection.operatorService.listSearchAttributes({ namespace }))) !== undefined);
    } else if (Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1000 < retentionDays * MS_PER_DAY) {
      await unless(PERMISSION_DENIED, workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: retention } }));
    }
  } catch (cause) {
    throw setupError(`The Temporal namespace "${namespace}" could not be prepared`, cause);
  }
}

/** Registers the search attributes of messages/searchAttributes.ts that the namespace does not have yet. Throws E_TEMPORAL. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { operatorService } = connection;
  // The time-skipping test server cannot list; for it, all are missing before and none after.
  const missing = async (ifUnknown: 'all' | 'none') => {
    const listed = await unless(UNIMPLEMENTED, operatorService.listSearchAttributes({ namespace }));
    return Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => (listed === undefined ? ifUnknown === 'all' : listed.customAttributes?.[name] === undefined));
  };
  try {
    const wanted = await missing('all');
    if (wanted.length === 0) return;
    const searchAttributes = Object.fromEntries(wanted.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type) ?? 0]));
    await unless(ALREADY_EXISTS, operatorService.addSearchAttributes({ namespace, searchAttributes }));
    await until(async () => (await missing('none')).length === 0);
  } catch (cause) {
    throw setupError(`The search attributes could not be registered in the Temporal namespace "${namespace}"`, cause);
  }
}

/** The answer, or undefined when the server answers with this gRPC status. */
async function unless<Answer>(status: number, call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as { code?: unknown }).code === status) return undefined;
    throw error;
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + VISIBLE_WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`the change was not visible within ${VISIBLE_WITHIN_MS / 1000} s`);
    await sleep(50);
  }
}

function setupError(what: string, cause: unknown): HoldfastError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_TEMPORAL', `${what}: ${reason}`, {
    fix: 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rights of the key. Where you may not do this yourself, ask whoever looks after the server to create them; the names are in messages/searchAttributes.ts.',
    cause,
  });
}
