import { isCollection, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { PolicyError } from './errors';
import type { PolicyErrorCode } from './errors';
import { policyJsonSchema, policySchema } from './schema';
import type { Policy } from './schema';
import { findContradictions } from './schema-checks';
import type { Finding } from './schema-checks';

type Path = readonly (string | number)[];

/** One thing to change in a policy file; line and column count from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  /** The key that it is about, such as `tickets.dispatch.within`. */
  readonly key: string;
  readonly message: string;
}

/** All that has to be changed in a policy file, in the order of its lines. */
export class PolicyFileError extends PolicyError {
  readonly file: string;
  readonly problems: readonly PolicyProblem[];
  constructor(code: PolicyErrorCode, file: string, problems: readonly PolicyProblem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted.map(({ line, column, key, message }) => `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}${message}`);
    super(code, lines.join('\n'));
    this.name = 'PolicyFileError';
    this.file = file;
    this.problems = sorted;
  }
}

/** A policy as its file states it, with the means to say where something stands. */
export interface PolicyDocument {
  /** The file's name, for messages. */
  readonly file: string;
  readonly policy: Policy;
  /** Makes problems of findings: where they stand in the file. */
  readonly locate: (findings: readonly Finding[]) => PolicyProblem[];
}

/** Reads the text of a policy file. Throws a {@link PolicyFileError} (`E_POLICY_SYNTAX`, `E_POLICY_INVALID`) that names every problem at once. */
export function readPolicyDocument(text: string, file: string): PolicyDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new PolicyFileError(
      'E_POLICY_SYNTAX',
      file,
      faults.map((fault) => ({ ...positionAt(lines, fault.pos[0]), key: '', message: fault.message })),
    );
  }
  const locate = (findings: readonly Finding[]): PolicyProblem[] =>
    findings.map(({ path, message }) => ({ ...positionAt(lines, offsetOf(document, path)), key: keyInWords(path), message }));
  const { policy, findings } = readPolicy(valueOf(document, file));
  if (findings.length > 0) throw new PolicyFileError('E_POLICY_INVALID', file, locate(findings));
  return { file, policy, locate };
}

/** The document as plain data; aliases that unfold without measure are refused. */
function valueOf(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PolicyFileError('E_POLICY_SYNTAX', file, [{ line: 1, column: 1, key: '', message }]);
  }
}

/** The policy in a plain value, or everything that is wrong with it. */
function readPolicy(value: unknown): { policy: Policy; findings: Finding[] } {
  const parsed = policySchema.safeParse(value);
  if (parsed.success) return { policy: parsed.data, findings: findContradictions(parsed.data, new Set()) };
  const findings = parsed.error.issues
    .flatMap((issue) => findingsOf(issue, []))
    .map(({ path, message }) => ({ path, message: isMissing(value, path) ? `this key is missing: ${message}` : message }));
  // What is well-formed is checked all the same, so that one look at the file shows everything.
  const malformed = new Set(findings.map(({ path }) => String(path[0] ?? '')));
  const rest = isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !malformed.has(key))) : {};
  const repaired = policySchema.parse({ ...rest, ...(malformed.has('version') || rest['version'] === undefined ? { version: '-' } : {}) });
  return { policy: repaired, findings: [...findings, ...findContradictions(repaired, malformed)] };
}

function findingsOf(issue: z.core.$ZodIssue, parent: Path): Finding[] {
  const path = [...parent, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `this key is not known: ${known(path)}` }));
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_union': {
      const closest = closestOption(issue.errors);
      return closest === undefined ? [{ path, message: issue.message }] : closest.flatMap((nested) => findingsOf(nested, path));
    }
    case 'invalid_type':
      return [{ path, message: issue.message.startsWith('Invalid input') ? typeMessage(path, issue.expected, issue.message) : issue.message }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** Of several allowed forms the one that the writer meant: of the right type, with the fewest faults; undefined when none is of the type. */
function closestOption(options: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const faults = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return options
    .filter((issues) => issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'))
    .sort((a, b) => faults(a) - faults(b))[0];
}

/** Whether the place is left out although what it belongs to is there. */
function isMissing(value: unknown, path: Path): boolean {
  const last = path.at(-1);
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, part) => (isRecord(node) || Array.isArray(node) ? (node as Record<string, unknown>)[part] : undefined), value);
  return typeof last === 'string' && isRecord(parent) && !Object.hasOwn(parent, last);
}

function typeMessage(path: Path, expected: string, message: string): string {
  if (path.length === 0) return 'a policy is a list of keys: begin with version: my-policy-1';
  if (expected === 'object' || expected === 'record') return `write keys here, in braces or on lines of their own: ${known(path)}`;
  if (expected === 'array') return 'write a list here, in brackets or on lines that begin with a dash';
  return message;
}

/** The keys that are possible at a place, from the JSON Schema. */
function known(path: Path): string {
  const places = path.reduce<object[]>((nodes, part) => nodes.flatMap((node) => below(node, part)), optionsOf(policyJsonSchema()));
  const keys = new Set(places.flatMap((place) => ('properties' in place && isRecord(place.properties) ? Object.keys(place.properties) : [])));
  return keys.size === 0 ? 'remove it' : `the keys here are ${[...keys].join(', ')}`;
}

function below(node: object, part: string | number): object[] {
  const { properties, additionalProperties, items } = node as { properties?: Record<string, unknown>; additionalProperties?: unknown; items?: unknown };
  const next = typeof part === 'number' ? items : (properties?.[part] ?? additionalProperties);
  return typeof next === 'object' && next !== null ? optionsOf(next) : [];
}

function optionsOf(node: object): object[] {
  const { anyOf, allOf } = node as { anyOf?: object[]; allOf?: object[] };
  return [node, ...(anyOf ?? []), ...(allOf ?? [])];
}

/** Where a path stands in the text: its key, or the nearest thing around it that is there. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (!isPair(pair)) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isCollection(node) && typeof part === 'number') {
      node = node.items[part];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

function positionAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** `onCall.levels[1].rota`. */
function keyInWords(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
