import { decodeCursor, encodeCursor, InvalidCursor } from './cursor.js';

const place = { createdAt: '2026-11-21T04:00:00.123456Z', id: '0b7e1d6e-3c5f-4a9c-8f6d-0a1b2c3d4e5f' };
const coded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it('comes back as the place it was made for', () => {
    expect(decodeCursor('payments', encodeCursor('payments', place))).toEqual(place);
  });

  it.each([
    ['another list', encodeCursor('refunds', place)],
    ['nothing', ''],
    ['no base64url', '%%%'],
    ['no JSON', Buffer.from('payments').toString('base64url')],
    ['a long text', 'a'.repeat(10_000)],
    ['another version', coded([2, 'payments', place.createdAt, place.id])],
    ['an object', coded({ list: 'payments', ...place })],
    ['null', coded(null)],
    ['too few parts', coded([1, 'payments', place.createdAt])],
    ['a time that is none', coded([1, 'payments', 'yesterday', place.id])],
    ['a day that does not exist', coded([1, 'payments', '2026-02-30T00:00:00Z', place.id])],
    ['a year that Postgres does not have', coded([1, 'payments', '0000-01-01T00:00:00Z', place.id])],
    ['an offset that Postgres does not have', coded([1, 'payments', '2026-11-21T04:00:00+16:00', place.id])],
    ['an id that is none', coded([1, 'payments', place.createdAt, "' or true --"])],
    ['numbers', coded([1, 'payments', 5, 6])],
    ['another spelling of a good one', `${encodeCursor('payments', place)}=`],
    ['a good one with something after it', `${encodeCursor('payments', place)}!`],
  ])('is refused when it is of %s', (_, cursor) => {
    expect(() => decodeCursor('payments', cursor)).toThrow(InvalidCursor);
  });
});
