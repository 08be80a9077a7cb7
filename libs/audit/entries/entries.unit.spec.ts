import { createHash, createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { Malformed } from '../errors.js';
import { commitmentTo, entryOf, formatEntry, formatOpening, parseEntry, parseOpening, saltOf } from './index.js';

const commitment = Buffer.alloc(32, 0xab);
const eventId = '3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5d';
const key = Buffer.alloc(32, 1);

describe('an entry', () => {
  it('is written as RFC 8785 and read back', () => {
    const text = `{"commitment":"${'ab'.repeat(32)}","position":7,"shard":3,"v":1}`;
    expect(Buffer.from(formatEntry({ shard: 3, position: 7, commitment })).toString()).toBe(text);
    expect(parseEntry(Buffer.from(text))).toEqual({ shard: 3, position: 7, commitment });
    expect(canonicalize(JSON.parse(text))).toBe(text);
    const last = { shard: 65_535, position: Number.MAX_SAFE_INTEGER, commitment };
    expect(parseEntry(formatEntry(last))).toEqual(last);
  });

  it('is RFC 8785 of its members, and read back, whatever place and commitment it has', () => {
    const entry = fc.record({
      shard: fc.integer({ min: 0, max: 65_535 }),
      position: fc.maxSafeNat().map((before) => Math.min(before + 1, Number.MAX_SAFE_INTEGER)),
      commitment: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(entry, (each) => {
        const bytes = Buffer.from(formatEntry(each));
        expect(bytes.toString()).toBe(
          canonicalize({ v: 1, ...each, commitment: Buffer.from(each.commitment).toString('hex') }),
        );
        expect(parseEntry(bytes)).toEqual({ ...each, commitment: Buffer.from(each.commitment) });
      }),
    );
  });

  const hex = 'ab'.repeat(32);
  it.each([
    ['spaces', `{"commitment":"${hex}", "position":7,"shard":3,"v":1}`],
    ['another order', `{"v":1,"shard":3,"position":7,"commitment":"${hex}"}`],
    ['upper case', `{"commitment":"${hex.toUpperCase()}","position":7,"shard":3,"v":1}`],
    ['a short commitment', `{"commitment":"${hex.slice(2)}","position":7,"shard":3,"v":1}`],
    ['position 0', `{"commitment":"${hex}","position":0,"shard":3,"v":1}`],
    ['a negative position', `{"commitment":"${hex}","position":-7,"shard":3,"v":1}`],
    ['a fraction', `{"commitment":"${hex}","position":7.5,"shard":3,"v":1}`],
    ['a position beyond 2^53', `{"commitment":"${hex}","position":9007199254740993,"shard":3,"v":1}`],
    ['a leading zero', `{"commitment":"${hex}","position":7,"shard":03,"v":1}`],
    ['a shard that is too high', `{"commitment":"${hex}","position":7,"shard":65536,"v":1}`],
    ['another version', `{"commitment":"${hex}","position":7,"shard":3,"v":2}`],
    ['a member more', `{"commitment":"${hex}","position":7,"shard":3,"tenant":"t","v":1}`],
    ['a newline at its end', `{"commitment":"${hex}","position":7,"shard":3,"v":1}\n`],
    ['no JSON', 'x'],
    ['nothing', ''],
  ])('with %s is refused', (_, text) => {
    expect(() => parseEntry(Buffer.from(text))).toThrow(Malformed);
  });

  it('is not made for a place that no event has', () => {
    const entry = { shard: 3, position: 7, commitment };
    for (const bad of [
      { shard: -1 },
      { shard: 65_536 },
      { shard: 0.5 },
      { position: 0 },
      { position: 2 ** 53 },
      { commitment: key.subarray(1) },
    ]) {
      expect(() => formatEntry({ ...entry, ...bad })).toThrow(RangeError);
    }
  });
});

describe('a commitment', () => {
  it('is SHA-256(salt || event), the salt HMAC-SHA256(key, event id)', () => {
    const salt = createHmac('sha256', key).update(eventId).digest();
    const event = Buffer.from('{"amount":1}');
    expect(Buffer.from(saltOf(key, eventId))).toEqual(salt);
    expect(Buffer.from(commitmentTo(salt, event))).toEqual(createHash('sha256').update(salt).update(event).digest());
  });

  it('is the same whatever the length of the event, and whatever was committed to before', () => {
    const salt = Buffer.alloc(32, 3);
    for (const length of [100_000, 0, 8_159, 8_160, 8_161, 1, 700, 5]) {
      const event = Buffer.alloc(length, length % 251);
      const expected = createHash('sha256').update(salt).update(event).digest();
      expect(Buffer.from(commitmentTo(salt, event))).toEqual(expected);
      expect(Buffer.from(commitmentTo(new Uint8Array(salt), new Uint8Array(event)))).toEqual(expected);
    }
  });

  it('of the same bytes differs by event and by tenant: an entry does not tell that two events are alike', () => {
    const event = Buffer.from('{"amount":1}');
    const other = eventId.replace('3', '4');
    const commitments = [saltOf(key, eventId), saltOf(key, other), saltOf(Buffer.alloc(32, 2), eventId)].map((salt) =>
      Buffer.from(commitmentTo(salt, event)).toString('hex'),
    );
    expect(new Set(commitments).size).toBe(3);
  });

  it('is not made with a short key, another id or another salt', () => {
    expect(() => saltOf(key.subarray(1), eventId)).toThrow(RangeError);
    for (const id of ['', 'x', eventId.toUpperCase(), `${eventId} `, `{${eventId}}`]) {
      expect(() => saltOf(key, id)).toThrow(RangeError);
    }
    for (const length of [0, 31, 33]) expect(() => commitmentTo(Buffer.alloc(length), key)).toThrow(RangeError);
  });
});

describe('an opening', () => {
  const opening = { shard: 3, position: 7, salt: Buffer.alloc(32, 5), event: Buffer.from('{"é":"\u{1f600}"}') };

  it('is read back and makes the entry again', () => {
    const read = parseOpening(formatOpening(opening));
    expect(read).toEqual(opening);
    expect(entryOf(read)).toEqual({ shard: 3, position: 7, commitment: commitmentTo(opening.salt, opening.event) });
    expect(parseOpening(formatOpening({ ...opening, event: Buffer.alloc(0) })).event).toHaveLength(0);
  });

  it('is refused in any other form', () => {
    const text = Buffer.from(formatOpening(opening)).toString();
    for (const bad of [
      '',
      `${text} `,
      text.replace('"v":1', '"v":2'),
      text.replace('"position":7', '"position":0'),
      text.replace('"salt":"', '"salt":"A'),
      text.replace('"event":"', '"event":"A'),
      text.replace(/"event":"[^"]*"/, '"event":"QR=="'),
    ]) {
      expect(() => parseOpening(Buffer.from(bad))).toThrow(Malformed);
    }
  });
});
