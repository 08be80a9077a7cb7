import { createRequire } from 'node:module';

import { boundRecordHeaders, maxHeaders } from './record-headers.js';

interface Encoded {
  buffer: Buffer;
}
type DecoderClass = new (bytes: Buffer) => { readVarInt(): number };
interface Decoded {
  value: Buffer;
  headers: Record<string, Buffer>;
}

const inside = createRequire(import.meta.url);
const Decoder = inside('kafkajs/src/protocol/decoder') as DecoderClass;
const record = 'kafkajs/src/protocol/recordBatch/record/v0';
const encode = inside(record) as (message: object) => Encoded;
const decode = inside(`${record}/decoder`) as (from: object, context: object) => Decoded;

const readWith = (count: number): Decoded => {
  const headers = Object.fromEntries(Array.from({ length: count }, (_, at) => [`h${at.toString(36)}`, 'x']));
  const decoder = new Decoder(encode({ key: 'k', value: 'the body', headers }).buffer);
  decoder.readVarInt(); // the record's length
  return decode(decoder, { firstOffset: '0', firstTimestamp: '0' });
};

describe('the headers of a record', () => {
  beforeAll(boundRecordHeaders);

  it('are read up to a number that nobody needs', () => {
    expect(readWith(maxHeaders).headers).toMatchObject({ h0: Buffer.from('x'), h1d: Buffer.from('x') });
    expect(Object.keys(readWith(maxHeaders).headers)).toHaveLength(maxHeaders);
  });

  it('are none where there are more, and the record is read on', () => {
    const { headers, value } = readWith(maxHeaders + 1);
    expect(headers).toEqual({});
    expect(value.toString()).toBe('the body');
  });

  it('do not hold up the process, however many there are', () => {
    const begun = performance.now();
    expect(readWith(100_000).headers).toEqual({});
    expect(performance.now() - begun).toBeLessThan(5_000); // hours, if each were copied for each
  });
});
