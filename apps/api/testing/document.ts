import Fastify from 'fastify';

import type { Reply } from './call.js';

/** As much of an OpenAPI 3.1 document as specs look at. */
export interface Document {
  openapi: string;
  info: { title: string; version: string; license: { name: string } };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, ResponseObject>;
  security?: unknown[];
}

export interface ResponseObject {
  headers?: Record<string, { required?: boolean }>;
  content: Record<string, { schema: Schema }>;
}

export type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; required?: string[] };

/**
 * Checks values against the document's schemas, by the validator that Fastify brings along, in strict mode: a keyword that
 * JSON Schema does not have is an error.
 */
export class DocumentSchemas {
  readonly #fastify = Fastify({
    ajv: {
      customOptions: {
        strict: true,
        strictTypes: false,
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        keywords: ['example'],
      },
    },
  });

  private constructor(readonly document: Document) {}

  /** Compiles every schema. Throws for one that is no JSON Schema. */
  static async of(document: Document): Promise<DocumentSchemas> {
    const schemas = new DocumentSchemas(document);
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      schemas.#fastify.addSchema({ $id: name, ...(withOwnRefs(schema) as Schema) });
      const body = { $ref: `${name}#` };
      schemas.#fastify.post(`/${name}`, { schema: { body }, attachValidation: true }, (request, reply) => {
        void reply.send({ wrong: request.validationError?.message ?? null });
      });
    }
    await schemas.#fastify.ready();
    return schemas;
  }

  /** What is wrong with a value of the schema `name`; null when nothing is. */
  async wrongWith(name: string, value: unknown): Promise<string | null> {
    const { payload } = await this.#fastify.inject({
      method: 'POST',
      url: `/${name}`,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(value),
    });
    return (JSON.parse(payload) as { wrong: string | null }).wrong;
  }

  /** What the document did not say about an answer; empty when it said all. */
  async undocumentedIn(method: string, template: string, reply: Reply): Promise<string[]> {
    const response = this.document.paths[template]?.[method.toLowerCase()]?.responses[reply.status];
    if (!response) return [`status ${reply.status}`];
    const type = reply.headers.get('content-type')?.split(';')[0] ?? '';
    const schema = response.content[type]?.schema;
    if (!schema) return [`content type ${type}`];
    const missing = Object.entries(response.headers ?? {})
      .filter(([name, { required }]) => required && reply.headers.get(name) === null)
      .map(([name]) => `no header ${name}`);
    const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema.$ref))?.[1];
    const wrong = name === undefined ? null : await this.wrongWith(name, reply.json);
    return wrong === null ? missing : [...missing, wrong];
  }
}

/** References within the document, as Fastify names its shared schemas. */
const withOwnRefs = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll(/"#\/components\/schemas\/(\w+)"/g, '"$1#"'));
