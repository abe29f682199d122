import * as fc from 'fast-check';

/** A JSON schema as far as our document uses it. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** One operation of an OpenAPI document. */
export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
}

/** A request as it goes over the wire. */
export interface WireRequest {
  /** Below /api/v1, encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** Values that are likely to be something's, by the name of the parameter or property; cursors are those of the operation itself. */
export type Pool = Readonly<Record<string, readonly (string | number)[]>>;

/** What breaks programs: wrong types, and values at the edges of what a database, a clock or a parser takes. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  -(2 ** 31) - 1,
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfffy',
  '\u202e\u200b\ufeff',
  'İıſẞ🏳️‍🌈',
  "'; DROP TABLE agents; --",
  '%s%n%x',
  '%',
  '\\',
  '{{constructor.constructor("return process")()}}',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'a\r\nX-Injected: yes',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '2026-02-30T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '1e3',
  '-1',
  '0',
  '99999999999999999999',
  '999999999999999',
  'x'.repeat(300),
  'ä'.repeat(60_000),
  [],
  {},
  [[[[]]]],
  [null],
  { $ref: '#' },
  { toString: 1 },
];

/** Bodies that are no JSON object of any kind. */
const BROKEN_BODIES: readonly Buffer[] = [
  '',
  '{',
  '[]',
  'null',
  '"text"',
  '17',
  'NaN',
  '{"a":1}{"b":2}',
  '{"a":1,}',
  '{"__proto__":{"role":"admin"}}',
  '{"a":"\\ud800"}',
  '\ufeff{}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
  `{"body":"${'x'.repeat(1_100_000)}"}`,
]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), Buffer.alloc(100));

const MEDIA_TYPES = [
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=klingon',
  'x',
  '*/*',
];

/** Headers that are wrong in themselves; none is larger than a server takes. */
const STRANGE_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'idempotency-key': '' },
  { 'idempotency-key': 'a b' },
  { 'idempotency-key': 'x'.repeat(5_000) },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'klingon' },
  { 'accept-encoding': 'klingon;q=nonsense' },
  { accept: 'image/png' },
  { cookie: 'holdfast_session=x; ====; holdfast_session=' },
  { origin: 'null', cookie: `holdfast_session=${'A'.repeat(43)}` },
  { range: 'bytes=99999999-1' },
  { 'if-none-match': '*' },
  { 'x-forwarded-for': 'x, 1.2.3.4, ' },
  { 'x-http-method-override': 'DELETE' },
];

/** Requests to one operation: right ones, nearly right ones and hostile ones. `resolve` follows a `$ref`. */
export function requestsTo(path: string, operation: Operation, pool: Pool, resolve: (ref: string) => JsonSchema): fc.Arbitrary<WireRequest> {
  const valid = (schema: JsonSchema, name = ''): fc.Arbitrary<unknown> => validValue(schema, name, { pool, resolve, depth: 0 });
  const parameters = operation.parameters ?? [];
  const value = (parameter: (typeof parameters)[number], hostile: number) =>
    fc.oneof({ arbitrary: valid(parameter.schema, parameter.name), weight: 10 }, ...(parameter.name === 'cursor' ? spoiltCursors(pool) : []), {
      arbitrary: fc.constantFrom(...HOSTILE),
      weight: hostile,
    });
  const filled = fc.record(
    Object.fromEntries(
      parameters.filter((parameter) => parameter.in !== 'header').map((parameter) => [parameter.name, value(parameter, parameter.in === 'path' ? 1 : 2)]),
    ),
    { requiredKeys: parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name) },
  );
  const strangeQuery = fc.oneof(
    { arbitrary: fc.constant(''), weight: 12 },
    { arbitrary: fc.constantFrom('a=1', '%', 'q[]=1', 'limit=1&limit=2', '__proto__[x]=1', 'cursor=%00'), weight: 1 },
  );
  const headers = fc.oneof(
    { arbitrary: fc.constant({}), weight: 8 },
    { arbitrary: fc.integer({ min: 0, max: 40 }).map((n) => ({ 'idempotency-key': `${n % 2 === 0 ? 'key' : 'key-of-somebody'}-${n}` })), weight: 2 },
    { arbitrary: fc.constantFrom(...STRANGE_HEADERS), weight: 1 },
  );
  return fc.record({ filled, strangeQuery, headers, body: bodyOf(operation, valid) }).map(({ filled: values, strangeQuery: strange, headers: given, body }) => {
    const query = parameters
      .filter(({ name, in: where }) => where === 'query' && Object.hasOwn(values, name))
      .map(({ name }) => `${name}=${encoded(Array.isArray(values[name]) ? values[name].map(String).join(',') : values[name])}`);
    if (strange !== '') query.push(strange);
    return {
      path: path.replace(/\{(\w+)\}/g, (_match, name: string) => encoded(values[name]) || '%20') + (query.length === 0 ? '' : `?${query.join('&')}`),
      headers: { ...body.headers, ...given },
      body: body.bytes,
    };
  });
}

