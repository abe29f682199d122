import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { payloadConverter } from '../../config/payload-codec';
import { conversationWorkflowId, pageWorkflowId } from '../../messages/ids';
import { ALWAYS_OPEN, LiveDesk } from './live-desk';

const KEYS = [{ id: 'p1', secret: randomBytes(32) }];

/** A payload, or a failure, as histories hold them. */
interface Found {
  readonly place: string;
  readonly encoding: string;
  readonly text: string;
}

/** Everything in a history that somebody could read: payloads with how they are encoded, and the texts of failures. */
function found(value: unknown, place = ''): Found[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { metadata, data } = value as Record<string, unknown>;
  const { message, stackTrace, source } = value as Record<string, string | null | undefined>;
  if (typeof metadata === 'object' && metadata !== null && data instanceof Uint8Array) {
    const { encoding } = metadata as Record<string, Uint8Array | undefined>;
    return [{ place, encoding: Buffer.from(encoding ?? []).toString(), text: Buffer.from(data).toString() }];
  }
  const failure = source === undefined ? [] : [{ place: `${place}.failure`, encoding: 'text', text: `${message ?? ''}${stackTrace ?? ''}` }];
  return [...failure, ...Object.entries(value).flatMap(([key, inner]) => found(inner, `${place}.${key}`))];
}

test('with payload keys a conversation and its page run, and nothing readable is stored', async () => {
  const desk = new LiveDesk(ALWAYS_OPEN, payloadConverter(KEYS));
  await desk.open();
  try {
    desk.mailErrors.push(new Error('550 jane@acme.test is not here'));
    await desk.work();
    const number = await desk.started('urgent');
    await desk.eventually(
      'it rings',
      async () => (await desk.db.selectFrom('page_attempts').select('ring').where('page_id', '=', `p${number}-1`).execute()).length > 0,
    );
    await desk.eventually('the second try of the receipt is made', () => Promise.resolve(desk.mails.length > 0));
    const command = { type: 'command', id: 'k1', at: Date.now(), by: 'ada', command: { type: 'assign', agent: 'ada', away: false, force: false } };
    await desk.handle(number).executeUpdate('command', { updateId: 'k1', args: [command] });
    await expect(
      desk.handle(number).executeUpdate('command', { updateId: 'k2', args: [{ ...command, id: 'k2', command: { type: 'undoReply', messageId: 'm1' } }] }),
    ).rejects.toMatchObject({ cause: { type: 'E_NOTHING_TO_UNDO' } });
    await desk.eventually('it is projected', async () => (await desk.row(number)).assignee === 'ada');
    expect(await desk.view(number)).toMatchObject({ number, assignee: 'ada', page: 1 });
    expect(await (await desk.handle(number).describe()).staticSummary()).toBe(`#${number} · ticket · no organization`);

    const plain = new Client({ connection: desk.temporal.connection, namespace: desk.temporal.namespace });
    const failures: Found[] = [];
    for (const id of [conversationWorkflowId(number), pageWorkflowId(number, 1)]) {
      const history = await plain.workflow.getHandle(id).fetchHistory();
      const all = found(history).filter(({ place }) => !place.includes('searchAttributes'));
      expect(all.length).toBeGreaterThan(5);
      failures.push(...all.filter(({ text }) => text === 'Encoded failure'));
      expect(all.filter(({ encoding }) => encoding !== 'binary/encrypted').filter(({ text }) => text !== 'Encoded failure')).toEqual([]);
      const raw = JSON.stringify(history, (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value));
      // Each with a character that base64 and numbers do not have, or too long to come up in them by chance.
      expect(raw).not.toMatch(/firstResponse|assignee|jane@|acme\.test|550 |"ada"|receivedAt|"primary"/);
    }
    expect(failures).not.toEqual([]);
    // Those who have the keys read the same.
    const decoded = await desk.handle(number).fetchHistory();
    expect((decoded.events ?? []).length).toBeGreaterThan(10);
    await expect(plain.workflow.getHandle(conversationWorkflowId(number)).query('view')).rejects.toThrow();
  } finally {
    await desk.close();
  }
}, 60_000);

test('a worker whose keys were exchanged goes on with what the old ones sealed', async () => {
  const desk = new LiveDesk(ALWAYS_OPEN, payloadConverter([{ id: 'p2', secret: randomBytes(32) }, ...KEYS]));
  await desk.open();
  try {
    const number = await desk.ticket({ at: Date.now() });
    const before = desk.client;
    const { connection, namespace } = desk.temporal;
    desk.client = new Client({ connection, namespace, dataConverter: payloadConverter(KEYS) });
    await desk.relay();
    desk.client = before;
    await desk.work();
    expect(await desk.view(number)).toMatchObject({ number, status: 'new' });
  } finally {
    await desk.close();
  }
}, 60_000);
