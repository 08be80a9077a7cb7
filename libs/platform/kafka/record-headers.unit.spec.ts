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

const written = (count: number): Buffer => {
  const headers = Object.fromEntries(Array.from({ length: count }, (_, at) => [`h${at.toString(36)}`, 'x']));
  return encode({ key: 'k', value: 'the body', headers }).buffer;
};

const read = (bytes: Buffer): Decoded => {
  const decoder = new Decoder(bytes);
  decoder.readVarInt(); // the record's length
  return decode(decoder, { firstOffset: '0', firstTimestamp: '0' });
};

const readWith = (count: number): Decoded => read(written(count));

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
    const bytes = written(100_000);
    const before = process.cpuUsage(); // of our own: others may have the machine meanwhile
    const { headers } = read(bytes);
    const { user, system } = process.cpuUsage(before);
    expect(headers).toEqual({});
    expect((user + system) / 1_000).toBeLessThan(5_000); // hours, if each were copied for each
  });
});
