import fc from 'fast-check';

import { readEvent } from './index.js';
import type { Wire } from './testing/objects.js';
import { apiVersions, eventBody } from './testing/objects.js';
import { stories } from './testing/stories.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An event that is read, of any type and version. */
const event = fc
  .record({ story: fc.constantFrom(...stories), version: fc.constantFrom(...apiVersions) })
  .map(({ story: { type, object, previous }, version }) => eventBody(type, object(version), { version, previous }));

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every place in a document, as the keys that lead there. */
const pathsOf = (value: Json): string[][] => {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key, ...path]))];
};

/** The document with another value at a place; undefined takes the place away. */
const replaced = (value: Json, [key, ...rest]: string[], by: Json | undefined): Json | undefined => {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === key ? (replaced(each, rest, by) ?? null) : each));
  if (!isObject(value)) return value;
  const inner = replaced(value[key] as Json, rest, by);
  const { [key]: _, ...others } = value;
  return inner === undefined ? others : { ...others, [key]: inner };
};

/** The document with its objects changed, from the innermost outwards. */
const withObjects = (value: Json, change: (object: Record<string, Json>) => Record<string, Json>): Json => {
  if (Array.isArray(value)) return value.map((each) => withObjects(each, change));
  if (!isObject(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withObjects(inner, change)])));
};

const parsed = (body: string): Json => JSON.parse(body) as Json;

/** What a value of news may be: no field of an event comes through unchecked. */
const breachesIn = (value: unknown, path = 'news'): string[] => {
  if (value === undefined || typeof value === 'boolean') return [];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? [] : [path];
  if (typeof value === 'string') return /^[\x21-\x7e]{1,255}$/.test(value) ? [] : [path];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => breachesIn(inner, `${path}.${key}`));
};

describe('reading an event', () => {
  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          fc.string({ unit: 'binary' }),
        ),
        (body) => {
          expect(readEvent(body)).toMatchObject({ reading: { kind: 'unreadable' } });
        },
      ),
    );
  });

  it('never throws, whatever the JSON, and whatever stands in place of an object', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...stories), (value, { type }) => {
        expect(readEvent(JSON.stringify(value)).reading.kind).toBe('unreadable');
        expect(readEvent(eventBody(type, value as unknown as Wire)).reading.kind).toBe('unreadable');
      }),
      { numRuns: 300 },
    );
  });

  it('with anything changed anywhere reads only what is of a known form', () => {
    const surprise = fc.oneof(
      fc.constant(undefined),
      fc.jsonValue(),
      fc.constantFrom<Json>(null, '', -1, 0.5, 1e300, [], {}, 'requires_luck', [[]], { id: 'x' }, { data: [null] }),
    );
    fc.assert(
      fc.property(event, fc.nat(), surprise, (body, place, by) => {
        const document = parsed(body);
        const paths = pathsOf(document);
        const changed = replaced(document, paths[place % paths.length] ?? [], by as Json | undefined);
        const { reading } = readEvent(JSON.stringify(changed ?? null));
        if (reading.kind === 'news') expect(breachesIn(reading.news)).toEqual([]);
        else expect(reading.reason).toMatch(/^[a-z_]+( [\x21-\x7e]{1,300})?$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not disturbed by fields that nobody here knows, nor by the order of fields', () => {
    // `latest_charge`, expanded, says more; everything else that is not known says nothing.
    const unknown = fc.stringMatching(/^new_[a-z]{1,10}$/);
    fc.assert(
      fc.property(event, unknown, fc.jsonValue(), (body, name, value) => {
        const grown = withObjects(parsed(body), (object) => {
          const turned = Object.fromEntries(Object.entries(object).reverse());
          return { [name]: value as Json, ...turned };
        });
        expect(readEvent(JSON.stringify(grown))).toEqual(readEvent(body));
      }),
      { numRuns: 300 },
    );
  });

  it('takes a document as deep and as long as a body may be', () => {
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
    expect(readEvent(deep).reading.kind).toBe('unreadable');
    const long = eventBody('customer.created', { text: 'x'.repeat(900_000) });
    expect(readEvent(long).reading).toEqual({ kind: 'unused', reason: 'type_not_used' });
  });
});
