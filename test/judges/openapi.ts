/**
 * Holds values against the schemas of Stripe's OpenAPI document. Stricter than the schemas are: a property that a schema does not name is
 * a finding. https://spec.openapis.org/oas/v3.0.0#schema-object, of which this reads what Stripe's document uses.
 */

interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  nullable?: boolean;
  type?: string;
  enum?: unknown[];
  maxLength?: number;
  pattern?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

interface Document {
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const REF = '#/components/schemas/';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value;

export class OpenApi {
  private readonly templates: { segments: string[]; operations: Record<string, Operation> }[];

  constructor(private readonly document: Document) {
    this.templates = Object.entries(document.paths)
      .map(([path, operations]) => ({ segments: path.split('/'), operations }))
      // A literal segment is nearer than a parameter.
      .sort((a, b) => a.segments.join('/').split('{').length - b.segments.join('/').split('{').length);
  }

  get version(): string {
    return this.document.info.version;
  }

  /** What is wrong with the answer to a request, nothing when it is as the document says: `charge.amount: ...`. */
  answer(method: string, path: string, status: number, value: unknown): string[] {
    const given = path.split('/');
    const template = this.templates.find(
      ({ segments, operations }) =>
        operations[method.toLowerCase()] !== undefined &&
        segments.length === given.length &&
        segments.every((segment, index) => segment.startsWith('{') || segment === given[index]),
    );
    const responses = template?.operations[method.toLowerCase()]?.responses;
    const schema = (responses?.[String(status)] ?? responses?.default)?.content?.['application/json']?.schema;
    return schema ? this.findings(value, schema, 'answer') : [`${method} ${path}: no such operation`];
  }

  /** What is wrong with an object of the API as one of the kind that its `object` says, `payment_intent`. */
  object(value: unknown): string[] {
    const kind = isObject(value) && typeof value.object === 'string' ? value.object : '';
    return this.findings(value, { $ref: REF + kind }, kind);
  }

  private findings(value: unknown, given: Schema, place: string): string[] {
    const name = given.$ref?.slice(REF.length);
    const schema = name === undefined ? given : this.document.components.schemas[name];
    if (!schema) return [`${place}: no schema ${name ?? ''}`];
    const at = name ?? place;
    if (value === null) return schema.nullable || given.nullable ? [] : [`${at}: is null`];
    if (schema.anyOf) return this.best(value, schema.anyOf, at);
    const type = typeOf(value);
    if (schema.type !== undefined && type !== schema.type && !(schema.type === 'number' && type === 'integer')) {
      return [`${at}: is ${type}, not ${schema.type}`];
    }
    if (Array.isArray(value)) return value.flatMap((item) => this.findings(item, schema.items ?? {}, `${at}[]`));
    if (isObject(value)) return this.ofObject(value, schema, at);
    return typeof value === 'string' ? ofString(value, schema, at) : [];
  }

  /** The findings of the schema that fits best, of those that are for values of this type. */
  private best(value: unknown, schemas: readonly Schema[], at: string): string[] {
    const ofType = schemas.filter((schema) => this.typeIn(schema) === typeOf(value));
    const all = (ofType.length > 0 ? ofType : schemas).map((schema) => this.findings(value, schema, at));
    return all.reduce((least, each) => (each.length < least.length ? each : least), all[0] ?? []);
  }

  private typeIn({ $ref, type }: Schema): string | undefined {
    return $ref === undefined ? type : this.document.components.schemas[$ref.slice(REF.length)]?.type;
  }

  private ofObject(value: Record<string, unknown>, schema: Schema, at: string): string[] {
    const { properties, required = [], additionalProperties: more } = schema;
    const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name}: is missing`);
    const present = Object.entries(value).flatMap(([name, each]) => {
      const known = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (known) return this.findings(each, known, `${at}.${name}`);
      if (isObject(more)) return this.findings(each, more, `${at}.*`);
      return more === true || !properties ? [] : [`${at}.${name}: is not known`];
    });
    return [...missing, ...present];
  }
}

const ofString = (value: string, schema: Schema, at: string): string[] => {
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: is ${value}, none of its values`];
  if (schema.maxLength !== undefined && value.length > schema.maxLength) return [`${at}: is too long`];
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return [`${at}: is ${value}`];
  return [];
};
