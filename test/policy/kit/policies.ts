import { readPolicyDocument } from '../../../policy/document';
import { loadPolicy, resolvePolicy } from '../../../policy/resolve';
import type { PolicySnapshot } from '../../../policy/snapshot';
import { at } from './times';

/** The policy that ships, resolved for the time of the stories. */
export function handbook(): Promise<PolicySnapshot> {
  return loadPolicy(undefined, at('Mon 00:00'));
}

/** The handbook with these keys changed (YAML). */
export function handbookBut(yaml: string): Promise<PolicySnapshot> {
  return resolvePolicy(readPolicyDocument(`version: changed\n${yaml}\n`, 'test'), { now: at('Mon 00:00'), baseFolder: __dirname });
}
