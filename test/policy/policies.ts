import { readPolicyDocument } from '../../policy/document';
import { resolvePolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';

/** The day on which the tests' policies are resolved. */
export const RESOLVED_AT = Date.UTC(2026, 0, 15);

/** A policy made of the text of its file; `version` is added. */
export async function policyOf(text: string, now: number = RESOLVED_AT): Promise<PolicySnapshot> {
  return resolvePolicy(readPolicyDocument(`version: test-1\n${text}`, 'test.yaml'), { now, baseFolder: __dirname });
}

/** A policy whose calendar `office` has these hours in this zone. */
export async function calendarIn(zone: string, open: string, specialDays = '[]'): Promise<PolicySnapshot> {
  return policyOf(`timezone: ${zone}\ncalendars: { office: { open: ${open}, businessDay: 1m, specialDays: ${specialDays} } }`);
}

/** An instant, written as ISO 8601 with its offset. */
export function at(iso: string): number {
  const instant = Date.parse(iso);
  if (!/(Z|[+-]\d\d:\d\d)$/.test(iso) || Number.isNaN(instant)) throw new Error(`Not an instant: ${iso}`);
  return instant;
}
