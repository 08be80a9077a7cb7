import fc from 'fast-check';

import type { Block } from './event-stream.js';
import { eventStreamParser } from './event-stream.js';

const parsed = (...parts: string[]): Block[] => {
  const parse = eventStreamParser();
  return parts.flatMap((part) => parse(part));
};
const block = (fields: Partial<Block>): Block => ({ event: 'message', data: undefined, id: undefined, ...fields });

describe('an event stream', () => {
  it.each<[string, string, Block[]]>([
    ['an event', 'id: 7:1\nevent: e\ndata: {}\n\n', [block({ event: 'e', data: '{}', id: '7:1' })]],
    ['data in several lines', 'data: a\ndata:b\ndata\n\n', [block({ data: 'a\nb\n' })]],
    ['an id without data, after a comment', ': heartbeat\nid: 7:40\n\n', [block({ id: '7:40' })]],
    ['only one space taken off, and colons kept', 'data:  a: b\n\n', [block({ data: ' a: b' })]],
    ['lines that end with CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', [block({ data: 'a' }), block({ data: 'b' })]],
    ['lines that end with CR', 'data: a\r\rdata: b\r\r.', [block({ data: 'a' }), block({ data: 'b' })]],
    ['nothing for blocks that say nothing', 'retry: 2000\n\n: comment\n\n\n', []],
    ['nothing for a block that has not ended', 'data: a\n', []],
    ['unknown fields left out', 'what: ever\ndata: a\n\n', [block({ data: 'a' })]],
  ])('is read: %s', (_, text, blocks) => {
    expect(parsed(text)).toEqual(blocks);
  });

  it('says the same however it is cut', () => {
    const text = ': c\r\nid: 7:1\r\ndata: {"a":"ü"}\r\n\r\nid: 7:2\n\ndata: x\ndata: y\n\n';
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: text.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places].sort((a, b) => a - b);
        const parts = [0, ...ends].map((start, index) => text.slice(start, ends[index] ?? text.length));
        expect(parsed(...parts)).toEqual(parsed(text));
      }),
    );
  });
});
