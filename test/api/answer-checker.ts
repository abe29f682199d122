import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import type { Response } from 'supertest';
import { API_BASE } from '../../api/route';

/** Fails when an answer is not one that the document describes: its status, media type and every field. */
export type AnswerChecker = (method: string, path: string, response: Response) => void;

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>>;
}

/** Reads an OpenAPI 3.1 document. */
export function answerChecker(document: Record<string, unknown>): AnswerChecker {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  ajv.addSchema(document, 'openapi');
  const validators = new Map<string, ValidateFunction>();
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  return (method, path, response) => {
    const pathname = path.split('?')[0] ?? '';
    const [template, operations] = Object.entries(paths)
      // A fixed path wins over one with a parameter.
      .sort(([a], [b]) => a.split('{').length - b.split('{').length)
      .find(([candidate]) => new RegExp(`^${candidate.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname)) ?? ['', undefined];
    const operation = operations?.[method];
    // What is not documented is only ever answered as such.
    if (operation === undefined) {
      expect([404, 405]).toContain(response.status);
      return;
    }
    const where = `${method} ${API_BASE}${template} ${response.status}`;
    const documented = operation.responses[String(response.status)];
    if (documented === undefined) throw new Error(`${where} is not documented. It answered: ${response.text}`);
    const content = Object.entries(documented.content ?? {});
    if (content.length === 0) {
      expect(response.text).toBe('');
      return;
    }
    // Files come as one of several types, everything else as one.
    const [mediaType] = content.find(([type]) => String(response.headers['content-type']).startsWith(type)) ?? content[0] ?? [''];
    expect(`${where} ${response.headers['content-type']}`).toContain(mediaType);
    if (Buffer.isBuffer(response.body)) return;
    const pointer = ['paths', template, method, 'responses', String(response.status), 'content', mediaType, 'schema'].map((part) =>
      part.replaceAll('~', '~0').replaceAll('/', '~1'),
    );
    const reference = `openapi#/${pointer.map(encodeURIComponent).join('/')}`;
    const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
    validators.set(reference, validate);
    if (!validate(response.body)) throw new Error(`${where} is not as documented: ${ajv.errorsText(validate.errors)}\n${response.text}`);
  };
}
