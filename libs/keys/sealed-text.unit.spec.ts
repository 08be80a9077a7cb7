import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SealBroken } from './errors.js';
import { openText, parseSealedText, sealText } from './sealed-text.js';

const key = { version: 3, bytes: randomBytes(32) };
const place = ['token', 'tenant-1', 'payment_method', 'token', 'row-1'];
const open = (text: string, at = place, under = key) => openText(under, at, parseSealedText(text)).toString();
const seal = (text: string, at = place) => sealText(key, at, Buffer.from(text));

describe('a sealed text', () => {
  it('opens to what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(open(seal(text))).toBe(text);
      }),
    );
  });

  it('does not open when any one bit of its body changed', () => {
    const body = parseSealedText(seal('pm_card_visa')).body;
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => openText(key, place, { keyVersion: 3, body: changed })).toThrow(SealBroken);
    }
  });

  it('does not open when any one character of its text changed', () => {
    const sealed = seal('pm_card_visa');
    const position = fc.nat({ max: sealed.length - 1 });
    fc.assert(
      fc.property(position, fc.string({ minLength: 0, maxLength: 2 }), (at, put) => {
        const changed = sealed.slice(0, at) + put + sealed.slice(at + 1);
        fc.pre(changed !== sealed);
        expect(() => open(changed)).toThrow(SealBroken);
      }),
    );
  });

  it('does not open when any field of its place changed, nor when fields run together', () => {
    const sealed = seal('pm_card_visa');
    fc.assert(
      fc.property(fc.nat({ max: place.length - 1 }), fc.string(), (field, value) => {
        fc.pre(value !== place[field]);
        expect(() => open(sealed, place.with(field, value))).toThrow(SealBroken);
      }),
    );
    expect(() => open(seal('x', ['ab', 'c']), ['a', 'bc'])).toThrow(SealBroken);
    expect(() => open(seal('x', ['a","b']), ['a', 'b'])).toThrow(SealBroken);
  });

  it('is not made under a version that it could not name', () => {
    const under = (version: number) => sealText({ version, bytes: key.bytes }, place, Buffer.from('x'));
    expect(open(under(999_999_999), place, { version: 999_999_999, bytes: key.bytes })).toBeDefined();
    for (const version of [0, 1_000_000_000, 2_147_483_647]) expect(() => under(version)).toThrow(RangeError);
  });

  it('does not open under another key or another version', () => {
    const sealed = seal('pm_card_visa');
    expect(() => open(sealed, place, { version: 3, bytes: randomBytes(32) })).toThrow(SealBroken);
    expect(() => open(sealed, place, { version: 4, bytes: key.bytes })).toThrow(SealBroken);
    expect(() => open(sealed.replace('v1.3.', 'v1.4.'), place, { version: 4, bytes: key.bytes })).toThrow(SealBroken);
  });

  it.each([
    ['nothing', ''],
    ['no version', 'v1..AAAA'],
    ['version zero', `v1.0.${'A'.repeat(80)}`],
    ['a version with a leading zero', `v1.01.${'A'.repeat(80)}`],
    ['an unknown format', `v2.1.${'A'.repeat(80)}`],
    ['padding', `v1.1.${'A'.repeat(79)}=`],
    ['loose bits at the end', `v1.1.${'A'.repeat(61)}B`],
    ['less than salt, nonce and tag', `v1.1.${'A'.repeat(20)}`],
    ['a line break at the end', `v1.1.${'A'.repeat(80)}\n`],
    ['more than the bound', `v1.1.${'A'.repeat(100_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parseSealedText(text)).toThrow(SealBroken);
  });

  it('never repeats: no two texts under one key have the same salt, nor the same nonce', () => {
    const texts = 10_000;
    const salts = new Set<string>();
    const nonces = new Set<string>();
    for (let count = 0; count < texts; count += 1) {
      const { body } = parseSealedText(seal('same'));
      salts.add(body.toString('latin1', 0, 16));
      nonces.add(body.toString('latin1', 16, 28));
    }
    expect([salts.size, nonces.size]).toEqual([texts, texts]);
  });

  it('refuses more than 64 KiB', () => {
    expect(open(seal('x'.repeat(65_536)))).toHaveLength(65_536);
    expect(() => seal('x'.repeat(65_537))).toThrow(RangeError);
  });
});
