import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { runApi } from '../../api/main';
import { readEnvironment } from '../../config/environment';
import { closeDatabase, openDatabase } from '../../db/connection';
import { publishPolicy } from '../../db/policies';
import { loadPolicy } from '../../policy/resolve';
import { unusedPort } from '../platform/program';
import { freshDatabase, type TestDatabase } from '../setup/database';
import { freshNamespace, type TestNamespace } from '../setup/temporal';

let database: TestDatabase;
let temporal: TestNamespace;

beforeAll(async () => {
  [database, temporal] = await Promise.all([freshDatabase(), freshNamespace()]);
}, 120_000);

afterAll(async () => {
  await temporal.close();
  await database.drop();
});

async function environmentOn(port: number, more: Record<string, string> = {}) {
  return readEnvironment({
    PORT: String(port),
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SMTP_LISTEN: `127.0.0.1:${await unusedPort()}`,
    HOLDFAST_SIGNING_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    HOLDFAST_ADMIN_TOKEN: 'the-admin-token-of-this-test',
    ...more,
  });
}

test('the process waits for a policy, gives an empty desk its admin, is ready, and leaves nothing behind', async () => {
  const port = await unusedPort();
  const starting = runApi(await environmentOn(port));
  const db = openDatabase(database.url, { max: 1 });
  await publishPolicy(db, await loadPolicy(), new Date());
  const api = await starting;
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, postgres: true, temporal: true, smtp: true }]);
  const me = await fetch(`http://127.0.0.1:${port}/api/v1/agents/me`, { headers: { authorization: 'Bearer the-admin-token-of-this-test' } });
  expect(await me.json()).toMatchObject({ name: 'Admin', role: 'admin' });
  await api.close();
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  await closeDatabase(db);
}, 120_000);

test('a Temporal that is away does not keep the API from starting; readyz says so', async () => {
  const port = await unusedPort();
  const api = await runApi(await environmentOn(port, { TEMPORAL_ADDRESS: '127.0.0.1:1' }));
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, postgres: true, temporal: false, smtp: true }]);
  await api.close();
}, 120_000);

test('a busy port is said by name, and nothing stays open', async () => {
  const port = await unusedPort();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const environment = await environmentOn(port);
  await expect(runApi(environment)).rejects.toMatchObject({ code: 'E_PORT_BUSY', message: expect.stringContaining(String(port)) as string });
  await new Promise((resolve) => server.close(resolve));
  // What it had opened before is free again: the same environment works now.
  await (await runApi(environment)).close();
}, 120_000);
