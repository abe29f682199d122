import { newVisitorToken, visitorTokenHash } from '../../api/auth/visitor-token';
import { mintIdentity, type IdentityClaims } from '../../api/auth/mint-identity';
import { findOrCreateContact } from '../../db/contacts';
import { insertUpload } from '../../db/attachments';
import { newId } from '../../db/new-id';
import { insertVisitor, revokeVisitor, type VisitorProof } from '../../db/visitors';
import { DASHBOARD_SECRET, type TestApi } from './test-api';

/** Visitors of every kind to two chats: one begun by the dashboard's user Ada, one by somebody who only claims an address. */
export interface ChatPeople {
  /** Ada's chat, of Acme. */
  readonly owned: number;
  /** A file that Ada has sent in it. */
  readonly file: string;
  /** The chat that was begun with an address only claimed: Ada's. */
  readonly claimed: number;
  readonly claimedFile: string;
  /** A new token of this visitor, each time it is asked. */
  tokenOf(name: VisitorKind): Promise<string>;
}

/** Who somebody is to Ada's chat. */
export type VisitorKind =
  | 'owner'
  | 'owner with a code'
  | 'owner of a claimed chat'
  | 'customer of another company'
  | 'visitor who claims the owner’s address'
  | 'colleague of the owner'
  | 'expired visitor'
  | 'revoked visitor';

export const ADA: IdentityClaims = { sub: 'u-17', email: 'ada@acme.example', name: 'Ada Lovelace', organization: 'o-acme' };
export const COLLEAGUE: IdentityClaims = { sub: 'u-18', email: 'grace@acme.example', name: 'Grace Hopper', organization: 'o-acme' };
export const STRANGER: IdentityClaims = { sub: 'u-17', email: 'mallory@other.example', name: 'Mallory', organization: 'o-other' };

/** An identity that the tests' dashboard has signed just now. */
export function signed(api: TestApi, claims: IdentityClaims): Promise<string> {
  return mintIdentity(DASHBOARD_SECRET, claims, api.clock.now);
}

/** Adds a visitor as if they had come in by themselves; answers their token. */
export async function addVisitor(api: TestApi, given: { email: string; proof: VisitorProof; identity?: string; expiresInMs?: number }): Promise<string> {
  const at = new Date(api.clock.now);
  const { contact } = await api.db.transaction().execute((trx) => findOrCreateContact(trx, { email: given.email, phone: null, name: null }, at));
  const id = newId('v');
  const token = newVisitorToken(api.keys, id);
  await insertVisitor(api.db, {
    id,
    contactId: contact.id,
    proof: given.proof,
    identity: given.identity ?? (given.proof === 'code' ? `contact:${contact.id}` : `visitor:${id}`),
    name: null,
    locale: 'en',
    timeZone: null,
    organizationId: null,
    clusters: [],
    websites: [],
    tokenHash: visitorTokenHash(token),
    at,
    expiresAt: new Date(api.clock.now + (given.expiresInMs ?? 3_600_000)),
  });
  return token;
}

/** Two companies, and the two chats. */
export async function chatPeople(api: TestApi): Promise<ChatPeople> {
  const at = new Date(api.clock.now);
  await api.db
    .insertInto('organizations')
    .values([
      { id: 'o-acme', name: 'Acme', domains: ['acme.example'], clusters: ['c042'], websites: ['www.acme.example'], created_at: at },
      { id: 'o-other', name: 'Other', domains: ['other.example'], clusters: ['c666'], websites: ['www.other.example'], created_at: at },
    ])
    .execute();
  const mine = await begin(api, { identity: await signed(api, ADA), body: 'Our shop is slow.' });
  const claimed = await begin(api, { email: ADA.email, body: 'It is me.' });
  const { identity: claimedIdentity } = await api.db.selectFrom('chats').select('identity').where('number', '=', claimed.number).executeTakeFirstOrThrow();
  const stranger = `dashboard:${STRANGER.sub}@other`;
  return {
    owned: mine.number,
    file: await sendFile(api, mine),
    claimed: claimed.number,
    claimedFile: await sendFile(api, claimed),
    async tokenOf(name) {
      switch (name) {
        case 'owner':
          return addVisitor(api, { email: ADA.email, proof: 'signed', identity: `dashboard:${ADA.sub}` });
        case 'owner with a code':
          return addVisitor(api, { email: ADA.email, proof: 'code' });
        case 'owner of a claimed chat':
          return addVisitor(api, { email: ADA.email, proof: 'claimed', identity: claimedIdentity });
        case 'customer of another company':
          return addVisitor(api, { email: STRANGER.email, proof: 'signed', identity: stranger });
        case 'visitor who claims the owner’s address':
          return addVisitor(api, { email: ADA.email, proof: 'claimed' });
        case 'colleague of the owner':
          return addVisitor(api, { email: COLLEAGUE.email, proof: 'signed', identity: `dashboard:${COLLEAGUE.sub}` });
        case 'expired visitor':
          return addVisitor(api, { email: ADA.email, proof: 'signed', identity: `dashboard:${ADA.sub}`, expiresInMs: 0 });
        case 'revoked visitor': {
          const token = await addVisitor(api, { email: ADA.email, proof: 'signed', identity: `dashboard:${ADA.sub}` });
          const { id } = await api.db.selectFrom('visitors').select('id').where('token_hash', '=', visitorTokenHash(token)).executeTakeFirstOrThrow();
          await revokeVisitor(api.db, id, new Date(api.clock.now));
          return token;
        }
        default:
          return name satisfies never;
      }
    },
  };
}

async function begin(api: TestApi, body: object): Promise<{ number: number; visitorToken: string }> {
  const response = await api.call('post', '/chats', { as: 'nobody', body });
  expect(response.status).toBe(201);
  return response.body as { number: number; visitorToken: string };
}

async function sendFile(api: TestApi, { number, visitorToken }: { number: number; visitorToken: string }): Promise<string> {
  const { id: visitor } = await api.db.selectFrom('visitors').select('id').where('token_hash', '=', visitorTokenHash(visitorToken)).executeTakeFirstOrThrow();
  const content = Buffer.from(`file of #${number}`);
  const { id } = await api.db
    .transaction()
    .execute((trx) => insertUpload(trx, { name: 'log.txt', mediaType: 'text/plain', content, visitor, at: new Date(api.clock.now) }));
  const sent = await api.call('post', `/chats/${number}/messages`, { as: { token: visitorToken }, body: { body: '', attachments: [id] } });
  expect(sent.status).toBe(201);
  return id;
}
