import type { Schema, SchemaType } from './schema.js';

/** TypeScript of the schemas, for those who work without this repository: one interface a schema, with its words as docstrings. */

const heading = `/* Made by \`npm run contracts\` from the schemas in docs/contracts. Do not edit. */
`;
const knownWords = `
/** One of the words known today, or one that came later. */
export type OpenWord<Known extends string> = Known | (string & Record<never, never>);
`;

/** The events: an interface for the data of each type, and \`EventData\`, which finds it by type. */
export const eventTypesText = (events: Record<string, Schema>): string =>
  [
    heading,
    knownWords,
    ...interfaces(events, ''),
    mapOf('EventData', 'The data of an event, by its type.', events, ''),
  ].join('\n');

/** The bodies of commands, and \`CommandBodies\`, which finds them by type. */
export const commandTypesText = (commands: Record<string, Schema>): string =>
  [
    heading,
    ...interfaces(commands, 'Body'),
    mapOf('CommandBodies', 'The body of a command, by its type.', commands, 'Body'),
  ].join('\n');

/** One schema by its title. */
export const typeText = (schema: Schema): string =>
  [heading, `import type { OpenWord } from './events.js';\n`, ...interfaces({ [schema.title ?? '']: schema }, '')].join(
    '\n',
  );

const interfaces = (schemas: Record<string, Schema>, suffix: string): string[] =>
  Object.entries(schemas).map(
    ([name, schema]) => `${docOf(schema.description)}export interface ${name}${suffix} ${objectOf(schema)}\n`,
  );

const mapOf = (name: string, description: string, of: Record<string, Schema>, suffix: string): string =>
  `${docOf(description)}export interface ${name} {\n${Object.keys(of)
    .map((type) => `${type}: ${type}${suffix};`)
    .join('\n')}\n}\n`;

const docOf = (description: string | undefined): string => (description === undefined ? '' : `/** ${description} */\n`);

const objectOf = ({ properties = {}, required = [] }: Schema): string =>
  `{\n${Object.entries(properties)
    .map(
      ([name, schema]) =>
        `${docOf(schema.description)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`,
    )
    .join('\n')}\n}`;

const literal = (word: string | number): string => (typeof word === 'string' ? `'${word}'` : String(word));

const typeOf = (schema: Schema): string => {
  const known = schema['x-extensible-enum'];
  if (known) return `OpenWord<${known.map(literal).join(' | ')}>`;
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  if (schema.properties) return objectOf(schema);
  if (typeof schema.additionalProperties === 'object') return `Record<string, ${typeOf(schema.additionalProperties)}>`;
  if (schema.items) return `readonly ${schema.items.enum ? `(${typeOf(schema.items)})` : typeOf(schema.items)}[]`;
  if (schema.type === undefined) throw new Error(`a schema without a type: ${JSON.stringify(schema)}`);
  return [schema.type]
    .flat()
    .map((type) => words[type])
    .join(' | ');
};

const words: Readonly<Record<SchemaType, string>> = {
  object: 'Record<string, unknown>',
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  array: 'readonly unknown[]',
  null: 'null',
};
