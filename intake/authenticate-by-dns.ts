import { Resolver } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { authenticate as Authenticate, AuthenticateResult } from 'mailauth';
import type { Logger } from '../config/log';
import type { MailEnvelope } from '../db/inbox';
import { isAligned } from './aligned-domain';
import { domainOf } from './mail-address';
import { authorOf } from './parse/author';
import { headerLines, type HeaderLine } from './parse/header-lines';
import type { Verdict } from './threading';
import { codeOf } from './woken-loop';

/** A large library that a desk without look-ups never needs is loaded with the first. */
const load = createRequire(__filename);

/** Looks a name up (`acme.test`, `TXT`); rejects as node:dns does, with ENOTFOUND or ENODATA for what does not exist. */
export type DnsLookup = (name: string, type: string) => Promise<string[][] | string[]>;

/** All of a mail's look-ups together: whoever runs slow name servers is not proven, and holds nobody up. */
const ALL_MS = 5_000;
const ONE_MS = 2_000;
const LOOKUPS = 60;
const HEADER_BYTES = 262_144;
/** Signatures that are looked at; each costs a look-up, and real mail has at most a few. */
const SIGNATURES = 6;
const CHUNK_BYTES = 65_536;
/** Lines of a header, folded ones included. Real mail has some hundreds, and the checker takes their square. */
const HEADER_LINES = 5_000;

/** Addresses from which no stranger's mail comes: a relay of ours, so that SPF has nothing to say. */
const NEAR = new BlockList();
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  NEAR.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  NEAR.addSubnet(net, prefix, 'ipv6');

/**
 * SPF, DKIM and DMARC (RFC 7208, 6376, 7489) of a mail as it came. Anything but a clear answer within 5 s is "none"; so is a failure where
 * something that might have passed could not be looked up.
 */
export async function verdictByDns(
  { raw, envelope }: { raw: Uint8Array; envelope: MailEnvelope },
  log: Logger,
  lookup?: DnsLookup,
  withinMs = ALL_MS,
): Promise<Verdict> {
  const found = headerLines(raw, HEADER_BYTES);
  const author = found === null ? null : authorOf(found.headers);
  if (found === null || author === null || isCostly(found.headers)) return 'none';
  const mail = withoutDeadWeight(raw, found);
  const resolver = lookup === undefined ? new Resolver({ timeout: ONE_MS, tries: 1 }) : null;
  const ask = limited(lookup ?? ((name, type) => resolver?.resolve(name, type) as Promise<string[]>));
  const ip = senderAddress(envelope);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), withinMs);
  });
  const { authenticate } = load('mailauth') as { authenticate: typeof Authenticate };
  const checking = authenticate(Readable.from(inTurns(mail)), {
    ...(ip !== null && { ip, helo: envelope.helo ?? ip }),
    sender: envelope.from,
    mta: 'holdfast',
    resolver: ask,
    disableArc: true,
    disableBimi: true,
  });
  try {
    const result = await Promise.race([checking, tooLong]);
    return result === null ? 'none' : judge(result, author, ip !== null);
  } catch (error) {
    log.warn({ code: codeOf(error) }, 'a mail’s sender could not be checked');
    return 'none';
  } finally {
    clearTimeout(timer);
    // Whatever is still being asked answers nobody any more.
    checking.catch((error: unknown) => log.debug({ code: codeOf(error) }, 'a late answer about a sender'));
    resolver?.cancel();
  }
}

/** One From that proves itself passes; what its domain asks to refuse is `reject`; where an answer is missing nothing is held against it. */
function judge({ dkim, spf, dmarc }: AuthenticateResult, author: string, spfAsked: boolean): Verdict {
  const [from, ...others] = dkim.headerFrom;
  // The proof must be for the very address that we take for the author.
  if (others.length > 0 || from?.toLowerCase() !== author) return 'none';
  const domain = domainOf(author);
  const signed = dkim.results.some(
    ({ status }) => status.result === 'pass' && (status as { aligned?: unknown }).aligned !== false && status.underSized === undefined,
  );
  const spfPasses = spfAsked && spf !== false && spf.status.result === 'pass';
  if (dmarc !== false && dmarc.status.result === 'pass') return 'pass';
  const unclear = dkim.results.some(({ status }) => isUnclear(status.result)) || !spfAsked || (spf !== false && isUnclear(spf.status.result));
  if (dmarc === false || isUnclear(dmarc.status.result)) return 'none';
  if (dmarc.status.result === 'fail') {
    if (unclear) return 'none';
    // A domain that still tries its policy out (pct below 100) asks for nothing.
    return dmarc.policy === 'reject' && (dmarc.pct ?? 100) >= 100 ? 'reject' : 'fail';
  }
  if (signed || (spfPasses && spf.domain !== undefined && isAligned(domain, spf.domain))) return 'pass';
  return unclear ? 'none' : 'fail';
}

function isUnclear(result: string): boolean {
  return result === 'temperror' || result === 'temperr';
}

/** The address that handed the mail over, if it says anything about the sender. */
function senderAddress({ ip }: MailEnvelope): string | null {
  if (ip === undefined) return null;
  const address = ip.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(address)) return NEAR.check(address, 'ipv4') ? null : address;
  return isIPv6(address) && !NEAR.check(address, 'ipv6') ? address : null;
}

/**
 * The mail without what only costs time: signatures beyond the first few, signatures that cover a part of the body (`l=`: anybody can add
 * words below), and forwarders' chains, which we do not read.
 */
function withoutDeadWeight(raw: Uint8Array, { headers, length }: NonNullable<ReturnType<typeof headerLines>>): Buffer {
  let signatures = 0;
  const kept = headers.filter(({ name, value }) => {
    if (name.startsWith('arc-')) return false;
    if (name !== 'dkim-signature') return true;
    if (/(^|;)\s*l\s*=/i.test(value)) return false;
    signatures += 1;
    return signatures <= SIGNATURES;
  });
  return Buffer.concat([Buffer.from(kept.map(({ line }) => line).join(''), 'latin1'), Buffer.from(raw.subarray(length))]);
}

/** Headers for which the checker would stop this process for seconds: a CR within a line, which no program writes, or lines without end. */
function isCostly(headers: readonly HeaderLine[]): boolean {
  let lines = 0;
  return headers.some(({ line }) => {
    lines += line.split('\n').length - 1;
    return lines > HEADER_LINES || /\r(?!\n)/.test(line);
  });
}

/** Bytes in pieces, so that a large mail leaves others their turn. */
async function* inTurns(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    yield bytes.subarray(start, start + CHUNK_BYTES);
    await nextTurn();
  }
}

/** A mail must not make us ask the world without end. */
function limited(lookup: DnsLookup): DnsLookup {
  let asked = 0;
  return (name, type) => {
    asked += 1;
    if (asked > LOOKUPS) return Promise.reject(Object.assign(new Error('Too many look-ups.'), { code: 'EREFUSED' }));
    return lookup(name, type);
  };
}
