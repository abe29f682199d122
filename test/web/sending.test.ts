import type { Api } from '../../web/widget/frame/api';
import { Sending } from '../../web/widget/frame/sending';
import { INITIAL, Store, type State } from '../../web/widget/frame/state';
import { UnsentStore, type Unsent } from '../../web/widget/frame/unsent';

// A browser that knows no locks, and keeps nothing.
beforeAll(() => void Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true }));

/** What the widget asks of the desk as it sends. */
class RecordedApi {
  token: string | null = null;
  readonly site = 'https://dashboard.test';
  readonly calls: { readonly path: string; readonly body?: unknown; readonly token: string | null }[] = [];

  call(_method: string, path: string, { body }: { body?: unknown } = {}): Promise<unknown> {
    this.calls.push({ path, body, token: this.token });
    return Promise.resolve(
      path === '/chat/sessions' ? { visitorToken: 'vt_1', visitor: null, chats: [] } : { number: 7, visitorToken: 'vt_1', expectation: null },
    );
  }

  upload(path: string, file: File): Promise<unknown> {
    this.calls.push({ path, token: this.token });
    return Promise.resolve({ id: `f-${file.name}` });
  }
}

const first = (more: Partial<Unsent>): Unsent => ({
  key: 'k1',
  owner: 'visitor',
  number: null,
  body: 'See the log',
  files: [{ key: 'file-1', file: new File(['a log'], 'log.txt'), id: null }],
  priority: null,
  who: { email: 'ada@acme.example', name: 'Ada' },
  at: 1,
  state: 'waiting',
  ...more,
});

async function sends(entry: Unsent) {
  const api = new RecordedApi();
  const store = new Store<State>(INITIAL);
  const delivered: number[] = [];
  const sending = new Sending({
    api: api as unknown as Api,
    store,
    kept: new UnsentStore(),
    owner: () => 'visitor',
    call: (work) => work(),
    timeZone: 'Europe/Berlin',
    onDelivered: (number) => {
      delivered.push(number);
      return Promise.resolve();
    },
    onToken: (token) => (api.token = token),
    onReach: () => undefined,
  });
  await sending.add({ ...entry, state: 'refused' });
  await sending.change(entry.key, { state: 'waiting' });
  await sending.flush();
  return { calls: api.calls, delivered, left: store.get().unsent };
}

test('a first message with files is one message: a token first, then the files, then the words that name them', async () => {
  const { calls, delivered, left } = await sends(first({}));
  expect(calls).toEqual([
    { path: '/chat/sessions', token: null, body: { email: 'ada@acme.example', name: 'Ada', locale: 'en', timeZone: 'Europe/Berlin' } },
    { path: '/chat/attachments', token: 'vt_1' },
    {
      path: '/chats',
      token: 'vt_1',
      body: expect.objectContaining({ body: 'See the log', attachments: ['f-log.txt'], openedFrom: 'https://dashboard.test' }) as object,
    },
  ]);
  expect([delivered, left]).toEqual([[7], []]);
});

test('words alone begin the chat with one request', async () => {
  const { calls } = await sends(first({ files: [] }));
  expect(calls.map(({ path }) => path)).toEqual(['/chats']);
  expect(calls[0]?.body).not.toHaveProperty('attachments');
});