interface WireBody {
  readonly bytes: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

function bodyOf(operation: Operation, valid: (schema: JsonSchema) => fc.Arbitrary<unknown>): fc.Arbitrary<WireBody> {
  const [[mediaType, content] = ['application/json', undefined]] = Object.entries(operation.requestBody?.content ?? {});
  const as =
    (type: string) =>
    (bytes: Buffer): WireBody => ({ bytes, headers: { 'content-type': type } });
  const none = fc.constant<WireBody>({ bytes: null, headers: {} });
  const broken = fc.constantFrom(...BROKEN_BODIES).map(as('application/json'));
  const odd = fc.tuple(fc.constantFrom(...BROKEN_BODIES), fc.constantFrom(...MEDIA_TYPES)).map(([bytes, type]) => as(type)(bytes));
  if (content === undefined) return fc.oneof({ arbitrary: none, weight: 8 }, { arbitrary: broken, weight: 1 }, { arbitrary: odd, weight: 1 });
  if (mediaType !== 'application/json') {
    const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => as(mediaType)(Buffer.from(array)));
    return fc.oneof({ arbitrary: bytes, weight: 5 }, { arbitrary: broken, weight: 1 }, { arbitrary: odd, weight: 2 }, { arbitrary: none, weight: 1 });
  }
  const right = valid(content.schema);
  const json = (value: unknown) => as('application/json')(Buffer.from(JSON.stringify(value) ?? 'null'));
  return fc.oneof(
    { arbitrary: right.map(json), weight: 8 },
    { arbitrary: fc.tuple(right, fc.nat(), fc.constantFrom(...HOSTILE)).map(([value, where, wrong]) => json(spoilt(value, where, wrong))), weight: 8 },
    { arbitrary: fc.constantFrom(...HOSTILE).map(json), weight: 1 },
    { arbitrary: broken, weight: 1 },
    { arbitrary: odd, weight: 1 },
    { arbitrary: none, weight: 1 },
  );
}

/** A value with one thing wrong: a property that is another thing, is missing, or that nobody knows. */
function spoilt(value: unknown, where: number, wrong: unknown): unknown {
  if (Array.isArray(value) && value.length > 0) return value.map((item, index) => (index === where % value.length ? spoilt(item, where >> 3, wrong) : item));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  const keys = Object.keys(value);
  const key = keys[where % (keys.length + 1)];
  if (key === undefined) return { ...value, unknown: wrong };
  const { [key]: inside, ...rest } = value as Record<string, unknown>;
  if (where % 5 === 0) return rest;
  return { ...value, [key]: where % 5 === 1 ? spoilt(inside, where >> 3, wrong) : wrong };
}

