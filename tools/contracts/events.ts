import { join } from 'node:path';

import type { EventType } from '#contracts';
import { eventTypes } from '#contracts';
import { createGenerator } from 'ts-json-schema-generator';

import { eventDescriptions } from './event-descriptions.js';
import { sampleOf } from './samples.js';
import type { Schema, SchemaType } from './schema.js';
import { instant, published } from './schema.js';

/** As much of the generator's output as is read here. */
interface Generated {
  $ref?: string;
  definitions?: Record<string, Generated>;
  type?: SchemaType | SchemaType[];
  description?: string;
  properties?: Record<string, Generated>;
  required?: string[];
  additionalProperties?: boolean | Generated;
  items?: Generated;
  enum?: string[];
  const?: string;
  anyOf?: Generated[];
}

const currency: Schema = { type: 'string', pattern: '^[a-z]{3}$' };

/** What the types of TypeScript cannot say, by the property's name. */
const refinements: Readonly<Record<string, Schema>> = {
  at: { ...instant, description: 'When it happened, as far as this service knows.' },
  firstAt: instant,
  expiresAt: instant,
  evidenceDueBy: instant,
  arrivesOn: instant,
  availableOn: instant,
  currency: { ...currency, description: 'ISO 4217, lower case.' },
  sourceCurrency: currency,
  amount: { minimum: 0, description: 'Minor units of `currency`, or of the payment where there is none.' },
  count: { minimum: 1 },
  attempt: { minimum: 0, description: 'Number of the attempt, from 1.' },
  code: { description: 'A stable word of this service or of the processor.' },
  declineCode: { description: "The issuer's reason, as the processor words it." },
  reason: { description: 'As the command gave it.' },
  booked: { description: 'What the ledger held for it before this event.' },
  kind: { description: 'Kind of payment method.' },
  captureMethod: { description: '`manual` only authorizes, until a capture.' },
  source: { description: 'What was settled.' },
};

/** Where values will be added: readers must take words that they do not know. */
const extensible: ReadonlySet<string> = new Set(['channel', 'kind', 'methodKind', 'methodKinds[]', 'source', 'status']);

/**
 * The schema of each event type at its present version: the data of `billing.events.v1`, made from the interfaces in
 * the `events.ts` files of `libs/domain`. `type` is not in the data but beside it. Numbers are integers: amounts are minor units.
 */
export const eventSchemas = (root: string): Record<EventType, Schema> => {
  const generator = createGenerator({
    path: join(root, 'libs/domain/*/events.ts'),
    tsconfig: join(root, 'tsconfig.json'),
    type: '*',
    expose: 'export',
    skipTypeCheck: true, // tsc does that
    additionalProperties: true,
  });
  const schemaOf = (type: EventType): Schema => {
    const { definitions = {} } = generator.createSchema(type) as Generated;
    const definition = definitions[type];
    if (definition?.properties?.type?.const !== type) throw new Error(`no interface describes the event ${type}`);
    return eventSchema(type, definition, definitions);
  };
  return Object.fromEntries((Object.keys(eventTypes) as EventType[]).map((type) => [type, schemaOf(type)])) as Record<
    EventType,
    Schema
  >;
};

const eventSchema = (type: EventType, definition: Generated, definitions: Record<string, Generated>): Schema => {
  const properties = Object.entries(definition.properties ?? {}).filter(([name]) => name !== 'type');
  const body: Schema = {
    description: eventDescriptions[type],
    type: 'object',
    properties: propertySchemas(properties, definitions),
    required: (definition.required ?? []).filter((name) => name !== 'type'),
  };
  const id = `event:${type}:v${eventTypes[type].version}`;
  return published(id, type, { ...body, examples: [sampleOf(type, body)] });
};

const propertySchemas = (
  properties: readonly [name: string, schema: Generated][],
  definitions: Record<string, Generated>,
): Record<string, Schema> =>
  Object.fromEntries(
    properties.map(([name, schema]) => [name, propertySchema(name, resolved(schema, definitions), definitions)]),
  );

/** A property with named types in their place, and a union of words as one list. The description is the property's own. */
const resolved = ({ $ref, anyOf, ...schema }: Generated, definitions: Record<string, Generated>): Generated => {
  if (anyOf !== undefined) {
    const words = anyOf.map((member) => resolved(member, definitions)).flatMap(wordsOf);
    return { ...schema, type: 'string', enum: words };
  }
  if ($ref === undefined) return schema;
  const named = definitions[$ref.replace('#/definitions/', '')];
  if (!named) throw new Error(`${$ref} is not defined`);
  return { ...resolved(named, definitions), description: undefined, ...schema };
};

const wordsOf = (member: Generated): string[] => {
  const words = member.enum ?? (member.const === undefined ? [] : [member.const]);
  if (words.length === 0) throw new Error(`a union of other than words: ${JSON.stringify(member)}`);
  return words;
};

const propertySchema = (name: string, generated: Generated, definitions: Record<string, Generated>): Schema => {
  const { type, description, enum: words, const: word, additionalProperties } = generated;
  if (type === undefined) {
    throw new Error(`tools/contracts/events.ts has no words for the type of ${name}: ${JSON.stringify(generated)}`);
  }
  const refinement = refinements[name];
  const known = words ?? (word === undefined ? undefined : [word]);
  return {
    ...(description !== undefined && { description }),
    type: Array.isArray(type) ? type.map(integral) : integral(type),
    ...(known && { [extensible.has(name) ? 'x-extensible-enum' : 'enum']: known }),
    ...(generated.properties && {
      properties: propertySchemas(Object.entries(generated.properties), definitions),
      required: generated.required ?? [],
    }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: propertySchema(`${name}.*`, additionalProperties, definitions),
    }),
    ...(generated.items && { items: propertySchema(`${name}[]`, resolved(generated.items, definitions), definitions) }),
    ...refinement,
    ...(description !== undefined && refinement?.description !== undefined && { description }),
  };
};

const integral = (type: SchemaType): SchemaType => (type === 'number' ? 'integer' : type);
