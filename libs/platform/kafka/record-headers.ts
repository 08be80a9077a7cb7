import { createRequire } from 'node:module';

/** The inside of kafkajs that reads the headers of a record, and nothing else. */
interface Decoder {
  readVarIntArray<T>(read: (from: Decoder) => T): T[];
}

/** More than any record of ours has, or any tool on the way adds. */
export const maxHeaders = 50;

const { prototype } = createRequire(import.meta.url)('kafkajs/src/protocol/decoder') as { prototype: Decoder };
// kafkajs is asked for, and not assumed, to be built as it is: without this bound one record would stop every reader of its topic.
if (typeof prototype.readVarIntArray !== 'function') throw new Error('this release of kafkajs reads headers otherwise');
const readAll: Decoder['readVarIntArray'] = Reflect.get(prototype, 'readVarIntArray');
let bounded = false;

/**
 * Has every client of this process read a record of more than 50 headers as one that has none. kafkajs copies all headers that it has
 * read for each further one: 16,000 of them, which are 95 kB, hold the process up for a minute, and a record takes ten times as many.
 * Whoever reads such a record misses the headers that it needs, and sets it aside.
 */
export const boundRecordHeaders = (): void => {
  if (bounded) return;
  bounded = true;
  prototype.readVarIntArray = function <T>(this: Decoder, read: (from: Decoder) => T): T[] {
    const headers = readAll.call(this, read) as T[];
    return headers.length > maxHeaders ? [] : headers;
  };
};