/** In a place: beyond what a column of type integer holds, beyond the first and the last instant, and what no text column holds. */
const IMPOSSIBLE: readonly unknown[] = [null, -(2 ** 31) - 1, 2 ** 31, -8.65e15, 8.65e15, 1e308, '\u0000', 'a\u0000b'];

/** Cursors of the right order whose place has one part that there cannot be; none where no cursor is known. */
function spoiltCursors({ cursor = [] }: Pool): { arbitrary: fc.Arbitrary<unknown>; weight: number }[] {
  if (cursor.length === 0) return [];
  const spoil = ([known, where, wrong]: [string | number, number, unknown]): string => {
    const [order, ...place] = JSON.parse(Buffer.from(String(known), 'base64url').toString('utf8')) as unknown[];
    return Buffer.from(JSON.stringify([order, ...place.map((part, index) => (index === where % place.length ? wrong : part))])).toString('base64url');
  };
  return [{ arbitrary: fc.tuple(fc.constantFrom(...cursor), fc.nat(), fc.constantFrom(...IMPOSSIBLE)).map(spoil), weight: 10 }];
}

interface Making {
  readonly pool: Pool;
  readonly resolve: (ref: string) => JsonSchema;
  readonly depth: number;
}

function validValue(schema: JsonSchema, name: string, making: Making): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return validValue(making.resolve(schema.$ref), name, making);
  const likely = Object.hasOwn(making.pool, name) ? making.pool[name] : undefined;
  const own = ownValue(schema, name, making);
  if (likely === undefined) return own;
  return fc.oneof(
    { arbitrary: fc.constantFrom(...likely), weight: 12 },
    { arbitrary: own, weight: 4 },
    // What is nearly an id, and nothing that a database can be asked for.
    { arbitrary: fc.constantFrom(...likely).map((value) => (typeof value === 'string' ? `${value}\u0000` : value)), weight: 2 },
  );
}

function ownValue(schema: JsonSchema, name: string, making: Making): fc.Arbitrary<unknown> {
  const next = { ...making, depth: making.depth + 1 };
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => validValue(choice, name, next)));
  if (schema.allOf !== undefined) {
    return fc.tuple(...schema.allOf.map((part) => validValue(part, name, next))).map((parts) => Object.assign({}, ...(parts as object[])) as unknown);
  }
  const types = Array.isArray(schema.type) ? (schema.type as readonly string[]) : [String(schema.type)];
  return fc.oneof(...types.map((type) => valueOfType(type, schema, name, next)));
}

function valueOfType(type: string, schema: JsonSchema, name: string, making: Making): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'array':
      return fc.array(validValue(schema.items ?? {}, name, making), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3),
      });
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, property]) => [key, validValue(property, key, making)])), {
        requiredKeys: [...(schema.required ?? [])],
      });
    case 'string':
      return textOf(schema);
    default:
      // A schema that says nothing takes anything.
      return fc.constantFrom(...HOSTILE);
  }
}

/** Small ones mostly, and as large ones as the schema takes, whatever a column takes. */
function numberOf({ minimum = -1_000, maximum = Number.MAX_SAFE_INTEGER }: JsonSchema): fc.Arbitrary<number> {
  return fc.oneof(
    { arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, Math.max(minimum, 10_000)) }), weight: 15 },
    { arbitrary: fc.constantFrom(maximum, Math.min(maximum, Math.max(minimum, 2 ** 31))), weight: 1 },
  );
}

function textOf({ format, pattern, minLength = 0, maxLength = 60 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc.integer({ min: Date.parse('2026-03-20T00:00:00Z'), max: Date.parse('2026-04-20T00:00:00Z') }).map((at) => new Date(at).toISOString());
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) });
}

/** What `encodeURIComponent` does, also for what it refuses: half of a surrogate pair goes out as the bytes that it would have. */
function encoded(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return [...text.slice(0, 2_000)].map((character) => (/^[\ud800-\udfff]$/.test(character) ? '%ED%A0%80' : encodeURIComponent(character))).join('');
}
