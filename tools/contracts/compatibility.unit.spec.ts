import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import type { Direction } from './compatibility.js';
import { breakingChanges, breaksPublished, directionOf } from './compatibility.js';
import { withOlderVersions } from './published.js';
import type { Schema } from './schema.js';

const base: Schema = {
  title: 'Charge',
  type: 'object',
  properties: {
    amount: { type: 'integer', minimum: 1, maximum: 1_000 },
    currency: { type: 'string', pattern: '^[a-z]{3}$' },
    method: { type: 'string', enum: ['card', 'debit'] },
    outcome: { type: 'string', 'x-extensible-enum': ['won', 'lost'] },
    final: { type: 'boolean', default: true },
    at: { type: 'string', format: 'date-time' },
    note: { type: 'string', minLength: 1, maxLength: 100 },
    tags: { type: 'array', items: { type: 'string', maxLength: 10 } },
    payer: { type: 'object', properties: { country: { type: 'string' } }, required: ['country'] },
  },
  required: ['amount', 'currency', 'at'],
};

const with_ = (name: string, change: Partial<Schema>): Schema => ({
  ...base,
  properties: { ...base.properties, [name]: { ...base.properties?.[name], ...change } },
});
const without = (name: string): Schema => {
  const { [name]: _, ...properties } = base.properties ?? {};
  return { ...base, properties, required: (base.required ?? []).filter((each) => each !== name) };
};
const requiring = (...required: string[]): Schema => ({ ...base, required });
const all = base.required ?? [];

/** Each kind of change, and whom it breaks. */
const changes: [what: string, after: Schema, breaks: Direction[]][] = [
  ['nothing', structuredClone(base), []],
  ['other words for people', with_('amount', { description: 'New words.', examples: [1] }), []],
  ['an optional property added', with_('orderId', { type: 'string' }), []],
  ['a required property added', { ...with_('orderId', { type: 'string' }), required: [...all, 'orderId'] }, ['sent']],
  ['an optional property removed', without('note'), ['read', 'sent']],
  ['a required property removed', without('currency'), ['read', 'sent']],
  ['a required property made optional', requiring('amount', 'at'), ['read']],
  ['an optional property made required', requiring(...all, 'note'), ['sent']],
  ['another type', with_('amount', { type: 'string' }), ['read', 'sent']],
  ['a wider type', with_('amount', { type: 'number' }), ['read']],
  ['one more type', with_('note', { type: ['string', 'null'] }), ['read']],
  ['a type said of nothing', with_('note', { type: undefined }), ['read']],
  ['a value added to a closed list', with_('method', { enum: ['card', 'debit', 'cash'] }), ['read']],
  ['a value removed from a closed list', with_('method', { enum: ['card'] }), ['sent']],
  ['a closed list opened', with_('method', { enum: undefined, 'x-extensible-enum': ['card'] }), ['read']],
  ['an open list closed', with_('outcome', { enum: ['won', 'lost'] }), ['sent']],
  ['a value added to an open list', with_('outcome', { 'x-extensible-enum': ['won', 'lost', 'settled'] }), []],
  ['a lower minimum', with_('amount', { minimum: 0 }), ['read']],
  ['a higher minimum', with_('amount', { minimum: 2 }), ['sent']],
  ['a higher maximum', with_('amount', { maximum: 2_000 }), ['read']],
  ['a lower maximum', with_('amount', { maximum: 500 }), ['sent']],
  ['no maximum', with_('amount', { maximum: undefined }), ['read']],
  ['longer members of a list', with_('tags', { items: { type: 'string', maxLength: 20 } }), ['read']],
  ['shorter members of a list', with_('tags', { items: { type: 'string', maxLength: 5 } }), ['sent']],
  ['members of another type', with_('tags', { items: { type: 'integer' } }), ['read', 'sent']],
  ['members of any kind', with_('tags', { items: undefined }), ['read']],
  ['a list of a few members at most', with_('tags', { maxItems: 2 }), ['sent']],
  ['a list that has to hold something', with_('tags', { minItems: 1 }), ['sent']],
  ['a list of members that differ', with_('tags', { uniqueItems: true }), ['sent']],
  ['a longer text', with_('note', { maxLength: 200 }), ['read']],
  ['a shorter text', with_('note', { maxLength: 50 }), ['sent']],
  ['an empty text', with_('note', { minLength: 0 }), ['read']],
  ['another pattern', with_('currency', { pattern: '^[a-z]{4}$' }), ['read', 'sent']],
  ['no pattern', with_('currency', { pattern: undefined }), ['read']],
  ['a new pattern', with_('note', { pattern: '^x' }), ['sent']],
  ['another format', with_('at', { format: 'date' }), ['read', 'sent']],
  ['no format', with_('at', { format: undefined }), ['read']],
  ['another default', with_('final', { default: false }), ['sent']],
  ['unnamed properties refused', { ...base, additionalProperties: false }, ['sent']],
  ['a change further down', with_('payer', { required: [] }), ['read']],
  [
    'a requirement further down',
    with_('payer', { properties: { country: { type: 'string', minLength: 2 } } }),
    ['sent'],
  ],
];
const asJson = (schema: Schema): Schema => JSON.parse(JSON.stringify(schema)) as Schema;

