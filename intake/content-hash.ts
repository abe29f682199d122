import { createHash } from 'node:crypto';
import { headerLength, withLineFeeds } from './parse/mail-bytes';

/** Headers that a mail collects on its way: two copies of one mail differ in nothing else. */
const TRACE =
  /^(received|x-received|return-path|delivered-to|x-original-to|envelope-to|x-envelope-(from|to)|authentication-results|received-spf|arc-.+|dkim-signature|x-.*dkim-signature|x-spam.*|x-virus.*|x-gm-message-state|x-google-smtp-source|x-ms-exchange-.+|x-forefront-.+|x-delivery-.+)$/;

const HEADER_BYTES = 1_048_576;

/**
 * What a mail says, as a hash (SHA-256, hex): the same for every copy of it, whichever way it came. `sender` is who said it, where the
 * mail itself does not tell.
 */
export function contentHash(raw: Uint8Array, sender = ''): string {
  const bytes = Buffer.from(withLineFeeds(raw));
  const end = headerLength(bytes, HEADER_BYTES);
  const lines = bytes
    .subarray(0, end)
    .toString('latin1')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  const hash = createHash('sha256').update(sender);
  for (const line of lines) {
    const name = line
      .slice(0, Math.max(0, line.indexOf(':')))
      .trim()
      .toLowerCase();
    if (!TRACE.test(name))
      hash.update(
        `${name}:${line
          .slice(line.indexOf(':') + 1)
          .replace(/\s+/g, ' ')
          .trim()}\n`,
        'latin1',
      );
  }
  hash.update('\n');
  hash.update(bytes.subarray(end).toString('latin1').replace(/\r\n/g, '\n').trim(), 'latin1');
  return hash.digest('hex');
}
