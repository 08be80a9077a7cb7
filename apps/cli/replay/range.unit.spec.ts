import { boundOf, microsOf } from './range.js';
import { shardsOf, spanOf } from './source.js';

const none = new Map<number, number>();

describe('where a replay begins and ends', () => {
  it('is a day, whose beginning counts in UTC, or a time', () => {
    const at = (text: string) => boundOf('--from', text);
    expect(at('2026-11-21')).toMatchObject({ kind: 'time', at: new Date('2026-11-21T00:00:00Z') });
    expect(at('2026-11-21T04:00:00+02:00')).toMatchObject({ kind: 'time', at: new Date('2026-11-21T02:00:00Z') });
    expect(at('2026-11-21T04:00:00.123456Z')).toMatchObject({ micros: 1_795_233_600_123_456n });
  });

  it('or positions, of one shard or of several', () => {
    const positions = (text: string) => {
      const bound = boundOf('--from', text);
      return bound.kind === 'positions' ? [...bound.positions] : [];
    };
    expect(positions('3:42')).toEqual([[3, 42]]);
    expect(positions('0:7, 15:1')).toEqual([
      [0, 7],
      [15, 1],
    ]);
  });

  it.each([
    ['yesterday', '--from must be a day'],
    ['2026-13-01', '--from: there is no such time'],
    ['2026-02-30', '--from: there is no such time'],
    ['2026-11-21T25:00:00Z', '--from: there is no such time'],
    ['2026-11-21T24:00:00Z', '--from: there is no such time'],
    ['2016-12-31T23:59:60Z', '--from: there is no such time'],
    ['2026-11-21T04:00:00+16:00', '--from: there is no such time'],
    ['0000-01-01', '--from: there is no such time'],
    ['0001-01-01', '--from: nothing is recorded at 0001-01-01; give a time from 1970 to 9998'],
    ['1970-01-01T00:00:00+00:01', '--from: nothing is recorded at 1970-01-01T00:00:00+00:01'],
    ['9999-01-01', '--from: nothing is recorded at 9999-01-01'],
    ['2026-11-21T04:00:00', '--from must be a day'],
    ['16:1', '--from: there is no shard 16'],
    ['3:0', '--from must be a day'],
    ['3:1,3:2', '--from names shard 3 twice'],
    ['3:1,', '--from must be a day'],
    ['', '--from must be a day'],
    ['x'.repeat(10_000), `not ${'x'.repeat(60)}...`],
  ])('and nothing else: %p', (text, message) => {
    expect(() => boundOf('--from', text)).toThrow(message);
  });

  it('gives the positions of each shard that are left', () => {
    const [from, to] = [boundOf('--from', '0:7,3:42'), boundOf('--to', '0:9,3:50')];
    expect(shardsOf({ from, to })).toEqual([0, 3]);
    expect(shardsOf({ to })).toEqual([0, 3]);
    expect(shardsOf({})).toHaveLength(16);
    expect(() => shardsOf({ from, to: boundOf('--to', '0:9') })).toThrow('--from names shards 0, 3 and --to shards 0');
    expect(spanOf({ from, to }, 3, none)).toEqual({ after: 41, upTo: 50 });
    expect(spanOf({ from, to }, 3, new Map([[3, 45]]))).toEqual({ after: 45, upTo: 50 });
    expect(spanOf({ from, to }, 3, new Map([[3, 5]]))).toEqual({ after: 41, upTo: 50 });
  });
});

describe('times', () => {
  it.each([
    ['2026-11-21 03:28:00.123456+00', 1_795_231_680_123_456n],
    ['2026-11-21 03:28:00.1+00', 1_795_231_680_100_000n],
    ['2026-11-21 03:28:00+00', 1_795_231_680_000_000n],
    ['2026-11-21 08:58:00.000001+05:30', 1_795_231_680_000_001n],
    ['2026-11-21T03:28:00Z', 1_795_231_680_000_000n],
  ])('are compared to the microsecond: %s', (text, micros) => {
    expect(microsOf(text)).toBe(micros);
  });
});
