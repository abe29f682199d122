import { gzipSync } from 'node:zlib';
import supertest from 'supertest';
import { HOST_ORIGIN, openTestApi, type TestApi } from './test-api';

/** What experience promises: docs/widget.md. In bytes, as a browser gets them. */
const LOADER_BYTES = 3 * 1024;
const APP_BYTES = 30 * 1024;

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const get = (path: string) => supertest(api.app).get(path).set('Host', 'desk.test').buffer(true);
const gzipped = (text: string) => gzipSync(text, { level: 6 }).length;
const attributes = (html: string, pattern: RegExp) => [...html.matchAll(pattern)].map((match) => match[1] ?? '');

test('the loader is small, one classic script, and may be loaded from any site', async () => {
  const loader = await get('/widget.js');
  expect(loader.status).toBe(200);
  expect(loader.headers['content-type']).toMatch(/^text\/javascript/);
  expect(loader.headers['cross-origin-resource-policy']).toBe('cross-origin');
  expect(loader.headers['cache-control']).toBe('public, max-age=300');
  expect(gzipped(loader.text)).toBeLessThanOrEqual(LOADER_BYTES);
  expect(loader.text).not.toMatch(/^\s*(import|export)\b/m);
});

test('all that one visitor loads into the frame is small, and what carries a hash is kept for ever', async () => {
  const frame = await get('/widget/frame');
  const first = [...attributes(frame.text, /src="([^"]+)"/g), ...attributes(frame.text, /rel="stylesheet" href="([^"]+)"/g)];
  expect(first).toHaveLength(2);
  const loaded = new Map<string, string>();
  for (const file of first) {
    const answer = await get(file);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    loaded.set(file, answer.text);
  }
  const languages = [...loaded.values()].flatMap((text) => [...text.matchAll(/import\([`"']\.\/((?:de|en)-[\w-]+\.js)/g)].map((match) => match[1] ?? ''));
  expect(languages.map((file) => file.slice(0, 2)).sort()).toEqual(['de', 'en']);
  const sizes = await Promise.all(languages.map(async (file) => gzipped((await get(`/widget/assets/${file}`)).text)));
  const app = gzipped(frame.text) + [...loaded.values()].reduce((sum, text) => sum + gzipped(text), 0) + Math.max(...sizes);
  expect(app).toBeLessThanOrEqual(APP_BYTES);
});

test('a file that is not there, and a way out of the folder, are not found', async () => {
  for (const path of ['nothing-12345678.js', '..%2Fmanifest.json', '..%2F..%2Fpackage.json', 'frame.map']) {
    expect([path, (await get(`/widget/assets/${path}`)).status]).toEqual([path, 404]);
  }
});

describe('who may embed the frame', () => {
  const policyOf = (headers: Record<string, string>) =>
    new Map(
      (headers['content-security-policy'] ?? '')
        .split(/; ?/)
        .map((directive): [string, string] => [directive.split(' ')[0] ?? '', directive.split(' ').slice(1).join(' ')]),
    );

  test('our own pages', async () => {
    const answer = await get('/widget/frame');
    const policy = policyOf(answer.headers);
    expect(policy.get('frame-ancestors')).toBe('http://desk.test');
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('connect-src')).toBe("'self' ws://desk.test");
    expect(answer.headers['x-frame-options']).toBeUndefined();
    expect(answer.text).not.toMatch(/<script>|<style|style="|onload/);
  });

  test('a site of HOLDFAST_EMBED_ORIGINS, and only that one', async () => {
    const answer = await get(`/widget/frame?host=${encodeURIComponent(HOST_ORIGIN)}`);
    expect(answer.status).toBe(200);
    expect(policyOf(answer.headers).get('frame-ancestors')).toBe(HOST_ORIGIN);
    expect(answer.text).toContain(`<meta name="holdfast-host" content="${HOST_ORIGIN}" />`);
  });

  test.each(['https://evil.example', `${HOST_ORIGIN}.evil.example`, HOST_ORIGIN.replace('https', 'http'), 'null', '*', `${HOST_ORIGIN}/`, ''])(
    'not %j',
    async (host) => {
      const answer = await get(`/widget/frame?host=${encodeURIComponent(host)}`);
      expect(answer.status).toBe(403);
      expect(policyOf(answer.headers).get('frame-ancestors')).toBe("'none'");
    },
  );

  test('a Host that is none gets into no policy', async () => {
    const answer = await supertest(api.app).get('/widget/frame').set('Host', "desk.test; script-src 'unsafe-inline'");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe-inline');
  });
});

describe('the demo', () => {
  test('is not there for strangers where others can come', async () => {
    for (const path of ['/demo', '/demo/identity']) expect([path, (await get(path)).status]).toEqual([path, 404]);
  });

  test('is there for agents, and signs an identity that the chat believes', async () => {
    const as = { Authorization: `Bearer ${api.agents.viewer.token}` };
    expect((await get('/demo').set(as)).status).toBe(200);
    const { text: identity } = await get('/demo/identity').set(as);
    const session = await api.call('post', '/chat/sessions', { as: 'nobody', body: { identity } });
    expect(session.body.visitor).toEqual({ name: 'Ada Winter', email: 'ada.winter@kornblume.example', proof: 'signed' });
  });
});
