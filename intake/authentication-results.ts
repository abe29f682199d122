import { isAligned } from './aligned-domain';
import { domainOf } from './mail-address';
import { authorOf } from './parse/author';
import { headerLines, type HeaderLine } from './parse/header-lines';
import type { Verdict } from './threading';

const HEADER_BYTES = 1_048_576;

/** One method's result in an Authentication-Results header (RFC 8601): `dmarc=fail (p=REJECT) header.from=acme.test`. */
interface MethodResult {
  readonly method: string;
  readonly result: string;
  /** `header.from` → `acme.test`; names in lower case. */
  readonly properties: Readonly<Record<string, string>>;
  readonly comment: string;
}

/**
 * The verdict of a server in front of us, by the Authentication-Results that carry its name. A server that keeps to RFC 8601, section 5,
 * has taken away what a sender had written in its name; one that has not is not believed further than what it must have written itself.
 */
export function verdictByHeaders(raw: Uint8Array, authserv: string): Verdict {
  const found = headerLines(raw, HEADER_BYTES);
  const author = found === null ? null : authorOf(found.headers);
  if (found === null || author === null) return 'none';
  return judge(trustedResults(found.headers, authserv.toLowerCase()), domainOf(author));
}

/** Headers that a sender writes: whatever stands below the first of them was there before the mail reached the server. */
const AUTHORS = new Set(['from', 'to', 'cc', 'subject', 'date', 'message-id', 'mime-version', 'received']);

/**
 * What the server itself has written. Servers write on top, and each adds a Received (RFC 5321, section 4.4): where none stands above the
 * server's results, its own stands below them, and all of its results in between are its word. Where one does, what a sender has put
 * on top of their mail may stand right below the results: then only the topmost of them count.
 */
function trustedResults(headers: readonly HeaderLine[], authserv: string): MethodResult[] {
  const first = headers.findIndex((header) => isOf(header, authserv));
  if (first === -1) return [];
  const below = headers.findIndex(({ name }, index) => index > first && AUTHORS.has(name));
  const enclosed = headers[below]?.name === 'received' && !headers.slice(0, first).some(({ name }) => name === 'received');
  return headers
    .slice(first, enclosed ? below : first + 1)
    .filter((header) => isOf(header, authserv))
    .flatMap(({ value }) => methodResults(value));
}

function isOf({ name, value }: HeaderLine, authserv: string): boolean {
  if (name !== 'authentication-results') return false;
  const [id = ''] = (parts(value)[0]?.bare ?? '').trim().split(/\s/);
  return id.replace(/^"(.*)"$/, '$1').toLowerCase() === authserv;
}

function judge(results: readonly MethodResult[], from: string): Verdict {
  const first = (method: string) => results.find((result) => result.method === method);
  const dmarc = first('dmarc');
  const named = dmarc?.properties['header.from'];
  // Another From than ours was looked at.
  if (dmarc !== undefined && named !== undefined && !isAligned(from, domainOf(named))) return 'none';
  switch (dmarc?.result) {
    case 'pass':
      return 'pass';
    case 'fail':
      return asksToRefuse(dmarc) ? 'reject' : 'fail';
    case 'temperror':
      return 'none';
    default:
  }
  const proven = results.some(({ method, result, properties }) => {
    if (result !== 'pass') return false;
    const domain = method === 'dkim' ? (properties['header.d'] ?? properties['header.i']) : method === 'spf' ? properties['smtp.mailfrom'] : undefined;
    return domain !== undefined && isAligned(from, domainOf(domain));
  });
  if (proven) return 'pass';
  const checked = results.filter(({ method }) => method === 'dkim' || method === 'spf');
  return checked.length === 0 || checked.some(({ result }) => result === 'temperror') ? 'none' : 'fail';
}

/** Servers tell the domain's policy in a comment (`p=REJECT`) or a property of their own. */
function asksToRefuse({ comment, properties }: MethodResult): boolean {
  return (
    /\bp=reject\b/i.test(comment) ||
    /^(o?reject)$/i.test(properties['action'] ?? '') ||
    /^reject$/i.test(properties['policy.dmarc'] ?? properties['policy.p'] ?? '')
  );
}

function methodResults(value: string): MethodResult[] {
  return parts(value)
    .slice(1)
    .flatMap(({ bare, comment }) => {
      const [, method, result, rest = ''] = /^\s*([a-z0-9-]+)(?:\s*\/\s*\d+)?\s*=\s*([a-z]+)\b(.*)$/is.exec(bare) ?? [];
      if (method === undefined || result === undefined) return [];
      const properties: Record<string, string> = {};
      for (const [, name = '', quoted, plain] of rest.matchAll(/(?<![a-z0-9._-])([a-z0-9._-]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))/gi)) {
        properties[name.toLowerCase()] ??= quoted ?? plain ?? '';
      }
      return [{ method: method.toLowerCase(), result: result.toLowerCase(), properties, comment }];
    });
}

/** A header's value at its semicolons, each part without its comments, and these; quoted text is left alone. */
function parts(value: string): { bare: string; comment: string }[] {
  const found = [{ bare: '', comment: '' }];
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < value.length; index += 1) {
    const character = value.charAt(index);
    const part = found[found.length - 1] ?? { bare: '', comment: '' };
    const escaped = character === '\\' && (quoted || depth > 0);
    const text = escaped ? value.charAt((index += 1)) : character;
    if (escaped) {
      if (depth > 0) part.comment += text;
      else part.bare += text;
    } else if (depth === 0 && character === '"') {
      quoted = !quoted;
      part.bare += character;
    } else if (!quoted && character === '(') depth += 1;
    else if (!quoted && character === ')' && depth > 0) {
      depth -= 1;
      part.comment += ' ';
    } else if (depth > 0) part.comment += character;
    else if (!quoted && character === ';') found.push({ bare: '', comment: '' });
    else part.bare += character;
  }
  return found;
}
