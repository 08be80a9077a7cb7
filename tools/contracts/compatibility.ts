import type { Schema, SchemaType } from './schema.js';

/**
 * Who is hurt by a change. `read`: this service writes and others read, so what comes must stay within what was promised.
 * `sent`: others write and this service reads, so what was taken must still be taken.
 */
export type Direction = 'read' | 'sent';

const compared = [
  'type',
  'enum',
  'const',
  'format',
  'pattern',
  'default',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'uniqueItems',
];
const lowerBounds = ['minimum', 'minLength', 'minItems'] as const;
const upperBounds = ['maximum', 'maxLength', 'maxItems'] as const;
const annotations = ['$schema', '$id', 'title', 'description', 'examples', 'x-extensible-enum'];
const known: ReadonlySet<string> = new Set([...compared, ...lowerBounds, ...upperBounds, ...annotations]);

/**
 * Why `after` breaks those who work by `before`; empty when it does not. Breaking for readers: a property removed or no longer
 * always there, another type, format or pattern, a wider range, a new value of a closed list (`enum`; not of an
 * `x-extensible-enum`, of which readers were told that it grows). Breaking for senders: a new required property, a property removed, a type, range,
 * pattern or list narrowed, another default. Throws for a keyword whose meaning is not known here.
 */
export const breakingChanges = (before: Schema, after: Schema, direction: Direction, path = ''): string[] => {
  for (const keyword of [...Object.keys(before), ...Object.keys(after)]) {
    if (!known.has(keyword)) throw new Error(`${path || 'the schema'} uses ${keyword}, which cannot be compared yet`);
  }
  // Every value of `inner` has to be one of `outer`.
  const [inner, outer] = direction === 'read' ? [after, before] : [before, after];
  const at = path === '' ? 'the value' : path;
  const found: string[] = [];

  if (!typesWithin(inner, outer)) found.push(`${at}: type ${shown(before.type)} became ${shown(after.type)}`);
  if (!wordsWithin(inner, outer))
    found.push(`${at}: the list ${shown(wordsOf(before))} became ${shown(wordsOf(after))}`);
  for (const keyword of ['format', 'pattern'] as const) {
    if (outer[keyword] !== undefined && outer[keyword] !== inner[keyword])
      found.push(changed(at, keyword, before, after));
  }
  for (const keyword of lowerBounds) {
    if ((outer[keyword] ?? -Infinity) > (inner[keyword] ?? -Infinity)) found.push(changed(at, keyword, before, after));
  }
  for (const keyword of upperBounds) {
    if ((outer[keyword] ?? Infinity) < (inner[keyword] ?? Infinity)) found.push(changed(at, keyword, before, after));
  }
  if (outer.uniqueItems === true && inner.uniqueItems !== true) found.push(changed(at, 'uniqueItems', before, after));
  if (direction === 'sent' && before.default !== undefined && shown(before.default) !== shown(after.default)) {
    found.push(changed(at, 'default', before, after));
  }
  return [
    ...found,
    ...requiredChanges(inner, outer, direction, path),
    ...propertyChanges(before, after, direction, path),
    ...itemChanges(before.items, after.items, direction, `${path}[]`),
  ];
};

const typesOf = ({ type }: Schema): SchemaType[] | undefined => (typeof type === 'string' ? [type] : type);

const typesWithin = (inner: Schema, outer: Schema): boolean => {
  const allowed = typesOf(outer);
  if (!allowed) return true;
  return (
    typesOf(inner)?.every((type) => allowed.includes(type) || (type === 'integer' && allowed.includes('number'))) ??
    false
  );
};

const wordsOf = (schema: Schema): (string | number)[] | undefined =>
  schema.const === undefined ? schema.enum : [schema.const];

const wordsWithin = (inner: Schema, outer: Schema): boolean => {
  const allowed = wordsOf(outer);
  return !allowed || (wordsOf(inner)?.every((word) => allowed.includes(word)) ?? false);
};

const requiredChanges = (inner: Schema, outer: Schema, direction: Direction, path: string): string[] =>
  (outer.required ?? [])
    .filter((name) => !inner.required?.includes(name))
    .map((name) => `${path}/${name}: ${direction === 'read' ? 'is no longer always there' : 'is now required'}`);

const propertyChanges = (before: Schema, after: Schema, direction: Direction, path: string): string[] => {
  const [earlier, later] = [before.properties ?? {}, after.properties ?? {}];
  const kept = Object.entries(earlier).flatMap(([name, schema]) => {
    const now = later[name];
    if (now) return breakingChanges(schema, now, direction, `${path}/${name}`);
    return [`${path}/${name}: was removed`];
  });
  const added = Object.entries(later)
    .filter(([name]) => !Object.hasOwn(earlier, name))
    .flatMap(([name, schema]) => {
      if (direction === 'sent' || before.additionalProperties === undefined) return [];
      return restChanges(before.additionalProperties, schema, direction, `${path}/${name}`);
    });
  const rest = restChanges(before.additionalProperties, after.additionalProperties, direction, `${path}/*`);
  return [...kept, ...added, ...rest];
};

/** Of the properties that are not named. Where nothing is said of them, anything goes. */
const restChanges = (
  before: boolean | Schema = true,
  after: boolean | Schema = true,
  direction: Direction,
  path: string,
): string[] => {
  const [inner, outer] = direction === 'read' ? [after, before] : [before, after];
  if (outer === true || inner === false) return [];
  if (inner === true || outer === false) return [`${path}: properties that are not named ${openness[direction]}`];
  return breakingChanges(before as Schema, after as Schema, direction, path);
};
/** Of the members of a list. Where nothing is said of them, anything goes. */
const itemChanges = (before: Schema = {}, after: Schema = {}, direction: Direction, path: string): string[] =>
  Object.keys(before).length + Object.keys(after).length === 0 ? [] : breakingChanges(before, after, direction, path);

const openness = { read: 'can now come', sent: 'are no longer taken' };

const shown = (value: unknown): string => JSON.stringify(value) ?? 'anything';

const changed = (at: string, keyword: keyof Schema, before: Schema, after: Schema): string =>
  `${at}: ${keyword} ${shown(before[keyword])} became ${shown(after[keyword])}`;

/** Command bodies and their headers are written by others; all the rest is written here. */
export const directionOf = (file: string): Direction =>
  file.startsWith('commands/') || file === 'headers/command.v1.json' ? 'sent' : 'read';

/** Everything in which the schemas of today break those that were published, by file; a schema that is gone is one such thing. */
export const breaksPublished = (
  publishedSchemas: ReadonlyMap<string, Schema>,
  current: ReadonlyMap<string, Schema>,
): string[] =>
  [...publishedSchemas].flatMap(([file, before]) => {
    const after = current.get(file);
    if (!after) return [`${file} was removed`];
    return breakingChanges(before, after, directionOf(file)).map((change) => `${file} ${change}`);
  });
