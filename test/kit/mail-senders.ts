import { generateKeyPairSync } from 'node:crypto';
import { dkimSign } from 'mailauth';
import type { DnsLookup } from '../../intake/authenticate-by-dns';

/** A name server of the outside world: answers what a test has told it, and remembers what it was asked. */
export class FakeDns {
  readonly asked: string[] = [];
  private readonly records = new Map<string, string[]>();
  private readonly trouble = new Map<string, 'broken' | 'silent'>();

  /** A TXT record, which nobody has to ask for. */
  txt(name: string, value: string): this {
    this.records.set(`TXT ${name}`, [value]);
    return this;
  }

  /** From now on, whoever asks for this name has no luck: an error at once, or no answer at all. */
  fails(name: string, how: 'broken' | 'silent'): this {
    this.trouble.set(name, how);
    return this;
  }

  readonly lookup: DnsLookup = (name, type) => {
    this.asked.push(`${type} ${name}`);
    const trouble = this.trouble.get(name);
    if (trouble === 'silent') return new Promise(() => undefined);
    if (trouble === 'broken') return Promise.reject(Object.assign(new Error('The name server failed.'), { code: 'ESERVFAIL' }));
    const found = this.records.get(`${type} ${name}`);
    if (found === undefined) return Promise.reject(Object.assign(new Error('There is no such name.'), { code: 'ENOTFOUND' }));
    return Promise.resolve([found]);
  };
}

/** A mail domain of the outside world that signs its mail and says who may send it. */
export class SendingDomain {
  private readonly key = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  constructor(
    readonly name: string,
    dns: FakeDns,
    { dmarc, spf }: { dmarc?: string; spf?: string } = {},
  ) {
    dns.txt(`s1._domainkey.${name}`, `v=DKIM1; k=rsa; p=${this.key.publicKey.toString('base64')}`);
    if (dmarc !== undefined) dns.txt(`_dmarc.${name}`, dmarc);
    if (spf !== undefined) dns.txt(name, spf);
  }

  /** The mail with this domain's DKIM signature on it; `bodyLength` leaves the rest of the body unsigned. */
  async signed(raw: Buffer, { bodyLength }: { bodyLength?: number } = {}): Promise<Buffer> {
    const signature = {
      signingDomain: this.name,
      selector: 's1',
      privateKey: this.key.privateKey,
      ...(bodyLength !== undefined && { maxBodyLength: bodyLength }),
    };
    // Without a time of its own the library asks the clock twice, for what it signs and for what it writes: between two seconds they differ.
    const signTime = new Date();
    // The library's types want on top what it reads from the list.
    const { signatures } = await dkimSign(raw, { ...signature, signTime, canonicalization: 'relaxed/relaxed', signatureData: [signature] });
    return Buffer.concat([Buffer.from(signatures), raw]);
  }
}