describe('a change of a schema', () => {
  it.each(changes)('%s: breaks whom it should', (_, after, breaks) => {
    for (const direction of ['read', 'sent'] as const) {
      const found = breakingChanges(base, asJson(after), direction);
      expect([direction, found.length > 0, found]).toEqual([direction, breaks.includes(direction), found]);
    }
  });

  it('that a closed schema cannot have had breaks its readers', () => {
    const closed: Schema = { ...base, additionalProperties: false };
    const grown: Schema = { ...with_('orderId', { type: 'string' }), additionalProperties: false };
    expect(breakingChanges(closed, grown, 'read')).toEqual([expect.stringContaining('/orderId')]);
    expect(breakingChanges(closed, grown, 'sent')).toEqual([]);
    expect(breakingChanges(closed, base, 'read')).toEqual([expect.stringContaining('can now come')]);
  });

  it('of what unnamed properties may be is judged like any other', () => {
    const of = (type: 'string' | 'integer'): Schema => ({ type: 'object', additionalProperties: { type } });
    expect(breakingChanges(of('string'), of('string'), 'read')).toEqual([]);
    expect(breakingChanges(of('string'), of('integer'), 'read')).toEqual([expect.stringContaining('/*: type')]);
  });

  it('by a word whose meaning is not known here is an error, not a guess', () => {
    expect(() => breakingChanges(base, { ...base, oneOf: [] } as Schema, 'read')).toThrow('oneOf');
  });

  it('says where it is and what it was', () => {
    expect(breakingChanges(base, with_('amount', { maximum: 500 }), 'sent')).toEqual([
      '/amount: maximum 1000 became 500',
    ]);
  });
});

describe('the verdict', () => {
  const property: fc.Arbitrary<Schema> = fc.oneof(
    fc
      .tuple(
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: 4, max: 9 }),
        fc.constantFrom('integer' as const, 'number' as const),
      )
      .map(([minimum, maximum, type]): Schema => ({ type, minimum, maximum })),
    fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 2, max: 4 }))
      .map(([minLength, maxLength]): Schema => ({ type: 'string', minLength, maxLength })),
    fc.subarray(['a', 'b', 'c'], { minLength: 1 }).map((words): Schema => ({ type: 'string', enum: words })),
    fc.constant<Schema>({ type: ['string', 'null'] }),
  );
  const names = ['x', 'y', 'z'];
  const schema: fc.Arbitrary<Schema> = fc
    .tuple(fc.dictionary(fc.constantFrom(...names), property), fc.subarray(names))
    .map(([properties, required]) => ({
      type: 'object',
      properties: { ...properties },
      required: required.filter((name) => Object.hasOwn(properties, name)),
    }));
  const leaf = fc.oneof(fc.integer({ min: -4, max: 10 }), fc.constantFrom(null, 0.5, '', 'a', 'b', 'dddd', 'eeeee'));
  const value = fc.dictionary(fc.constantFrom(...names), leaf).map((fields) => ({ ...fields }));
  const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });

  /** Only the named properties of `of`: what is not promised does not count. */
  const named = (of: Schema, all: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(of.properties ?? {}, name)));

  it('"breaks nothing" means that every value that is written is one that its readers take', () => {
    fc.assert(
      fc.property(schema, schema, fc.array(value, { minLength: 20, maxLength: 20 }), (before, after, values) => {
        for (const direction of ['read', 'sent'] as const) {
          if (breakingChanges(before, after, direction).length > 0) continue;
          const [written, taken] = direction === 'read' ? [after, before] : [before, after];
          const [mayBeWritten, isTaken] = [ajv.compile(written), ajv.compile(taken)];
          for (const each of values.map((fields) => named(written, fields))) {
            if (mayBeWritten(each)) expect([isTaken(each), each]).toEqual([true, each]);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('on a schema and itself is always "breaks nothing"', () => {
    fc.assert(
      fc.property(schema, (same) => {
        expect([breakingChanges(same, same, 'read'), breakingChanges(same, same, 'sent')]).toEqual([[], []]);
      }),
    );
  });
});

describe('the published schemas', () => {
  const v1 = new Map([['events/Charge.v1.json', base]]);
  it('may not go, and may change only so that nobody notices', () => {
    expect(breaksPublished(v1, new Map())).toEqual(['events/Charge.v1.json was removed']);
    expect(breaksPublished(v1, new Map([['events/Charge.v1.json', without('note')]]))).toEqual([
      'events/Charge.v1.json /note: was removed',
    ]);
    expect(breaksPublished(v1, new Map([['events/Charge.v1.json', with_('orderId', { type: 'string' })]]))).toEqual([]);
  });

  it('stay beside a new version, which is how a type is changed', () => {
    const v2 = new Map([['events/Charge.v2.json', without('note')]]);
    const together = withOlderVersions(v2, v1);
    expect([...together.keys()]).toEqual(['events/Charge.v1.json', 'events/Charge.v2.json']);
    expect(breaksPublished(v1, together)).toEqual([]);
  });

  it('do not stay without one', () => {
    expect([...withOlderVersions(new Map(), v1).keys()]).toEqual([]);
  });

  it.each([
    ['commands/CreatePayment.v1.json', 'sent'],
    ['headers/command.v1.json', 'sent'],
    ['events/PaymentCaptured.v1.json', 'read'],
    ['headers/event.v1.json', 'read'],
    ['command-result.v1.json', 'read'],
  ])('of %s are %s', (file, direction) => {
    expect(directionOf(file)).toBe(direction);
  });
});
