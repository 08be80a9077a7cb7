/** The words of JSON Schema 2020-12 that the contracts use. What they mean is the same in draft 07, so that AsyncAPI takes them too. */
export interface Schema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: SchemaType | SchemaType[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: (string | number)[];
  /** Values known today; others may come, so readers take any (the convention of Zalando's API guidelines). */
  'x-extensible-enum'?: string[];
  const?: string;
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  examples?: unknown[];
}

export type SchemaType = 'object' | 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'null';

/** A document of its own: a schema with the dialect, an id that never changes and a title. */
export const published = (id: string, title: string, schema: Schema): Schema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `urn:billing-service:schema:${id}`,
  title,
  ...schema,
});

/** The schema as part of a larger document. */
export const embedded = ({ $schema: _dialect, $id: _id, ...schema }: Schema): Schema => schema;

export const uuid: Schema = { type: 'string', format: 'uuid' };
export const instant: Schema = { type: 'string', format: 'date-time' };
export const text: Schema = { type: 'string', minLength: 1 };

/** An object that has all of `properties`, but for the `optional` ones. Others may be there: readers ignore them. */
export const open = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
