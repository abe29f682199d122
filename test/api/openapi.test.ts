import supertest from 'supertest';
import { API_ERROR_CODES } from '../../api/problem';
import { allRoutes } from '../../api/routes/all';
import { openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

async function document(): Promise<Document> {
  const response = await supertest(api.app).get('/api/v1/openapi.json');
  expect(response.status).toBe(200);
  return response.body as Document;
}

test('the document describes exactly the routes that there are', async () => {
  const { openapi, paths } = await document();
  expect(openapi).toBe('3.1.0');
  const described = Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
  const routes = allRoutes(PUBLIC_URL).flatMap((route) => (route.surface === 'api' ? [`${route.method} ${route.path}`] : []));
  expect(described.sort()).toEqual(routes.sort());
});

test('each operation has a name of its own, its path’s parameters, and an answer for what goes wrong', async () => {
  const { paths } = await document();
  const names = new Set<string>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      expect(names).not.toContain(operation.operationId);
      names.add(operation.operationId);
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(Object.keys(operation.responses)).toContain('500');
      if (method === 'post')
        expect((operation.parameters ?? []).map(({ name }) => name).includes('Idempotency-Key') || /tokens$|explain$|sessions$|frames$/.test(path)).toBe(true);
    }
  }
});

test('the reference is served from here, and explains every code', async () => {
  const page = await supertest(api.app).get('/api/docs').set('Accept', 'text/html');
  expect(page.status).toBe(200);
  for (const code of API_ERROR_CODES) expect(page.text).toContain(`id="${code}"`);
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
  for (const file of ['viewer.js', 'viewer.css', 'begin.js']) expect((await supertest(api.app).get(`/api/docs/${file}`)).status).toBe(200);
});
