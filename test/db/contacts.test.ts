import { NOT_PROVEN } from '../../db/chats';
import { agentByEmail, findOrCreateContact, isKnownSender } from '../../db/contacts';
import type { Database } from '../../db/connection';
import { addContact, changeContact } from '../../db/directory';
import { belongsToAnother, organizationOfDomain } from '../../db/organizations';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

const at = new Date(Date.UTC(2026, 2, 2, 9));

describe('contacts', () => {
  let base: OpenTestDatabase;
  let db: Database;
  beforeAll(async () => {
    base = await openTestDatabase();
    ({ db } = base);
    await db
      .insertInto('organizations')
      .values({ id: 'acme', name: 'Acme', domains: ['acme.test'], clusters: ['C042'], websites: ['www.acme.test'], created_at: at })
      .execute();
    await db
      .insertInto('agents')
      .values([
        { id: 'ada', name: 'Ada', email: 'ada@desk.test', role: 'agent', created_at: at },
        { id: 'bob', name: 'Bob', email: 'bob@desk.test', role: 'agent', created_at: at, disabled_at: at },
      ])
      .execute();
  });
  afterAll(() => base.close());

  const find = (person: { email?: string; phone?: string; name?: string }) =>
    db.transaction().execute((trx) => findOrCreateContact(trx, { email: null, phone: null, name: null, ...person }, at));

  test('are found by address, else by number, and belong to the organization of their mail domain', async () => {
    const made = await find({ email: 'jane@acme.test', phone: '+49301', name: 'Jane' });
    expect(made).toMatchObject({ existed: false, contact: { email: 'jane@acme.test', organizationId: 'acme' } });
    expect(await find({ email: 'jane@acme.test', name: 'Somebody else' })).toEqual({ existed: true, contact: made.contact });
    expect(await find({ phone: '+49301' })).toEqual({ existed: true, contact: made.contact });
    expect((await find({ email: 'eve@notacme.test' })).contact.organizationId).toBeNull();
    expect((await find({ email: 'eve@sub.acme.test' })).contact.organizationId).toBeNull();
  });

  test('asked for by many at once, there is one', async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => find({ email: 'many@new.test' })));
    expect(new Set(found.map(({ contact }) => contact.id)).size).toBe(1);
    expect(found.filter(({ existed }) => !existed)).toHaveLength(1);
  });

  test('are known by their domain, and by what staff have written down of them', async () => {
    expect(await isKnownSender(db, 'anybody@acme.test')).toBe(true);
    expect(await isKnownSender(db, 'nobody@new.test')).toBe(false);
    await addContact(db, { email: 'entered@new.test', at });
    expect(await isKnownSender(db, 'entered@new.test')).toBe(true);
    // An address that has come in by itself is in no conversation, and nobody's word for that.
    const { contact } = await find({ email: 'typed@new.test' });
    expect(await isKnownSender(db, 'typed@new.test')).toBe(false);
    await changeContact(db, contact.id, {});
    expect(await isKnownSender(db, 'typed@new.test')).toBe(false);
    await changeContact(db, contact.id, { name: 'A customer of ours' });
    expect(await isKnownSender(db, 'typed@new.test')).toBe(true);
  });

  test('are known by an answer of staff, but not by writing alone, nor where their address is only claimed', async () => {
    const { contact } = await find({ email: 'wrote@new.test' });
    await db.insertInto('policies').values({ hash: 'h', version: 'v', snapshot: '{}', created_at: at }).execute();
    await db
      .insertInto('conversations')
      .values({
        number: 1,
        kind: 'ticket',
        channel: 'email',
        subject: 's',
        status: 'new',
        priority: 'normal',
        priority_source: 'default',
        plan: 'standard',
        requester_id: contact.id,
        organization_id: null,
        assignee: null,
        team_id: null,
        address: null,
        policy_hash: 'h',
        received_at: at,
        last_seq: 1,
        start: '{}',
        merged_into: null,
        linked_from: null,
        last_message_at: at,
        created_at: at,
      })
      .execute();
    await db.insertInto('participants').values({ number: 1, contact_id: contact.id, role: 'requester', added_at: at }).execute();
    expect(await isKnownSender(db, 'wrote@new.test')).toBe(false);
    await db
      .insertInto('messages')
      .values({
        id: 'm1',
        number: 1,
        seq: null,
        direction: 'out',
        author_kind: 'agent',
        author_id: 'ada',
        channel: 'email',
        body: 'Hello',
        full_body: null,
        html: null,
        at,
        state: 'sent',
        mail_id: null,
        in_reply_to: null,
        hint: null,
        inbox_id: null,
      })
      .execute();
    expect(await isKnownSender(db, 'wrote@new.test')).toBe(true);
    await db
      .updateTable('conversations')
      .set({ flags: [NOT_PROVEN] })
      .where('number', '=', 1)
      .execute();
    expect(await isKnownSender(db, 'wrote@new.test')).toBe(false);
  });

  test('agents are known by their address while they are enabled', async () => {
    expect(await agentByEmail(db, 'ada@desk.test')).toBe('ada');
    expect(await agentByEmail(db, 'bob@desk.test')).toBeNull();
  });

  test('systems belong to one organization, whatever their case', async () => {
    expect((await organizationOfDomain(db, 'acme.test'))?.id).toBe('acme');
    expect(await organizationOfDomain(db, 'me.test')).toBeNull();
    expect(await belongsToAnother(db, { cluster: 'c042' }, null)).toBe(true);
    expect(await belongsToAnother(db, { cluster: 'c042' }, 'acme')).toBe(false);
    expect(await belongsToAnother(db, { website: 'www.acme.test' }, 'other')).toBe(true);
    expect(await belongsToAnother(db, { website: 'new.test' }, 'other')).toBe(false);
  });
});
