import { Malformed } from '#audit';
import canonicalize from 'canonicalize';

import {
  formatInterleaving,
  interleavingPath,
  leafRunsOf,
  parseInterleaving,
  sizeAfter,
  sizeOfInterleavingPath,
} from './index.js';

const root = Buffer.alloc(32, 0xab);
const runs = [
  { shard: 3, position: 7, count: 2 },
  { shard: 0, position: 1, count: 1 },
  { shard: 3, position: 9, count: 4 },
];
const step = { size: 12_345, runs, root };

describe('an interleaving record', () => {
  it('is written as RFC 8785 and read back', () => {
    const text = formatInterleaving(step);
    expect(Buffer.from(text).toString()).toBe(
      canonicalize({
        v: 1,
        size: 12_345,
        newSize: 12_352,
        root: root.toString('base64'),
        runs: [
          [3, 7, 2],
          [0, 1, 1],
          [3, 9, 4],
        ],
      }),
    );
    expect(parseInterleaving(text, 12_345)).toEqual(step);
    const many = { ...step, runs: Array.from({ length: 100_000 }, () => ({ shard: 15, position: 10 ** 9, count: 1 })) };
    expect(parseInterleaving(formatInterleaving(many), 12_345)).toEqual(many);
  });

  it('tells the place of each run, and the size after it', () => {
    expect(leafRunsOf(step).map(({ index }) => index)).toEqual([12_345, 12_347, 12_348]);
    expect(leafRunsOf(step)[2]).toEqual({ index: 12_348, shard: 3, position: 9, count: 4 });
    expect(sizeAfter(step)).toBe(12_352);
  });

  it('has a path that sorts as sizes do', () => {
    expect(interleavingPath(12_345)).toBe('interleaving/000/000/000/012/345');
    const sizes = [0, 9, 10, 999, 1_000, 123_456_789, 10 ** 15 - 1];
    expect(sizes.map(interleavingPath)).toEqual(sizes.map(interleavingPath).sort());
    expect(sizes.map(interleavingPath).map(sizeOfInterleavingPath)).toEqual(sizes);
    for (const path of ['interleaving/1', 'interleaving/000/000/000/012/34x', 'x/000/000/000/012/345', ''])
      expect(sizeOfInterleavingPath(path)).toBeUndefined();
    for (const size of [-1, 0.5, NaN, 10 ** 15]) expect(() => interleavingPath(size)).toThrow(RangeError);
  });

  const text = Buffer.from(formatInterleaving(step)).toString();
  it.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['spaces', text.replace(',', ', ')],
    ['a newline at its end', `${text}\n`],
    ['another new size', text.replace('12352', '12353')],
    ['another version', text.replace('"v":1', '"v":2')],
    ['the record of another size', text.replace('"size":12345', '"size":12346').replace('12352', '12353')],
    ['a short root', text.replace(/"root":"..../, '"root":"')],
    ['stray bits in its root', text.replace('s=",', 't=",')],
    ['no runs', text.replace(/"runs":.*\]\]/, '"runs":[]').replace('12352', '12345')],
    ['a run of nothing', text.replace('[0,1,1]', '[0,1,0]').replace('12352', '12351')],
    ['position 0', text.replace('[0,1,1]', '[0,0,1]')],
    ['a shard that is too high', text.replace('[0,1,1]', '[65536,1,1]')],
    ['a leading zero', text.replace('[0,1,1]', '[00,1,1]')],
    ['a comma at the end of its runs', text.replace(']]', '],]')],
    ['runs without commas', text.replace('],[', '][')],
    ['a member more', text.replace('"v":1', '"v":1,"x":1')],
    ['a byte that is no UTF-8', Buffer.concat([Buffer.from(text), Buffer.of(0xff)])],
  ])('with %s is refused', (_, bytes) => {
    expect(String(bytes)).not.toBe(text);
    expect(() => parseInterleaving(Buffer.from(bytes), 12_345)).toThrow(Malformed);
  });

  it('is not made of what no step has', () => {
    const run = { shard: 3, position: 7, count: 2 };
    for (const bad of [
      { size: -1 },
      { size: 0.5 },
      { root: root.subarray(1) },
      { runs: [] },
      { runs: [{ ...run, shard: -1 }] },
      { runs: [{ ...run, position: 0 }] },
      { runs: [{ ...run, count: 0 }] },
      { runs: [{ ...run, count: 2 ** 53 }] },
      { runs: Array.from({ length: 100_001 }, () => run) },
    ])
      expect(() => formatInterleaving({ ...step, ...bad })).toThrow(RangeError);
  });
});
